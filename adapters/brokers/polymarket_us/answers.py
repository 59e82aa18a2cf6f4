"""Which answer a page holds, by its shape; and whether the venue announced more of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from adapters.json_page import Json, canonical, read_json
from adapters.port import RawPage
from adapters.rows import Row, rows_of
from ledger.errors import BadFileError, BadRowError

BALANCE_LEDGER: Final = "balance ledger"
POSITION_LEDGER: Final = "position ledger"
LEDGER: Final = "ledger"
EXECUTIONS: Final = "executions"
TRADES: Final = "trades"
ORDERS: Final = "orders"
OPEN_ORDERS: Final = "open orders"
POSITIONS: Final = "positions"
POSITION_CHANGES: Final = "position changes"
BALANCES: Final = "balances"
BALANCE: Final = "balance"
INSTRUMENTS: Final = "instruments"
SETTLEMENT: Final = "settlement"
RETAIL: Final = "retail frames"

LISTS: Final = {
    "executions": EXECUTIONS, "trade": TRADES, "trades": TRADES, "tradeCaptureReports": TRADES,
    "order": ORDERS, "orders": OPEN_ORDERS, "positions": POSITIONS,
    "positionChanges": POSITION_CHANGES, "instruments": INSTRUMENTS,
}  # fmt: skip
"""The answers that are a list, by the name it has."""

_HELP: Final = "hand over answers of its reports, ledgers, positions, balances or settlement"


@attrs.frozen
class Answer:
    """One answer: what it is, its rows, and whether it says that another page follows."""

    page: str
    kind: str
    rows: tuple[Row, ...]
    announces: bool = False


def answers(pages: Iterable[RawPage]) -> list[Answer]:
    """Every answer of the pages; ``BadFileError`` for what is none."""
    found: list[Answer] = []
    for page in pages:
        read = read_json(page)
        listed = read if isinstance(read, list) else [read]
        places = [f"answer[{place}]." for place in range(1, len(listed) + 1)]
        for where, one in zip(places if isinstance(read, list) else [""], listed, strict=True):
            found += _answers(page.name, one, where)
    return found


def missing(found: Iterable[Answer]) -> list[str]:
    """The kinds of which every page announces another one, so that the last is not here."""
    announced: dict[str, bool] = {}
    for answer in found:
        announced[answer.kind] = announced.get(answer.kind, True) and answer.announces
    return [f"the next page of {kind}" for kind, more in sorted(announced.items()) if more]


def _answers(page: str, one: Json, where: str) -> Iterator[Answer]:
    if not isinstance(one, dict):
        raise BadFileError(f"{page} holds no answer of Polymarket US; {_HELP}")
    if "requestId" in one and "subscriptionType" in one:
        yield Answer(page, RETAIL, (Row(one, f"{where}frame"),))
        return
    _refuse_error(page, one)
    try:
        found = [*_parts(page, one, where)]
    except BadRowError as error:
        raise BadFileError(f"{page}: {error}; fetch the page again") from None
    if not found:
        raise BadFileError(f"{page} is no answer that is known; {_HELP}")
    yield from found


def _refuse_error(page: str, one: dict[str, Json]) -> None:
    """An error is an object with a code and a message, or an error by name."""
    told = one.get("error")
    if told is None and "code" in one and "message" in one:
        told = f"{one['code']}: {one['message']}"
    if told is not None:
        said = told if isinstance(told, str) else canonical(told)
        raise BadFileError(f"{page} reports an error ({said[:200]}); fetch the page again")


def _parts(page: str, one: dict[str, Json], where: str) -> Iterator[Answer]:
    """The answer's lists; an order search holds executions beside its orders."""
    announces = bool(one.get("nextPageToken")) and str(one.get("eof", "")).lower() != "true"
    if "entries" in one:
        rows = rows_of(one["entries"], f"{where}entries")
        yield from _ledgers(page, rows, announces)
    for name, kind in LISTS.items():
        if name in one:
            yield Answer(page, kind, tuple(rows_of(one[name], f"{where}{name}")), announces)
    if "lastExecutions" in one:
        rows = rows_of(one["lastExecutions"], f"{where}lastExecutions")
        yield Answer(page, EXECUTIONS, tuple(rows))
    if "balances" in one:
        held = one["balances"]
        if not isinstance(held, dict) or not all(isinstance(row, dict) for row in held.values()):
            raise BadRowError("balances", canonical(held)[:200], "balances by currency expected")
        rows = [Row({"currency": c, **row}, f"{where}balances.{c}") for c, row in held.items()]
        yield Answer(page, BALANCES, tuple(rows))
    elif "balance" in one and "entries" not in one:
        yield Answer(page, BALANCE, (Row(one, f"{where}balance"),))
    if "symbol" in one and ("stats" in one or "priceScale" in one):
        yield Answer(page, SETTLEMENT, (Row(one, f"{where}settlement"),))


def _ledgers(page: str, rows: list[Row], announces: bool) -> Iterator[Answer]:
    """Both ledgers are lists of entries; an empty one does not say which it is."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        is_balance = "beforeBalance" in row.values or "afterBalance" in row.values
        kinds.setdefault(BALANCE_LEDGER if is_balance else POSITION_LEDGER, []).append(row)
    for kind, held in kinds.items():
        yield Answer(page, kind, tuple(held), announces)
    if not rows:
        yield Answer(page, LEDGER, (), announces)


def account_of(row: Row) -> str:
    """The account that a row, or its order, names."""
    order = row.values.get("order")
    within = order if isinstance(order, dict) else row.values
    return str(within.get("account") or "")


def accounts_in(rows: Iterable[Row]) -> list[str]:
    """The accounts that rows name, sorted."""
    return sorted({name for row in rows if (name := account_of(row))})
