"""What an account refuses of orders: limits in the worst case, replacements too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger import errors
from ledger.domain.events import AccountSuspended, LimitsSet, OrderAccepted
from ledger.domain.order_commands import ReplaceOrder
from tests.unit.booking import BUY, SELL, at, fill, opened

D = Decimal


def limited(**limits: Any) -> ledger.Book:
    book = opened()
    book.record("A", LimitsSet(**limits), occurred_at=at(0))
    return book


def place(book: ledger.Book, id: str, qty: str, side: Any = BUY, **how: Any) -> None:
    book.place("A", cl_ord_id=id, instrument_id="X", side=side, order_qty=D(qty), **how)
    book.record("A", OrderAccepted(cl_ord_id=id))


def replace(book: ledger.Book, id: str, orig: str, qty: str) -> None:
    book.execute("A", ReplaceOrder(cl_ord_id=id, orig_cl_ord_id=orig, order_qty=D(qty)))


def test_a_replacement_keeps_to_the_limit_of_an_order() -> None:
    book = limited(max_order_qty=D(5))
    place(book, "o", "5")
    with pytest.raises(errors.LimitExceededError, match="max_order_qty 500"):
        replace(book, "r", "o", "500")
    replace(book, "r", "o", "4")


def test_what_works_already_counts_towards_the_position() -> None:
    book = limited(max_position_qty=D(8))
    place(book, "o1", "5")
    with pytest.raises(errors.LimitExceededError, match="max_position_qty 10"):
        place(book, "o2", "5")
    place(book, "o3", "3")
    place(book, "s", "8", SELL)


def test_what_a_replacement_replaces_does_not_count_twice() -> None:
    book = limited(max_position_qty=D(8))
    place(book, "o", "5")
    replace(book, "r", "o", "8")


def test_orders_that_only_reduce_do_not_add() -> None:
    book = limited(max_position_qty=D(8))
    book.record("A", fill("e", BUY, "8", "10"), occurred_at=at(1))
    place(book, "stop", "8", SELL, reduce_only=True)
    place(book, "target", "8", SELL, reduce_only=True)
    place(book, "other", "8", SELL)


def test_a_suspended_account_replaces_nothing_but_cancels() -> None:
    book = opened()
    place(book, "o", "5")
    book.record("A", AccountSuspended(reason="audit", who="ops"))
    with pytest.raises(errors.AccountClosedError):
        replace(book, "r", "o", "6")
    book.cancel("A", cl_ord_id="c", orig_cl_ord_id="o")


def test_an_order_that_holds_nothing_needs_no_money() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "1", "10"), occurred_at=at(1))
    place(book, "o", "1", hold=D(0), hold_currency="USD")


@pytest.mark.parametrize("how", [{}, {"reduce_only": True}])
def test_an_order_that_makes_a_position_smaller_is_placed_above_the_limit_too(how: Any) -> None:
    book = opened()
    book.record("A", fill("e", BUY, "10", "10"), occurred_at=at(1))
    book.record("A", LimitsSet(max_position_qty=D(5)), occurred_at=at(2))
    place(book, "stop", "3", SELL, **how)
    replace(book, "r", "stop", "4")
    with pytest.raises(errors.LimitExceededError, match="max_position_qty 11"):
        place(book, "more", "1", BUY)


def test_through_zero_the_limit_holds() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "10", "10"), occurred_at=at(1))
    book.record("A", LimitsSet(max_position_qty=D(5)), occurred_at=at(2))
    with pytest.raises(errors.LimitExceededError, match="max_position_qty 6"):
        place(book, "s", "16", SELL)
