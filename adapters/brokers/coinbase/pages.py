"""What Coinbase's answers are, told by the name of their list, and which announce another page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from adapters.json_page import Json, read_json
from adapters.port import RawPage
from adapters.rows import Row, rows_of
from ledger.errors import BadFileError, BadRowError

FILLS: Final = "fills"
ORDERS: Final = "orders"
ACCOUNTS: Final = "accounts"
POSITIONS: Final = "positions"
SUMMARY: Final = "balance_summary"
PRODUCTS: Final = "products"
STREAMED: Final = "user channel"
# Answers about one thing, and the list that it would stand in.
SINGLE: Final = {"order": ORDERS, "account": ACCOUNTS, "position": POSITIONS, SUMMARY: SUMMARY}
LISTS: Final = (FILLS, ORDERS, ACCOUNTS, POSITIONS, PRODUCTS)
_ERRORS: Final = ("error", "errors", "error_response", "error_details")


@attrs.frozen
class Held:
    """A page: its kind, its rows, and whether it announces another one."""

    page: RawPage
    kind: str
    rows: tuple[Row, ...]
    has_next: bool = False
    is_list: bool = True


def held(page: RawPage) -> Held:
    """The page's rows; ``BadFileError`` for an error or for what is no answer of Coinbase's."""
    value = read_json(page)
    if not isinstance(value, dict):
        raise _refused(page)
    _refuse_error(page, value)
    try:
        found = _read(page, value)
    except BadRowError as error:
        raise BadFileError(f"{page.name}: {error}; fetch the page again") from None
    if found is None:
        raise _refused(page)
    return found


def _read(page: RawPage, value: dict[str, Json]) -> Held | None:
    if value.get("channel") == "user":
        return Held(page, STREAMED, tuple(_streamed(value)))
    for kind in LISTS:
        if kind in value:
            more = value.get("has_next") is True or (kind == FILLS and bool(value.get("cursor")))
            return Held(page, kind, tuple(rows_of(value[kind] or [], kind)), has_next=more)
    for name, kind in SINGLE.items():
        if name in value:
            return Held(page, kind, (Row(value, "page").inner(name),), is_list=False)
    if "product_id" in value and "product_type" in value:
        return Held(page, PRODUCTS, (Row(value, "product"),))
    return None


def _streamed(value: dict[str, Json]) -> Iterator[Row]:
    """The orders of a frame of the user channel."""
    for event in rows_of(value.get("events") or [], "events"):
        yield from event.rows("orders")


def missing(pages: Iterable[Held]) -> Iterator[str]:
    """What is announced and not there: each page but the last announces the next."""
    counts: Counter[str] = Counter()
    announced: Counter[str] = Counter()
    for one in pages:
        counts[one.kind] += 1
        announced[one.kind] += one.has_next
    for kind, count in sorted(announced.items()):
        if count and count >= counts[kind]:
            yield f"the page of {kind} that the last one announces"


def _refuse_error(page: RawPage, value: dict[str, Json]) -> None:
    """An answer that reports an error is never an empty one."""
    if any(value.get(name) for name in _ERRORS) or value.get("success") is False:
        told = next((value[name] for name in ("message", *_ERRORS) if value.get(name)), "")
        raise BadFileError(
            f"{page.name} is an error of Coinbase's ({told!s:.200}): ask again and give the answer"
        )


def _refused(page: RawPage) -> BadFileError:
    return BadFileError(
        f"{page.name} is no answer of Coinbase Advanced that this adapter knows; give it fills, "
        "orders, accounts, futures positions and balances, as they came"
    )
