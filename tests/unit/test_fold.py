"""How a fill moves a holding: extending, closing, crossing, suspense, and its fees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import Booking, Crossing, FeeRule, FillBooked
from ledger.domain.views import PositionView
from tests.unit.booking import BUY, SELL, fill, opened, told

D = Decimal


def position(*fills: FillBooked, **how: Any) -> PositionView:
    return told(opened(**how), *fills).position("A", "X")


def test_a_purchase_opens_a_lot() -> None:
    view = position(fill("e1", BUY, "2", "10"))
    assert [(lot.qty, lot.basis, lot.exec_id) for lot in view.lots] == [(2, 20, "e1")]


def test_a_sale_realizes_against_the_basis() -> None:
    view = position(fill("e1", BUY, "2", "10"), fill("e2", SELL, "1", "13"))
    assert (view.net_qty, view.cost_basis, view.realized_pnl) == (1, 10, 3)


def test_a_fill_that_crosses_zero_closes_first_and_opens_the_rest() -> None:
    view = position(fill("e1", BUY, "2", "10"), fill("e2", SELL, "5", "12"))
    assert (view.net_qty, view.cost_basis, view.realized_pnl) == (-3, -36, 4)


def test_its_fee_is_shared_by_quantity_and_the_remainder_goes_to_the_opening_part() -> None:
    view = position(
        fill("e1", BUY, "1", "10"), fill("e2", SELL, "3", "10", "1"), fee_rule=FeeRule.IN_COST
    )
    assert view.realized_pnl == 0
    assert sum(lot.charges for lot in view.lots) == D("0.666666666666666667")


def test_a_cycle_ends_where_the_crossing_fill_passes_zero() -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"), fill("e2", SELL, "4", "12", "2"))
    (closed,) = book.results("A", "X").cycles
    assert (closed.number, closed.realized_pnl, closed.fees) == (1, 4, 1)
    now = book.position("A", "X").cycle
    assert (now.number, now.realized_pnl, now.fees) == (2, 0, 1)


def test_in_cost_a_fee_is_part_of_the_basis() -> None:
    view = position(fill("e1", BUY, "2", "10", "1"), fee_rule=FeeRule.IN_COST)
    assert (view.cost_basis, view.avg_cost, view.net_realized_pnl) == (21, D("10.5"), 0)


def test_expensed_a_fee_stands_beside_it() -> None:
    view = position(fill("e1", BUY, "2", "10", "1"), fee_rule=FeeRule.EXPENSED)
    assert (view.cost_basis, view.net_realized_pnl) == (20, -1)


def test_a_rebate_is_a_negative_fee() -> None:
    view = position(fill("e1", BUY, "2", "10", "-0.25"))
    assert (view.fees["USD"], view.net_realized_pnl) == (D("-0.25"), D("0.25"))


def test_a_fee_in_a_third_currency_is_kept_in_it() -> None:
    fee = ledger.Fee(amount=D("0.001"), currency="BNB")
    view = position(fill("e1", BUY, "2", "10", fees=(fee,)))
    assert (dict(view.fees), view.net_realized_pnl) == ({"BNB": D("0.001")}, 0)


SPOT: dict[str, Any] = {"kind": ledger.InstrumentKind.SPOT, "base_currency": "BTC"}
IN_BTC = (ledger.Fee(amount=D("0.1"), currency="BTC"),)


def test_a_fee_in_the_base_currency_leaves_the_holding_at_cost() -> None:
    view = position(fill("e1", BUY, "1", "100", fees=IN_BTC), **SPOT)
    assert (view.net_qty, view.cost_basis, view.base_fee_cost) == (D("0.9"), 90, 10)
    assert view.net_realized_pnl == -10


def test_a_base_fee_on_what_is_not_held_is_owed() -> None:
    view = position(fill("e1", SELL, "1", "100", fees=IN_BTC), **SPOT)
    assert (view.net_qty, view.cost_basis, view.suspense_qty) == (D("-1.1"), -100, 0)


def test_what_a_base_fee_owes_costs_what_its_cover_does() -> None:
    sold, cover = fill("e1", SELL, "1", "100", fees=IN_BTC), fill("e2", BUY, "1.1", "90")
    view = position(sold, cover, **SPOT)
    assert (view.net_qty, view.net_realized_pnl) == (0, 100 - 99)


def test_a_base_fee_on_what_is_not_held_is_in_suspense_where_nothing_may_be_short() -> None:
    view = position(fill("e1", SELL, "1", "100", fees=IN_BTC), crossing=Crossing.SUSPENSE, **SPOT)
    assert (view.net_qty, view.suspense_qty) == (0, D("-1.1"))


def test_a_base_rebate_comes_in_at_no_cost() -> None:
    rebate = (ledger.Fee(amount=D("-0.1"), currency="BTC"),)
    view = position(fill("e1", BUY, "1", "100", fees=rebate), **SPOT)
    assert (view.net_qty, view.cost_basis) == (D("1.1"), 100)


def test_a_base_rebate_on_a_short_covers_it_first() -> None:
    rebate = (ledger.Fee(amount=D("-0.1"), currency="BTC"),)
    view = position(fill("e1", SELL, "1", "100", fees=rebate), **SPOT)
    assert (view.net_qty, view.cost_basis, view.net_realized_pnl) == (D("-0.9"), -90, 10)


def test_a_base_fee_may_end_the_cycle() -> None:
    whole = (ledger.Fee(amount=D(1), currency="BTC"),)
    book = told(opened(**SPOT), fill("e1", BUY, "1", "100", fees=whole))
    (closed,) = book.results("A", "X").cycles
    assert (closed.base_fee_cost, closed.net_realized_pnl) == (100, -100)


@pytest.mark.parametrize("crossing", [Crossing.SUSPENSE, Crossing.REFUSE])
def test_what_finds_nothing_to_close_is_no_short_where_none_may_be(crossing: Crossing) -> None:
    view = position(fill("e1", BUY, "1", "10"), fill("e2", SELL, "3", "12"), crossing=crossing)
    assert (view.net_qty, view.suspense_qty, view.suspense_flow) == (0, -2, 24)
    assert view.realized_pnl == 2


def test_strict_booking_puts_an_ambiguous_sale_in_suspense() -> None:
    fills = fill("e1", BUY, "1", "10"), fill("e2", BUY, "1", "11"), fill("e3", SELL, "1", "12")
    view = position(*fills, booking=Booking.STRICT)
    assert (view.net_qty, view.suspense_qty, view.realized_pnl) == (2, -1, 0)


def test_average_takes_its_share_of_the_pool() -> None:
    fills = fill("e1", BUY, "1", "10"), fill("e2", BUY, "3", "14"), fill("e3", SELL, "2", "20")
    view = position(*fills, booking=Booking.AVERAGE)
    assert (view.avg_cost, view.realized_pnl) == (13, 14)
    assert [lot.qty for lot in view.lots] == [2]


def test_a_fill_of_an_undefined_instrument_is_held_at_an_unknown_value() -> None:
    book = ledger.open("memory://")
    book.open_account("A", base_currency="USD")
    view = told(book, fill("e1", BUY, "2", "10")).position("A", "X")
    assert (view.net_qty, view.avg_cost, view.unvalued_fills) == (2, None, 1)


def test_stated_money_is_the_value_and_no_price_is_needed() -> None:
    bought = fill("e1", BUY, "3", "10", gross_trade_amt=D("30.01"))
    assert position(bought).cost_basis == D("30.01")


def test_a_negative_price_makes_a_purchase_bring_money() -> None:
    view = position(
        fill("e1", BUY, "1", "-37.63"), fill("e2", SELL, "1", "10"),
        kind=ledger.InstrumentKind.LINEAR,
    )  # fmt: skip
    assert view.realized_pnl == D("47.63")


def test_a_price_in_another_currency_is_never_taken_for_one_in_the_instruments() -> None:
    view = position(fill("e1", BUY, "2", "10", currency="EUR"))
    assert (view.net_qty, view.cost_basis, view.unvalued_fills) == (2, 0, 1)


def test_a_price_that_says_its_currency_is_valued() -> None:
    view = position(fill("e1", BUY, "2", "10", currency="USD"))
    assert (view.cost_basis, view.unvalued_fills) == (20, 0)


def test_an_inverse_contract_is_priced_in_what_it_is_not_settled_in() -> None:
    kind = ledger.InstrumentKind.INVERSE
    view = position(fill("e1", BUY, "2", "10", currency="EUR"), kind=kind)
    assert (view.cost_basis, view.unvalued_fills) == (D("-0.2"), 0)
