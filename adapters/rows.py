"""A row of a venue's answer with typed readers: no value is taken for another, none is guessed.

The readers raise ``BadRowError`` or the gate's own error (``adapters.text.UNREADABLE``), which
sets the row aside. "" and None are no values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import TypeVar

from adapters.json_page import Json, canonical
from adapters.port import digest_of
from adapters.sharing import remembering
from adapters.text import day, iso_instant, unix_instant
from ledger.domain.gates import require_text
from ledger.domain.numbers import ZERO, parse
from ledger.errors import BadRowError

V = TypeVar("V")

_number = remembering(parse)
_day = remembering(day)


class Row:
    """One object of a page: ``where`` says which, for whoever looks it up in the file.

    >>> row = Row({"px": "1.50", "side": "buy"}, "fills[1]")
    >>> row.decimal("px"), row.one_of("side", {"buy": 1, "sell": -1})
    (Decimal('1.50'), 1)
    """

    __slots__ = ("_digest", "values", "where")

    def __init__(self, values: Mapping[str, Json], where: str) -> None:
        self.values = values
        self.where = where
        self._digest = ""

    @property
    def raw(self) -> str:
        """The row as one text, whatever the order of its names. It is not kept."""
        return canonical(self.values)

    @property
    def digest(self) -> str:
        """SHA-256 of that text."""
        self._digest = self._digest or digest_of([self.raw])
        return self._digest

    def has(self, *names: str) -> bool:
        """Whether each of these is there and is a value."""
        return all(self.values.get(name) not in (None, "") for name in names)

    def text(self, name: str) -> str:
        """The value, or "" when it is none; ``BadTextError`` when it cannot be kept."""
        value = self.values.get(name)
        if value is None or value == "":
            return ""
        if type(value) is str:
            return require_text(name, value)
        if isinstance(value, bool):
            return "true" if value else "false"
        raise BadRowError(name, canonical(value)[:200], "a text or number is expected here")

    def required(self, name: str) -> str:
        """The value; ``BadRowError`` when it is none."""
        value = self.text(name)
        if not value:
            raise BadRowError(name, str(self.values.get(name, "")), "missing")
        return value

    def decimal(self, name: str) -> Decimal:
        """A number that must be there."""
        return _number(name, self.required(name))

    def decimal_or_zero(self, name: str) -> Decimal:
        """A number; an absent one is zero."""
        value = self.text(name)
        return _number(name, value) if value else ZERO

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A number, or None when it is absent."""
        value = self.text(name)
        return _number(name, value) if value else None

    def one_of(self, name: str, known: Mapping[str, V], unknown: str = "unknown") -> V:
        """What the value stands for; a word that is not known sets the row aside."""
        value = self.required(name)
        if value not in known:
            raise BadRowError(name, value, f"{unknown}: not booked until it is known")
        return known[value]

    def flag(self, name: str) -> bool:
        """A JSON true or false, or the words; an absent one is false."""
        value = self.text(name)
        if value.lower() not in {"", "true", "false"}:
            raise BadRowError(name, value, "neither true nor false")
        return value.lower() == "true"

    def day_or_none(self, name: str) -> date | None:
        """A date with the year first, or None when it is absent."""
        value = self.text(name)
        return _day(name, value) if value else None

    def millis(self, name: str) -> datetime:
        """Milliseconds since 1970, as UTC."""
        return unix_instant(name, self.required(name), per_second=1000)

    def seconds(self, name: str) -> datetime:
        """Seconds since 1970, with a fraction cut to microseconds, as UTC."""
        return unix_instant(name, self.required(name), per_second=1)

    def instant(self, name: str, zone: tzinfo) -> datetime:
        """An ISO 8601 time as UTC, cut to microseconds; ``zone`` holds for one without offset."""
        return iso_instant(name, self.required(name), zone)

    def inner(self, name: str) -> Row:
        """The object under a name; ``BadRowError`` when it is none."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise BadRowError(name, canonical(value)[:200], "an object is expected here")
        return Row(value, f"{self.where}.{name}")

    def rows(self, name: str) -> Iterator[Row]:
        """The objects of a list under a name; nothing when it is absent."""
        yield from rows_of(self.values.get(name) or [], f"{self.where}.{name}")


def rows_of(values: Json, where: str) -> list[Row]:
    """A list of objects as rows, counted from 1; ``BadRowError`` when it is something else."""
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise BadRowError(where, canonical(values)[:200], "a list of objects is expected here")
    return [Row(one, f"{where}[{place}]") for place, one in enumerate(values, start=1)]
