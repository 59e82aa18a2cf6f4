"""Sides that do the same work in turns, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tests.benchmarks.figures import NOTHING, Figure, Spent, thousands


class Sides(NamedTuple):
    """What the same work took each; the last ones are not always there."""

    ours: Spent
    raw: Spent
    stock: Spent = NOTHING
    cached: Spent = NOTHING
    kept: Spent = NOTHING

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
    total = Sides(NOTHING, NOTHING)
    for _ in range(turns):
        total = total.plus(turn())
    return total


def for_information(line: str, turns: Turns) -> Iterator[Figure]:
    """Our rate over those of stock aggregates that are cached, and that all stay in memory."""
    yield Figure(
        id=f"{line}.stock.cached",
        what="the same over stock aggregates with a bounded cache, in the fastest settings found: "
        f"{turns.rate('ours')} over {turns.rate('cached')}",
        figure=turns.ratio("cached", "ours"),
        unit="ratio",
        goal="",
        comparator="for information",
    )
    yield Figure(
        id=f"{line}.stock.kept",
        what="the same over stock aggregates that all stay in memory and are only saved: "
        f"{turns.rate('ours')} over {turns.rate('kept')}",
        figure=turns.ratio("kept", "ours"),
        unit="ratio",
        goal="",
        comparator="for information: it grows with history, and what another process writes "
        "makes it stale",
    )
