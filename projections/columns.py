"""Columns: the fields of lines as Arrow, Parquet and frames have them. No number becomes a float.

A decimal has 18 decimals and as many digits as its column needs: 38 in all, else 76, else the
column is text. A time is in UTC, to the microsecond. What is no single value is told as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

import attrs

from ledger.domain.numbers import MAX_AFTER, text
from projections.errors import ExtraMissingError

NARROW: Final = 38
WIDE: Final = 76
AS_TEXT: Final = WIDE + 1
"""Digits of a column of decimals; one that would need more than 76 is text."""

Digits = Mapping[str, int]
"""How many digits each column of decimals has."""


def library(name: str) -> Any:
    """A library that is the reader's own choice, imported when it is asked for."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ExtraMissingError(
            f"{name} is not installed; install it, or take .rows(), which needs nothing"
        ) from error


def names_of(kind: type) -> tuple[str, ...]:
    """A line's fields, and its properties behind them."""
    return (*(field.name for field in attrs.fields(kind)), *_derived(kind))


def row_of(line: Any) -> dict[str, Any]:
    """A line's fields, and its properties behind them, by their names."""
    derived = {name: getattr(line, name) for name in _derived(type(line))}
    row = attrs.asdict(line, recurse=False) | derived
    # Frames know dictionaries, and no other mapping.
    return {name: dict(one) if isinstance(one, Mapping) else one for name, one in row.items()}


def _derived(kind: type) -> dict[str, property]:
    return {name: one for name, one in vars(kind).items() if isinstance(one, property)}


def kinds_of(kind: Any) -> Mapping[str, type]:
    """What each column of a class of lines is, absent values apart; a type of Python."""
    return _kinds_of(kind)


@cache
def _kinds_of(kind: Any) -> Mapping[str, type]:
    hints = get_type_hints(kind)
    hints |= {name: get_type_hints(one.fget)["return"] for name, one in _derived(kind).items()}
    return {name: _single(hints[name]) for name in names_of(kind)}


def _single(hint: Any) -> Any:
    """A type without its None."""
    if isinstance(hint, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    return hint


def digits_of(values: Iterable[Decimal | None]) -> int:
    """How many digits a column needs that holds these.

    >>> digits_of([Decimal("1.5"), None]), digits_of([Decimal("1E+30")])
    (38, 76)
    >>> digits_of([Decimal("1E-19")]) == AS_TEXT
    True
    """
    return max((_digits(value) for value in values if value), default=NARROW)


def _digits(value: Decimal) -> int:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return AS_TEXT  # infinite, or no number
    last = exponent + next(nth for nth, one in enumerate(reversed(digits)) if one)
    needed = value.adjusted() + 1 + MAX_AFTER
    return next((size for size in (NARROW, WIDE) if last >= -MAX_AFTER and needed <= size), AS_TEXT)


def digits_needed(kind: type, lines: Sequence[Any]) -> dict[str, int]:
    """How many digits each column of decimals needs for these lines."""
    decimals = [name for name, one in kinds_of(kind).items() if one is Decimal]
    return {name: digits_of(getattr(line, name) for line in lines) for name in decimals}


def values_of(lines: Sequence[Any], name: str, kind: type, digits: Digits) -> list[Any]:
    """A column's values as a library for tables takes them, each absent one as None."""
    values = [getattr(line, name) for line in lines]
    if kind is Decimal and digits[name] == AS_TEXT:
        return [None if value is None else text(value) for value in values]
    if kind is Decimal:
        return [None if value is None else _written_out(value) for value in values]
    return values if kind in _PLAIN else [None if one is None else _told(one) for one in values]


def _written_out(value: Decimal) -> Decimal:
    """Without an exponent above zero, from which Arrow would infer too few digits."""
    exponent = value.as_tuple().exponent
    return Decimal(text(value)) if isinstance(exponent, int) and exponent > 0 else value


_PLAIN: Final = (Decimal, datetime, date, timedelta, bool, int, str)


def _told(value: Any) -> str:
    """A value that is none of these, as text: an enumeration's word, else JSON."""
    if isinstance(value, Enum):
        return str(value.value)
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """As JSON has it: decimals as exact text, times as ISO 8601, classes by their fields."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return text(value)
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case tuple() | list():
            named = getattr(value, "_asdict", None)
            return _plain(named()) if named else [_plain(one) for one in value]
    return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(type(value))}


# ------------------------------------------------------------------------------------ Arrow


def arrow_schema(kind: type, digits: Digits, about: Mapping[str, str] | None = None) -> Any:
    """The Arrow schema of a class of lines; ``about`` is kept with it."""
    arrow = library("pyarrow")
    columns = kinds_of(kind).items()
    fields = [(name, _arrow_type(arrow, one, digits.get(name))) for name, one in columns]
    return arrow.schema(fields, metadata=dict(about) if about else None)


def _arrow_type(arrow: Any, kind: type, digits: int | None) -> Any:
    if digits in (NARROW, WIDE):
        make = arrow.decimal128 if digits == NARROW else arrow.decimal256
        return make(digits, MAX_AFTER)
    types = {
        datetime: arrow.timestamp("us", tz="UTC"),
        date: arrow.date32(),
        timedelta: arrow.duration("us"),
        bool: arrow.bool_(),
        int: arrow.int64(),
    }
    return types.get(kind, arrow.string())


def arrow_table(kind: type, lines: Sequence[Any], schema: Any, digits: Digits) -> Any:
    """Lines as an Arrow table of that schema; every value as it is, or an error of Arrow's."""
    arrow = library("pyarrow")
    arrays = [
        arrow.array(values_of(lines, name, one, digits), type=schema.field(name).type)
        for name, one in kinds_of(kind).items()
    ]
    return arrow.Table.from_arrays(arrays, schema=schema)
