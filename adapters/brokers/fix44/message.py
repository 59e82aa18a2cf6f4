"""A FIX message as a row: its fields by tag, in FIX's own notation of numbers and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from adapters.fix_frames import Fields, Frame
from adapters.rows import Row
from adapters.sharing import remembering
from adapters.text import day, iso_instant
from ledger.domain.numbers import parse
from ledger.errors import BadRowError

_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_TIME = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,12})?)", re.ASCII
)
_day = remembering(day)
SINGLE = frozenset({
    "1", "6", "11", "12", "13", "14", "15", "17", "19", "20", "31", "32", "34", "35", "37", "38",
    "39", "41", "43", "49", "52", "54", "55", "56", "60", "64", "75", "97", "115", "150", "442",
    "479", "487", "571", "572", "552", "136",
})  # fmt: skip
"""Tags that stand once in a message; a second one means that it cannot be understood."""
NO_IDS = frozenset({"0", "-1", "NONE"})
"""What venues write for an order's id (37, 41) where there is none."""


class Message(Row):
    """One message. Values are found by tag as text (``"31"``); of a tag that stands several times
    (in a group), the first is meant. ``where`` names its place in the page.

    >>> said = Message((("35", "8"), ("31", "145.10")), "message[1]", b"35=8")
    >>> said.kind, said.decimal("31")
    ('8', Decimal('145.10'))
    """

    __slots__ = ("_fields", "sent")

    def __init__(self, fields: Fields, where: str, sent: bytes) -> None:
        values = dict(fields)
        is_plain = len(values) == len(fields)
        super().__init__(values if is_plain else dict(reversed(fields)), where)
        self._fields = None if is_plain else fields
        self.sent = sent

    @property
    def fields(self) -> Fields:
        """All fields in order, those of groups too; kept only where a tag stands several times."""
        return tuple(self.values.items()) if self._fields is None else self._fields

    @classmethod
    def of(cls, frame: Frame) -> Message:
        """A frame of a log, whole or garbled."""
        return cls(frame.fields, f"message[{frame.place}]", frame.raw)

    @property
    def raw(self) -> str:
        """The message as it is printed: with bars for its separators."""
        return self.sent.decode("utf-8", "backslashreplace").replace("\x01", "|")

    @property
    def kind(self) -> str:
        """MsgType (35)."""
        return str(self.values.get("35", ""))

    @property
    def is_possible_duplicate(self) -> bool:
        """Whether it was sent again under its number (43)."""
        return self.values.get("43") == "Y"

    @property
    def is_repeated(self) -> bool:
        """Whether it says that what it tells may have been told before (43, 97)."""
        return self.is_possible_duplicate or self.values.get("97") == "Y"

    @property
    def sent_at(self) -> str:
        """When it was sent the first time, as written: 122 of a repetition, else 52."""
        return str(self.values.get("122") or self.values.get("52", ""))

    def require_single(self, *, but: frozenset[str] = frozenset()) -> None:
        """``BadRowError`` when a tag that stands once stands twice."""
        seen: set[str] = set()
        for tag, value in self.fields:
            if tag in seen:
                raise BadRowError(tag, value[:200], "this tag stands twice in the message")
            if tag in SINGLE and tag not in but:
                seen.add(tag)

    def order_id(self, name: str) -> str:
        """An order's id, or "" where it is none."""
        value = self.text(name)
        return "" if value.upper() in NO_IDS else value

    def decimal(self, name: str) -> Decimal:
        """A number that must be there, in FIX's notation: no exponent."""
        return number(name, self.required(name))

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A number in FIX's notation, or None when it is absent."""
        return self.decimal(name) if self.has(name) else None

    def utc(self, name: str) -> datetime:
        """A UTCTimestamp, cut to microseconds."""
        return timestamp(name, self.required(name))

    def day_or_none(self, name: str) -> date | None:
        """A LocalMktDate (YYYYMMDD), or None when it is absent."""
        return _day(name, self.required(name)) if self.has(name) else None

    def groups(self, first: str) -> Iterator[Message]:
        """The entries of a repeating group, each beginning with its first tag. The last one runs
        to the end of the message, since no tag closes it."""
        starts = [place for place, (tag, _) in enumerate(self.fields) if tag == first]
        for start, end in pairwise([*starts, len(self.fields)]):
            yield Message(self.fields[start:end], self.where, self.sent)


@remembering
def number(field: str, value: str) -> Decimal:
    """A FIX number: digits and a point, never an exponent.

    >>> number("32", "023."), number("32", ".5")
    (Decimal('23'), Decimal('0.5'))
    """
    if not _NUMBER.fullmatch(value[:80]):
        raise BadRowError(field, value, "not a FIX number: digits and a point, no exponent")
    sign, bare = ("-", value[1:]) if value.startswith("-") else ("", value)
    whole, _, part = bare.partition(".")
    plain = whole.lstrip("0") or "0"
    return parse(field, f"{sign}{plain}.{part}" if part else f"{sign}{plain}")


def timestamp(field: str, value: str) -> datetime:
    """A FIX UTCTimestamp as UTC, cut to microseconds.

    >>> timestamp("60", "20261120-15:59:59.123").isoformat()
    '2026-11-20T15:59:59.123000+00:00'
    """
    found = _TIME.fullmatch(value[:60])
    if not found:
        raise BadRowError(field, value, "not a UTCTimestamp such as 20260302-15:00:00.000")
    year, month, on, time = found.groups()
    return iso_instant(field, f"{year}-{month}-{on}T{time}Z", UTC)
