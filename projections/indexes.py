"""Indexes, and what SQLite is told of them.

Without statistics SQLite takes an account to have ten rows, and goes through all of them rather
than use an index. Statistics that are counted change with what was there when it was done, and the
plans with them. So each index says here how many rows share its columns in a large account, and
SQLite is told that when the tables are made. PostgreSQL counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Index, Table

_SHARED: Final = "shared"
_ROWS: Final = 1_000_000
_OF_ACCOUNT: Final = 100_000
_OF_FIGURE: Final = 1_000
"""So many things of an account hold at a time."""


def index(table: Table, name: str, columns: Sequence[str], shared: Sequence[int]) -> None:
    """An index of some columns behind the account; ``shared`` says of each how many rows have the
    same up to there."""
    on = (table.c.account, *(table.c[column] for column in columns))
    Index(f"{table.name}_{name}", *on, info={_SHARED: (_ROWS, _OF_ACCOUNT, *shared)})


def index_of_holding(table: Table, identity: Sequence[str]) -> None:
    """An index of the rows that hold, so that finding one does not grow with those that held."""
    holds = table.c.until.is_(None)
    shared = (_OF_FIGURE, _OF_FIGURE // 10, *[2] * (len(identity) - 1), 1)
    Index(
        f"{table.name}_holding",
        table.c.account,
        *(table.c[column] for column in identity),
        sqlite_where=holds,
        postgresql_where=holds,
        info={_SHARED: shared},
    )


def tell_sqlite(connection: Connection, tables: Iterable[Table]) -> None:
    """Have SQLite plan for large accounts, in tables that were just made."""
    if connection.dialect.name != "sqlite":
        return
    quoted = connection.dialect.identifier_preparer.format_table
    for table in tables:
        connection.exec_driver_sql(f"ANALYZE {quoted(table)}")  # makes the table of statistics
        told = [(table.name, _text((_ROWS, _OF_ACCOUNT, *[1] * (len(table.primary_key) - 1))))]
        told += [(str(one.name), _text(one.info[_SHARED])) for one in table.indexes]
        rows = [(table.name, *one) for one in told]
        connection.exec_driver_sql(_TOLD, rows)
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads it


_TOLD: Final = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)"


def _text(shared: Iterable[int]) -> str:
    return " ".join(map(str, shared))
