"""The stream of changes in an event loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import ledger
from ledger.domain.events import CashDeposited
from projections.aio import changes_after
from projections.database import connect
from projections.reports import Reports
from tests.projections.history import told

DEPOSIT = CashDeposited(id="later", amount=Decimal(5), currency="USD")


def reports(folder: Path, events: int) -> Reports:
    book = ledger.open(f"sqlite:///{folder}/books.db")
    told(f"sqlite:///{folder}/books.db", events, ["A"]).close()
    return Reports(book, connect(f"sqlite:///{folder}/books.reports.db"))


def test_the_stream_is_that_of_the_other_way_and_the_loop_goes_on(tmp_path: Path) -> None:
    found = reports(tmp_path, 1_500)

    async def read() -> tuple[list[str], int]:
        ticks, done = 0, asyncio.Event()

        async def tick() -> None:
            nonlocal ticks
            while not done.is_set():
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        cursors = [one.cursor async for one in changes_after(found.changes, "A", every=None)]
        done.set()
        await ticking
        return cursors, ticks

    cursors, ticks = asyncio.run(read())
    assert cursors == [one.cursor for one in found.changes.after("A")]
    assert len(cursors) > 700
    assert ticks > 10


def test_what_is_recorded_later_comes_without_asking_again(tmp_path: Path) -> None:
    found = reports(tmp_path, 60)
    count = len(list(found.changes.after("A")))

    async def read() -> list[str]:
        stream, cursors = changes_after(found.changes, "A", every=timedelta(milliseconds=1)), []
        async for entry in stream:
            cursors.append(entry.cursor)
            if len(cursors) == count:
                at = found.book.account("A").last_at
                assert at is not None
                deposit = ledger.make_fact("A", DEPOSIT, at)
                found.book.store.append([deposit])
            if len(cursors) > count:
                break
        return cursors

    assert len(asyncio.run(read())) == count + 1
