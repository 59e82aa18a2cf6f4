"""The stream of changes for asyncio: the tables are asked in a thread, so the loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from projections.changes import AT_ONCE, Changes, Entry

EVERY: Final = timedelta(milliseconds=50)
"""So much time passes between two looks at a log in which nothing is new."""


async def changes_after(
    changes: Changes, account: str, cursor: str | None = None, *, every: timedelta | None = EVERY
) -> AsyncIterator[Entry]:
    """What was recorded behind a cursor, and then what is recorded, without end; with ``every``
    None it ends with what there is. Who is cut off goes on behind the last entry he has dealt with.

    One stream uses a ``Reports`` at a time: each wants one of its own.
    """
    while True:
        page = await asyncio.to_thread(_page, changes, account, cursor)
        for entry in page:
            yield entry
            cursor = entry.cursor
        if len(page) < AT_ONCE:
            if every is None:
                return
            await asyncio.sleep(every.total_seconds())


def _page(changes: Changes, account: str, cursor: str | None) -> list[Entry]:
    return list(changes.after(account, cursor, limit=AT_ONCE))
