"""How old a mark may be, judged by the sessions of a market."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.calendars import ExchangeCalendar
from projections.errors import ExtraMissingError, UnknownCalendarError
from projections.reports import Reports
from tests.projections.tables import LESS, in_memory
from tests.projections.test_worth import START, marked, traded

NEW_YORK = ExchangeCalendar("XNYS")
TIMES = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@attrs.frozen
class Daily:
    """A market that closes at a certain hour of each day."""

    hour: int

    def previous_close(self, at: datetime) -> datetime:
        close = at.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return close if close <= at else close - timedelta(days=1)


@LESS
@given(TIMES)
def test_a_close_is_the_last_one_up_to_the_moment(at: datetime) -> None:
    close = NEW_YORK.previous_close(at)
    assert close <= at
    assert close.weekday() < 5
    assert at - close <= timedelta(days=5)
    assert NEW_YORK.previous_close(close) == close
    assert NEW_YORK.previous_close(close - timedelta(microseconds=1)) < close


@LESS
@given(TIMES, st.integers(0, 500), st.integers(0, 500))
def test_holidays_are_the_weekdays_without_a_close(at: datetime, whole: int, part: int) -> None:
    first, last = at.date(), at.date() + timedelta(days=whole)
    between = first + timedelta(days=min(part, whole))
    found = NEW_YORK.holidays(first, last)
    assert found == NEW_YORK.holidays(first, between) + NEW_YORK.holidays(between, last)
    days = [first + timedelta(days=nth) for nth in range(1, whole + 1)]
    evening = (datetime(day.year, day.month, day.day, 23, tzinfo=UTC) for day in days)
    traded = {NEW_YORK.previous_close(one).date() for one in evening}
    assert found == [day for day in days if day.weekday() < 5 and day not in traded]


def test_no_day_is_free_where_none_is_over() -> None:
    assert NEW_YORK.holidays(date(2026, 4, 3), date(2026, 4, 3)) == []
    assert NEW_YORK.holidays(date(2026, 4, 3), date(2026, 1, 1)) == []
    assert ExchangeCalendar("24/7").holidays(date(2026, 1, 1), date(2026, 12, 31)) == []


@pytest.mark.parametrize(
    ("at", "close"),
    [
        ("2026-03-08T12:00", "2026-03-06T21:00"),  # a Sunday
        ("2026-03-09T20:00", "2026-03-09T20:00"),  # the first close of daylight saving time
        ("2026-03-09T19:59", "2026-03-06T21:00"),
        ("2025-12-25T12:00", "2025-12-24T18:00"),  # an early close, and a holiday
        ("2026-01-01T12:00", "2025-12-31T21:00"),  # of the year before
    ],
)
def test_closes_of_new_york(at: str, close: str) -> None:
    moments = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (at, close))
    assert NEW_YORK.previous_close(next(moments)) == next(moments)


@LESS
@given(st.integers(0, 72), st.integers(0, 72), st.integers(0, 23), st.integers(0, 30))
def test_a_mark_counts_unless_it_is_older_than_the_close(
    mark_at: int, later: int, hour: int, more: int
) -> None:
    book, mark, age = traded(), START + timedelta(hours=mark_at), timedelta(hours=more)
    at, calendar = mark + timedelta(hours=later, minutes=1), Daily(hour)
    marked(book, "S", 110, mark)
    worth = Reports(book, in_memory()).worth
    share = worth.positions("A", as_of=at, calendar=calendar, max_age=age)[1]
    is_good = mark >= calendar.previous_close(at) - age
    assert (share.instrument_id, share.value is not None, not share.why) == ("S", is_good, is_good)


def test_fridays_close_is_good_on_sunday_and_not_on_monday_evening() -> None:
    book, friday = traded(), datetime(2026, 3, 6, 21, tzinfo=UTC)
    marked(book, "S", 110, friday)
    worth = Reports(book, in_memory()).worth
    sunday, monday = friday + timedelta(days=2), friday + timedelta(days=3)
    assert worth.total("A", as_of=sunday, max_age=timedelta(1)).unpriced == ("F", "S")
    assert worth.total("A", as_of=sunday, calendar=NEW_YORK).unpriced == ("F",)
    late = worth.positions("A", as_of=monday, calendar=NEW_YORK)[1]
    assert late.why.startswith("the last mark is 2 days, 23:00:00 older than the close of 2026")


def test_what_there_is_no_calendar_of() -> None:
    with pytest.raises(UnknownCalendarError, match="'NOPE'"):
        ExchangeCalendar("NOPE")
    with pytest.raises(UnknownCalendarError, match="no sessions for 2199"):
        ExchangeCalendar("XHKG").previous_close(datetime(2199, 1, 1, tzinfo=UTC))


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(ExtraMissingError, match="exchange_calendars"):
        ExchangeCalendar("XNYS")
