"""Late facts, amendments and memory: where a position folds again, and from where."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.events import (
    Booking,
    BookingMethodChanged,
    FeeCharged,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.positions import Position
from ledger.errors import BookingChangeError
from tests.unit.booking import BUY, NET, SELL, at, fill, opened, told

D = Decimal


def position(book: object) -> Position:
    return book.account("A").positions[NET]  # type: ignore[attr-defined]


def test_a_late_fill_takes_its_place_in_time() -> None:
    book = opened()
    book.record("A", fill("e3", SELL, "1", "20"), occurred_at=at(30))
    book.record("A", fill("e2", BUY, "1", "15"), occurred_at=at(20))
    book.record("A", fill("e1", BUY, "1", "10"), occurred_at=at(10))
    view = book.position("A", "X")
    assert (view.realized_pnl, [lot.exec_id for lot in view.lots]) == (10, ["e2"])


def test_inside_one_instant_the_venues_number_decides() -> None:
    book = opened()
    for name, side, seq in (("b", SELL, 3), ("c", BUY, 2), ("a", BUY, 1)):
        px = {"a": "10", "c": "12", "b": "20"}[name]
        book.record("A", fill(name, side, "1", px, seq=seq), occurred_at=at(1))
    assert book.position("A", "X").realized_pnl == 10


def test_without_a_number_the_natural_order_of_ids_decides() -> None:
    book = opened()
    for name, side, px in (("e10", SELL, "20"), ("e9", BUY, "10")):
        book.record("A", fill(name, side, "1", px), occurred_at=at(1))
    (closed,) = book.results("A", "X").disposals
    assert closed.exec_id == "e10"


def test_a_bust_undoes_a_fill_and_its_fees() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10", "0.5"), fill("e2", BUY, "1", "12"))
    book.record("A", FillBusted(exec_id="b", exec_ref_id="e1"), occurred_at=at(100))
    view = book.position("A", "X")
    assert (view.net_qty, view.cost_basis, dict(view.fees)) == (1, 12, {})


def test_a_bust_twice_is_a_bust() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), fill("e2", BUY, "1", "12"))
    for name in ("b1", "b2"):
        book.record("A", FillBusted(exec_id=name, exec_ref_id="e1"), occurred_at=at(100))
    assert book.position("A", "X").net_qty == 1


def test_a_correction_keeps_the_fees_it_does_not_name() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10", "0.5"))
    better = FillCorrected(exec_id="k", exec_ref_id="e1", last_qty=D(2), last_px=D(9))
    book.record("A", better, occurred_at=at(100))
    view = book.position("A", "X")
    assert (view.net_qty, view.cost_basis, view.fees["USD"]) == (2, 18, D("0.5"))


def test_a_correction_may_turn_the_side() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    turned = FillCorrected(exec_id="k", exec_ref_id="e1", last_qty=D(1), last_px=D(10), side=SELL)
    book.record("A", turned, occurred_at=at(100))
    assert book.position("A", "X").net_qty == -1


@pytest.mark.parametrize("ref", ["e1", "k"])
def test_a_bust_of_a_fill_or_of_its_correction_ends_both(ref: str) -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    better = FillCorrected(exec_id="k", exec_ref_id="e1", last_qty=D(2), last_px=D(9))
    book.record("A", better, occurred_at=at(100))
    book.record("A", FillBusted(exec_id="b", exec_ref_id=ref), occurred_at=at(101))
    assert book.position("A", "X").is_flat


def test_a_fee_told_later_belongs_to_the_moment_of_its_fill() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), fill("e2", SELL, "1", "12"))
    fee = FeeCharged(id="f", amount=D("0.5"), currency="USD", exec_id="e1")
    book.record("A", fee, occurred_at=at(100))
    (closed,) = book.results("A", "X").cycles
    assert closed.fees == D("0.5")


def test_a_fee_told_before_its_fill_is_counted_once() -> None:
    book = opened()
    fee = FeeCharged(id="f", amount=D("0.5"), currency="USD", exec_id="e1")
    book.record("A", fee, occurred_at=at(1))
    assert book.balances("A")[0].total == D("-0.5")
    book.record("A", fill("e1", BUY, "1", "10"), occurred_at=at(2))
    assert book.balances("A")[0].total == D("-10.5")
    assert book.position("A", "X").fees["USD"] == D("0.5")


def test_a_definition_told_late_gives_the_fills_their_value() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    contract = Instrument(
        instrument_id="X", symbol="X", kind=InstrumentKind.EQUITY, currency="USD",
        multiplier=D(100),
    )  # fmt: skip
    redefined = InstrumentDefined(instrument=contract, effective_from=at(0))
    book.record("A", redefined, occurred_at=at(100))
    assert book.position("A", "X").cost_basis == 1000


def test_a_booking_method_changes_from_its_time_on() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), fill("e2", BUY, "1", "14"))
    book.change_booking("A", Booking.LIFO, occurred_at=at(50))
    book.record("A", fill("e3", SELL, "1", "20"), occurred_at=at(60))
    assert book.position("A", "X").realized_pnl == 6


def test_it_may_not_change_between_known_fills() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    book.record("A", fill("e2", BUY, "1", "14"), occurred_at=at(60))
    with pytest.raises(BookingChangeError, match="change it later than that"):
        book.change_booking("A", Booking.LIFO, occurred_at=at(50))


def test_a_change_that_was_recorded_all_the_same_is_folded() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    change = BookingMethodChanged(booking=Booking.AVERAGE)
    book.record("A", change, occurred_at=at(0))
    assert position(book).holding.booking is Booking.AVERAGE


def test_flat_history_leaves_memory_and_the_next_fill_needs_none_of_it() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), fill("e2", SELL, "1", "12"))
    position(book).forget_flat_history()
    book.record("A", fill("e3", BUY, "1", "13"), occurred_at=at(100))
    assert len(position(book).tail) == 1
    assert book.position("A", "X").realized_pnl == 2


def test_an_open_position_does_not_leave_memory() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    position(book).forget_flat_history()
    assert len(position(book).tail) == 1
