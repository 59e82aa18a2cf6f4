"""Choices out of a few bytes: Hypothesis draws a whole move of a story at once.

Drawing every field of every fact by itself took nine tenths of a law's time. Here each byte is a
choice, and zero the plainest one, so that what fails still shrinks field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


def rolls(size: int) -> st.SearchStrategy[bytes]:
    """As many bytes as somebody needs at most."""
    return st.binary(min_size=size, max_size=size)


class Dice:
    """Makes choices of bytes, one after the other; asking for more than there are is an error."""

    def __init__(self, rolled: bytes) -> None:
        self.rolled = rolled
        self.used = 0

    def below(self, limit: int) -> int:
        """A number from zero to under ``limit``, which is at most 65,536."""
        start, self.used = self.used, self.used + (1 if limit <= 256 else 2)
        if self.used > len(self.rolled):
            raise IndexError(f"{len(self.rolled)} bytes are too few for all these choices")
        return int.from_bytes(self.rolled[start : self.used]) % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of some options."""
        return options[self.below(len(options))]

    def coin(self) -> bool:
        """Yes or no."""
        return self.below(2) == 1

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """All items in any order: a byte for each, by which it is sorted."""
        placed = [(self.below(256), item) for item in items]
        return [item for _, item in sorted(placed, key=itemgetter(0))]
