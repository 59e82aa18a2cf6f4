"""Which day has what, over a change of clocks too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ledger.domain.events import CashDeposited
from projections.pnl import Days
from projections.reports import Reports
from tests.projections.tables import in_memory
from tests.property.worlds import ACCOUNT
from tests.unit.booking import opened

HOUR = timedelta(hours=1)


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
