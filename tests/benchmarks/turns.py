"""Three sides that do the same work in turns, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from tests.benchmarks.figures import NOTHING, Spent, thousands


class Sides(NamedTuple):
    """What the same work took each of three."""

    ours: Spent
    raw: Spent
    stock: Spent

    def plus(self, other: Sides) -> Sides:
        """Both together."""
        return Sides(*(one.plus(more) for one, more in zip(self, other, strict=True)))


class Turns:
    """The runs of a comparison, each of many turns of ``count`` pieces of work in all."""

    def __init__(self, runs: int, turns: int, size: int, turn: Callable[[], Sides]) -> None:
        self.count = turns * size
        self.sides: Sequence[Sides] = [_run(turns, turn) for _ in range(runs)]

    def ratio(self, over: str, under: str, by: str = "wall") -> float:
        """The median over the runs of one side's time over another's."""
        return median(
            getattr(getattr(one, over), by) / getattr(getattr(one, under), by) for one in self.sides
        )

    def rate(self, side: str) -> str:
        """Pieces of work a second on the wall, as text."""
        return thousands(self.count, median(getattr(one, side).wall for one in self.sides))


def _run(turns: int, turn: Callable[[], Sides]) -> Sides:
    total = Sides(NOTHING, NOTHING, NOTHING)
    for _ in range(turns):
        total = total.plus(turn())
    return total
