"""A figure, its goal, and the table and JSON they are reported in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import attrs


@attrs.frozen(kw_only=True)
class Figure:
    """One measured figure; ``goal`` is text such as ``<= 1.3``, against ``comparator``."""

    id: str
    what: str
    figure: float
    unit: str
    goal: str
    comparator: str

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its goal."""
        way, _, bound = self.goal.partition(" ")
        return self.figure <= float(bound) if way == "<=" else self.figure >= float(bound)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call: what others do on the machine does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def median_of(runs: int, measure: Callable[[], float]) -> float:
    """The median of several measurements, each a ratio taken within one moment."""
    return median(measure() for _ in range(runs))


def report(figures: Sequence[Figure], path: Path) -> None:
    """Print a table and write the JSON."""
    for one in figures:
        met = "met" if one.met else "MISSED"
        print(f"{one.id:15} {one.figure:9.3f} {one.unit:8} goal {one.goal:9} {met:7} {one.what}")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [attrs.asdict(one) | {"met": one.met} for one in figures]
    path.write_text(json.dumps(rows, indent=1) + "\n")
