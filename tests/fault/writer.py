"""A process that is there to be killed: ``python -m tests.fault.writer HOW PLACE RUN``.

Several threads append batches without end, through one store, and say of each batch when it was
acknowledged: ``thread number``. ``chained`` appends to the store at PLACE, a path or a PostgreSQL
url; ``naive`` inserts into a table of a SQLite file one by one, as it is often done.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from itertools import count

from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.base import LogStore
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import fill

THREADS = 3


def facts(run: str, thread: int, number: int) -> list[Fact]:
    """A batch of one thread: from one event to nine, for two accounts."""
    size = 1 + (number * 4 + thread) % 9
    return [fill(f"{run}-{thread}-{number}-{k}", f"U{k % 2}") for k in range(size)]


def opened(place: str) -> LogStore:
    """The store at a path or a url."""
    if place.startswith("postgresql"):
        return PostgresStore(place, system_clock, busy_seconds=60)
    return SQLiteStore(place, system_clock, busy_seconds=60)


def insert(path: str, batch: list[Fact]) -> None:
    """The naive way: a row is a commit, and nothing tells whether it is there already."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    for fact in batch:
        connection.execute("INSERT INTO naive VALUES (?)", [fact.key])
    connection.close()


def work(write: Callable[[list[Fact]], object], run: str, thread: int) -> None:
    """Write batch after batch, and acknowledge each in one piece."""
    for number in count():
        write(facts(run, thread, number))
        os.write(1, f"{thread} {number}\n".encode())


def main(how: str, place: str, run: str) -> None:
    if how == "chained":
        write: Callable[[list[Fact]], object] = opened(place).append
    else:
        write = lambda batch: insert(place, batch)  # noqa: E731
    for thread in range(THREADS):
        threading.Thread(target=work, args=(write, run, thread)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
