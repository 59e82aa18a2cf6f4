"""What an append asks is planned once, and in a way that stays good while the log grows."""

from __future__ import annotations

import psycopg
import pytest

from ledger.store import postgres_statements as sql
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from tests.contract.helpers import fill
from tests.postgres import Place


def test_the_look_is_planned_once(postgres: PostgresStore) -> None:
    for n in range(40):
        postgres.append([fill(n)])
    query = """SELECT custom_plans, generic_plans FROM pg_prepared_statements
        WHERE statement LIKE '%%asked(stream)%%' AND %s"""
    [(custom, generic)] = postgres.log.query(query, (True,))  # type: ignore[attr-defined]
    assert custom <= 5
    assert generic > 25


@pytest.fixture
def short(postgres: PostgresStore, url: str, place: Place) -> PostgresStore:
    """A log so short that reading its tables from end to end would be the quickest."""
    postgres.append([fill(n) for n in range(20)])
    with psycopg.connect(place.owner) as owner:
        for table in ("events", "keys"):
            owner.execute(f"ANALYZE {target_of(url).schema}.{table}".encode())
    return postgres


def plan(store: PostgresStore, question: str) -> str:
    """How a question is answered, whatever is asked, if it is planned now."""
    connection = store.log._session.connection  # type: ignore[attr-defined]
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE look (text, text) AS {question % ('$1', '$2')}")
    return "\n".join(line for (line,) in connection.execute("EXPLAIN EXECUTE look ('', '')"))


def test_the_look_is_planned_for_a_log_that_grows(short: PostgresStore) -> None:
    with short.log.writing():
        assert "Seq Scan" not in plan(short, sql.AHEAD)


def test_outside_an_append_it_would_be_planned_for_one_that_stays_short(
    short: PostgresStore,
) -> None:
    """The negative control."""
    assert "Seq Scan" in plan(short, sql.AHEAD)


def test_without_limits_it_would_join_whole_tables(short: PostgresStore) -> None:
    """The negative control."""
    head, limit, tail = sql.AHEAD.rpartition("WHERE keys.key = asked.key LIMIT 1")
    question = f"{head}{limit.removesuffix('LIMIT 1')}{tail}"
    with short.log.writing():
        assert "Index Cond: (key = " not in plan(short, question)
