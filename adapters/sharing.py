"""Reports say the same words again and again: what is equal is made once and held once, so that a
report of a million rows takes no room for a million times the same symbol, order and quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

T = TypeVar("T")

REMEMBERED: Final = 8_192
"""So many different words of a kind are kept in mind, whatever the length of the report."""

remembering = lru_cache(maxsize=REMEMBERED)

shared: Callable[[str], str] = remembering(str)
"""The text, as it was made the first time that it was asked for."""


def taken(rows: list[T]) -> Iterator[T]:
    """Each of these in order, given up as it is read: what was made of it takes its room.

    >>> rows = [1, 2]
    >>> next(taken(rows)), rows
    (1, [2])
    """
    rows.reverse()
    while rows:
        yield rows.pop()
