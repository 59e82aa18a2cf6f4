"""The book for asyncio: the same methods, to be awaited.

>>> import asyncio
>>> import ledger.aio
>>> async def main() -> int:
...     async with ledger.aio.open("memory://") as book:
...         await book.open_account("paper", base_currency="USD")
...         return len(await book.balances("paper"))
>>> asyncio.run(main())
0
"""

from __future__ import annotations

from ledger import open_store
from ledger.aio.book import AsyncBook
from ledger.aio.held import HeldBook, Imported
from ledger.clock import Clock, system_clock


def open(url: str, *, clock: Clock = system_clock, audit: bool = False) -> AsyncBook:
    """A book to be entered, ``async with ledger.aio.open(url) as book``, or awaited and closed
    later: ``book = await ledger.aio.open(url)``. Urls and the rest are those of ``ledger.open``,
    whose errors are raised then."""

    def make() -> HeldBook:
        return HeldBook(open_store(url, clock=clock, audit=audit), clock)

    return AsyncBook(make, clock)


__all__ = ["AsyncBook", "Imported", "open"]
