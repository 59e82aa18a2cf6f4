"""What moves a holding without a trade: splits, gifts, transfers, expiry, corrections by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import (
    DividendPaid,
    FeeRule,
    FundingPaid,
    OptionExercised,
    OptionExpired,
    PositionAdjusted,
    PositionOpenedMidLife,
    SpinOffReceived,
    SplitApplied,
    UnitsDelivered,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import total
from ledger.domain.views import PositionView
from tests.unit.booking import BUY, NET, SELL, at, fill, opened, told

D = Decimal
LATER = at(100)
TWO = fill("e1", BUY, "2", "10")


def after(*events: Any, **how: Any) -> PositionView:
    return told(opened(**how), *events).position("A", "X")


def split(new: str, old: str = "1", px: str | None = None, whole: bool = False) -> SplitApplied:
    cash = D(px) if px else None
    return SplitApplied(
        id="s", instrument_id="X", numerator=D(new), denominator=D(old), whole=whole,
        cash_in_lieu_px=cash,
    )  # fmt: skip


def test_a_split_keeps_the_basis() -> None:
    view = after(TWO, split("4"))
    assert (view.net_qty, view.cost_basis, view.avg_cost) == (8, 20, D("2.5"))


def test_a_split_in_thirds_still_adds_up() -> None:
    book = told(opened(), TWO, fill("e2", BUY, "5", "10"), split("1", "3"))
    holding = book.account("A").positions[NET].holding
    assert total(lot.qty for lot in holding.lot_list()) == holding.qty


def test_a_lot_that_comes_out_even_keeps_its_units() -> None:
    lots = [fill(f"e{n}", BUY, units, "10") for n, units in enumerate(("5", "5", "6"))]
    view = after(*lots, split("1", "3"))
    assert [lot.qty for lot in view.lots] == [
        D("1.666666666666666667"), D("1.666666666666666666"), D(2),
    ]  # fmt: skip


def test_the_fraction_left_over_is_paid_out_at_its_basis() -> None:
    view = after(fill("e1", BUY, "3", "10"), split("1", "2", "25", whole=True))
    assert (view.net_qty, view.cost_basis, view.realized_pnl) == (1, 20, D("2.5"))


def test_its_charges_leave_with_it() -> None:
    bought = fill("e1", BUY, "3", "10", "0.30")
    view = after(bought, split("1", "2", "25", whole=True), fee_rule=FeeRule.IN_COST)
    assert view.cost_basis == D("20.20")
    assert view.net_realized_pnl == D("2.40")


def test_it_is_told_as_a_disposal_and_may_end_the_cycle() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), split("1", "2", "25", whole=True))
    heard = book.results("A", "X")
    assert [(one.qty, one.gain) for one in heard.disposals] == [(D("-0.5"), D("2.5"))]
    assert [one.realized_pnl for one in heard.cycles] == [D("2.5")]


def test_a_short_pays_for_its_fraction() -> None:
    view = after(fill("e1", SELL, "3", "10"), split("1", "2", "25", whole=True))
    assert (view.net_qty, view.realized_pnl) == (-1, D("-2.5"))


def test_units_received_are_income_at_their_value() -> None:
    gift = UnitsReceived(id="g", instrument_id="X", qty=D(1), reason=UnitsReason.GIFT, basis=D(12))
    view = after(TWO, gift)
    assert (view.net_qty, view.cost_basis, view.unit_income) == (3, 32, 12)


def test_units_of_unknown_cost_taint_the_result() -> None:
    view = after(UnitsReceived(id="g", instrument_id="X", qty=D(1), reason=UnitsReason.GIFT))
    assert (view.net_qty, view.cost_basis, view.unknown_basis) == (1, 0, True)


def test_units_delivered_realize_at_their_value() -> None:
    paid = UnitsDelivered(
        id="d", instrument_id="X", qty=D(1), reason=UnitsReason.PAYMENT, value=D(15)
    )
    view = after(TWO, paid)
    assert (view.net_qty, view.realized_pnl) == (1, 5)


def test_units_delivered_that_are_not_held_are_owed() -> None:
    paid = UnitsDelivered(
        id="d", instrument_id="X", qty=D(3), reason=UnitsReason.PAYMENT, value=D(45)
    )
    view = after(TWO, paid)
    assert (view.net_qty, view.suspense_qty, view.realized_pnl) == (0, -1, 10)


@pytest.mark.parametrize("ending", [OptionExpired, OptionExercised])
def test_an_option_that_ends_closes_at_zero(ending: Any) -> None:
    premium = fill("e1", BUY, "1", "3")
    view = after(
        premium, ending(id="o", instrument_id="X", qty=D(1)),
        kind=InstrumentKind.OPTION, multiplier=D(100),
    )  # fmt: skip
    assert (view.net_qty, view.realized_pnl) == (0, -300)


def test_a_written_option_that_ends_keeps_its_premium() -> None:
    view = after(
        fill("e1", SELL, "1", "3"), OptionExpired(id="o", instrument_id="X", qty=D(1)),
        kind=InstrumentKind.OPTION, multiplier=D(100),
    )  # fmt: skip
    assert (view.net_qty, view.realized_pnl) == (0, 300)


def test_books_may_begin_in_the_middle() -> None:
    began = PositionOpenedMidLife(id="o", instrument_id="X", qty=D(-4), cost_basis=D(-100))
    view = after(began, fill("e1", BUY, "4", "20"))
    assert (view.net_qty, view.realized_pnl) == (0, 20)


def test_a_correction_by_hand_moves_units_and_basis() -> None:
    counted = PositionAdjusted(
        id="a", instrument_id="X", qty=D(1), basis=D(7), reason="count", who="ops"
    )
    view = after(TWO, counted)
    assert (view.net_qty, view.cost_basis, view.realized_pnl) == (3, 27, 0)


def test_a_correction_of_the_basis_alone_moves_no_units() -> None:
    cheaper = PositionAdjusted(
        id="a", instrument_id="X", qty=D(0), basis=D(-5), reason="return of capital", who="ops"
    )
    view = after(TWO, cheaper)
    assert (view.net_qty, view.cost_basis, view.realized_pnl) == (2, 15, 0)


def test_funding_and_dividends_are_numbers_of_their_own() -> None:
    paid: dict[str, Any] = {"currency": "USD", "instrument_id": "X"}
    view = after(
        TWO, FundingPaid(id="f", amount=D(-1), **paid), DividendPaid(id="d", amount=D(3), **paid)
    )
    assert (view.funding["USD"], view.income["USD"], view.realized_pnl) == (-1, 3, 0)
    assert view.net_realized_pnl == -1


def test_a_transfer_carries_lots_basis_and_dates() -> None:
    book = told(opened(), TWO, fill("e2", BUY, "2", "14"))
    book.open_account("B", base_currency="USD")
    book.transfer("A", "B", id="t", instrument_id="X", qty=D(3), occurred_at=LATER)
    ours, theirs = book.position("A", "X"), book.position("B", "X")
    assert (ours.cost_basis, ours.realized_pnl) == (14, 0)
    assert [(lot.qty, lot.basis, lot.exec_id) for lot in theirs.lots] == [
        (2, 20, "e1"),
        (1, 14, "e2"),
    ]


def test_nothing_goes_to_an_account_that_was_never_opened() -> None:
    book = told(opened(), TWO)
    with pytest.raises(ledger.errors.AccountClosedError, match="account B was never opened"):
        book.transfer("A", "B", id="t", instrument_id="X", qty=D(1))
    assert book.position("A", "X").net_qty == 2


def test_more_than_is_held_cannot_be_transferred() -> None:
    book = told(opened(), TWO)
    book.open_account("B", base_currency="USD")
    with pytest.raises(ledger.errors.InsufficientLotsError, match="transfer at most that"):
        book.transfer("A", "B", id="t", instrument_id="X", qty=D(3))


def test_a_spin_off_shares_the_parents_basis() -> None:
    book = told(opened(), TWO)
    received = SpinOffReceived(id="s", instrument_id="Y", parent_id="X", qty=D(1))
    book.spin_off("A", received, basis_share=D("0.25"), occurred_at=LATER)
    parent, child = book.position("A", "X"), book.position("A", "Y")
    assert (parent.cost_basis, child.cost_basis, parent.realized_pnl) == (15, 5, 0)


def test_a_split_concerns_every_book_of_the_instrument() -> None:
    book = told(opened(), TWO, fill("h", BUY, "1", "10", position_id="hedge"), split("3"))
    assert [one.net_qty for one in book.positions("A")] == [3, 6]


def test_a_split_that_names_a_book_concerns_that_one() -> None:
    named = changed(split("3"), position_id="hedge")
    book = told(opened(), TWO, fill("h", BUY, "1", "10", position_id="hedge"), named)
    assert [one.net_qty for one in book.positions("A")] == [3, 2]


def test_a_book_begun_by_a_fill_older_than_the_split_is_split() -> None:
    book = told(opened(), TWO)
    book.record("A", split("3"), occurred_at=at(50))
    late = fill("h", BUY, "1", "10", position_id="hedge")
    book.record("A", late, occurred_at=at(40))
    again = ledger.Book(book.store, lambda: LATER)
    for one in (book, again):
        assert [view.net_qty for view in one.positions("A")] == [3, 6]
    assert book.position("A", "X", "hedge", as_of=at(45)).net_qty == 1


def test_what_a_fractional_split_left_can_be_sold() -> None:
    book = told(opened(), fill("b", BUY, "10", "10"), split("1", "3"))
    held = book.position("A", "X").net_qty
    book.record("A", fill("s", SELL, str(held), "40"), occurred_at=at(60))
    view = book.position("A", "X")
    assert (view.net_qty, view.cost_basis, view.lots) == (0, 0, ())


@pytest.mark.parametrize("defined_from", [None, at(90)])
def test_a_spin_off_brings_no_units_to_a_parent_that_was_not_defined(defined_from: Any) -> None:
    book = told(opened(), changed(TWO, instrument_id="P"))
    if defined_from is not None:
        parent = ledger.Instrument(
            instrument_id="P", symbol="P", kind=InstrumentKind.EQUITY, currency="USD"
        )
        book.define("A", parent, effective_from=defined_from)
    told(book, SpinOffReceived(id="s", instrument_id="X", parent_id="P", qty=D(5), basis=D(3)))
    assert (book.position("A", "P").net_qty, book.position("A", "X").net_qty) == (2, 5)
