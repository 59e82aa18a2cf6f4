"""Asynchronous books for the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ledger
import ledger.aio
from ledger.aio import AsyncBook
from ledger.domain.events import Fact, FillBooked, Side, make_fact
from tests.contract.helpers import START

FUTURE = ledger.Instrument(
    instrument_id="ESZ6", symbol="ESZ6", kind=ledger.InstrumentKind.LINEAR, currency="USD",
    tick_size=Decimal("0.25"),
)  # fmt: skip


@asynccontextmanager
async def opened(url: str, *accounts: str) -> AsyncIterator[AsyncBook]:
    """A book with some accounts in which a future can be traded."""
    async with ledger.aio.open(url) as book:
        for account in accounts or ("U1",):
            await book.open_account(account, base_currency="USD", occurred_at=START)
            await book.define(account, FUTURE)
        yield book


def fields(exec_id: str, side: Side = Side.BUY) -> dict[str, Any]:
    return {
        "exec_id": exec_id, "instrument_id": "ESZ6", "side": side, "last_qty": Decimal(1),
        "last_px": Decimal("5000.25"), "currency": "USD",
    }  # fmt: skip


def order(cl_ord_id: str, px: str = "5000.25") -> dict[str, Any]:
    return {
        "cl_ord_id": cl_ord_id, "instrument_id": "ESZ6", "side": Side.BUY,
        "order_qty": Decimal(1), "ord_type": ledger.OrdType.LIMIT, "limit_px": Decimal(px),
    }  # fmt: skip


def history(account: str, count: int, name: str = "h") -> list[Fact]:
    """Fills a second apart, each of which takes back the one before it."""
    sides = (Side.BUY, Side.SELL)
    return [
        make_fact(
            account,
            FillBooked(**fields(f"{name}{n:06}", sides[n % 2])),
            START + timedelta(seconds=n),
        )
        for n in range(count)
    ]


@asynccontextmanager
async def held_up(book: AsyncBook) -> AsyncIterator[None]:
    """The thread of the book does nothing meanwhile, so that what is sent waits."""
    go_on = threading.Event()
    holding = asyncio.ensure_future(book.run(lambda _: go_on.wait(30)))
    await asyncio.sleep(0.05)
    try:
        yield
        await asyncio.sleep(0.05)
    finally:
        go_on.set()
        await holding


async def sent(calls: list[Coroutine[Any, Any, Any]], book: AsyncBook) -> list[Any]:
    """What becomes of calls that are all sent at once: answers and errors."""
    async with held_up(book):
        tasks = [asyncio.ensure_future(call) for call in calls]
    return await asyncio.gather(*tasks, return_exceptions=True)
