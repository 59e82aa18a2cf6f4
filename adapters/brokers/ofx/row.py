"""A transaction, position or security of an OFX file as one row of values, with OFX's readers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final

from adapters import rows
from adapters.brokers.ofx.tags import Node
from adapters.json_page import Json
from ledger.domain.gates import require_time
from ledger.domain.numbers import ZERO, parse
from ledger.errors import BadRowError

# Aggregates that only group the values of one transaction, position or security.
_GROUPS: Final = frozenset({"INVBUY", "INVSELL", "INVTRAN", "STMTTRN", "INVPOS", "SECINFO", "OO"})
_AMOUNT = re.compile(r"([+-]?)([0-9]{0,40})(?:[.,]([0-9]{0,40}))?", re.ASCII)
_THOUSAND = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+", re.ASCII)
_TIME = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,6}))?)?)?"
    r"(?: ?\[([+-]?[0-9]{1,2})(?:\.(0|00|5|50|25|75))?(?::[A-Za-z0-9/+-]{0,40})?\])?",
    re.ASCII,
)
_MINUTES: Final = {None: 0, "0": 0, "00": 0, "5": 30, "50": 30, "25": 15, "75": 45}


class OfxRow(rows.Row):
    """One element with its values by name; those of grouping aggregates stand beside its own.

    ``kind`` is the element's name. A name that stands there twice is no value: reading it sets
    the row aside. ``zone`` holds for times without an offset of their own.
    """

    def __init__(self, node: Node, where: str, zone: tzinfo) -> None:
        super().__init__(_flat(node), where)
        self.kind = node.tag
        self.zone = zone

    def decimal(self, name: str) -> Decimal:
        """A number that must be there."""
        return amount(name, self.required(name))

    def decimal_or_zero(self, name: str) -> Decimal:
        """A number; an absent one is zero."""
        return self.decimal(name) if self.text(name) else ZERO

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A number, or None when it is absent."""
        return self.decimal(name) if self.text(name) else None

    def word(self, name: str) -> str:
        """A word of OFX's lists, in capitals; "" when it is absent."""
        return self.text(name).upper()

    def time(self, name: str) -> datetime:
        """A time as UTC."""
        return moment(name, self.required(name), self.zone)

    def day_or_none(self, name: str) -> date | None:
        """The day that is written, in whatever zone the time is; None when it is absent."""
        value = self.text(name)
        return _local(name, value, UTC).date() if value else None

    def written(self, name: str) -> str:
        """A time as the file has it, whichever zone is configured."""
        value = self.text(name)
        return moment(name, value, UTC).isoformat() if value else ""


def amount(field: str, value: str) -> Decimal:
    """A number of OFX: a sign and leading zeros are allowed, the point may be a comma.

    >>> amount("TRNAMT", "+00000000000115.8331"), amount("TRNAMT", "-,50")
    (Decimal('115.8331'), Decimal('-0.50'))
    """
    if _THOUSAND.fullmatch(value):
        rule = "a comma before three digits is the point by OFX's rule and none by others'"
        raise BadRowError(field, value, f"{rule}: not booked")
    found = _AMOUNT.fullmatch(value)
    if not found or not (found[2] or found[3]):
        raise BadRowError(field, value, "not a number: digits with one point or comma")
    sign, whole = "-" if found[1] == "-" else "", found[2].lstrip("0") or "0"
    return parse(field, f"{sign}{whole}.{found[3]}" if found[3] else sign + whole)


def moment(field: str, value: str, zone: tzinfo) -> datetime:
    """A time of OFX as UTC; a bare date is its midnight. Without an offset it is in ``zone``.

    >>> moment("DTTRADE", "20120720000000.000[-4:EDT]", UTC).isoformat()
    '2012-07-20T04:00:00+00:00'
    """
    return require_time(field, _local(field, value, zone))


def end_of(field: str, value: str, zone: tzinfo) -> datetime:
    """A time that ends something: a bare date is the end of its day."""
    is_day = len(value) == len("yyyymmdd")
    return require_time(field, _local(field, value, zone) + timedelta(days=1 if is_day else 0))


def _local(field: str, value: str, zone: tzinfo) -> datetime:
    """The time in the zone it is written in."""
    found = _TIME.fullmatch(value[:80])
    if not found:
        raise BadRowError(field, value, "not a time of OFX such as 20240102093000[-5:EST]")
    numbers = [int(part or 0) for part in found.groups()[:6]]
    try:
        where = _offset(found[8], found[9]) if found[8] else zone
        micros = int((found[7] or "0").ljust(6, "0"))
        year, month, day, hour, minute, second = numbers
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=where)
    except ValueError:
        raise BadRowError(field, value, "there is no such time") from None


def _offset(hours: str, fraction: str | None) -> timezone:
    minutes = _MINUTES[fraction]
    ahead = timedelta(hours=int(hours), minutes=-minutes if hours.startswith("-") else minutes)
    return timezone(ahead)


def _flat(node: Node) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for name, value in _named(node, ""):
        if values.setdefault(name, value) != value:
            values[name] = [values[name], value]
    return values


def _named(node: Node, prefix: str) -> list[tuple[str, Json]]:
    """The values by name, those of an inner aggregate behind its name and a point."""
    found: list[tuple[str, Json]] = []
    for child in node.children:
        if child.tag in _GROUPS:
            found += _named(child, prefix)
        elif child.children:
            found += _named(child, f"{prefix}{_inner(node, child)}.")
        else:
            found.append((prefix + child.tag, child.text))
    return found


def _inner(node: Node, child: Node) -> str:
    """What an inner aggregate is called: an option names two securities, itself in its SECINFO."""
    return "UNDERLYING" if (node.tag, child.tag) == ("OPTINFO", "SECID") else child.tag
