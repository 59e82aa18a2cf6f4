"""Facts made from nothing but their fields' types: one fixed example each, or any."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

from ledger.domain.events import Event

_FIXED: dict[Any, Any] = {
    Decimal: Decimal("12.50"),
    int: 7,
    date: date(2026, 3, 20),
    datetime: datetime(2026, 3, 2, 14, 29, 59, 250_000, tzinfo=UTC),
}


def full(cls: type[Event]) -> Event:
    """An example with every field filled, and none with its default."""
    return _full(cls)


def minimal(cls: type[Event]) -> Event:
    """An example with the required fields alone."""
    hints = get_type_hints(cls)
    required = [f.name for f in attrs.fields(cls) if f.default is attrs.NOTHING]  # type: ignore[arg-type]
    return cls(**{name: _fixed(name, hints[name], None) for name in required})


def _full(cls: Any) -> Any:
    hints = get_type_hints(cls)
    given = {f.name: _fixed(f.name, hints[f.name], f.default) for f in attrs.fields(cls)}
    return cls(**given)


def _fixed(name: str, hint: Any, default: Any) -> Any:
    """A value of a type that is not the default."""
    if get_origin(hint) in (Union, UnionType):
        return _fixed(name, next(a for a in get_args(hint) if a is not NoneType), default)
    if hint is str:
        return f"{name} x"
    if hint is bool:
        return default is not True
    if get_origin(hint) is tuple or hasattr(hint, "_fields"):
        return _fixed_tuple(name, hint)
    if attrs.has(hint):
        return _full(hint)
    if issubclass(hint, Enum):
        return next(member for member in hint if member is not default)
    return _FIXED[hint]


def _fixed_tuple(name: str, hint: Any) -> Any:
    if hasattr(hint, "_fields"):
        return hint(*(f"{part} x" for part in hint._fields))
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    return tuple(_fixed(name, part, None) for part in parts)


# --------------------------------------------------------------------------------- any fact

TEXTS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8).map(
    lambda text: unicodedata.normalize("NFC", text)
)
DECIMALS = st.decimals(
    min_value=-(10**15), max_value=10**15, allow_nan=False, places=6
) | st.sampled_from([Decimal("1E+3"), Decimal("-0"), Decimal("0.000000000000000001")])
TIMES = st.datetimes(
    datetime(1971, 1, 1), datetime(2199, 1, 1),  # noqa: DTZ001 - the zone is drawn beside them
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]),
)  # fmt: skip


Leaves = dict[Any, st.SearchStrategy[Any]]
_SIGNLESS = DECIMALS.map(abs).filter(bool)
LEAVES: Leaves = {
    str: TEXTS,
    Decimal: DECIMALS,
    "Positive": _SIGNLESS,
    "Unsigned": _SIGNLESS,
    datetime: TIMES,
    date: st.dates(),
    bool: st.booleans(),
    int: st.integers(-(2**80), 2**80),
}
"""What a value that has no parts may be, by its type; by its name where that says more."""


def any_of(hint: Any, leaves: Leaves = LEAVES) -> st.SearchStrategy[Any]:
    """Values of a type that the gates let through."""
    if get_origin(hint) in (Union, UnionType):
        parts = [st.none() if a is NoneType else any_of(a, leaves) for a in get_args(hint)]
        return st.one_of(parts)
    if get_origin(hint) is tuple:
        return _any_tuple(get_args(hint), leaves)
    if hasattr(hint, "_fields"):
        return st.builds(hint, *([leaves[str]] * len(hint._fields)))
    if attrs.has(hint):
        hints = get_type_hints(hint)
        fields = {f.name: _any_field(f, hints[f.name], leaves) for f in attrs.fields(hint)}
        return st.builds(hint, **fields)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return leaves[hint]


def _any_field(field: Any, hint: Any, leaves: Leaves) -> st.SearchStrategy[Any]:
    """Values of a field; its annotation tells apart the decimals without a sign."""
    name, _, optional = str(field.type).partition(" | ")
    if name in leaves:
        return st.none() | leaves[name] if optional else leaves[name]
    return any_of(hint, leaves)


def _any_tuple(args: tuple[Any, ...], leaves: Leaves) -> st.SearchStrategy[Any]:
    if len(args) == 2 and args[1] is Ellipsis:
        return st.lists(any_of(args[0], leaves), max_size=3).map(tuple)
    return st.tuples(*(any_of(arg, leaves) for arg in args))
