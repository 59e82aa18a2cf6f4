"""``python -m tests.benchmarks [--quick] [--only ID ...]``: print the figures and write
``build/bench.json``; ``--page`` writes them from there into the documentation."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from tests.benchmarks import (
    core,
    page,
    projected,
    reconciled,
    store_append,
    store_commit,
    store_csv,
    store_live,
    store_past,
    store_postgres,
    store_rebuild,
)
from tests.benchmarks.figures import Figure, progress, report
from tests.benchmarks.scale import Scale, full, quick

JSON: Final = Path("build/bench.json")

Measure = Callable[[Scale], Iterator[Figure]]


def fold(scale: Scale) -> Iterator[Figure]:
    """The figures of one position's fold."""
    progress("core: the fold of a position")
    return core.measured(runs=scale.runs, count=scale.core)


LINES: Final[dict[str, Measure]] = {
    "core": fold,
    "store.1": store_append.measured,
    "store.2": store_commit.measured,
    "store.3": store_postgres.measured,
    "store.4": store_rebuild.measured,
    "store.5": store_csv.measured,
    "store.6": store_live.measured,
    "store.7": store_past.measured,
    "proj": projected.measured,
    "rec": reconciled.measured,
}


def chosen(only: Sequence[str]) -> list[str]:
    """The lines that have figures whose ids begin like one of these; all without any."""
    return [
        line
        for line in LINES
        if not only or any(line.startswith(one) or one.startswith(line) for one in only)
    ]


def figures(scale: Scale, only: Sequence[str]) -> Iterator[Figure]:
    """Those that are asked for, as they are measured."""
    begin = time.perf_counter()
    for line in chosen(only):
        for one in LINES[line](scale):
            if not only or one.id.startswith(tuple(only)):
                yield one
        progress(f"{line} done, {time.perf_counter() - begin:.0f} s since the beginning")


def main(arguments: Sequence[str]) -> int:
    """Five runs, or three shorter ones with ``--quick``; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, three runs")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="such as store.4")
    parser.add_argument("--events", type=int, help="another size of the history")
    parser.add_argument("--json", type=Path, default=JSON, help="where the figures are written")
    parser.add_argument("--page", action="store_true", help="only write the page, from the JSON")
    asked = parser.parse_args(arguments)
    if asked.page:
        page.refresh(asked.json)
        return 0
    with tempfile.TemporaryDirectory(prefix="tl-bench-") as folder:
        scale = (quick if asked.quick else full)(Path(folder))
        if asked.events:
            scale = attrs.evolve(scale, events=asked.events, compared=asked.events)
        found = report(figures(scale, asked.only), asked.json)
    return 0 if all(one.met for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
