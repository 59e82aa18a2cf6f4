"""Calendars of sessions: how old a mark may be, told by closes instead of hours; free days.

A mark of Friday's close is two days old on Sunday, and there is no newer one. Judged by sessions
it is good until the next close. Whoever has a calendar of his own hands it in; one of an exchange
comes from the library ``exchange_calendars`` (the extra ``calendars``), loaded when asked for.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

from ledger.domain.gates import require_time
from projections.columns import library
from projections.errors import UnknownCalendarError

_WORKED: Final = 5  # the days from Monday to Friday


class SessionCalendar(Protocol):
    """When a market closes."""

    def previous_close(self, at: datetime) -> datetime:
        """The last close at or before a moment."""


class ExchangeCalendar:
    """The calendar of an exchange by its ISO 10383 code, such as ``XNYS``.

    ``ExtraMissingError`` without the library, ``UnknownCalendarError`` for a name it does not have.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._library = library("exchange_calendars")
        self._closes: dict[int, Sequence[datetime]] = {}
        self._free: dict[int, Sequence[date]] = {}
        if name not in self._library.get_calendar_names():
            raise UnknownCalendarError(
                f"there is no calendar {name!r}; name an exchange by its code, such as XNYS, XETR, "
                "CMES or 24/7"
            )

    def previous_close(self, at: datetime) -> datetime:
        """The last close at or before a moment; ``UnknownCalendarError`` for a year of which the
        library knows no sessions."""
        at = require_time("at", at)
        closes = self._closes.get(at.year)
        if closes is None:
            found = self._of_year(at.year).closes
            closes = [close.to_pydatetime().astimezone(UTC) for close in found]
            self._closes[at.year] = closes
        return closes[bisect_right(closes, at) - 1]

    def holidays(self, after: date, upto: date) -> list[date]:
        """The days from Monday to Friday after one day, up to another, that have no session, in
        order; ``UnknownCalendarError`` for a year of which the library knows no sessions."""
        years = range(after.year, upto.year + 1)
        return [day for year in years for day in self._free_in(year) if after < day <= upto]

    def _free_in(self, year: int) -> Sequence[date]:
        free = self._free.get(year)
        if free is None:
            sessions = {one.date() for one in self._of_year(year).sessions}
            free = self._free[year] = [day for day in _worked(year) if day not in sessions]
        return free

    def _of_year(self, year: int) -> Any:
        """The library's calendar of a year, and of the December before it."""
        start, end = date(year - 1, 12, 1), date(year, 12, 31)
        errors: Any = (self._library.errors.CalendarError, ValueError)
        try:
            with warnings.catch_warnings():  # about its own use of the library that it stands on
                warnings.simplefilter("ignore", DeprecationWarning)
                return self._library.get_calendar(self.name, start=str(start), end=str(end))
        except errors as error:
            told = str(error).partition("\n")[0]
            raise UnknownCalendarError(
                f"{self.name} has no sessions for {year} ({told}); leave the calendar out"
            ) from error


def _worked(year: int) -> Iterator[date]:
    """The days from Monday to Friday of a year."""
    days = (date(year, 1, 1) + timedelta(nth) for nth in range(366))
    return (day for day in days if day.year == year and day.weekday() < _WORKED)


__all__ = ["ExchangeCalendar", "SessionCalendar"]
