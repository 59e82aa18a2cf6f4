"""What a commit costs: one event at a time against raw sqlite3 and against stock aggregates, and
many producers against one.

All sides of a ratio are measured in turns within one run: on a shared disk the same commit takes
0.1 ms at one moment and 4 ms at another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Final

from ledger.aio import AsyncBook
from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.port import EventStore
from ledger.store.sqlite import SQLiteStore
from tests.benchmarks import raw, stock, stock_file
from tests.benchmarks.figures import Figure, median_of, progress, settled
from tests.benchmarks.scale import Scale, copied, removed
from tests.benchmarks.turns import Sides, Turns, for_information
from tests.contract.aio_books import fields, opened

PRODUCERS: Final = 64
TURN: Final = 50


def append_each(store: EventStore, facts: Sequence[Fact]) -> None:
    """Every fact in an append of its own."""
    for fact in facts:
        store.append([fact])


def record_each(program: stock.Stock, facts: Sequence[Fact]) -> None:
    """What every fact does to its aggregates, saved in a commit of its own."""
    for fact in facts:
        program.record([fact])


def single(scale: Scale) -> Turns:
    """One event a commit by all sides, in turns."""
    path, facts = scale.accounts()
    twin = copied(path, scale.place("raw.db"))
    with (
        SQLiteStore(path, system_clock) as store,
        closing(raw.opened(twin)) as connection,
        stock_file.opened(scale) as programs,
    ):

        def turn() -> Sides:
            end, batch = store.head(), list(islice(facts, TURN))
            ours = settled(partial(append_each, store, batch))
            rows = list(store.rows(after=end))
            theirs = settled(partial(raw.insert_each, connection, rows))
            return Sides(ours, theirs, *programs.turn(TURN, record_each))

        turns = Turns(scale.runs, scale.commits // TURN, TURN, turn)
    removed(path, twin)
    return turns


def against(scale: Scale) -> Iterator[Figure]:
    """Our time over the raw driver's, and our rate over that of stock aggregates."""
    progress("store.2: one event a commit on SQLite")
    turns = single(scale)
    yield Figure(
        id="store.2.single",
        what=f"{turns.count} appends of one event over raw, FULL, {scale.events:,} rows present: "
        f"{turns.rate('ours')} to {turns.rate('raw')} on the wall, "
        f"{turns.ratio('ours', 'raw', 'cpu'):.2f} by processor time",
        figure=turns.ratio("ours", "raw"),
        unit="ratio",
        goal="<= 1.3",
        comparator="sqlite3: the same rows, schema, triggers and settings, a commit each, in turns",
    )
    yield Figure(
        id="store.2.stock",
        what=f"appends of one fact over stock aggregates, {scale.events:,} rows present in both: "
        f"{turns.rate('ours')} over {turns.rate('stock')} on the wall, "
        f"{turns.ratio('stock', 'ours', 'cpu'):.2f} by processor time; raw itself comes to "
        f"{turns.ratio('stock', 'raw'):.1f}",
        figure=turns.ratio("stock", "ours"),
        unit="ratio",
        goal=">= 3",
        comparator=f"{stock.WHAT}, one fact each, in turns",
    )
    yield from for_information("store.2", turns)


async def produce(book: AsyncBook, name: str, count: int) -> None:
    """One task that books fills, each awaited before the next."""
    for n in range(count):
        await book.fill("U1", **fields(f"{name}-{n:06}"))


async def rate(book: AsyncBook, name: str, producers: int, count: int) -> float:
    """Fills a second of so many tasks together."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await asyncio.gather(*(produce(book, f"{name}-{n}", count) for n in range(producers)))
    return producers * count / (loop.time() - begin)


def producers_over_one(scale: Scale) -> float:
    """The rate of 64 producers over that of one."""
    count, path = scale.commits, scale.place("crowd.db")

    async def main() -> float:
        async with opened(f"sqlite:///{path}") as book:
            await book.balances("U1")
            one = await rate(book, "first", 1, count)
            many = await rate(book, "many", PRODUCERS, max(count // 8, 5))
            return many / ((one + await rate(book, "last", 1, count)) / 2)

    found = asyncio.run(main())
    removed(path)
    return found


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 2."""
    yield from against(scale)
    progress("store.2: many producers")
    yield Figure(
        id="store.2.producers",
        what=f"{PRODUCERS} asyncio producers over one, fills a second on the wall",
        figure=median_of(scale.runs, partial(producers_over_one, scale)),
        unit="ratio",
        goal=">= 4",
        comparator="one asyncio producer on the same file, before and after",
    )
