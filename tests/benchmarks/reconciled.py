"""Reconciliation: how long it takes to find what was planted among very many fills, and in how
much memory. ``python -m tests.benchmarks.reconciled STORE TABLES FILE COUNT`` is the process that
is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import attrs

import ledger
from adapters.reconcile.books import BookedExecutions
from adapters.reconcile.executions import Execution, execution_of
from adapters.reconcile.told import Telling, Told
from adapters.reconcile.trades import Span, compare_trades
from ledger.domain.events import Fact, make_fact
from projections.database import connect
from projections.reports import Reports
from projections.runner import Runner
from tests.benchmarks.cold import LIMIT, ROOT, peak_mib
from tests.benchmarks.figures import Figure, progress, spent
from tests.benchmarks.scale import Scale, fill_file
from tests.reconcile.planted import ACCOUNT, DAY, Planted, definitions, seen, told_twice

SEED: Final = 5
BREAKS: Final = 1_000
SMALLER: Final = 10


def facts(count: int) -> Iterator[Fact]:
    """The books' side. What is of an earlier day is told first: told last, each of them would have
    the read models write all of its position's steps again, which is not measured here."""
    yield from definitions()
    for early in (True, False):
        for (fill, at), planted in told_twice(SEED, count, _breaks(count)):
            told = planted.facts if planted else [make_fact(ACCOUNT, fill, at)]
            yield from (fact for fact in told if (fact.occurred_at < DAY) is early)


def _breaks(count: int) -> int:
    return min(BREAKS, count // 20)


def write_broker(path: Path, count: int) -> None:
    """The fills that nothing is planted in, as a broker's file of plain text has them: a line each,
    a tab between two fields."""
    with path.open("w", encoding="utf-8") as file:
        for (fill, at), planted in told_twice(SEED, count, _breaks(count)):
            if planted is None:
                key = fill.identity().key(ACCOUNT)
                print(*execution_of(fill, fill.fees, key, at, "row"), sep="\t", file=file)


def broker(path: Path, count: int, store: ledger.EventStore) -> tuple[Told, set[tuple[str, str]]]:
    """The broker's side, read from that file as often as it is asked for, and what is planted."""
    special = Planted()
    for _, planted in told_twice(SEED, count, _breaks(count)):
        if planted is not None:
            special.records += planted.records
            special.expected |= planted.expected
    told = Telling(special.batch(), store).told()

    def standing() -> Iterator[Execution]:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield Execution(*line[:-1].split("\t"))
        yield from told.standing()

    return attrs.evolve(told, standing=standing), special.expected


def measure(store_url: str, tables_url: str, path: Path, count: int) -> dict[str, Any]:
    """One comparison, the reading of both sides included."""
    with ledger.open(store_url) as book:
        reports = Reports(book, connect(tables_url), catches_up=False)
        told, expected = broker(path, count, book.store)
        covers = Planted().batch().coverage
        span = Span(since=covers.covers_from, until=covers.covers_to)
        found: list[Any] = []
        whole = spent(lambda: found.append(compare(book, reports, told, span)))
        (trades,) = found
        return {
            "seconds": whole.wall,
            "peak_mib": peak_mib(),
            "found": len(seen(trades) & expected),
            "invented": len(trades.breaks) - len(seen(trades) & expected),
            "planted": len(expected),
        }


def compare(book: ledger.Book, reports: Reports, told: Told, span: Span) -> Any:
    """The comparison itself."""
    return compare_trades(BookedExecutions(reports, ACCOUNT), told, span, book.store)


def fresh(store_url: str, tables_url: str, path: Path, count: int) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.reconciled", store_url, tables_url]
    done = subprocess.run(
        [*command, str(path), str(count)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=LIMIT,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def runs_of(scale: Scale, count: int) -> list[dict[str, Any]]:
    """Books of so many fills, and as many measurements as a run has."""
    path, tables = scale.place("reconcile.db"), scale.place("reconcile.reports.db")
    told = scale.place("broker.txt")
    write_broker(told, count)
    progress(f"rec.3: {count:,} fills to be booked and projected")
    fill_file(path, facts(count))
    store_url, tables_url = f"sqlite:///{path}", f"sqlite:///{tables}"
    with ledger.open_store(store_url) as store:  # type: ignore[attr-defined]
        Runner(store, connect(tables_url)).catch_up()
    return [fresh(store_url, tables_url, told, count) for _ in range(scale.runs)]


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 3 of the reconciliation: found, time, memory, and how both grow."""
    whole, part = (runs_of(scale, count) for count in (scale.compared, scale.compared // SMALLER))
    last = whole[-1]
    yield Figure(
        id="rec.3.found", unit=f"of {last['planted']}", goal=f">= {last['planted']}",
        what=f"planted breaks of twenty kinds found with their kind among {scale.compared:,} fills "
        f"a side; {last['invented']} were invented",
        figure=last["found"] - last["invented"], comparator="what was planted",
    )  # fmt: skip
    seconds = [median(one["seconds"] for one in runs) for runs in (whole, part)]
    yield Figure(
        id="rec.3.seconds", unit="s", goal="<= 20", figure=seconds[0],
        what=f"{scale.compared:,} fills of the read models against as many of a broker's, read "
        "from a file of plain text", comparator="a limit",
    )  # fmt: skip
    yield Figure(
        id="rec.3.memory", unit="MiB", goal="<= 300", comparator="a limit",
        figure=max(one["peak_mib"] for one in whole), what="the most memory of that process",
    )  # fmt: skip
    yield Figure(
        id="rec.3.growth", unit="ratio", goal="<= 1.2", comparator="a tenth of the fills",
        figure=seconds[0] / seconds[1] / SMALLER, what="time a fill over that at a tenth",
    )  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Measure once, and print it."""
    store_url, tables_url, path, count = arguments
    print(json.dumps(measure(store_url, tables_url, Path(path), int(count))))


if __name__ == "__main__":
    main(sys.argv[1:])
