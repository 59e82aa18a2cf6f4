"""Corrections: what they tell replaces what was told; what they leave out stays."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from ledger import errors
from ledger.domain.events import FillBusted, FillCorrected, OrderPlaced
from ledger.domain.views import PositionView
from tests.unit.booking import BUY, at, fill, opened

D = Decimal


def corrected(booked: dict[str, Any], **told: Any) -> PositionView:
    book = opened()
    book.record("A", fill("e", BUY, "2", "10", **booked), occurred_at=at(1))
    book.record("A", FillCorrected(exec_id="c", exec_ref_id="e", **told), occurred_at=at(2))
    return book.position("A", "X")


def test_a_price_that_is_not_told_stays() -> None:
    assert corrected({}, last_qty=D(1)).cost_basis == 10


def test_a_price_that_is_told_is_the_new_one() -> None:
    assert corrected({}, last_qty=D(2), last_px=D(11)).cost_basis == 22


def test_money_that_was_stated_stays_while_quantity_and_price_do() -> None:
    assert corrected({"gross_trade_amt": D(21)}, last_qty=D(2), last_px=D(10)).cost_basis == 21


def test_money_that_was_stated_for_another_quantity_is_gone() -> None:
    assert corrected({"gross_trade_amt": D(21)}, last_qty=D(1)).cost_basis == 10


def test_a_correction_to_nothing_is_a_bust() -> None:
    with pytest.raises(errors.BadNumberError, match="not above zero"):
        FillCorrected(exec_id="c", exec_ref_id="e", last_qty=D(0))


def test_a_bust_of_a_correction_that_came_before_it_reaches_the_order() -> None:
    book = opened()
    booked = fill("e", BUY, "1", "10", cl_ord_id="o")
    bust = FillBusted(exec_id="b", exec_ref_id="c", instrument_id="X")
    correction = FillCorrected(exec_id="c", exec_ref_id="e", last_qty=D(1))
    placed = OrderPlaced(cl_ord_id="o", instrument_id="X", side=BUY, order_qty=D(5))
    for event in (booked, bust, placed, correction):
        book.record("A", event, occurred_at=at(1))
        book.open_orders("A")
    assert [(one.cl_ord_id, one.cum_qty) for one in book.open_orders("A")] == [("o", 0)]


@pytest.mark.parametrize("place", ["X", None])
@pytest.mark.parametrize("order", [*permutations(range(5))])
def test_a_chain_that_ends_in_a_bust_leaves_nothing_of_the_order(
    place: str | None, order: tuple[int, ...]
) -> None:
    book = opened()
    told = (
        OrderPlaced(cl_ord_id="o", instrument_id="X", side=BUY, order_qty=D(2)),
        fill("e", BUY, "2", "10", cl_ord_id="o"),
        FillCorrected(exec_id="c1", exec_ref_id="e", last_qty=D(2), instrument_id=place),
        FillCorrected(exec_id="c2", exec_ref_id="c1", last_qty=D(2), instrument_id=place),
        FillBusted(exec_id="b", exec_ref_id="c2", instrument_id=place),
    )
    for n in order:
        book.record("A", told[n], occurred_at=at(n))
        book.open_orders("A")
    assert [(one.cl_ord_id, one.cum_qty) for one in book.open_orders("A")] == [("o", 0)]
    assert book.position("A", "X").net_qty == 0


def amended_thrice(named: tuple[str, ...], order: tuple[int, ...]) -> PositionView:
    """A fill of 2, corrected to 3, to 4, and last to 5, each naming one of what came before."""
    book = opened()
    book.record("A", fill("e", BUY, "2", "10"), occurred_at=at(1))
    for n in order:
        event = FillCorrected(
            exec_id=f"c{n}", exec_ref_id=named[n], last_qty=D(3 + n), instrument_id="X"
        )
        book.record("A", event, occurred_at=at(2 + n))
    return book.position("A", "X")


@pytest.mark.parametrize("named", [("e", "e", "e"), ("e", "e", "c0"), ("e", "c0", "e")])
@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_the_last_correction_stands_whichever_of_the_chain_it_names(
    named: tuple[str, ...], order: tuple[int, ...]
) -> None:
    assert amended_thrice(named, order).net_qty == 5


def test_what_amends_a_correction_comes_after_it_whatever_the_clocks_say() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "2", "10"), occurred_at=at(1))
    for exec_id, ref, qty, when in (("c1", "e", 3, 9), ("c2", "c1", 4, 5)):
        event = FillCorrected(exec_id=exec_id, exec_ref_id=ref, last_qty=D(qty))
        book.record("A", event, occurred_at=at(when))
    assert book.position("A", "X").net_qty == 4
