"""Binance's answers and events, told apart by their shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from adapters.json_page import Json, read_json
from adapters.port import RawPage
from adapters.rows import Row, rows_of
from adapters.text import UNREADABLE
from ledger.errors import BadFileError, BadRowError

SPOT_TRADES: Final = "spot trades"
USER_TRADES: Final = "futures trades"
INCOME: Final = "income"
SPOT_ORDERS: Final = "spot orders"
ORDERS: Final = "futures orders"
POSITIONS: Final = "positions"
BALANCES: Final = "futures balances"
SPOT_ACCOUNT: Final = "spot account"
ACCOUNT: Final = "futures account"
INSTRUMENTS: Final = "instruments"
EVENT: Final = "event"
EMPTY: Final = "an answer without rows"
UNKNOWN: Final = "unknown"
MAX_ROWS: Final = 1000
_LIMITED: Final = (SPOT_TRADES, USER_TRADES, INCOME, SPOT_ORDERS, ORDERS)

# What a row of each kind has; the first that fits, since a futures order has a spot order's names.
_ROWS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (EVENT, ("e",)),
    (INCOME, ("incomeType", "income")),
    (USER_TRADES, ("id", "orderId", "realizedPnl")),
    (SPOT_TRADES, ("id", "orderId", "commission", "isBuyer")),
    (ORDERS, ("orderId", "status", "executedQty", "positionSide")),
    (SPOT_ORDERS, ("orderId", "status", "executedQty")),
    (POSITIONS, ("symbol", "positionAmt")),
    (BALANCES, ("asset", "balance", "crossWalletBalance")),
)
_WHOLE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (ACCOUNT, ("assets", "positions")),
    (SPOT_ACCOUNT, ("balances", "accountType")),
    (INSTRUMENTS, ("symbols", "serverTime")),
    *_ROWS,
)
_HELP: Final = "fetch the page again; an error is no empty answer"


class Answer(NamedTuple):
    """One answer: its file, its kind, and its rows; a whole object is its only row."""

    file: str
    kind: str
    rows: Sequence[Row]


def answers(page: RawPage) -> Iterator[Answer]:
    """What a page holds; ``BadFileError`` when it is an error or of no kind that is known."""
    try:
        yield from _answers(page.name, read_json(page))
    except UNREADABLE as error:
        raise BadFileError(f"{page.name} is no answer that is known: {error}; {_HELP}") from None


def _answers(file: str, read: Json) -> Iterator[Answer]:
    if isinstance(read, list):
        yield from _lists(file, rows_of([_unwrapped(one) for one in read], "row"))
        return
    whole = Row(read if isinstance(read, dict) else {}, "answer")
    if whole.has("code", "msg") or "error" in whole.values:
        told = whole.text("msg") or str(whole.values.get("error", ""))[:200]
        raise BadFileError(f"{file} tells an error ({whole.text('code')} {told}); {_HELP}")
    inner = _unwrapped(read)
    if inner is not read:
        yield from _answers(file, inner)
        return
    kind = _kind(whole, _WHOLE)
    if kind == UNKNOWN:
        raise BadRowError("answer", _names(whole), "of no kind that is known")
    yield Answer(file, kind, [whole])


def _lists(file: str, rows: Sequence[Row]) -> Iterator[Answer]:
    """The rows of a list by kind; those of none are set aside, unless there are no others."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[_kind(row, _ROWS)].append(row)
    if by_kind and set(by_kind) == {UNKNOWN}:
        raise BadRowError("row", _names(rows[0]), "of no kind that is known")
    if not rows:
        yield Answer(file, EMPTY, ())
    for kind, held in by_kind.items():
        yield Answer(file, kind, held)


def _unwrapped(read: Json) -> Json:
    """What a stream, a subscription, or the websocket API puts its envelope around."""
    if isinstance(read, dict):
        for around, inside in (("subscriptionId", "event"), ("stream", "data"), ("id", "result")):
            if around in read and isinstance(read.get(inside), dict | list):
                return read[inside]
    return read


def _kind(row: Row, shapes: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    fit = (kind for kind, names in shapes if all(name in row.values for name in names))
    return next(fit, UNKNOWN)


def _names(row: Row) -> str:
    return ", ".join(sorted(row.values))[:200]


def missing(held: Iterable[Answer]) -> Iterator[str]:
    """The answers that are cut at the venue's limit of rows and have no next one here.

    Binance announces no next page. An answer of as many rows as one can hold has one, unless an
    answer of the same kind and symbol has fewer, or an empty one came with it.
    """
    ends, full = set(), {}
    for answer in held:
        first = {} if answer.kind == INCOME or not answer.rows else answer.rows[0].values
        symbol = str(first.get("symbol", ""))
        if answer.kind in _LIMITED and len(answer.rows) >= MAX_ROWS:
            full[answer.kind, symbol] = answer.file
        else:
            ends.add((answer.kind, symbol))
    for (kind, symbol), file in sorted(full.items()):
        if not ends & {(kind, symbol), (EMPTY, "")}:
            yield f"{kind} {symbol}".strip() + f": {file} is full, and what follows is not here"
