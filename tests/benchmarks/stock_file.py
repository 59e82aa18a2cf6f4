"""A SQLite file in which stock aggregates have been saved before, many and not one by one.

What the first facts left behind (100,000 of them, some 100 events of each position) is copied
under other ids until there are enough rows: the file is as large, and its index as wide, as if
they had all been saved. Their history goes on while it is measured, so the aggregates that are got
have a past; it is a shorter one than that of ours, which all the rows of their file are about. In a
quick run both have the same: 20,000 facts, some 20 events of each position.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import md5
from itertools import count, islice
from pathlib import Path

from ledger.store.sqlite_module import sqlite3
from tests.benchmarks import stock
from tests.benchmarks.figures import progress
from tests.benchmarks.mix import Mix
from tests.benchmarks.scale import BATCH, Scale, copied, crowd, removed, synced

StoredRow = tuple[str, int, str, bytes]


@contextmanager
def opened(scale: Scale) -> Iterator[stock.Programs]:
    """The programs, each on such a file, at the end of the history in it: with its positions in
    the cache of the second, and in the memory of the third."""
    paths = [copy_of_full(scale) for _ in range(3)]
    stores = map(stock.on_sqlite, paths)
    facts = crowd(Mix)
    programs = stock.Programs(
        stock.Stock(next(stores)), stock.Cached(next(stores)), stock.Kept(next(stores)), facts
    )
    past = list(islice(facts, scale.past))
    for program in programs.all:
        program.know(past)
    yield programs
    programs.close()
    removed(*paths)


def copy_of_full(scale: Scale) -> Path:
    """A copy of a file with as many rows as ours have, made once."""
    path: Path | None = scale.made.get("stock")
    if path is None:
        path = scale.made["stock"] = scale.place("stock-base.db")
        progress(f"making {path.name}")
        fill(path, scale.events, scale.past)
    return copied(path, scale.place("stock.db"))


def fill(path: Path, rows: int, past: int) -> None:
    """Make the file with at least so many rows, from what so many facts leave behind."""
    program, facts = stock.Kept(stock.on_sqlite(path)), crowd(Mix)
    for _ in range(past // BATCH):
        program.record(list(islice(facts, BATCH)))
    program.app.close()
    with closing(sqlite3.connect(str(path))) as connection:
        saved = connection.execute("SELECT * FROM stored_events ORDER BY 1, 2").fetchall()
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("DELETE FROM stored_events")
        connection.executemany("INSERT INTO stored_events VALUES (?, ?, ?, ?)", _more(saved, rows))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    synced(path)


def _more(saved: list[StoredRow], rows: int) -> Iterator[StoredRow]:
    """The same rows, and then the same under new ids, each aggregate's together."""
    made = 0
    for nth in count():
        for aggregate, version, topic, state in saved:
            other = md5(f"{nth} {aggregate}".encode(), usedforsecurity=False).hexdigest()
            yield other if nth else aggregate, version, topic, state
        made += len(saved)
        if made >= rows:
            return
