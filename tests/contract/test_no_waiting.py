"""While another process writes, every question is answered at once, on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.errors import StoreBusyError
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import APPLICATION, target_of
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill, order
from tests.postgres import Place

ROOT = Path(__file__).resolve().parents[2]
FILE = """
import sys
from ledger.store.sqlite_module import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
SERVER = """
import sys
import psycopg
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [int(a) for a in sys.argv[2:]])
    print("locked", flush=True)
    sys.stdin.read()
"""
QUESTIONS: dict[str, Callable[[ledger.Book], object]] = {
    "positions": lambda book: book.positions("U1"),
    "balances": lambda book: book.balances("U1"),
    "order": lambda book: book.order("U1", "c1"),
    "explain": lambda book: book.explain("U1", "ESZ6"),
    "order before": lambda book: book.order("U1", "c1", known_at=3),
    "log": lambda book: list(book.log("U1")),
    "verify": lambda book: book.verify().ok,
    "digest": lambda book: book.digest(),
}


@contextmanager
def holding(code: str, *arguments: object) -> Iterator[None]:
    """A process that holds the writer's lock."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate(timeout=30)


@contextmanager
def written(request: pytest.FixtureRequest, kind: str) -> Iterator[tuple[str, Any]]:
    """A store with an order, and how another process takes its lock."""
    if kind == "sqlite":
        path = request.getfixturevalue("path")
        yield f"sqlite:///{path}", lambda: holding(FILE, path)
        return
    url = request.getfixturevalue("url")
    place: Place = request.getfixturevalue("place")
    yield url, lambda: holding(SERVER, place.owner, APPLICATION, target_of(url).lock)


def filled(url: str) -> None:
    with ledger.open(url, clock=Clock()) as book:
        book.open_account("U1", base_currency="USD")
        book.record_all([order("c1"), *(fill(n, cl_ord_id="c1") for n in range(2))])


def impatient(url: str) -> ledger.Book:
    """A book that waits for a second, not for five, until another process has written."""
    clock, kind = Clock(), SQLiteStore if url.startswith("sqlite") else PostgresStore
    return ledger.Book(kind(url.removeprefix("sqlite:///"), clock, busy_seconds=1), clock)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_question_is_answered_while_another_process_writes(
    request: pytest.FixtureRequest, kind: str, question: Callable[[ledger.Book], object]
) -> None:
    with written(request, kind) as (url, lock):
        filled(url)
        with ledger.open(url) as book:
            expected = question(book)
        with lock():
            begun = time.monotonic()
            with ledger.open(url) as book:
                assert question(book) == expected
            assert time.monotonic() - begun < 3


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_order_is_read_from_the_log_where_the_index_was_never_made(
    request: pytest.FixtureRequest, kind: str
) -> None:
    with written(request, kind) as (url, lock):
        filled(url)
        with lock(), ledger.open(url) as book:
            assert book.store.log.refs_upto() == 0  # type: ignore[attr-defined]
            begun = time.monotonic()
            found = [one.number for one in book.store.refs("U1", "order", "c1")]
            assert len(found) == 3
            assert time.monotonic() - begun < 3
            assert book.order("U1", "c1").cum_qty == 4
        with lock(), impatient(url) as book:  # the control: the lock is held indeed
            with pytest.raises(StoreBusyError):
                book.open_account("U2", base_currency="USD")
            with pytest.raises(StoreBusyError):
                book.store.rebuild_refs()  # type: ignore[attr-defined]


def test_a_file_whose_derived_tables_are_gone_is_read_while_another_process_writes(
    path: Path, request: pytest.FixtureRequest
) -> None:
    with written(request, "sqlite") as (url, lock):
        filled(url)
        stranger = sqlite3.connect(path)
        stranger.execute("DROP TABLE refs")
        stranger.close()
        with lock(), ledger.open(url) as book:
            assert book.order("U1", "c1").cum_qty == 4
            assert book.verify().ok
