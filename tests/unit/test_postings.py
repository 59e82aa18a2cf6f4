"""Every fact as balanced postings, and what each kind of instrument moves in cash."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import CashDeposited, Event, FillBusted, InterestPaid, VariationMarginPaid
from ledger.domain.instruments import InstrumentKind
from ledger.domain.postings import JournalEntry, Posting
from tests.unit.booking import BUY, SELL, fill, opened, told

D = Decimal


def entries(book: ledger.Book) -> list[JournalEntry]:
    return list(book.journal("A"))


def amounts(entry: JournalEntry) -> dict[tuple[str, str], Decimal]:
    return {(one.account, one.commodity): one.amount for one in entry.postings}


def cash(kind: InstrumentKind, *events: Event, **how: object) -> Decimal:
    book = told(opened(kind, **how), *events)
    return {one.currency: one.total for one in book.balances("A")}["USD"]


def test_a_purchase_turns_cash_into_position() -> None:
    (entry,) = entries(told(opened(), fill("e1", BUY, "2", "10", "1")))
    assert amounts(entry) == {
        ("cash", "USD"): -21,
        ("position", "USD"): 20,
        ("fees", "USD"): 1,
        ("position", "X units"): 2,
        ("market", "X units"): -2,
    }


def test_a_gain_is_income_and_so_negative() -> None:
    last = entries(told(opened(), fill("e1", BUY, "2", "10"), fill("e2", SELL, "2", "12")))[-1]
    assert amounts(last)["realized", "USD"] == -4


def test_a_bust_is_one_adjusting_entry_that_takes_all_back() -> None:
    book = told(opened(), fill("e1", BUY, "2", "10", "1"))
    told(book, FillBusted(exec_id="b", exec_ref_id="e1"))
    first, last = entries(book)
    assert amounts(last) == {place: -amount for place, amount in amounts(first).items()}


@pytest.mark.parametrize("kind", InstrumentKind)
def test_entries_of_every_kind_balance(kind: InstrumentKind) -> None:
    fills = fill("e1", BUY, "2", "10", "1"), fill("e2", SELL, "5", "12", "1")
    book = told(opened(kind, multiplier=D(3)), *fills)
    assert all(entry.imbalance() == {} for entry in entries(book))


def test_an_entry_that_does_not_balance_says_by_how_much() -> None:
    crooked = JournalEntry(1, 1, "k", (Posting("cash", "USD", D(1)), Posting("x", "USD", D(2))))
    assert crooked.imbalance() == {"USD": 3}


@pytest.mark.parametrize(
    "kind", [InstrumentKind.EQUITY, InstrumentKind.BOND, InstrumentKind.OPTION]
)
def test_these_move_their_whole_value(kind: InstrumentKind) -> None:
    assert cash(kind, fill("e1", BUY, "2", "10")) == -20


@pytest.mark.parametrize("kind", [InstrumentKind.LINEAR, InstrumentKind.QUANTO])
def test_these_move_their_result_alone(kind: InstrumentKind) -> None:
    trades = fill("e1", BUY, "2", "10"), fill("e2", SELL, "1", "13")
    assert cash(kind, *trades) == 3


def test_what_settles_by_variation_moves_that_alone() -> None:
    paid = VariationMarginPaid(id="v", amount=D("1.5"), currency="USD", instrument_id="X")
    trades = fill("e1", BUY, "2", "10"), fill("e2", SELL, "1", "13"), paid
    assert cash(InstrumentKind.LINEAR, *trades, settles=ledger.Settles.VARIATION) == D("1.5")


def test_variation_in_another_currency_is_not_converted() -> None:
    paid = VariationMarginPaid(id="v", amount=D("1.5"), currency="EUR", instrument_id="X")
    book = told(opened(InstrumentKind.LINEAR, settles=ledger.Settles.VARIATION), paid)
    assert {one.currency: one.total for one in book.balances("A")} == {"EUR": D("1.5"), "USD": 0}
    assert all(not entry.imbalance() for entry in book.journal("A"))


def test_a_spot_pair_moves_two_currencies() -> None:
    book = told(opened(InstrumentKind.SPOT, base_currency="BTC"), fill("e1", BUY, "2", "10"))
    assert {one.currency: one.total for one in book.balances("A")} == {"BTC": 2, "USD": -20}


def test_deposits_come_from_outside_and_interest_is_income() -> None:
    deposit = CashDeposited(id="d", amount=D(5), currency="USD")
    interest = InterestPaid(id="i", amount=D(1), currency="USD")
    first, last = entries(told(opened(), deposit, interest))
    assert amounts(first) == {("cash", "USD"): 5, ("external", "USD"): -5}
    assert amounts(last) == {("cash", "USD"): 1, ("income", "USD"): -1}
