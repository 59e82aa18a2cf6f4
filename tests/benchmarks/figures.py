"""A figure, its goal, and the table and JSON they are reported in."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import attrs


@attrs.frozen(kw_only=True)
class Figure:
    """One measured figure; ``goal`` is text such as ``<= 1.3`` or ``0.95 .. 1.05``, against
    ``comparator``. Without a goal it is only printed."""

    id: str
    what: str
    figure: float
    unit: str
    goal: str
    comparator: str

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its goal."""
        match self.goal.split():
            case ["<=", bound]:
                return self.figure <= float(bound)
            case [">=", bound]:
                return self.figure >= float(bound)
            case [low, "..", high]:
                return float(low) <= self.figure <= float(high)
        return True

    @property
    def verdict(self) -> str:
        """What the table says of it."""
        return ("met" if self.met else "MISSED") if self.goal else ""


class Spent(NamedTuple):
    """Seconds of a piece of work, on the wall and of this process's processor time."""

    wall: float
    cpu: float

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


NOTHING = Spent(0.0, 0.0)


def spent(work: Callable[[], object]) -> Spent:
    """What one call takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def settle() -> None:
    """Have the collector pass over what was made before, which is not what is measured next."""
    gc.collect()
    gc.freeze()


def settled(work: Callable[[], object]) -> Spent:
    """What one call takes, when nothing made before it is in its way."""
    settle()
    return spent(work)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call: what others do on the machine does not count."""
    return spent(work).cpu


def median_of(runs: int, measure: Callable[[], float]) -> float:
    """The median of several measurements, each a ratio taken within one moment."""
    return median(measure() for _ in range(runs))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * len(ordered) * 1000) // 1000) - 1)]


def thousands(count: float, seconds: float) -> str:
    """A rate for the text of a figure.

    >>> thousands(12_340, 0.1)
    '123.4k/s'
    """
    return f"{count / seconds / 1000:.1f}k/s"


def progress(what: str) -> None:
    """Say on the standard error what is being done."""
    print(f"... {what}", file=sys.stderr, flush=True)


def line_of(one: Figure) -> str:
    """A figure as a line of the table."""
    goal = f"goal {one.goal}" if one.goal else ""
    return f"{one.id:32} {one.figure:10.3f} {one.unit:8} {goal:15} {one.verdict:6}  {one.what}"


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write those that have a goal as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [attrs.asdict(one) | {"met": one.met} for one in figures if one.goal]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def report(figures: Iterable[Figure], path: Path) -> list[Figure]:
    """Print each figure as soon as it is measured, and write the JSON."""
    measured: list[Figure] = []
    for one in figures:
        print(line_of(one), flush=True)
        measured.append(one)
        write(measured, path)
    return measured
