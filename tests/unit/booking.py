"""Short words for a book of one account that trades X."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ledger
from ledger.domain.events import Event, FillBooked, Side
from ledger.domain.positions import PositionKey

START = datetime(2026, 1, 5, tzinfo=UTC)
NET = PositionKey("X", "net")
BUY, SELL = Side.BUY, Side.SELL


def at(second: int) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=second)


def opened(kind: ledger.InstrumentKind = ledger.InstrumentKind.EQUITY, **how: Any) -> ledger.Book:
    """A book of account A, in which X is defined."""
    defined = {name: how.pop(name) for name in ("multiplier", "base_currency") if name in how}
    settles = how.pop("settles", ledger.Settles.REALIZED)
    book = ledger.open("memory://", clock=lambda: START)
    book.open_account("A", base_currency="USD", **how)
    instrument = ledger.Instrument(
        instrument_id="X", symbol="X", kind=kind, currency="USD", settles=settles, **defined
    )
    book.define("A", instrument)
    return book


def fill(id: str, side: Side, qty: str, px: str, fee: str | None = None, **more: Any) -> FillBooked:
    """A fill of X, with a fee in dollars if one is given."""
    fees = (ledger.Fee(amount=Decimal(fee), currency="USD"),) if fee else ()
    fields: dict[str, Any] = {"fees": fees} | more
    return FillBooked(
        exec_id=id,
        instrument_id="X",
        side=side,
        last_qty=Decimal(qty),
        last_px=Decimal(px),
        **fields,
    )


def told(book: ledger.Book, *events: Event) -> ledger.Book:
    """The book after events a second apart."""
    start = book.store.head()
    for second, event in enumerate(events):
        book.record("A", event, occurred_at=at(start + second))
    return book
