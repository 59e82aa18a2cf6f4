"""The raw driver: the same rows into the same tables, under the same settings and triggers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ledger.store.rows import Row
from ledger.store.sqlite_connection import connect

ADD: Final = f"INSERT INTO events VALUES ({', '.join('?' * len(Row._fields))})"
ADD_KEY: Final = "INSERT INTO keys VALUES (?, ?)"


def opened(path: Path) -> Any:
    """A connection as the store itself opens it."""
    return connect(path, busy_seconds=5)


def insert_many(connection: Any, rows: Sequence[Row]) -> None:
    """All rows in one commit."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(ADD, rows)
    connection.executemany(ADD_KEY, [(row.key, row.number) for row in rows])
    connection.execute("COMMIT")


def insert_each(connection: Any, rows: Sequence[Row]) -> None:
    """Every row in a commit of its own."""
    execute = connection.execute
    for row in rows:
        execute("BEGIN IMMEDIATE")
        execute(ADD, row)
        execute(ADD_KEY, (row.key, row.number))
        execute("COMMIT")
