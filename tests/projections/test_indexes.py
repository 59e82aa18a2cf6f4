"""Indexes: what the runner looks up in SQLite it finds by one, however long a history is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

import ledger
from projections.database import connect
from projections.runner import Runner
from tests.projections.history import told

EVENTS = 700
WHOLE = ("SCAN", "PRIMARY KEY (account=?)")
"""How a plan tells that all rows, or all of an account's, are gone through."""


@pytest.fixture
def store() -> ledger.EventStore:
    return told("memory://", EVENTS)


@pytest.fixture
def engine(store: ledger.EventStore, tmp_path: Path) -> Iterator[Engine]:
    """Tables that have come half of the way."""
    engine = connect(f"sqlite:///{tmp_path}/books.reports.db")
    Runner(store, engine).catch_up(EVENTS // 2)
    yield engine
    engine.dispose()


@contextmanager
def asked(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The questions about tables of versions that are asked meanwhile, and of what."""
    found: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE")) and "account" in statement:
            is_many = isinstance(parameters, list)
            found.append((statement, parameters[0] if is_many else parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def slow(store: ledger.EventStore, engine: Engine) -> list[str]:
    """What a runner that begins in the middle of a log asks, and goes through an account for."""
    with asked(engine) as questions:
        Runner(store, engine, batch=50).catch_up()
    assert {"position_ledger_1", "pnl_days_1", "balance_ledger_1", "order_changes_1"} <= {
        word for statement, _ in questions for word in statement.replace(".", " ").split()
    }
    plans = []
    with engine.connect() as connection:
        for statement, parameters in dict.fromkeys(questions):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans += [str(row[3]) for row in rows]
    return [plan for plan in plans if plan.startswith(WHOLE[0]) or plan.endswith(WHOLE[1])]


def test_whoever_begins_in_the_middle_goes_through_no_account(
    store: ledger.EventStore, engine: Engine
) -> None:
    assert not slow(store, engine)


def test_without_what_sqlite_is_told_he_does(store: ledger.EventStore, engine: Engine) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("DELETE FROM sqlite_stat1"))
        connection.execute(text("ANALYZE sqlite_schema"))
        names = connection.execute(
            text("SELECT name FROM sqlite_schema WHERE name LIKE '%_holding'")
        ).scalars()
        for name in names.all():
            connection.exec_driver_sql(f"DROP INDEX {name}")
    engine.dispose()
    assert slow(store, engine)
