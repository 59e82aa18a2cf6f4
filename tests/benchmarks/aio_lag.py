"""The event loop is not blocked for longer than 20 ms by the ledger, whatever it does.

A heartbeat task asks to be woken every millisecond and notes how late it was, by two clocks: that
on the wall, and how long this process was at work meanwhile. What other programs do to the machine
moves the first clock alone: on two cores with six busy programs any process is late by 20 ms. So
a beat counts as late by the smaller of the two, and the wall has a limit of its own, for what
would block the loop without working. The best of a few tries is what the ledger itself does.

As docs/how-to/asyncio.md advises, what was there before is frozen, so that Python's collector does
not walk all of it: its pauses would be those of the test runner's own million objects.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import ledger
from ledger.aio import AsyncBook
from ledger.domain.events import Fact
from tests.contract.aio_books import FUTURE, fields, history, opened
from tests.contract.helpers import START

LIMIT_MS = 20
WALL_LIMIT_MS = 150
TRIES = 5

Work = Callable[[AsyncBook, str], Awaitable[Any]]


class Lag(NamedTuple):
    """By how many milliseconds a loop was late at most: in which it was kept from working by
    this process, and by anything at all."""

    own: float
    wall: float

    @property
    def is_small(self) -> bool:
        return self.own <= LIMIT_MS and self.wall <= WALL_LIMIT_MS


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


async def beating(late: list[Lag]) -> None:
    while True:
        wall, work = time.perf_counter(), time.process_time()
        await asyncio.sleep(0.001)
        by_wall = (time.perf_counter() - wall) * 1000 - 1
        by_work = (time.process_time() - work) * 1000 - 1
        late.append(Lag(min(by_wall, by_work), by_wall))


async def lag(work: Awaitable[Any]) -> Lag:
    """How late the loop was at most, while some work was awaited."""
    late: list[Lag] = []
    heart = asyncio.ensure_future(beating(late))
    await asyncio.sleep(0.005)
    kept = await work  # to drop 20,000 outcomes takes its time, and is the caller's to do
    await asyncio.sleep(0.005)
    heart.cancel()
    del kept
    return Lag(max(one.own for one in late), max(one.wall for one in late))


async def least_lag(folder: Path, work: Work, before: Sequence[Fact] = ()) -> Lag:
    """Of a few tries, each with a file of its own."""
    lags: list[Lag] = []
    while len(lags) < TRIES and not (lags and lags[-1].is_small):
        async with opened(f"sqlite:///{folder}/lag{len(lags)}.db", "U1", "U2") as book:
            await book.append_many(before)
            lags.append(await lag(work(book, "try")))
    print(lags)
    return min(lags)


async def produce(book: AsyncBook, name: str, count: int) -> None:
    for n in range(count):
        await book.fill("U1", **fields(f"{name}-{n}"))


async def producers(book: AsyncBook, name: str) -> None:
    await asyncio.gather(*(produce(book, f"{name}-{n}", 20) for n in range(64)))


async def commanders(book: AsyncBook, name: str) -> None:
    async def command(n: int) -> None:
        await book.place("U1", cl_ord_id=f"{name}-{n}", instrument_id="ESZ6",
                         side=ledger.Side.BUY, order_qty=fields("x")["last_qty"])  # fmt: skip

    await asyncio.gather(*(command(n) for n in range(300)))


@pytest.mark.parametrize("work", [producers, commanders])
def test_while_64_producers_write(tmp_path: Path, work: Work) -> None:
    assert asyncio.run(least_lag(tmp_path, work)).is_small


@pytest.mark.parametrize("how", ["append_many", "record_all"])
def test_while_20_000_facts_are_imported(tmp_path: Path, how: str) -> None:
    facts = history("U2", 20_000)

    def work(book: AsyncBook, name: str) -> Awaitable[Any]:
        return asyncio.gather(getattr(book, how)(facts), produce(book, name, 3))

    assert asyncio.run(least_lag(tmp_path, work)).is_small


def test_while_the_past_is_asked_and_producers_write(tmp_path: Path) -> None:
    moment = START + timedelta(seconds=10_000)

    async def work(book: AsyncBook, name: str) -> None:
        asking = asyncio.ensure_future(book.position("U2", "ESZ6", as_of=moment))
        await asyncio.gather(*(produce(book, f"{name}-{n}", 3) for n in range(8)))
        assert (await asking).net_qty == 1

    assert asyncio.run(least_lag(tmp_path, work, history("U2", 20_000))).is_small


def test_the_synchronous_book_in_the_loop_would_block_it(tmp_path: Path) -> None:
    async def work(book: ledger.Book) -> None:
        book.record_all(history("U1", 2000))

    async def main() -> None:
        with ledger.open(f"sqlite:///{tmp_path / 'lag.db'}") as book:
            book.open_account("U1", base_currency="USD", occurred_at=START)
            book.define("U1", FUTURE)
            assert not (await lag(work(book))).is_small  # the control

    asyncio.run(main())


def test_a_loop_that_waits_without_working_is_seen(tmp_path: Path) -> None:
    async def work() -> None:
        time.sleep(0.2)

    assert not asyncio.run(lag(work())).is_small  # the control
