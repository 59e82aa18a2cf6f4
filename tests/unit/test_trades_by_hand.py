"""Trades entered by hand: refused for what they lack, and for what they would take from others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger import errors
from ledger.domain.events import Booking, Crossing, Side
from ledger.domain.positions import KEEP
from tests.unit.booking import BUY, SELL, at, opened

D = Decimal


def trade(book: ledger.Book, id: str, side: Side, qty: str, second: int, **more: Any) -> None:
    fields = {"instrument_id": "X", "side": side, "last_qty": D(qty), "last_px": D(10)}
    book.trade("A", exec_id=id, occurred_at=at(second), **fields, **more)


def strict() -> ledger.Book:
    return opened(crossing=Crossing.REFUSE)


def test_what_a_later_trade_needs_cannot_be_sold_before_it() -> None:
    book = strict()
    trade(book, "b", BUY, "10", 10)
    trade(book, "s", SELL, "10", 30)
    head = book.store.head()
    with pytest.raises(
        errors.InsufficientLotsError, match="for the later trade s; found 5, without a lot -5"
    ):
        trade(book, "early", SELL, "5", 20)
    assert book.store.head() == head
    assert book.position("A", "X").suspense_qty == 0


def test_what_nothing_later_needs_can_be_sold_before_it() -> None:
    book = strict()
    trade(book, "b", BUY, "10", 10)
    trade(book, "s", SELL, "5", 30)
    trade(book, "early", SELL, "5", 20)
    assert book.position("A", "X").is_flat


def test_a_trade_that_heals_a_part_of_what_is_missing_is_taken() -> None:
    book = strict()
    sale = {"instrument_id": "X", "side": SELL, "last_qty": D(5), "last_px": D(10)}
    book.fill("A", exec_id="broker", occurred_at=at(30), **sale)
    trade(book, "b", BUY, "2", 20)
    assert book.position("A", "X").suspense_qty == -3


def test_a_trade_older_than_what_is_resident_is_judged_by_the_whole_history() -> None:
    book = strict()
    trade(book, "b", BUY, "10", 1)
    for n in range(3 * KEEP):
        trade(book, f"x{n}", BUY if n % 2 else SELL, "1", 10 + n)
    assert book.account("A").position_at("X").is_trimmed
    with pytest.raises(errors.InsufficientLotsError):
        trade(book, "before", SELL, "10", 2)
    trade(book, "few", SELL, "9", 2)
    assert book.position("A", "X").net_qty == 1


def test_a_late_trade_that_makes_another_ambiguous_is_refused() -> None:
    book = opened(booking=Booking.STRICT)
    trade(book, "b1", BUY, "2", 10)
    trade(book, "s", SELL, "1", 30)
    with pytest.raises(errors.AmbiguousLotsError, match="for the later trade s"):
        trade(book, "b2", BUY, "2", 20)


def test_trades_at_one_instant_stand_in_the_order_of_their_entry() -> None:
    book = strict()
    trade(book, "z", BUY, "1", 5)
    trade(book, "a", SELL, "1", 5)
    position = book.position("A", "X")
    assert (position.is_flat, position.suspense_qty) == (True, 0)


def test_a_trade_entered_again_is_the_same_trade() -> None:
    book = strict()
    trade(book, "b", BUY, "1", 5)
    trade(book, "c", BUY, "1", 6)
    trade(book, "b", BUY, "1", 5)
    assert book.position("A", "X").net_qty == 2


def test_a_fee_in_units_that_are_not_held_is_refused_too() -> None:
    book = opened(ledger.InstrumentKind.SPOT, base_currency="BTC", crossing=Crossing.REFUSE)
    trade(book, "b", BUY, "1", 5)
    fee = (ledger.Fee(amount=D("0.1"), currency="BTC"),)
    with pytest.raises(errors.InsufficientLotsError):
        trade(book, "s", SELL, "1", 6, fees=fee)


def test_a_trade_in_an_account_that_was_never_opened_is_refused() -> None:
    book = strict()
    with pytest.raises(errors.AccountClosedError, match="account a was never opened"):
        book.trade("a", exec_id="e", instrument_id="X", side=BUY, last_qty=D(1), last_px=D(10))
    assert book.store.streams() == ["A"]


def test_a_trade_of_what_is_not_defined_is_refused() -> None:
    book = strict()
    trade: dict[str, Any] = {"exec_id": "e", "instrument_id": "Y", "side": BUY, "last_qty": D(1)}
    with pytest.raises(errors.UnknownInstrumentError):
        book.trade("A", last_px=D(10), **trade)


def test_a_trade_by_hand_needs_a_price_or_its_money() -> None:
    book = strict()
    trade: dict[str, Any] = {"exec_id": "e", "instrument_id": "X", "side": BUY, "last_qty": D(2)}
    with pytest.raises(errors.BadNumberError, match="last_px"):
        book.trade("A", **trade)
    book.trade("A", gross_trade_amt=D(20), **trade)
    assert book.position("A", "X").avg_cost == 10


def two_lots(crossing: Crossing) -> ledger.Book:
    book = opened(crossing=crossing, booking=Booking.STRICT)
    trade(book, "b1", BUY, "5", 1)
    trade(book, "b2", BUY, "9", 2)
    return book


FIRST = (ledger.LotSelector(exec_id="b1"),)


def test_who_may_cross_cannot_sell_more_of_a_named_lot_than_it_has() -> None:
    book = two_lots(Crossing.ALLOW)
    head = book.store.head()
    with pytest.raises(errors.InsufficientLotsError, match="found 14, without a lot -6"):
        trade(book, "s", SELL, "6", 3, lots=FIRST)
    assert book.store.head() == head


def test_a_broker_s_fill_of_a_named_lot_is_kept_beside_the_position() -> None:
    book = two_lots(Crossing.ALLOW)
    sale = {"instrument_id": "X", "side": SELL, "last_qty": D(6), "last_px": D(10)}
    book.fill("A", exec_id="s", occurred_at=at(3), lots=FIRST, **sale)
    view = book.position("A", "X")
    assert (view.net_qty, view.suspense_qty) == (14, -6)


def test_under_suspense_the_part_without_a_lot_is_an_open_issue() -> None:
    book = two_lots(Crossing.SUSPENSE)
    trade(book, "s", SELL, "6", 3, lots=FIRST)
    assert book.position("A", "X").suspense_qty == -6


def test_a_named_lot_that_is_all_there_is_can_be_crossed() -> None:
    book = opened(crossing=Crossing.ALLOW, booking=Booking.STRICT)
    trade(book, "b1", BUY, "5", 1)
    trade(book, "s", SELL, "6", 3, lots=FIRST)
    assert book.position("A", "X").net_qty == -1
