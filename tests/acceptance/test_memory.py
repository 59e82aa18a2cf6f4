"""What is closed or flat leaves memory, and comes back right when a late fact names it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import FillBooked, FillBusted, FillCorrected, Side
from ledger.domain.order_status import OrdStatus
from ledger.domain.positions import PositionKey
from tests.property.state import figures_of

START = datetime(2026, 1, 5, tzinfo=UTC)
NET = PositionKey("X", "net")


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def fill(id: str, side: Side = Side.BUY, **more: Any) -> FillBooked:
    fields: dict[str, Any] = {"last_qty": Decimal(1), "last_px": Decimal(100)} | more
    return FillBooked(exec_id=id, instrument_id="X", side=side, **fields)


def opened() -> ledger.Book:
    book = ledger.open("memory://", clock=lambda: START)
    book.open_account("A", base_currency="USD")
    kind = ledger.InstrumentKind.EQUITY
    book.define("A", ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD"))
    return book


@pytest.fixture
def filled() -> ledger.Book:
    """A book whose order c1 of 1 unit is filled and has left memory."""
    book = opened()
    order = {"instrument_id": "X", "side": Side.BUY, "order_qty": Decimal(1)}
    book.place("A", cl_ord_id="c1", occurred_at=at(0), **order)
    book.accept("A", "c1", occurred_at=at(1))
    book.record("A", fill("e1", cl_ord_id="c1"), occurred_at=at(2))
    account = book.account("A")
    account.slim()
    assert "c1" not in account.orders
    return book


def test_a_closed_order_is_still_answered_for(filled: ledger.Book) -> None:
    assert filled.order("A", "c1").status is OrdStatus.FILLED


def test_it_takes_a_late_fill_and_shows_the_overfill(filled: ledger.Book) -> None:
    filled.record("A", fill("e2", cl_ord_id="c1"), occurred_at=at(3))
    order = filled.order("A", "c1")
    assert (order.cum_qty, order.overfill_qty, order.leaves_qty) == (2, 1, 0)


def test_a_bust_opens_it_again_and_brings_it_back(filled: ledger.Book) -> None:
    filled.record("A", FillBusted(exec_id="b1", exec_ref_id="e1"), occurred_at=at(4))
    assert [one.cl_ord_id for one in filled.open_orders("A")] == ["c1"]
    assert filled.order("A", "c1").leaves_qty == 1


def test_then_a_fill_completes_it_as_if_it_had_never_left(filled: ledger.Book) -> None:
    filled.record("A", FillBusted(exec_id="b1", exec_ref_id="e1"), occurred_at=at(4))
    filled.record("A", fill("e2", cl_ord_id="c1"), occurred_at=at(5))
    assert filled.order("A", "c1").status is OrdStatus.FILLED
    assert filled.open_orders("A") == []


def test_a_correction_that_does_not_name_the_order_reaches_it(filled: ledger.Book) -> None:
    smaller = FillCorrected(
        exec_id="k1", exec_ref_id="e1", last_qty=Decimal("0.4"), last_px=Decimal(100)
    )
    filled.record("A", smaller, occurred_at=at(4))
    assert filled.order("A", "c1").leaves_qty == Decimal("0.6")


def test_the_position_counts_every_fill_once(filled: ledger.Book) -> None:
    filled.record("A", fill("e2", cl_ord_id="c1"), occurred_at=at(3))
    filled.record("A", fill("e1", cl_ord_id="c1"), occurred_at=at(2))
    assert filled.position("A", "X").net_qty == 2


# --------------------------------------------------------------------------------- positions


def flat_and_forgotten() -> ledger.Book:
    book = opened()
    for n in range(6):
        side = Side.SELL if n % 2 else Side.BUY
        book.record("A", fill(f"e{n}", side, last_px=Decimal(100 + n)), occurred_at=at(10 * n))
    position = book.account("A").positions[NET]
    position.forget_flat_history()
    assert not position.tail
    return book


LATE = {
    "fill": fill("late", last_px=Decimal(90)),
    "bust": FillBusted(exec_id="late", exec_ref_id="e2"),
    "correction": FillCorrected(
        exec_id="late", exec_ref_id="e0", last_qty=Decimal(3), last_px=Decimal(95)
    ),
}


@pytest.mark.parametrize("kind", LATE)
def test_flat_history_that_left_memory_takes_a_late_fact(kind: str) -> None:
    book, whole = flat_and_forgotten(), opened()
    for recorded in book.store.read("A"):
        whole.record("A", recorded.event, occurred_at=recorded.occurred_at)
    for one in (book, whole):
        one.record("A", LATE[kind], occurred_at=at(15))
    ours, other = (one.account("A").positions[NET].holding for one in (book, whole))
    assert figures_of(ours) == figures_of(other)
    assert ours.qty
