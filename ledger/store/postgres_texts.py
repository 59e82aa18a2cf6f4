"""What PostgreSQL can hold of a text, and how the driver sends many rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any


def arrays(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The columns of some rows, each as a list, which the driver sends as an array."""
    return [list(column) for column in zip(*rows, strict=True)]


def texts(values: Collection[str]) -> list[str]:
    """Those of the texts that PostgreSQL can hold."""
    known = plain(values)
    return known if len(known) == len(values) else [text for text in values if is_text(text)]


def plain(values: Collection[str]) -> list[str]:
    """Those of the texts that are printable, as all that an append lets through are."""
    if all(type(value) is str for value in values) and "".join(values).isprintable():
        return list(values)
    return [value for value in values if type(value) is str and value.isprintable()]


def is_text(value: str) -> bool:
    """Whether PostgreSQL can hold a text; what it cannot hold is not in it either."""
    if type(value) is not str:
        return False
    if value.isprintable():  # no NUL and no half of a pair of UTF-16 is
        return True
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


__all__ = ["arrays", "is_text", "plain", "texts"]
