"""What a command answers: sections of rows, before they are written in one form or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from adapters.cli.moments import rfc3339
from ledger.domain.numbers import quantize, text

Row = Mapping[str, object]


class Kind(Enum):
    """How a column is written for people."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"


@attrs.frozen
class Column:
    """A column. ``wide`` ones are left out of tables for people, never of JSON and CSV.

    Money is rounded in tables to the digits of the currency that the row names in ``currency``.
    """

    name: str
    kind: Kind = Kind.TEXT
    wide: bool = False


@attrs.frozen
class Section:
    """A table with a name: ``positions``, ``changes``."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]


@attrs.frozen
class Answer:
    """Sections, what the question was (``about``), and the one line a reader came for."""

    about: Mapping[str, object]
    sections: tuple[Section, ...]
    result: str = ""


def texts(*names: str, wide: bool = False) -> tuple[Column, ...]:
    """Columns of text, or of times."""
    return tuple(Column(name, wide=wide) for name in names)


def numbers(*names: str, wide: bool = False) -> tuple[Column, ...]:
    """Columns of quantities and prices."""
    return tuple(Column(name, Kind.NUMBER, wide) for name in names)


def money(*names: str, wide: bool = False) -> tuple[Column, ...]:
    """Columns of amounts in the row's currency."""
    return tuple(Column(name, Kind.MONEY, wide) for name in names)


def counted(count: int, thing: str) -> str:
    """A count with its noun.

    >>> counted(1, "warning"), counted(0, "warning")
    ('1 warning', '0 warnings')
    """
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def plain(value: object) -> Any:
    """A value as JSON has it: decimals as exact texts of the at most 18 decimals that are
    reported, times in UTC, classes by their fields.

    >>> plain({"qty": Decimal("1.50"), "on": date(2026, 3, 4)})
    {'qty': '1.5', 'on': '2026-03-04'}
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return text(quantize(value))
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple() | frozenset():
            return _sequence(value)
    return fields(value)


def _sequence(values: Sequence[object] | frozenset[object]) -> object:
    named = getattr(values, "_asdict", None)
    return plain(named()) if named else [plain(value) for value in values]


def fields(value: Any) -> dict[str, Any]:
    """A class with attrs as a dictionary, absent fields left out."""
    pairs = ((field.name, getattr(value, field.name)) for field in attrs.fields(type(value)))
    return {name: plain(one) for name, one in pairs if one is not None}
