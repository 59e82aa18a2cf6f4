"""What a commit costs: one event at a time against raw sqlite3, and many producers against one.

``python -m tests.benchmarks.store_commit`` prints the figures by itself. Both sides of a ratio
are measured in turns within one run: on a shared disk the same commit takes 0.1 ms at one moment
and 4 ms at another.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from ledger.aio import AsyncBook
from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.rows import Row
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_connection import connect
from tests.benchmarks.figures import Figure, median_of, report
from tests.contract.aio_books import fields, opened
from tests.contract.helpers import fill

PRODUCERS = 64
ADD = f"INSERT INTO events VALUES ({', '.join('?' * len(Row._fields))})"
ADD_KEY = "INSERT INTO keys VALUES (?, ?)"
TURN = 20


def appended(store: SQLiteStore, facts: Sequence[Fact]) -> float:
    """Wall seconds of appends of one fact each."""
    begin = time.perf_counter()
    for fact in facts:
        store.append([fact])
    return time.perf_counter() - begin


def inserted(connection: object, rows: Sequence[Row]) -> float:
    """Wall seconds of the same rows into the same tables, with nothing but the driver."""
    execute = connection.execute  # type: ignore[attr-defined]
    begin = time.perf_counter()
    for row in rows:
        execute("BEGIN IMMEDIATE")
        execute(ADD, row)
        execute(ADD_KEY, (row.key, row.number))
        execute("COMMIT")
    return time.perf_counter() - begin


def single(count: int) -> float:
    """One event a commit over the same by the raw driver: schema, triggers, settings alike."""
    facts = [fill(n) for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.db"
        SQLiteStore(raw, system_clock).close()
        store = SQLiteStore(Path(folder) / "ours.db", system_clock)
        with store, closing(connect(raw, busy_seconds=5)) as connection:
            return _in_turns(store, connection, facts)


def _in_turns(store: SQLiteStore, connection: object, facts: Sequence[Fact]) -> float:
    ours = theirs = 0.0
    for first in range(0, len(facts), TURN):
        ours += appended(store, facts[first : first + TURN])
        theirs += inserted(connection, list(store.rows(after=first)))
    return ours / theirs


async def produce(book: AsyncBook, name: str, count: int) -> None:
    """One task that books fills, each awaited before the next."""
    for n in range(count):
        await book.fill("U1", **fields(f"{name}-{n:06}"))


async def rate(book: AsyncBook, name: str, producers: int, count: int) -> float:
    """Fills a second of so many tasks together."""
    begin = time.perf_counter()
    await asyncio.gather(*(produce(book, f"{name}-{n}", count) for n in range(producers)))
    return producers * count / (time.perf_counter() - begin)


def crowd(url: str | None, count: int) -> float:
    """The rate of 64 producers over that of one."""

    async def main(where: str) -> float:
        async with opened(where) as book:
            await book.balances("U1")
            one = await rate(book, "first", 1, count)
            many = await rate(book, "many", PRODUCERS, max(count // 8, 5))
            return many / ((one + await rate(book, "last", 1, count)) / 2)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(main(url or f"sqlite:///{folder}/crowd.db"))


def measured(runs: int, count: int) -> Iterator[Figure]:
    """Both figures; ``count`` commits a run."""
    yield Figure(
        id="store.2.single",
        what=f"{count} appends of one event, over raw",
        figure=median_of(runs, partial(single, count)),
        unit="ratio",
        goal="<= 1.3",
        comparator="sqlite3: the same rows, schema, triggers and settings, a commit each",
    )
    yield Figure(
        id="store.2.producers",
        what=f"{PRODUCERS} asyncio producers over one, fills a second",
        figure=median_of(runs, partial(crowd, None, count)),
        unit="ratio",
        goal=">= 4",
        comparator="one asyncio producer on the same file",
    )


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    report(list(measured(5, 200 if quick else 400)), Path("build/bench-commit.json"))
