"""Times as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import click

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(?P<zone>[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_SPAN = re.compile(r"(?P<count>\d{1,5})(?P<unit>[smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MICROSECOND = timedelta(microseconds=1)
_OUTSIDE = "it is not between 1970 and 2200"

FAR_AHEAD = timedelta(days=366)
"""So far ahead of the clock a year is taken for a slip of the pen."""


def moment(option: str, value: str, zone: tzinfo | None) -> datetime:
    """A time in UTC. A day alone is its last microsecond, in ``zone`` (UTC without one).

    >>> moment("--as-of", "2026-03-04", None).isoformat()
    '2026-03-04T23:59:59.999999+00:00'
    >>> moment("--as-of", "2026-03-04T09:30:00-05:00", None).isoformat()
    '2026-03-04T14:30:00+00:00'
    """
    if _DAY.fullmatch(value):
        return _end_of_day(option, value, zone or UTC)
    found = _TIME.fullmatch(value)
    if not found:
        raise _bad(option, value, "write a day, 2026-03-04, or a time, 2026-03-04T15:30:00Z")
    if found["zone"] is None and zone is None:
        raise _bad(option, value, "the time has no zone; add Z or an offset, or give --zone")
    read = _read(option, value)
    return _in_utc(option, value, read if read.tzinfo else read.replace(tzinfo=zone))


def beginning(option: str, value: str, zone: tzinfo | None) -> datetime:
    """A time in UTC at which something happened. A day alone is its first moment, in ``zone``.

    >>> beginning("--at", "2026-03-04", None).isoformat()
    '2026-03-04T00:00:00+00:00'
    """
    if _DAY.fullmatch(value):
        return _in_utc(option, value, _read(option, value).replace(tzinfo=zone or UTC))
    return moment(option, value, zone)


def ends(
    first: str, since: str | None, last: str, until: str | None, zone: tzinfo | None
) -> tuple[datetime | None, datetime | None]:
    """Where a span of time begins and ends, which it leaves out, as two options say, if they do;
    ``click.UsageError`` for one that holds nothing, of which all would be true.

    >>> ends("--from", "2026-03-04", "--to", None, None)[1] is None
    True
    """
    begin = beginning(first, since, zone) if since else None
    end = beginning(last, until, zone) if until else None
    if begin and end and end <= begin:
        raise click.UsageError(
            f"{last} {until} is not after {first} {since}: there is nothing between them"
        )
    return begin, end


def not_far_ahead(option: str, when: datetime, now: datetime) -> datetime:
    """A time at which something happened, or up to which it is told; ``click.UsageError`` where
    that is more than a year ahead.

    >>> now = datetime(2026, 3, 4, tzinfo=UTC)
    >>> not_far_ahead("--at", now, now) == now
    True
    """
    if when > now + FAR_AHEAD:
        ahead = f"is more than a year ahead of this machine's clock, {now:%Y-%m-%d}"
        raise click.UsageError(f"{option}: {rfc3339(when)} {ahead}; is it the right year?")
    return when


def knowledge(option: str, value: str, zone: tzinfo | None) -> int | datetime:
    """A log number, or a time by which things had been learned.

    >>> knowledge("--known-at", "17", None)
    17
    """
    return int(value) if _NUMBER.fullmatch(value) else moment(option, value, zone)


def day(option: str, value: str) -> date:
    """A day.

    >>> day("--day", "2026-03-04")
    datetime.date(2026, 3, 4)
    """
    if not _DAY.fullmatch(value):
        raise _bad(option, value, "write a day, 2026-03-04")
    return _read(option, value).date()


def day_of_books(option: str, value: str) -> date:
    """A day at whose end books can be asked.

    >>> day_of_books("--day", "2026-03-04")
    datetime.date(2026, 3, 4)
    """
    found = day(option, value)
    if not date(1970, 1, 1) <= found < date(2200, 1, 1):
        raise _bad(option, value, _OUTSIDE)
    return found


def time_of_day(option: str, value: str) -> time:
    """A time of day in the account's zone; ``click.UsageError`` for what is none."""
    try:
        found = time.fromisoformat(value)
    except ValueError:
        raise click.UsageError(
            f"{option} {value}: write hours and minutes, such as 17:00"
        ) from None
    if found.tzinfo is not None:
        raise click.UsageError(
            f"{option} {value}: it is a time in the account's zone; leave its own"
        )
    return found


def span(option: str, value: str) -> timedelta:
    """A span of time, in seconds, minutes, hours or days.

    >>> span("--max-age", "90m"), span("--max-age", "1d")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=1))
    """
    found = _SPAN.fullmatch(value)
    if not found:
        raise _bad(option, value, "write a number and a unit: 45s, 30m, 2h, 1d")
    return timedelta(**{_UNITS[found["unit"]]: int(found["count"])})


def rfc3339(value: datetime) -> str:
    """A time in UTC, as it is written everywhere."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _end_of_day(option: str, value: str, zone: tzinfo) -> datetime:
    midnight = _read(option, value).replace(tzinfo=zone)
    if midnight.date() == date.max:
        raise _bad(option, value, _OUTSIDE)
    # The next midnight on the wall; in UTC only then, since a day may have 23 or 25 hours.
    return _in_utc(option, value, midnight + timedelta(days=1)) - _MICROSECOND


def _in_utc(option: str, value: str, local: datetime) -> datetime:
    """A time in UTC; at either end of the calendar there may be none."""
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise _bad(option, value, _OUTSIDE) from None


def _read(option: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise _bad(option, value, "there is no such day or time") from None


def _bad(option: str, value: str, why: str) -> click.BadParameter:
    return click.BadParameter(f"{value!r}: {why}", param_hint=option)
