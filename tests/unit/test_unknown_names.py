"""A name nobody knows is an error, not a position that is flat."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ledger
from ledger import errors
from ledger.domain.events import FillBooked
from tests.unit.booking import BUY, at, fill, opened


def test_an_account_that_nobody_knows() -> None:
    with pytest.raises(errors.UnknownAccountError, match="no account typo in this store; it has"):
        opened().position("typo", "X")


def test_an_instrument_that_nobody_knows() -> None:
    with pytest.raises(errors.UnknownInstrumentError, match="no instrument TYPO in account A"):
        opened().position("A", "TYPO")


def test_one_that_is_known_and_was_never_traded_is_flat() -> None:
    assert opened().position("A", "X").is_flat


def test_one_that_was_traded_and_never_defined_is_held() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "1", "10"))
    assert book.position("A", "X").net_qty == 1


def test_before_it_was_known_it_was_flat() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "1", "10"), occurred_at=at(5))
    assert book.position("A", "X", known_at=0).is_flat
    assert book.position("A", "X", as_of=at(4)).is_flat


def test_an_order_in_an_account_that_nobody_opened() -> None:
    with pytest.raises(errors.AccountClosedError, match="account typo was never opened"):
        opened().place("typo", cl_ord_id="o", instrument_id="X", side=BUY, order_qty=Decimal(1))


def test_a_booking_method_of_an_account_that_nobody_opened() -> None:
    book = opened()
    with pytest.raises(errors.AccountClosedError, match="account typo was never opened"):
        book.change_booking("typo", ledger.Booking.LIFO)
    assert list(book.log("typo")) == []


def test_a_booking_method_of_an_instrument_that_nobody_knows() -> None:
    with pytest.raises(errors.UnknownInstrumentError, match="TYPO is not defined in account A"):
        opened().change_booking("A", ledger.Booking.LIFO, instrument_id="TYPO")


def test_one_of_an_instrument_that_was_traded_and_never_defined() -> None:
    book = opened()
    book.record("A", FillBooked(exec_id="e", instrument_id="Y", side=BUY, last_qty=Decimal(1)))
    book.change_booking("A", ledger.Booking.LIFO, instrument_id="Y")


def test_the_open_orders_are_named_where_one_is_not_found() -> None:
    with pytest.raises(errors.UnknownOrderError, match="has no order o; book"):
        opened().order("A", "o")
