"""Which lot a reduction takes, by method, and what leaves with it."""

from __future__ import annotations

from decimal import Decimal
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.choosing import choose, take_chosen
from ledger.domain.events import Booking, LotSelector
from ledger.domain.lots import Lot, Shortfall, book_for, split
from ledger.domain.numbers import total
from tests.unit.booking import at

quantities = st.integers(1, 1000).map(lambda n: Decimal(n).scaleb(-1))
bases = st.integers(-100_000, 100_000).map(lambda n: Decimal(n).scaleb(-2))


def lot(
    name: str, qty: str = "1", unit: str = "100", second: int = 0, label: str | None = None
) -> Lot:
    return Lot(Decimal(qty), Decimal(qty) * Decimal(unit), Decimal(0), at(second), name, label)


THREE = [lot("a", "2", "100", 1), lot("b", "2", "120", 2), lot("c", "2", "110", 3)]


@pytest.mark.parametrize(
    ("booking", "order"),
    [
        (Booking.FIFO, "abc"),
        (Booking.LIFO, "cba"),
        (Booking.HIFO, "bca"),
        (Booking.LOFO, "acb"),
        (Booking.STRICT, "abc"),
    ],
)
def test_each_method_takes_lots_in_its_order(booking: Booking, order: str) -> None:
    taken = book_for(booking, THREE).take(Decimal(6))
    assert "".join(one.exec_id for one in taken) == order


@pytest.mark.parametrize("booking", [Booking.HIFO, Booking.LOFO])
def test_equal_costs_go_oldest_first(booking: Booking) -> None:
    twins = [lot("new", second=2), lot("old", second=1)]
    assert book_for(booking, twins).take(Decimal(1))[0].exec_id == "old"


@pytest.mark.parametrize("booking", [Booking.FIFO, Booking.LIFO, Booking.HIFO, Booking.LOFO])
def test_a_short_is_covered_in_the_same_way(booking: Booking) -> None:
    shorts = [one._replace(qty=-one.qty, basis=-one.basis) for one in THREE]
    long, short = book_for(booking, THREE), book_for(booking, shorts)
    names = [[one.exec_id for one in book.take(Decimal(5))] for book in (long, short)]
    assert names[0] == names[1]


@pytest.mark.parametrize("booking", [Booking.FIFO, Booking.LIFO, Booking.HIFO, Booking.LOFO])
@given(parts=st.lists(st.tuples(quantities, bases), min_size=1, max_size=6), data=st.data())
def test_what_is_taken_and_what_is_left_are_what_was_there(
    booking: Booking, parts: list[tuple[Decimal, Decimal]], data: st.DataObject
) -> None:
    lots = [Lot(q, b, Decimal("0.1"), at(n), str(n)) for n, (q, b) in enumerate(parts)]
    held = total(one.qty for one in lots)
    units = data.draw(quantities.filter(lambda wanted: wanted <= held))
    book = book_for(booking, lots)
    pieces = [*book.take(units), *book]
    for place in range(3):
        assert total(map(itemgetter(place), pieces)) == total(map(itemgetter(place), lots))


@given(qty=quantities, basis=bases, data=st.data())
def test_the_slices_of_a_lot_add_up_to_it(
    qty: Decimal, basis: Decimal, data: st.DataObject
) -> None:
    whole = Lot(qty, basis, Decimal(1), at(0), "a")
    units = data.draw(quantities.filter(lambda wanted: wanted < qty) if qty > 1 else st.just(qty))
    slice_, rest = split(whole, units)
    assert [a + b for a, b in zip(slice_[:3], rest[:3], strict=True)] == list(whole[:3])


def test_a_copy_is_taken_from_alone() -> None:
    for booking in (Booking.FIFO, Booking.HIFO):
        book = book_for(booking, THREE)
        book.copy().take(Decimal(6))
        assert total(one.qty for one in book) == 6


def test_a_late_lot_is_put_at_its_place_in_time() -> None:
    book = book_for(Booking.FIFO, [lot("b", second=2), lot("c", second=3)])
    book.put(lot("a", second=1))
    assert [one.exec_id for one in book] == ["a", "b", "c"]


# --------------------------------------------------------------------------- naming lots


def chosen(booking: Booking, units: str, *selectors: LotSelector) -> Shortfall | list[str]:
    found = choose(booking, book_for(booking, THREE), Decimal(units), selectors)
    return found if isinstance(found, Shortfall) else [one.exec_id for one, _ in found]


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        (LotSelector(exec_id="b"), "b"),
        (LotSelector(unit_cost=Decimal(110)), "c"),
        (LotSelector(exec_id="a", opened_on=at(1).date()), "a"),
    ],
)
def test_a_selector_finds_its_lot(selector: LotSelector, name: str) -> None:
    assert chosen(Booking.SPECIFIC, "1", selector) == [name]


def test_a_label_finds_its_lot() -> None:
    lots = [lot("a", label="tax"), lot("b", label="swing")]
    found = choose(
        Booking.STRICT, book_for(Booking.STRICT, lots), Decimal(1), [LotSelector(label="swing")]
    )
    assert not isinstance(found, Shortfall)
    assert found[0][0].exec_id == "b"


SHORTFALLS = [
    (Booking.STRICT, "1", (), Shortfall.AMBIGUOUS),
    (Booking.STRICT, "7", (), Shortfall.INSUFFICIENT),
    (Booking.STRICT, "1", (LotSelector(exec_id="z"),), Shortfall.NO_MATCH),
    (Booking.SPECIFIC, "3", (LotSelector(exec_id="a"),), Shortfall.INSUFFICIENT),
    (Booking.FIFO, "1", (LotSelector(exec_id="b"),), Shortfall.NOT_THE_METHODS),
    (Booking.FIFO, "7", (LotSelector(exec_id="a"),), Shortfall.INSUFFICIENT),
]


@pytest.mark.parametrize(("booking", "units", "selectors", "why"), SHORTFALLS)
def test_what_cannot_be_matched_says_why(
    booking: Booking, units: str, selectors: tuple[LotSelector, ...], why: Shortfall
) -> None:
    assert chosen(booking, units, *selectors) is why


def test_strict_takes_all_there_is_without_a_choice() -> None:
    assert chosen(Booking.STRICT, "6") == ["a", "b", "c"]


def test_strict_with_size_takes_the_lot_of_that_size() -> None:
    lots = [lot("a", "2"), lot("b", "3", second=1)]
    found = choose(Booking.STRICT_WITH_SIZE, book_for(Booking.FIFO, lots), Decimal(3), ())
    assert not isinstance(found, Shortfall)
    assert [one.exec_id for one, _ in found] == ["b"]


def test_specific_takes_as_much_of_each_lot_as_it_is_told() -> None:
    parts = (LotSelector(exec_id="a", qty=Decimal(1)), LotSelector(exec_id="c", qty=Decimal(2)))
    book = book_for(Booking.SPECIFIC, THREE)
    found = choose(Booking.SPECIFIC, book, Decimal(3), parts)
    assert not isinstance(found, Shortfall)
    slices, rest = take_chosen(Booking.SPECIFIC, book, found)
    assert [(one.exec_id, one.qty) for one in slices] == [("a", 1), ("c", 2)]
    assert [(one.exec_id, one.qty) for one in rest] == [("a", 1), ("b", 2)]
