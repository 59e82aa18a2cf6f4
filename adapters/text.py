"""Readers for what reports write as text: numbers, dates, times. Nothing is guessed.

Each raises ``BadRowError`` (field, value, rule), or the gate's own error, which a parser turns
into a quarantined row (``UNREADABLE`` lists them).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from ledger.domain import numbers
from ledger.domain.gates import require_time
from ledger.errors import BadNumberError, BadRowError, BadTextError, NaiveTimeError

UNREADABLE = (BadRowError, BadNumberError, BadTextError, NaiveTimeError)

_DATE = r"(?P<year>[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
_TIME = r"(?P<hour>[0-9]{2})(?P<colon>:?)(?P<minute>[0-9]{2})(?P=colon)(?P<second>[0-9]{2})"
_ZONE = r"(?: ?(?P<zone>Z|UTC|GMT|EST|EDT|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]))?"
_DAY = re.compile(_DATE, re.ASCII)
_MOMENT = re.compile(f"{_DATE}(?:(?:[;T ]|, ?|; ?){_TIME}{_ZONE})?", re.ASCII)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)[0-9]{0,6}"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS = Decimal(1_000_000)
_NAMED = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4}

Reader = Callable[[str, str], Decimal]


def day(field: str, value: str) -> date:
    """A date with the year first, with dashes or without.

    >>> day("tradeDate", "20250110"), day("tradeDate", "2025-01-10")
    (datetime.date(2025, 1, 10), datetime.date(2025, 1, 10))
    >>> day("tradeDate", "10/01/2025")
    Traceback (most recent call last):
    ...
    ledger.errors.BadRowError: tradeDate: '10/01/2025': not a date with the year first: ...
    """
    found = _DAY.fullmatch(value[:40])
    if not found:
        raise BadRowError(
            field, value, "not a date with the year first: set the report to yyyy-MM-dd"
        )
    return _date(field, value, found)


def moment(field: str, value: str, zone: tzinfo) -> datetime:
    """A time with the year first, in UTC; a bare date is its midnight. Without a zone of its own
    it is in ``zone``; of an hour that comes twice (clocks set back), the first is meant.

    >>> from zoneinfo import ZoneInfo
    >>> moment("dateTime", "2025-10-17;14:23:46", ZoneInfo("America/New_York")).isoformat()
    '2025-10-17T18:23:46+00:00'
    >>> moment("dateTime", "20250110;170000 -0400", ZoneInfo("UTC")).isoformat()
    '2025-01-10T21:00:00+00:00'
    """
    found = _MOMENT.fullmatch(value[:60])
    if not found:
        rule = "not a time with the year first: set the report to yyyy-MM-dd, HH:mm:ss, separator ;"
        raise BadRowError(field, value, rule)
    on = _date(field, value, found)
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise BadRowError(field, value, "there is no such time of day")
    where = _offset(found["zone"]) if found["zone"] else zone
    read = datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=where)
    return require_time(field, read)


def iso_moment(field: str, value: str, zone: tzinfo) -> datetime:
    """An ISO 8601 time, in UTC; ``zone`` holds for one without offset. At most microseconds.

    >>> iso_moment("ts", "2020-01-01T14:30:00.5Z", timezone.utc).isoformat()
    '2020-01-01T14:30:00.500000+00:00'
    """
    if not _ISO.fullmatch(value):
        raise BadRowError(field, value, "not an ISO 8601 time such as 2020-01-01T14:30:00Z")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise BadRowError(field, value, "there is no such time") from None
    return require_time(field, read if read.tzinfo else read.replace(tzinfo=zone))


def iso_instant(field: str, value: str, zone: tzinfo) -> datetime:
    """An ISO 8601 time of a machine, in UTC, cut to microseconds however fine it is.

    >>> iso_instant("trade_time", "2021-05-31T09:59:59.123456789Z", timezone.utc).isoformat()
    '2021-05-31T09:59:59.123456+00:00'
    """
    found = _INSTANT.fullmatch(value[:60])
    if not found:
        raise BadRowError(field, value, "not an ISO 8601 time such as 2020-01-01T14:30:00.5Z")
    return iso_moment(field, "".join(part or "" for part in found.groups()), zone)


def unix_instant(field: str, value: str, *, per_second: int) -> datetime:
    """A time counted from 1970 in UTC, ``per_second`` ticks a second, cut to microseconds.

    >>> unix_instant("time", "1616492376.5941", per_second=1).isoformat()
    '2021-03-23T09:39:36.594100+00:00'
    """
    ticks = numbers.parse(field, value)
    whole = int(numbers.multiply(ticks, _MICROS)) // per_second
    try:
        return require_time(field, _EPOCH + timedelta(microseconds=whole))
    except OverflowError:
        raise BadRowError(field, value, "there is no such time") from None


def formatted_moment(field: str, value: str, style: str, zone: tzinfo) -> datetime:
    """A time of a declared ``strptime`` style, in UTC; ``zone`` holds for one without offset."""
    if not value.isascii():
        raise BadRowError(field, value, f"not a time of the declared format {style}")
    try:
        read = datetime.strptime(value, style)  # noqa: DTZ007 - the declared zone is added below
    except ValueError:
        raise BadRowError(field, value, f"not a time of the declared format {style}") from None
    return require_time(field, read if read.tzinfo else read.replace(tzinfo=zone))


def number_reader(decimal: str = ".", thousands: str = "", strip: str = "") -> Reader:
    """A reader for numbers with these characters; ``strip`` lists signs of money to take off.

    >>> number_reader(decimal=",", thousands=".")("px", "-1.234,50")
    Decimal('-1234.50')
    >>> number_reader(thousands=",", strip="$")("px", "-$925.1")
    Decimal('-925.1')
    """
    if decimal == "." and not thousands and not strip:
        return numbers.parse
    grouped = re.escape(thousands) if thousands else None
    whole = rf"[0-9]{{1,3}}(?:{grouped}[0-9]{{3}})+|[0-9]+" if grouped else "[0-9]+"
    shape = re.compile(rf"-?(?:{whole})(?:{re.escape(decimal)}[0-9]+)?", re.ASCII)

    def read(field: str, value: str) -> Decimal:
        bare = "".join(c for c in value[: numbers.MAX_TEXT + 8] if c not in strip)
        if len(value) > numbers.MAX_TEXT + 8 or not shape.fullmatch(bare):
            rule = f"not a number with decimal {decimal!r} and thousands {thousands!r}"
            raise BadRowError(field, value, rule)
        return numbers.parse(field, bare.replace(thousands, "").replace(decimal, "."))

    return read


def _date(field: str, value: str, found: re.Match[str]) -> date:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        raise BadRowError(field, value, "there is no such date") from None


def _offset(zone: str) -> timezone:
    if zone in _NAMED:
        return timezone(timedelta(hours=_NAMED[zone]))
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
