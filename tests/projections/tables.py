"""What tests of the read models share: runners over a book, and all that their tables hold."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from sqlalchemy import Engine, select

import ledger
from projections.database import connect
from projections.runner import Runner
from tests.property.stories import EVERYTHING

LESS = settings(max_examples=max(20, settings().max_examples // 12))
"""Tables are made for each example, and some are asked of at every number."""

ORDERLY: tuple[str, ...] = (*EVERYTHING, "order", "order", "fill", "bust")
TOLD: dict[str, Any] = {"books": ("net", "hedge"), "terse": True, "moves": ORDERLY}
"""What stories are told of: all kinds of facts, in two books."""

Rows = dict[str, list[tuple[Any, ...]]]


_ENGINES = [connect("sqlite://"), connect("sqlite://")]


def in_memory(which: int = 0) -> Engine:
    """An empty database. There are two, which are used again: an engine learns its statements."""
    _ENGINES[which].dispose()  # with its connection the database in memory is gone
    return _ENGINES[which]


def projected(book: ledger.Book, engine: Engine | None = None, *, batch: int = 1000) -> Runner:
    """A runner that has caught up with a book."""
    runner = Runner(book.store, engine or in_memory(1), batch=batch)
    runner.catch_up()
    return runner


def dump(runner: Runner) -> Rows:
    """Every row of every table, as it was written."""
    with runner.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*_place(table)))]
            for name, table in runner.tables().items()
        }


def _place(table: Any) -> tuple[Any, ...]:
    return table.c.account, table.c.number, table.c.line


def held_at(rows: list[Any], number: int) -> list[Any]:
    """The rows that held at a log number."""
    return [row for row in rows if row.number <= number and (row.until or number + 1) > number]


def named(runner: Runner, name: str) -> list[Any]:
    """The rows of a table, by the names of its columns."""
    table = runner.tables()[name]
    with runner.engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*_place(table))))
