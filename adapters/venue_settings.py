"""What a venue's parser is told beside the report: a table of TOML becomes the parser's own class.

A module of a venue that takes settings has ``SETTINGS``, an attrs class whose fields are texts,
numbers, true or false, choices, or tables by name of another such class, and
``parser_for(settings)``. Every key is checked once, before any row is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from ledger.domain.gates import require_text
from ledger.domain.numbers import parse
from ledger.errors import BadFileError, BadNumberError, BadTextError

Given = Mapping[str, object]
"""A table of TOML: texts, numbers, true or false, tables."""

_FLAG: Final = "write true or false"
_TEXT: Final = 'write a text, such as "ACME"'
_NUMBER: Final = 'write a number, such as 50 or "0.5"'


def read_table(name: str, content: bytes) -> Given:
    """A file of settings, its numbers exact; ``BadFileError`` if it is not TOML in UTF-8."""
    try:
        return tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    # Not TOML or not UTF-8; or nested too deep, or a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{name} is not TOML in UTF-8: {error}") from None


def settings_of(venue: str, kind: type[Any], given: Given) -> Any:
    """The venue's settings, an object of its class; ``BadFileError`` names the key that is wrong.

    >>> @attrs.frozen(kw_only=True)
    ... class Ways:
    ...     currency: str | None = None
    ...     negative: bool = False
    >>> settings_of("acme", Ways, {"currency": "USD"})
    Ways(currency='USD', negative=False)
    >>> settings_of("acme", Ways, {"negative": "no"})
    Traceback (most recent call last):
    ...
    ledger.errors.BadFileError: settings of acme: negative: write true or false
    """
    return _Reader(venue).made(kind, given, "")


class _Reader:
    """Makes a class of settings out of a table; ``at`` is the way from the top of it."""

    def __init__(self, venue: str) -> None:
        self._venue = venue

    def made(self, kind: type[Any], given: object, at: str) -> Any:
        """An object of the class."""
        table = self._table(given, at)
        fields, hints = attrs.fields_dict(kind), get_type_hints(kind)
        for key in table:
            if key not in fields:
                raise self._wrong(at + key, f"no such setting; there are {', '.join(fields)}")
        for key, field in fields.items():
            if field.default is attrs.NOTHING and key not in table:
                raise self._wrong(at + key, "is missing; add it")
        values = {key: self._value(hints[key], one, at + key) for key, one in table.items()}
        try:
            return kind(**values)
        except (BadTextError, BadNumberError) as error:
            raise self._wrong(at + error.field, error.why) from None

    def _value(self, hint: Any, given: object, at: str) -> object:
        """A value of the type that its field is annotated with."""
        if get_origin(hint) in {Union, UnionType}:
            (hint,) = (one for one in get_args(hint) if one is not NoneType)
        if get_origin(hint) is Mapping:
            inner = get_args(hint)[1]
            return {
                key: self._value(inner, one, f'{at}."{key}"')
                for key, one in self._table(given, f"{at}.").items()
            }
        if attrs.has(hint):
            return self.made(hint, given, f"{at}.")
        return self._plain(hint, given, at)

    def _plain(self, hint: type[Any], given: object, at: str) -> object:
        if hint is bool:
            return self._of(bool, given, at, _FLAG)
        if hint is Decimal:
            return self._number(given, at)
        text = self._of(str, given, at, _TEXT)
        if issubclass(hint, Enum):
            words = {str(one.value): one for one in hint}
            if text not in words:
                raise self._wrong(at, f"write one of {', '.join(words)}")
            return words[text]
        try:
            return require_text(at, text)
        except BadTextError as error:
            raise self._wrong(at, error.why) from None

    def _number(self, given: object, at: str) -> Decimal:
        if type(given) not in {int, Decimal, str}:
            raise self._wrong(at, _NUMBER)
        try:
            return parse(at, str(given))
        except BadNumberError as error:
            raise self._wrong(at, f"{error.why}; {_NUMBER}") from None

    def _of(self, kind: type[Any], given: object, at: str, rule: str) -> Any:
        if type(given) is not kind or given == "":
            raise self._wrong(at, rule)
        return given

    def _table(self, given: object, at: str) -> Given:
        if not isinstance(given, Mapping):
            raise self._wrong(at.rstrip("."), f"write a table, [{at.rstrip('.')}]")
        return given

    def _wrong(self, at: str, why: str) -> BadFileError:
        return BadFileError(f"settings of {self._venue}: {at}: {why}")
