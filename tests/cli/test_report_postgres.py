"""Read models of books in PostgreSQL: in a schema of their own beside the log's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

import ledger
from adapters.cli.beside import beside
from adapters.cli.read_models import bring, opened
from ledger.domain.events import CashDeposited
from projections.runner import Runner
from tests import postgres as servers
from tests.cli.nights import night, retold, summary
from tests.cli.running import NEW_YORK, Run


@pytest.fixture
def store(place: servers.Place) -> Iterator[str]:
    """A store that its owner makes, and the tables beside it."""
    url = place.url(place.new(), servers.OWNER)
    yield url
    place.drop(url)
    place.drop(f"{url}_reports")


@pytest.fixture
def books(run: Run, statement: object, store: str) -> Run:
    """The sample statement in that store."""
    told = ("ingest", "ibkr_flex", "statement.xml", "--account", "demo", *NEW_YORK)
    assert run(*told, "--store", store).code == 0
    return run


def test_the_tables_are_in_a_schema_beside(books: Run, store: str, place: servers.Place) -> None:
    assert books("project", "--store", store).code == 0
    schema = store.rpartition("schema=")[2]
    with psycopg.connect(place.owner) as owner:
        query = f"SELECT sum(amount) FROM {schema}_reports.v_balance_ledger WHERE currency = 'EUR'"
        assert str(owner.execute(query.encode()).fetchone()[0]) == "997.50"  # type: ignore[index]
    assert books("project", "--store", store, "--status").code == 0


def test_a_report_is_the_same_from_either_database(books: Run, store: str) -> None:
    elsewhere = ("--reports", "sqlite:///here.db")
    for name in ("pnl", "trades", "position-ledger", "balance-ledger", "orders", "order-statistics",
                 "value", "equity", "lot-trades", "stops", "metrics", "excursions"):  # fmt: skip
        asked = ("report", name, "--store", store, "--json")
        assert books(*asked).out == books(*asked, *elsewhere).out


def test_a_reconciliation_is_made_again_to_the_byte(books: Run, store: str) -> None:
    asked = ("reconcile", "ibkr_flex", str(retold(Path("statement.xml"))), "--store", store)
    assert books(*asked, "--out", "night").code == 1
    known = ("--known-at", str(summary()["log"]["number"]))
    assert books(*asked, "--out", "again", *known).code == 1
    assert night() == night("again")


def test_a_snapshot_is_kept_beside_them(books: Run, store: str) -> None:
    day = ("--day", "2026-03-06", "--store", store)
    assert books("snapshot", "take", *day).code == 0
    assert books("snapshot", "check", *day).code == 0


def test_who_brings_them_finds_those_that_another_built_anew(books: Run, store: str) -> None:
    with ledger.open(store) as book, opened(beside(store)) as engine:
        runner = Runner(book.store, engine)
        bring(runner, 22)
        assert books("project", "--store", store, "--rebuild", "balances").code == 0
        book.record("demo", CashDeposited(id="d", amount=Decimal(5), currency="USD"))
        bring(runner, 23)
        assert set(runner.numbers().values()) == {23}
        assert runner.tables()["balance_ledger"].name == "balance_ledger_2"


def test_a_role_that_may_not_make_them_is_told(
    books: Run, store: str, place: servers.Place
) -> None:
    denied = place.url("not_to_be_made", servers.BOT)
    done = books("report", "pnl", "--store", store, "--reports", denied)
    assert (done.code, done.out) == (2, "")
    assert "permission denied" in done.err
    assert servers.PASSWORD not in done.err
