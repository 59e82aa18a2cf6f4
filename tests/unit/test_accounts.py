"""The account: limits, holds and suspension decide what may be placed, never what is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger import errors
from ledger.domain.events import (
    AccountResumed,
    AccountSuspended,
    CashDeposited,
    LimitsSet,
    OrderCancelled,
    SymbolChanged,
)
from tests.unit.booking import BUY, SELL, at, fill, opened, told

D = Decimal


def place(
    book: ledger.Book, name: str, qty: str = "1", side: ledger.Side = BUY, **more: Any
) -> None:
    book.place("A", cl_ord_id=name, instrument_id="X", side=side, order_qty=D(qty), **more)


def funded(amount: str = "100") -> ledger.Book:
    return told(opened(), CashDeposited(id="d", amount=D(amount), currency="USD"))


def hold(amount: str) -> dict[str, Any]:
    return {"hold": D(amount), "hold_currency": "USD"}


def free(book: ledger.Book) -> Decimal:
    return book.balances("A")[0].free


def test_an_order_holds_what_it_may_cost() -> None:
    book = funded()
    place(book, "c1", **hold("60"))
    (balance,) = book.balances("A")
    assert (balance.total, balance.held, balance.free) == (100, 60, 40)


def test_what_is_held_cannot_be_held_again() -> None:
    book = funded()
    place(book, "c1", **hold("60"))
    with pytest.raises(errors.InsufficientFundsError, match="40 of 100 are free"):
        place(book, "c2", **hold("60"))


def test_a_fill_releases_its_share_and_a_cancel_the_rest() -> None:
    book = funded()
    place(book, "c1", "4", **hold("40"))
    told(book, fill("e1", BUY, "1", "9", cl_ord_id="c1"))
    assert free(book) == D(100 - 9 - 30)
    told(book, OrderCancelled(cl_ord_id="c1"))
    assert free(book) == 91


LIMITS = [
    ({"max_order_qty": D(2)}, "3", "max_order_qty 3"),
    ({"max_position_qty": D(4)}, "3", "max_position_qty 5"),
    ({"max_open_orders": 0}, "1", "max_open_orders 1"),
]


@pytest.mark.parametrize(("limits", "qty", "why"), LIMITS)
def test_a_limit_refuses_an_order(limits: dict[str, Any], qty: str, why: str) -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"), LimitsSet(**limits))
    with pytest.raises(errors.LimitExceededError, match=f"would make {why} "):
        place(book, "c1", qty)


@pytest.mark.parametrize(("limits", "qty", "why"), LIMITS)
def test_a_limit_never_refuses_a_fill(limits: dict[str, Any], qty: str, why: str) -> None:
    book = told(opened(), LimitsSet(**limits), fill("e1", BUY, "100", "10"))
    assert book.position("A", "X").net_qty == 100


def test_a_suspended_account_places_nothing_and_books_everything() -> None:
    book = told(opened(), AccountSuspended(reason="review"), fill("e1", BUY, "1", "10"))
    assert book.position("A", "X").net_qty == 1
    with pytest.raises(errors.AccountClosedError, match=r"suspended .review."):
        place(book, "c1")


def test_it_may_be_resumed() -> None:
    book = told(opened(), AccountSuspended(reason="review"), AccountResumed())
    place(book, "c1")
    assert book.order("A", "c1").is_open


def test_an_account_that_was_never_opened_places_nothing() -> None:
    book = ledger.open("memory://", clock=lambda: at(0))
    instrument = opened().position("A", "X").instrument
    assert instrument is not None
    book.define("A", instrument)
    with pytest.raises(errors.AccountClosedError, match="never opened"):
        place(book, "c1")


def test_an_instrument_nobody_defined_is_not_traded() -> None:
    with pytest.raises(errors.UnknownInstrumentError):
        opened().place("A", cl_ord_id="c1", instrument_id="Y", side=BUY, order_qty=D(1))


@pytest.mark.parametrize(("side", "qty"), [(BUY, "1"), (SELL, "3")])
def test_reduce_only_does_not_open(side: ledger.Side, qty: str) -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"))
    with pytest.raises(errors.LimitExceededError, match="reduce-only"):
        place(book, "c1", qty, side, reduce_only=True)


def test_reduce_only_closes() -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"))
    place(book, "c1", "2", SELL, reduce_only=True)
    assert book.order("A", "c1").reduce_only


def test_a_renamed_instrument_is_found_under_both_names() -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"))
    told(book, SymbolChanged(id="r", instrument_id="X", symbol="META"))
    assert book.position("A", "META") == book.position("A", "X")


def test_a_rule_of_today_does_not_stop_yesterday_from_loading() -> None:
    book = opened()
    place(book, "c1", "9")
    told(book, LimitsSet(max_order_qty=D(1)))
    again = ledger.Book(book.store, book.clock)
    assert again.order("A", "c1").order_qty == 9


def test_a_symbol_stands_for_the_instrument_that_had_it_last_however_that_was_told() -> None:
    changes = [
        ledger.make_fact("A", SymbolChanged(id=name, instrument_id=name, symbol="S"), at(second))
        for second, name in enumerate(("Y", "X"))
    ]
    for facts in (changes, changes[::-1]):
        book = told(opened(), fill("e1", BUY, "2", "10"))
        for fact in facts:
            book.account("A")
            book.record_all([fact])
        again = ledger.Book(book.store, book.clock)
        assert book.position("A", "S").net_qty == again.position("A", "S").net_qty == 2
