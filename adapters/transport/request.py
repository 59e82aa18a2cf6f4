"""What is asked of a venue, and how a venue says in which parts it gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import attrs

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")


@attrs.frozen(kw_only=True)
class Request:
    """An account and a time, ``start`` to ``end``, half-open, both with a zone.

    ``symbols`` are those a venue must be asked for one by one; ``query`` is the id of a report
    defined at the venue; ``venue_account`` the venue's own id or name where it wants one; ``zone``
    that of a report whose bounds are days.
    """

    account: str
    start: datetime
    end: datetime
    symbols: tuple[str, ...] = ()
    query: str = ""
    venue_account: str | None = None
    zone: ZoneInfo = attrs.field(factory=lambda: ZoneInfo("UTC"))

    def windows(self, days: int) -> Iterator[Window]:
        """The time in pieces of so many days, counted from ``start``; the last may be shorter.

        >>> day = timedelta(days=1)
        >>> asked = Request(account="A", start=EPOCH, end=EPOCH + 9 * day)
        >>> [(one.end - one.start) // day for one in asked.windows(7)]
        [7, 2]
        """
        start = self.start
        while start < self.end:
            end = min(start + timedelta(days=days), self.end)
            yield Window(start, end)
            start = end


class Window(NamedTuple):
    """A half-open time."""

    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """Its beginning, as a part of a file's name."""
        return f"{self.start.astimezone(UTC):%Y%m%dT%H%M%SZ}"


class Step(NamedTuple):
    """One answer: the page, or None when it only leads to one; and the cursor of the next."""

    content: bytes | None
    following: str | None


@attrs.frozen(kw_only=True)
class Part:
    """One list of a venue's, read from its first page to its last.

    ``read`` asks for the page at a cursor, which begins as "" and is a text that can be kept.
    A part without ``end`` is a state of now, such as the open positions.
    """

    name: str
    read: Callable[[str], Step] = attrs.field(repr=False)
    end: datetime | None = None
    suffix: str = "json"


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (moment - EPOCH) // _MILLISECOND


def plain(name: str) -> str:
    """A symbol as a part of a file's name.

    >>> plain("um:BTC/USDT")
    'um_BTC_USDT'
    """
    return _OTHER.sub("_", name)
