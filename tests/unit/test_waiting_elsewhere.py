"""Facts that come before the fill they name, and say another place than the fill's, or none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import (
    BookingMethodChanged,
    Event,
    Fact,
    FeeCharged,
    FillBusted,
    FillCorrected,
    make_fact,
)
from tests.property.test_checkpoints import small
from tests.unit.booking import BUY, SELL, at, fill, opened

D = Decimal
Told = tuple[int, Event]
TURNS: tuple[Told, ...] = tuple(
    (10 + nth, fill(f"t{nth}", SELL if nth % 2 else BUY, "1", "10")) for nth in range(10)
)


def bust(ref: str, place: str | None = None, position_id: str = "net") -> FillBusted:
    return FillBusted(
        exec_id=f"bust of {ref}", exec_ref_id=ref, instrument_id=place, position_id=position_id
    )


def facts(told: Sequence[Told]) -> list[Fact]:
    return [make_fact("A", event, at(second)) for second, event in told]


def one_by_one(*told: Told) -> ledger.Book:
    book = opened()
    for fact in facts(told):
        book.record_all([fact])
        book.account("A")
    return book


def test_the_bust_of_a_correction_that_said_another_book_than_its_fill() -> None:
    corrected = FillCorrected(
        exec_id="c", exec_ref_id="f", last_qty=D(5), instrument_id="X", position_id="hedge"
    )
    book = one_by_one((2, corrected), (3, bust("c")), (1, fill("f", BUY, "1", "10", "2")))
    assert book.position("A", "X").net_qty == 0
    assert [one.total for one in book.balances("A")] == [0]


def test_a_fee_that_said_another_instrument_is_counted_once_by_saved_states_too() -> None:
    fee = FeeCharged(id="x", amount=D(3), currency="USD", exec_id="f", instrument_id="Y")
    with small():
        book = one_by_one(
            (1, fee),
            (2, fill("g", BUY, "1", "10")),
            (9, BookingMethodChanged(booking=ledger.Booking.HIFO)),
            (3, fill("h", SELL, "1", "10")),
            (4, fill("f", BUY, "1", "10")),
        )
        for told in (book, ledger.Book(book.store, book.clock)):
            assert [one.total for one in told.balances("A")] == [-13]
            assert told.position("A", "Y").fees == {}


@pytest.mark.parametrize("place", [None, "X", "Y"])
def test_a_bust_told_before_its_fill_that_happened_before_what_is_in_memory(
    place: str | None,
) -> None:
    """What is read at once is folded in order of time: there the fill comes first, and the
    position only knows that it has to be read again."""
    with small():
        book = one_by_one(*TURNS)
        late = [(40, bust("f", place)), (1, fill("f", BUY, "5", "10", cl_ord_id="o"))]
        other = ledger.Book(book.store, book.clock)
        for fact in facts(late):
            other.record_all([fact])
        again = ledger.Book(book.store, book.clock)
        assert book.position("A", "X").net_qty == again.position("A", "X").net_qty == 0
        assert book.order("A", "o").cum_qty == again.order("A", "o").cum_qty == 0


def test_a_correction_that_waits_in_a_position_that_has_to_be_read_again() -> None:
    """It is not taken for one whose fill is there."""
    with small():
        book = one_by_one(*TURNS)
        late: list[Told] = [
            (42, bust("c", "X", "hedge")),
            (41, FillCorrected(exec_id="c", exec_ref_id="f", last_qty=D(7), instrument_id="X")),
            (1, fill("f", BUY, "5", "10", position_id="hedge")),
        ]
        other = ledger.Book(book.store, book.clock)
        for fact in facts(late):
            other.record_all([fact])
            book.account("A")
        for told in (book, ledger.Book(book.store, book.clock)):
            assert told.position("A", "X", "hedge").net_qty == 0
            assert told.position("A", "X").net_qty == 0
