"""Calendars of sessions: how old a mark may be, told by closes instead of hours.

A mark of Friday's close is two days old on Sunday, and there is no newer one. Judged by sessions
it is good until the next close. Whoever has a calendar of his own hands it in; one of an exchange
comes from the library ``exchange_calendars`` (the extra ``calendars``), loaded when asked for.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

from ledger.domain.gates import require_time
from projections.columns import library
from projections.errors import UnknownCalendarError


class SessionCalendar(Protocol):
    """When a market closes."""

    def previous_close(self, at: datetime) -> datetime:
        """The last close at or before a moment."""


class ExchangeCalendar:
    """The calendar of an exchange by its ISO 10383 code, such as ``XNYS``.

    ``ExtraMissingError`` without the library, ``UnknownCalendarError`` for a name it does not have.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._library = library("exchange_calendars")
        self._closes: dict[int, Sequence[datetime]] = {}
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
            closes = self._closes[at.year] = self._of_year(at.year)
        return closes[bisect_right(closes, at) - 1]

    def _of_year(self, year: int) -> Sequence[datetime]:
        """The closes of a year, after those of the December before it."""
        start, end = date(year - 1, 12, 1), date(year, 12, 31)
        errors: Any = (self._library.errors.CalendarError, ValueError)
        try:
            with warnings.catch_warnings():  # about its own use of the library that it stands on
                warnings.simplefilter("ignore", DeprecationWarning)
                found = self._library.get_calendar(self._name, start=str(start), end=str(end))
        except errors as error:
            told = str(error).partition("\n")[0]
            raise UnknownCalendarError(
                f"{self._name} has no sessions for {year} ({told}); leave the calendar out"
            ) from error
        return [close.to_pydatetime().astimezone(UTC) for close in found.closes]


__all__ = ["ExchangeCalendar", "SessionCalendar"]
