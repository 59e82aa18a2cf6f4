"""The gates that every stored value passes: numbers, texts and times, in one decorator.

``@gated`` makes a frozen, keyword-only, slotted class whose fields are checked whenever one is
made: by a command, from a report, or decoded from the store. What a field must be is read off
its annotation; ``Positive`` and ``Unsigned`` are decimals whose sign something else carries: the
side, the leg, the name of the fact.
"""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, dataclass_transform
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from ledger.domain.numbers import ZERO, are_numbers, check, text
from ledger.errors import BadNumberError, BadTextError, NaiveTimeError

MAX_TEXT = 2000
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_TEXT_LISTS = frozenset({"tuple[str, ...]", "tuple[tuple[str, str], ...]"})

Positive: TypeAlias = Decimal
"""A decimal above zero: a quantity, a ratio, a multiplier."""

Unsigned: TypeAlias = Decimal
"""A decimal that is not below zero: an amount whose direction its fact says."""

# Why a number of the wrong sign is refused, and what to do instead.
_NO_SIGN = "give it without a sign: the side, the leg or the fact itself says which way"
_SIGNS = {
    "Positive": ("it is not above zero", _NO_SIGN),
    "Unsigned": ("it is below zero", _NO_SIGN),
}

T = TypeVar("T")


def require_text(field: str, value: str) -> str:
    """Printable, NFC, at most 2,000 characters; else ``BadTextError``.

    >>> require_text("symbol", "E" * 2001)
    Traceback (most recent call last):
    ...
    ledger.errors.BadTextError: symbol: 'EEE...' cannot be kept: it is longer than 2000 characters
    """
    if type(value) is not str:
        raise BadTextError(field, repr(value)[:60], "it is not text")
    if len(value) > MAX_TEXT:
        raise BadTextError(field, value, f"it is longer than {MAX_TEXT} characters")
    if not value.isprintable():
        raise BadTextError(field, value, "it holds characters that do not print")
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        raise BadTextError(field, value, "it is not in Unicode's composed form (NFC)")
    return value


def require_time(field: str, value: datetime) -> datetime:
    """An aware time between 1970 and 2200, as UTC; else ``NaiveTimeError``."""
    if type(value) is not datetime or value.tzinfo is None:
        raise NaiveTimeError(f"{field}: {value!r} has no time zone; give an aware datetime")
    if not _FIRST <= value < _LAST:
        raise NaiveTimeError(f"{field}: {value.isoformat()} is not between 1970 and 2200")
    return value.astimezone(UTC)


def require_zone(field: str, value: str) -> tzinfo:
    """The zone of this name, UTC also where no zones are installed; else ``BadTextError``."""
    try:
        return UTC if require_text(field, value) == "UTC" else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        why = (
            "no such time zone; use a name such as America/New_York (where no zones are "
            "installed, the package tzdata brings them)"
        )
        raise BadTextError(field, value, why) from None


def _getter(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    """A function that returns the named attributes as a tuple, however many they are."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple([getattr(self, name) for name in names])


class _Gate:
    """What the fields of one class must be, read off their annotations."""

    def __init__(self, annotations: dict[str, str], required: set[str]) -> None:
        kinds = {name: kind.removesuffix(" | None") for name, kind in annotations.items()}
        self.signs = {name: kind for name, kind in kinds.items() if kind in _SIGNS}
        self.numbers = [*self.signs, *(name for name, kind in kinds.items() if kind == "Decimal")]
        self.texts = [name for name, kind in kinds.items() if kind == "str"]
        self.texts.sort(key=lambda name: name not in required)
        self.times = [name for name, kind in kinds.items() if kind == "datetime"]
        self.listed = [name for name, kind in kinds.items() if kind in _TEXT_LISTS]
        self.needed = [name for name in (*self.numbers, *self.texts) if name in required]
        # What may be left out may still not be None, unless the annotation says so.
        self.always = {name for name, kind in annotations.items() if kind == kinds[name]} | required
        self.has_rest = bool(self.times or self.listed)
        # What is checked quickly: the texts, the needed ones first, and the numbers, the ones
        # with a sign first, as one tuple. Its types are looked at once for each combination.
        self.get = _getter([*self.texts, *self.numbers])
        self.sound: set[tuple[type, ...]] = set()
        self.needed_texts = len(required.intersection(self.texts))
        self.first_number = len(self.texts)
        self.after_signs = len(self.texts) + len(self.signs)

    def check(self, value: Any) -> None:
        """One quick pass over numbers and texts; a slow one to say what is wrong, if need be."""
        values = self.get(value)
        kinds = tuple(map(type, values))
        numbers = values[self.first_number :]
        joined = "".join(filter(None, values[: self.first_number])) if kinds in self.sound else "\n"
        if (
            not joined.isascii()
            or not joined.isprintable()
            or len(joined) > MAX_TEXT
            or "" in values[: self.needed_texts]
            or not are_numbers(tuple(filter(None, numbers)))
        ):
            self.check_each(value)
            self.sound.add(kinds)
        for one in values[self.first_number : self.after_signs]:
            if one is not None and one <= ZERO:
                self.check_signs(value)
        if self.has_rest:
            self.check_rest(value)

    def check_each(self, value: Any) -> None:
        """Name the first field that does not pass."""
        for name in self.numbers:
            if getattr(value, name) is not None or name in self.always:
                check(name, getattr(value, name))
        for name in self.texts:
            if getattr(value, name) is not None or name in self.always:
                require_text(name, getattr(value, name))
        for name in self.needed:
            if getattr(value, name) == "":
                raise BadTextError(name, "", "it is empty")

    def check_signs(self, value: Any) -> None:
        """Name the first number whose sign says what its fact cannot mean."""
        for name, kind in self.signs.items():
            one = getattr(value, name)
            if one is not None and (one < ZERO or (not one and kind == "Positive")):
                raise BadNumberError(name, text(one), *_SIGNS[kind])

    def check_rest(self, value: Any) -> None:
        """Times become UTC; texts in tuples are texts like others."""
        for name in self.times:
            if getattr(value, name) is not None:
                object.__setattr__(value, name, require_time(name, getattr(value, name)))
        for name in self.listed:
            for one in getattr(value, name):
                _require_texts(name, one)


def _require_texts(field: str, value: object) -> None:
    """A text, or a tuple of texts, that can be kept."""
    for one in value if isinstance(value, tuple) else (value,):
        require_text(field, one)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field,))
def gated(cls: type[T]) -> type[T]:
    """A frozen, keyword-only, slotted class; all its numbers, texts and times pass the gates."""
    own = inspect.get_annotations(cls)
    annotations = {name: kind for name, kind in own.items() if not kind.startswith("ClassVar")}
    required = {name for name in annotations if name not in cls.__dict__}
    gate = _Gate(annotations, required)
    cls.__attrs_post_init__ = lambda self: gate.check(self)  # type: ignore[attr-defined]
    return attrs.frozen(kw_only=True, slots=False)(cls)


def changed(value: T, /, **changes: Any) -> T:
    """A copy of a gated value with some fields changed, checked anew."""
    origin: Any = value
    copy: T = attrs.evolve(origin, **changes)
    return copy
