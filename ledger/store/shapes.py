"""How each fact is written: its fields in order, their defaults, and a check for every type.

The check matters: what is stored is never changed, so a value of the wrong type that could be
written but not be read again would block its account for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import compress
from operator import attrgetter, is_not
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs

from ledger.domain.gates import require_text, require_time
from ledger.errors import BadTextError

Convert = Callable[[Any], object]


class Shape(NamedTuple):
    """A class as it is written: how its values are read, their defaults, and for each field
    its name, the default to compare with (None where being the same object tells all), and
    its check, if it needs one."""

    values: Callable[[object], tuple[object, ...]]
    defaults: tuple[object, ...]
    fields: tuple[tuple[str, object, Convert | None], ...]


_SHAPES: dict[type, Shape] = {}


def _make_shape(cls: type[attrs.AttrsInstance]) -> Shape:
    """The shape of an attrs class; made once a class."""
    hints = get_type_hints(cls)
    is_gated = hasattr(cls, "__attrs_post_init__")
    names = [field.name for field in attrs.fields(cls)]
    defaults = tuple(field.default for field in attrs.fields(cls))
    equals = [None if default is attrs.NOTHING else default for default in defaults]
    converts = [_convert(name, hints[name], is_gated) for name in names]
    fields = tuple(zip(names, equals, converts, strict=True))
    shape = _SHAPES[cls] = Shape(_getter(names), defaults, fields)
    return shape


def shaped(value: Any) -> dict[str, object]:
    """The fields of a fact that differ from their defaults, in their order, ready to be written."""
    cls = type(value)
    get_values, defaults, fields = _SHAPES.get(cls) or _make_shape(cls)
    values = get_values(value)
    out: dict[str, object] = {}
    given = compress(zip(values, fields), map(is_not, values, defaults))  # noqa: B905
    for item, (name, equal, convert) in given:
        if equal is None or item != equal:
            out[name] = item if convert is None else convert(item)
    return out


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _convert(name: str, hint: Any, is_gated: bool) -> Convert | None:
    """How a value of this type is checked and written; None where it is written as it is.

    Texts and decimals of a fact need no check here: they passed its gate when it was made.
    """
    if get_origin(hint) in (Union, UnionType):
        return _optional(name, hint, is_gated)
    if hint is Decimal or (hint is str and is_gated):
        return None
    if hint is str:
        return lambda value: require_text(name, value)
    if hint is datetime:
        return lambda value: require_time(name, value)
    if hint in (int, bool, date):
        return _exactly(name, hint)
    return _compound(name, hint)


def _optional(name: str, hint: Any, is_gated: bool) -> Convert | None:
    """``X | None``: None is only written where it is not the default."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if len(kinds) != 1:
        raise TypeError(f"{name}: a stored field is of one type or absent, not {hint}")
    inner = _convert(name, kinds[0], is_gated)
    return None if inner is None else lambda value: None if value is None else inner(value)


def _compound(name: str, hint: Any) -> Convert:
    """Enums, nested classes and tuples."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _exactly(name, hint)
    if attrs.has(hint):
        return _nested(name, hint)
    if isinstance(hint, type) and issubclass(hint, tuple):
        return _parts(name, hint, tuple(get_type_hints(hint).values()))
    if get_origin(hint) is tuple:
        return _tuple(name, get_args(hint))
    raise TypeError(f"{name}: the store has no way to write {hint}")


def _tuple(name: str, args: tuple[Any, ...]) -> Convert:
    """A tuple of any length of one type, or of fixed parts."""
    if len(args) != 2 or args[1] is not Ellipsis:
        return _parts(name, tuple, args)
    check, inner = _exactly(name, tuple), _convert(name, args[0], False) or _same
    return lambda value: [inner(item) for item in check(value)]


def _parts(name: str, cls: type, hints: tuple[Any, ...]) -> Convert:
    """A tuple of fixed parts, each of its own type."""
    check, inner = _exactly(name, cls), [_convert(name, hint, False) or _same for hint in hints]

    def convert(value: Any) -> object:
        if len(check(value)) != len(inner):
            raise BadTextError(name, repr(value), f"it does not have {len(inner)} parts")
        return [part(item) for part, item in zip(inner, value, strict=True)]

    return convert


def _nested(name: str, cls: type) -> Convert:
    check = _exactly(name, cls)
    return lambda value: shaped(check(value))


def _exactly(name: str, cls: type) -> Callable[[Any], Any]:
    """A check that lets through what is of this very class."""

    def check(value: Any) -> Any:
        if type(value) is not cls:
            raise BadTextError(name, repr(value), f"it is not of type {cls.__name__}")
        return value

    return check


def _same(value: Any) -> Any:
    return value
