"""Which day has what: fees that were told before their fills, and days over a change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import ledger
from ledger.domain.events import CashDeposited, FeeCharged, FillCorrected, InterestPaid
from ledger.domain.numbers import ZERO
from projections.pnl import Days, PnlLine
from projections.reports import Reports
from tests.projections.tables import in_memory
from tests.property.worlds import ACCOUNT
from tests.unit.booking import BUY, START, fill, opened, told

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 6)


def pnl(book: ledger.Book, **when: Any) -> list[PnlLine]:
    return list(Reports(book, in_memory()).pnl(ACCOUNT, **when))


def charged_for(name: str, amount: str) -> FeeCharged:
    return FeeCharged(id=f"of {name}", amount=Decimal(amount), currency="USD", exec_id=name)


def test_a_fee_that_is_told_before_its_fill_counts_on_the_day_of_the_fill() -> None:
    book = opened()
    book.record(ACCOUNT, charged_for("f", "3"), occurred_at=START + DAY)
    assert [(one.day, one.instrument_id, one.fees) for one in pnl(book)] == [(SECOND, "", 3)]
    book.record(ACCOUNT, fill("f", BUY, "1", "10"), occurred_at=START)
    assert [(one.day, one.instrument_id, one.fees) for one in pnl(book)] == [(FIRST, "X", 3)]
    known = pnl(book, known_at=book.store.head() - 1)
    assert [(one.day, one.instrument_id, one.fees) for one in known] == [(SECOND, "", 3)]


def test_so_does_one_of_a_correction_that_comes_before_its_fill() -> None:
    book = opened()
    interest = InterestPaid(id="i", amount=Decimal(7), currency="USD")
    correction = FillCorrected(exec_id="c", exec_ref_id="f", last_qty=Decimal(2))
    for event in (interest, charged_for("never", "1"), charged_for("c", "3"), correction):
        book.record(ACCOUNT, event, occurred_at=START + DAY)
    book.record(ACCOUNT, fill("f", BUY, "1", "10"), occurred_at=START)
    assert [(one.day, one.instrument_id, one.fees, one.income) for one in pnl(book)] == [
        (FIRST, "X", 3, 0),
        (SECOND, "", 1, 7),
    ]


def test_a_fee_that_is_told_before_its_fill_is_a_fee_in_the_check_at_any_moment() -> None:
    book = opened()
    told(book, charged_for("never", "1"))
    book.record(ACCOUNT, charged_for("f", "3"), occurred_at=START + DAY)
    book.record(ACCOUNT, fill("f", BUY, "1", "10"), occurred_at=START)
    book.mark("X", Decimal(10), at=START, source="test")
    check = Reports(book, in_memory()).worth.check
    for last, fees in ((START + HOUR, 1), (START + 2 * DAY, 4)):
        (line,) = check(ACCOUNT, START - DAY, last)
        assert (line.fees, line.external, line.difference) == (fees, ZERO, ZERO)


def test_a_fee_in_the_units_that_a_pair_delivers_counts_once_at_its_cost() -> None:
    book = opened(ledger.InstrumentKind.SPOT, base_currency="BTC")
    coin = (ledger.Fee(amount=Decimal("0.01"), currency="BTC"),)
    book.record(ACCOUNT, fill("f", BUY, "1", "500", fees=coin), occurred_at=START)
    (line,) = pnl(book)
    assert (line.currency, line.fees, line.base_fee_cost, line.net_pnl) == ("USD", 0, 5, -5)
    own = FeeCharged(id="later", amount=Decimal("0.01"), currency="BTC", exec_id="f")
    book.record(ACCOUNT, own, occurred_at=START)
    live = pnl(book)
    assert [(one.currency, one.base_fee_cost) for one in live] == [("USD", 10)]
    assert live == list(Reports(book, in_memory(1)).pnl(ACCOUNT))


@pytest.mark.parametrize(
    ("zone", "close", "day", "last"),
    [
        ("America/Santiago", time(0), date(2026, 4, 4), "2026-04-05T03:59:59.999999"),
        ("America/Chicago", time(2), date(2026, 11, 1), "2026-11-01T07:59:59.999999"),
        ("America/Chicago", time(3), date(2026, 3, 8), "2026-03-08T07:59:59.999999"),
        ("America/Chicago", time(1, 30), date(2026, 11, 1), "2026-11-01T06:29:59.999999"),
        ("America/Chicago", time(2, 30), date(2026, 3, 8), "2026-03-08T08:29:59.999999"),
    ],
)
def test_days_over_a_change_of_clocks_follow_each_other(
    zone: str, close: time, day: date, last: str
) -> None:
    days = Days(ZoneInfo(zone), close)
    end = datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert days.last(day) == end
    minutes = [end + timedelta(minutes=nth) for nth in range(-200, 200)]
    assert [days.of(at) for at in minutes] == [
        day if at <= end else day + timedelta(1) for at in minutes
    ]


@pytest.mark.parametrize("hours", [-2, -1])
def test_the_last_hour_of_a_day_with_25_is_in_its_equity(hours: int) -> None:
    end = datetime(2026, 4, 5, 4, tzinfo=UTC)  # midnight; 23:00 came twice before it
    book = opened(time_zone="America/Santiago")
    deposit = CashDeposited(id="d", amount=Decimal(100), currency="USD")
    book.record(ACCOUNT, deposit, occurred_at=end + hours * HOUR)
    reports, day = Reports(book, in_memory()), date(2026, 4, 4)
    (point,) = reports.worth.curve(ACCOUNT, day, day)
    assert (point.at, point.equity) == (end, 100)
    snapshot = reports.snapshots.take(ACCOUNT, day)
    assert [one["equity"] for one in snapshot.told["equity"]] == ["100"]
