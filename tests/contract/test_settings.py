"""A store that could not keep its word is not opened."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import (
    CorruptEventError,
    StoreBusyError,
    StoreFullError,
    StoreSettingsError,
)
from ledger.store import sqlite_schema
from ledger.store.sqlite import SQLiteLog, SQLiteStore
from ledger.store.sqlite_connection import connect
from ledger.store.sqlite_module import SAFE, SQLITE, SQLiteBuild, sqlite3
from tests.contract.helpers import Clock, fill

TABLES = ("events", "keys", "refs", "cursors", "tracking")


def test_the_settings_are_those_that_keep_what_is_acknowledged(path: Path) -> None:
    connection = connect(path, busy_seconds=3)
    asked = ("journal_mode", "synchronous", "recursive_triggers", "busy_timeout", "cache_size")
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert found == ["wal", 2, 1, 3000, -8192]
    connection.close()


def test_only_who_writes_keeps_many_pages(path: Path, clock: Clock) -> None:
    def pages(store: SQLiteStore) -> int:
        assert isinstance(store.log, SQLiteLog)
        (found,) = store.log.query("PRAGMA cache_size")[0]
        return int(found)

    with closing(SQLiteStore(path, clock)) as writer, closing(SQLiteStore(path, clock)) as reader:
        writer.append([fill("1")])
        assert len(list(reader.read_all())) == 1
        assert (pages(writer), pages(reader)) == (-65536, -8192)


WRONG = [
    "synchronous = OFF",
    "synchronous = NORMAL",
    "journal_mode = DELETE",
    "journal_mode = TRUNCATE",
    "journal_mode = PERSIST",
    "journal_mode = MEMORY",
    "journal_mode = OFF",
    "recursive_triggers = OFF",
    "fullfsync = OFF",
    "busy_timeout = 0",
]


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_is_refused(path: Path, setting: str) -> None:
    connection = connect(path, busy_seconds=5)
    sqlite_schema.require_settings(connection, str(path))
    connection.execute(f"PRAGMA {setting}")
    with pytest.raises(StoreSettingsError, match=setting.split()[0]):
        sqlite_schema.require_settings(connection, str(path))
    connection.close()


def test_a_database_in_memory_cannot_keep_anything(clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(StoreSettingsError):
        SQLiteStore(tmp_path / "no such folder" / "ledger.db", clock)
    with pytest.raises(StoreSettingsError):
        SQLiteStore(tmp_path, clock)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER events_no_update",
        "DROP TRIGGER keys_grow",
        "DROP TABLE keys",
        "PRAGMA user_version = 3",
        "PRAGMA user_version = 1",
        "DROP TRIGGER prices_no_update",
        "DROP TABLE prices",
        "PRAGMA application_id = 0",
        "ALTER TABLE events ADD COLUMN note TEXT",
    ],
)
def test_a_file_without_its_protections_is_not_opened(
    path: Path, clock: Clock, change: str
) -> None:
    SQLiteStore(path, clock).close()
    stranger = sqlite3.connect(path)
    stranger.execute(change)
    stranger.commit()
    stranger.close()
    with pytest.raises(StoreSettingsError):
        SQLiteStore(path, clock)


def test_another_program_s_events_table_is_no_ledger(path: Path, clock: Clock) -> None:
    stranger = sqlite3.connect(path)
    stranger.execute("CREATE TABLE events (id INTEGER)")
    stranger.close()
    with pytest.raises(StoreSettingsError, match="not a ledger"):
        SQLiteStore(path, clock)


@pytest.mark.parametrize("audit", [False, True])
@pytest.mark.parametrize("mark", [0, 0x1234])
def test_another_program_s_file_is_neither_read_nor_changed(
    path: Path, clock: Clock, mark: int, audit: bool
) -> None:
    stranger = sqlite3.connect(path)
    stranger.execute("CREATE TABLE customers (id INTEGER)")
    stranger.execute(f"PRAGMA application_id = {mark:d}")
    stranger.close()
    before = path.read_bytes()
    with pytest.raises(StoreSettingsError, match="is not a ledger: its mark is missing, and other"):
        SQLiteStore(path, clock, audit=audit)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_ledger_when_it_is_written_but_is_none_before(
    path: Path, clock: Clock
) -> None:
    path.touch()
    with pytest.raises(StoreSettingsError, match="not a ledger: there is nothing in it"):
        SQLiteStore(path, clock, audit=True)
    assert path.read_bytes() == b""
    with SQLiteStore(path, clock) as store:
        store.append([fill(1)])
        assert store.verify().ok


def test_a_ledger_whose_tables_are_all_gone_is_not_made_anew(path: Path, clock: Clock) -> None:
    SQLiteStore(path, clock).close()
    stranger = sqlite3.connect(path)
    for statement in ["DROP VIEW journal", *(f"DROP TABLE {name}" for name in TABLES)]:
        stranger.execute(statement)
    stranger.close()
    with pytest.raises(StoreSettingsError, match="events, keys"):
        SQLiteStore(path, clock)


def test_a_file_that_is_no_database_is_not_opened(path: Path, clock: Clock) -> None:
    path.write_bytes(b"account;symbol;qty\n" * 200)
    with pytest.raises(CorruptEventError, match="not a"):
        SQLiteStore(path, clock)


def test_only_the_owner_can_read_a_new_file(sqlite: SQLiteStore, path: Path) -> None:
    sqlite.append([fill(1)])
    files = list(path.parent.glob("ledger.db*"))
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_store_is_found_as_it_was_left(path: Path, clock: Clock) -> None:
    with SQLiteStore(path, clock) as store:
        store.append([fill(1)])
        digest = store.digest()
    with SQLiteStore(path, clock) as store:
        assert store.digest() == digest
        assert store.verify(digest).ok


def test_a_writer_that_does_not_finish_is_waited_for_only_so_long(path: Path, clock: Clock) -> None:
    with SQLiteStore(path, clock, busy_seconds=1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="try again"):
            store.append([fill(1)])
        other.execute("ROLLBACK")
        other.close()
        store.append([fill(1)])
        assert store.head() == 1


def test_a_full_disk_keeps_nothing_of_the_append_and_everything_before(
    sqlite: SQLiteStore,
) -> None:
    sqlite.append([fill("first")])
    (pages,) = sqlite.log.query("PRAGMA page_count")[0]  # type: ignore[attr-defined]
    sqlite.log.query(f"PRAGMA max_page_count = {pages + 5}")  # type: ignore[attr-defined]
    many = [fill(n, label="x" * 200) for n in range(500)]
    with pytest.raises(StoreFullError, match="make room"):
        sqlite.append(many)
    assert sqlite.head() == 1
    sqlite.log.query("PRAGMA max_page_count = 100000")  # type: ignore[attr-defined]
    sqlite.append(many)
    assert sqlite.verify().events == 501


# ------------------------------------------------------------------------------ which SQLite


def test_the_build_in_use_is_known() -> None:
    assert SQLITE.module in {"pysqlite3", "sqlite3"}
    assert SQLITE.version == sqlite3.sqlite_version_info


def test_a_build_with_the_wal_bug_is_warned_of() -> None:
    assert SQLiteBuild("sqlite3", SAFE).is_safe
    old = SQLiteBuild("sqlite3", (3, 51, 2))
    assert not old.is_safe
    assert "3.51.2" in old.advice
