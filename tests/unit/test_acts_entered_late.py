"""Transfers, spin-offs, booking methods and definitions entered after others of their future."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger import errors
from ledger.domain.events import Booking, PositionOpenedMidLife, SpinOffReceived
from ledger.store.port import Outcome
from tests.unit.booking import BUY, SELL, at, fill, opened

D = Decimal


def traded(*fills: tuple[str, Any, str, str, int], **how: Any) -> ledger.Book:
    """Account A after these trades of X, and an empty account B."""
    book = opened(**how)
    book.open_account("B", base_currency="USD")
    for id, side, qty, px, second in fills:
        book.record("A", fill(id, side, qty, px), occurred_at=at(second))
    return book


def bought_twice_sold_once() -> ledger.Book:
    return traded(
        ("b1", BUY, "10", "100", 1), ("b2", BUY, "10", "200", 3), ("s", SELL, "10", "300", 4)
    )


def move(book: ledger.Book, qty: str, second: int, **how: Any) -> list[Outcome]:
    fields: dict[str, Any] = {
        "id": "t",
        "instrument_id": "X",
        "qty": D(qty),
        "occurred_at": at(second),
    }
    return book.transfer("A", "B", **fields | how)


def test_a_transfer_entered_late_carries_what_was_held_then() -> None:
    book = bought_twice_sold_once()
    move(book, "10", 2)
    assert [(lot.qty, lot.basis) for lot in book.lots("B", "X")] == [(10, 1000)]
    assert book.position("A", "X").realized_pnl == 3000 - 2000


def test_what_was_not_yet_held_cannot_have_been_transferred() -> None:
    with pytest.raises(errors.InsufficientLotsError):
        move(bought_twice_sold_once(), "11", 2)


def test_a_transfer_entered_again_is_the_same_transfer() -> None:
    book = traded(("b1", BUY, "10", "100", 1))
    first, again = move(book, "4", 2), move(book, "4", 2)
    assert [one.recorded for one in again] == [one.recorded for one in first]
    assert {type(one) for one in again} == {ledger.AlreadyAppended}
    assert book.position("B", "X").net_qty == 4


def test_the_same_transfer_of_another_quantity_is_a_conflict() -> None:
    book = traded(("b1", BUY, "10", "100", 1))
    move(book, "4", 2)
    with pytest.raises(errors.ConflictError, match="qty 4 booked, 5 now"):
        move(book, "5", 2)


def test_a_cost_that_is_unknown_stays_so_where_it_goes() -> None:
    book = traded()
    book.record("A", PositionOpenedMidLife(id="m", instrument_id="X", qty=D(5)), occurred_at=at(1))
    move(book, "5", 2)
    assert book.position("B", "X").unknown_basis


def test_a_known_cost_stays_known_where_it_goes() -> None:
    book = traded(("b1", BUY, "10", "100", 1))
    move(book, "5", 2)
    assert not book.position("B", "X").unknown_basis


def test_a_transfer_leads_to_another_account() -> None:
    book = traded(("b1", BUY, "10", "100", 1))
    with pytest.raises(errors.InvalidTransferError, match="to itself"):
        book.transfer("A", "A", id="t", instrument_id="X", qty=D(1))


def spun(book: ledger.Book, second: int, **how: Any) -> Outcome:
    fields: dict[str, Any] = {"id": "so", "instrument_id": "Y", "parent_id": "X", "qty": D(1)} | how
    return book.spin_off(
        "A", SpinOffReceived(**fields), basis_share=D("0.25"), occurred_at=at(second)
    )


def test_a_spin_off_entered_late_takes_its_share_of_what_was_held_then() -> None:
    book = traded(("b1", BUY, "10", "100", 1), ("s", SELL, "10", "100", 5))
    spun(book, 3)
    assert book.position("A", "Y").cost_basis == 250


def test_a_spin_off_entered_again_is_the_same_spin_off() -> None:
    book = traded(("b1", BUY, "10", "100", 1))
    first, again = spun(book, 3), spun(book, 3)
    assert first.recorded == again.recorded
    assert book.position("A", "Y").cost_basis == 250


def test_nothing_is_spun_off_from_itself() -> None:
    with pytest.raises(errors.InvalidTransferError):
        spun(traded(("b1", BUY, "10", "100", 1)), 3, instrument_id="X")


def test_a_booking_method_cannot_change_what_was_realized() -> None:
    book = traded(
        ("b1", BUY, "10", "1", 1), ("b2", BUY, "10", "2", 2),
        ("s1", SELL, "10", "3", 4), ("s2", SELL, "10", "3", 5),
    )  # fmt: skip
    with pytest.raises(errors.BookingChangeError, match="was not flat"):
        book.change_booking("A", Booking.LIFO, occurred_at=at(3))
    book.change_booking("A", Booking.LIFO, occurred_at=at(6))


def test_a_booking_method_may_change_where_the_position_was_flat() -> None:
    book = traded(("b1", BUY, "10", "1", 1), ("s1", SELL, "10", "3", 2), ("b2", BUY, "10", "2", 5))
    book.change_booking("A", Booking.LIFO, occurred_at=at(3))


@pytest.mark.parametrize(
    "change",
    [{"currency": "EUR"}, {"kind": ledger.InstrumentKind.LINEAR}, {"base_currency": "X"},
     {"settles": ledger.Settles.VARIATION}],
)  # fmt: skip
def test_what_an_instruments_money_is_does_not_change(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "instrument_id": "X",
        "symbol": "X",
        "kind": ledger.InstrumentKind.EQUITY,
    }
    book = traded(("b1", BUY, "1", "10", 1), ("s1", SELL, "1", "110", 2))
    other = ledger.Instrument(**{**fields, "currency": "USD", **change})
    with pytest.raises(errors.DefinitionChangeError, match="define another instrument"):
        book.define("A", other, effective_from=at(10))
    assert book.balances("A")[0].total == 100


def test_a_multiplier_may_change() -> None:
    book = traded(("b1", BUY, "1", "10", 1))
    more = ledger.Instrument(
        instrument_id="X", symbol="X", kind=ledger.InstrumentKind.EQUITY, currency="USD",
        multiplier=D(10),
    )  # fmt: skip
    book.define("A", more, effective_from=at(10))
    assert book.position("A", "X").instrument == more
