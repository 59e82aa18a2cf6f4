"""Lots that are named by hand: each unit leaves once, from the lot that is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ledger

START = datetime(2026, 1, 5, tzinfo=UTC)
X = ledger.Instrument(
    instrument_id="X", symbol="X", kind=ledger.InstrumentKind.EQUITY, currency="USD"
)


def book(booking: ledger.Booking) -> ledger.Book:
    """An account with that booking method."""
    made = ledger.open("memory://", clock=lambda: START)
    made.open_account("A", base_currency="USD", booking=booking)
    made.define("A", X)
    return made


def fill(
    made: ledger.Book, name: str, side: ledger.Side, qty: int, px: int, second: int, **more: object
) -> None:
    """One fill at a second."""
    made.fill(
        "A",
        exec_id=name,
        instrument_id="X",
        side=side,
        last_qty=Decimal(qty),
        last_px=Decimal(px),
        occurred_at=START + timedelta(seconds=second),
        **more,
    )


def test_a_lot_that_is_named_twice_gives_both_parts() -> None:
    made = book(ledger.Booking.SPECIFIC)
    fill(made, "y1", ledger.Side.BUY, 5, 10, 1)
    one = ledger.LotSelector(exec_id="y1", qty=Decimal(1))
    fill(made, "y2", ledger.Side.SELL, 2, 15, 2, lots=(one, one))
    view = made.position("A", "X")
    assert (view.net_qty, view.realized_pnl) == (3, 10)


def test_a_lot_cannot_give_more_than_it_has_by_being_named_twice() -> None:
    made = book(ledger.Booking.SPECIFIC)
    fill(made, "y1", ledger.Side.BUY, 5, 10, 1)
    fill(made, "y3", ledger.Side.BUY, 5, 10, 2)
    three = ledger.LotSelector(exec_id="y1", qty=Decimal(3))
    fill(made, "y2", ledger.Side.SELL, 6, 15, 3, lots=(three, three))
    view = made.position("A", "X")
    assert (view.net_qty, view.suspense_qty) == (10, -6)


def test_two_lots_of_one_name_are_each_taken_once() -> None:
    made = book(ledger.Booking.FIFO)
    fill(made, "1", ledger.Side.BUY, 3, 10, 1, scope="A")
    fill(made, "1", ledger.Side.BUY, 3, 20, 1, scope="B")
    fill(made, "2", ledger.Side.SELL, 4, 30, 2, lots=(ledger.LotSelector(exec_id="1"),))
    view = made.position("A", "X")
    assert (view.net_qty, view.realized_pnl) == (2, 70)
