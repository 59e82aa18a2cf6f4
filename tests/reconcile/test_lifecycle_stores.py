"""Two runs at one time, on each kind of store: every step of a break's life is recorded once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from adapters.reconcile.lifecycle import record
from adapters.reconcile.outcome import Outcome
from tests import postgres as servers
from tests.reconcile.nights import NOW, Nights, day, fill

HOUR = timedelta(hours=1)
RUNS = 4


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where the books are, and their tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/l.db", f"sqlite:///{tmp_path}/r.db"
        return
    found: servers.Place = request.getfixturevalue("place")
    store, tables = found.prepared(), found.url(found.new(), servers.OWNER)
    yield store, tables
    found.drop(tables)
    found.drop(store)


def test_runs_that_race_record_each_step_once(urls: tuple[str, str]) -> None:
    first = Nights.begin(*urls)
    for nth in (0, 1):
        told = [(fill(f"x{one}"), day(0) + HOUR) for one in range(5)]
        outcome = first.outcome(first.batch(nth, told, days=nth + 1))
        race(outcome, urls)
    opened, again = (first.topics().count(one) for one in ("break-opened", "break-seen-again"))
    assert (opened, again) == (5, 5)
    assert {one.status for one in first.known()} == {"open"}
    first.reports.asking.runner.engine.dispose()
    first.book.store.close()


def race(outcome: Outcome, urls: tuple[str, str]) -> None:
    """Record one outcome from several connections at one time."""
    gate = Barrier(RUNS)

    def run(_: int) -> None:
        mine = Nights.again(*urls)
        gate.wait(timeout=30)
        record(mine.book, mine.reports, outcome, now=NOW)
        mine.reports.asking.runner.engine.dispose()
        mine.book.store.close()

    with ThreadPoolExecutor(RUNS) as pool:
        list(pool.map(run, range(RUNS)))
