"""The disk is full, at every page, and gets room again: nothing half, reading goes on, and so does
the book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.book import Book
from ledger.errors import StoreFullError
from ledger.store.port import Appended
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill
from tests.fault.calls import BOOK_CALLS, Call, batch, book_on, figures, group
from tests.fault.driver import connection_of
from tests.postgres import Place

PLENTY = 1_000_000


def full(store: SQLiteStore, room: int) -> None:
    """Leave room for so many pages more."""
    connection = connection_of(store)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + room}")


def emptied(store: SQLiteStore) -> None:
    connection_of(store).execute(f"PRAGMA max_page_count = {PLENTY}")


def is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except StoreFullError:
        return True
    return False


@pytest.mark.parametrize("size", [100, 250])
def test_an_append_that_finds_room_for_some_pages_keeps_nothing(
    sqlite: SQLiteStore, size: int
) -> None:
    sqlite.append([fill("first")])
    for room in count():
        full(sqlite, room)
        before = sqlite.head()
        refused = is_refused(partial(sqlite.append, batch(room, size)))
        assert sqlite.head() == len(list(sqlite.read_all())) == before + (not refused) * size
        if not refused:
            break
        emptied(sqlite)
        assert {type(one) for one in sqlite.append(batch(room, size))} == {Appended}
    assert room > 3
    assert sqlite.verify().ok


@pytest.mark.parametrize("call", BOOK_CALLS, ids=str)
def test_a_book_on_a_full_disk_answers_and_goes_on(sqlite: SQLiteStore, call: Call) -> None:
    book = book_on(sqlite)
    book.record_all([fill(f"begin{n}") for n in range(200)])
    full(sqlite, 0)
    kept = 0
    while not is_refused(partial(call.run, book, kept)):
        kept += 1
    before = figures(book)
    assert before == figures(Book(sqlite, Clock()))
    assert is_refused(partial(call.run, book, kept))
    emptied(sqlite)
    head = sqlite.head()
    call.run(book, kept)
    assert sqlite.head() == head + call.events
    assert figures(book) == figures(Book(sqlite, Clock())) != before
    assert sqlite.verify().ok


def test_a_group_on_a_full_disk_is_refused_whole(sqlite: SQLiteStore) -> None:
    sqlite.append([fill("first")])
    calls = [[fill(f"{n}-{k}") for k in range(60)] for n in range(5)]
    full(sqlite, 2)
    errors: list[Any] = group(sqlite, calls)
    # Who comes first finds nobody writing and has all the room there is.
    assert {type(error) for error in errors} <= {StoreFullError, type(None)}
    assert errors.count(None) * 60 + 1 == sqlite.head()
    assert sum(error is not None for error in errors) >= 4
    emptied(sqlite)
    assert group(sqlite, calls) == [None] * 5
    assert sqlite.head() == 301
    assert sqlite.verify().ok


def test_a_naive_table_keeps_what_found_room(path: Path) -> None:
    """The negative control: no transaction around what belongs together."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE naive (text TEXT)")
    connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.executemany("INSERT INTO naive VALUES (?)", [("x" * 900,)] * 100)
    (kept,) = connection.execute("SELECT count(*) FROM naive").fetchone()
    connection.close()
    assert 0 < kept < 100


@pytest.fixture
def full_server(
    place: Place, url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, bool], None]]:
    """Makes a table of a store refuse rows as a server does that finds no room for them. The
    trigger that does it stands for the disk: a store that connects again, as it does after a
    refused row, must not find fault with it."""
    monkeypatch.setattr("ledger.store.postgres_connection.require_schema", lambda *_: None)
    schema = target_of(url).schema
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"SET search_path = {schema}".encode())
        owner.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$"
        )

        def set_full(table: str, is_full: bool) -> None:
            if is_full:
                owner.execute(
                    f"CREATE TRIGGER no_room BEFORE INSERT ON {table} "
                    "EXECUTE FUNCTION no_room()".encode()
                )
            else:
                owner.execute(f"DROP TRIGGER no_room ON {table}".encode())

        yield set_full


@pytest.mark.parametrize("table", ["events", "keys"])
@pytest.mark.parametrize("call", BOOK_CALLS, ids=str)
def test_a_book_on_a_full_server_answers_and_goes_on(
    postgres: PostgresStore, full_server: Callable[[str, bool], None], call: Call, table: str
) -> None:
    book = book_on(postgres)
    book.record_all([fill(f"begin{n}") for n in range(60)])
    before, head = figures(book), postgres.head()
    full_server(table, True)
    assert is_refused(partial(call.run, book, 1))
    assert postgres.head() == head
    assert before == figures(book) == figures(Book(postgres, Clock()))
    full_server(table, False)
    call.run(book, 1)
    assert postgres.head() == head + call.events
    assert figures(book) == figures(Book(postgres, Clock())) != before
    assert postgres.verify().ok
