"""The traded and the settled balance: what changes hands days later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import ledger
from ledger.domain.events import CashDeposited, FillBusted, FillCorrected, TradeSettled
from ledger.domain.instruments import InstrumentKind
from tests.unit.booking import BUY, START, at, fill, opened, told

D = Decimal
DUE = START.date() + timedelta(days=2)


def dollars(book: ledger.Book) -> tuple[Decimal, Decimal]:
    (found,) = [one for one in book.balances("A") if one.currency == "USD"]
    return found.total, found.settled


def bought(kind: InstrumentKind = InstrumentKind.EQUITY) -> ledger.Book:
    return told(opened(kind), fill("e1", BUY, "2", "10", "1", settl_date=DUE))


def later(book: ledger.Book, days: int) -> ledger.Book:
    """The book some days on: something else happened."""
    nothing = CashDeposited(id=f"day {days}", amount=D(0), currency="USD")
    book.record("A", nothing, occurred_at=at(86400 * days))
    return book


def test_a_purchase_is_traded_at_once_and_settled_on_its_date() -> None:
    assert dollars(bought()) == (-21, 0)
    assert dollars(later(bought(), 2)) == (-21, -21)


def test_without_a_date_it_settles_at_once() -> None:
    assert dollars(told(opened(), fill("e1", BUY, "2", "10"))) == (-20, -20)


def test_a_margin_instrument_has_nothing_to_settle() -> None:
    assert dollars(bought(InstrumentKind.LINEAR)) == (-1, -1)


def test_a_trade_that_settled_late_is_pending_until_then() -> None:
    book = bought()
    late = TradeSettled(id="s", exec_id="e1", settl_date=DUE + timedelta(days=1))
    book.record("A", late, occurred_at=at(10))
    assert dollars(later(book, 2)) == (-21, 0)
    assert dollars(later(book, 3)) == (-21, -21)


def test_its_settlement_may_be_known_before_the_fill() -> None:
    book = opened()
    early = TradeSettled(id="s", exec_id="e1", settl_date=DUE + timedelta(days=1))
    book.record("A", early, occurred_at=at(1))
    told(book, fill("e1", BUY, "2", "10", settl_date=DUE))
    assert dollars(later(book, 2)) == (-20, 0)


def test_a_busted_fill_has_nothing_to_settle() -> None:
    book = told(bought(), FillBusted(exec_id="b", exec_ref_id="e1"))
    assert dollars(book) == (0, 0)


def test_a_corrected_fill_settles_as_corrected() -> None:
    better = FillCorrected(exec_id="k", exec_ref_id="e1", last_qty=D(1), last_px=D(10))
    assert dollars(told(bought(), better)) == (-11, 0)


def test_the_day_is_that_of_the_account_in_whichever_zone_a_moment_is_told() -> None:
    book = told(
        opened(time_zone="America/New_York"), fill("e1", BUY, "2", "10", "1", settl_date=DUE)
    )
    evening = datetime(DUE.year, DUE.month, DUE.day, tzinfo=ZoneInfo("America/New_York"))
    for zone in (UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")):
        [before] = book.balances("A", as_of=(evening - timedelta(seconds=1)).astimezone(zone))
        [after] = book.balances("A", as_of=evening.astimezone(zone))
        assert (before.settled, after.settled) == (0, -21)


def test_of_two_settlements_of_a_fill_the_last_by_time_stands_however_they_came() -> None:
    days = [DUE - timedelta(days=1), DUE + timedelta(days=2)]
    facts = [
        ledger.make_fact("A", TradeSettled(id=str(nth), exec_id="e1", settl_date=day), at(10 + nth))
        for nth, day in enumerate(days)
    ]
    for told_in_order in (facts, facts[::-1]):
        book = bought()
        for fact in told_in_order:
            book.account("A")
            book.record_all([fact])
        book = later(book, 2)
        again = ledger.Book(book.store, book.clock)
        assert dollars(book) == dollars(again) == (-21, 0)


def test_a_settlement_may_name_the_correction_of_a_fill() -> None:
    better = FillCorrected(exec_id="k", exec_ref_id="e1", last_qty=D(1), last_px=D(10))
    settled = TradeSettled(id="s", exec_id="k", settl_date=START.date())
    assert dollars(told(bought(), better, settled)) == (-11, -11)


def test_the_day_of_a_fill_is_that_of_the_account_too() -> None:
    """Just after midnight in UTC it is still the day before in New York."""
    book = opened(time_zone="America/New_York")
    book = told(book, fill("e1", BUY, "2", "10", "1", settl_date=START.date()))
    assert dollars(book) == (-21, 0)
    assert dollars(later(book, 1)) == (-21, -21)
