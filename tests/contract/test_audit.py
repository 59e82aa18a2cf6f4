"""A file that nothing protects any more is still read, to say what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import ledger
from ledger.errors import StoreError, StoreSettingsError
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import PROTECTED
from tests.contract.helpers import Clock, fill

EDIT = (
    "UPDATE events SET state = CAST(replace(state, '5000.25', '5000.35') AS BLOB) WHERE number = 2"
)
TRIGGERS = [name for name in PROTECTED if "_" in name]


@pytest.fixture
def file(path: Path, clock: Clock) -> Path:
    """A closed file of three fills."""
    with SQLiteStore(path, clock) as store:
        store.append([fill(n) for n in range(3)])
    return path


def change(path: Path, *statements: str) -> None:
    stranger = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        stranger.execute(statement)
    stranger.close()


def found(path: Path, clock: Clock) -> list[tuple[int, str]]:
    with SQLiteStore(path, clock, audit=True) as store:
        return [(one.number, one.what) for one in store.verify().findings]


def test_an_untouched_file_is_clean(file: Path, clock: Clock) -> None:
    with SQLiteStore(file, clock, audit=True) as store:
        assert store.verify(store.digest()).ok
        assert store.verify().events == 3


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_removed_trigger_is_a_finding(file: Path, clock: Clock, name: str) -> None:
    change(file, f"DROP TRIGGER {name}")
    with pytest.raises(StoreSettingsError, match="run 'tradeledger verify'"):
        SQLiteStore(file, clock)
    lost = f"{name} was removed or changed: history is not protected"
    assert found(file, clock) == [(0, lost)]


def test_an_edit_behind_the_removed_triggers_is_found_in_the_same_run(
    file: Path, clock: Clock
) -> None:
    change(file, "DROP TRIGGER events_no_update", EDIT)
    (number, what), (_, lost) = found(file, clock)
    assert (number, "hash is another" in what, "events_no_update" in lost) == (2, True, True)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("ALTER TABLE events ADD COLUMN note TEXT", "events"),
        ("ALTER TABLE events RENAME COLUMN hash TO digest", "events"),
        ("DROP TABLE keys", "keys"),
    ],
)
def test_a_changed_table_is_a_finding(file: Path, clock: Clock, statement: str, name: str) -> None:
    change(file, statement)
    told = [what for _, what in found(file, clock)]
    assert f"{name} was removed or changed: history is not protected" in told


def test_without_the_table_of_events_there_is_still_an_answer(file: Path, clock: Clock) -> None:
    change(file, "DROP VIEW journal", "DROP TABLE events")
    told = [what for _, what in found(file, clock)]
    assert told[0].startswith("no such table: events")
    assert "events was removed or changed: history is not protected" in told


def test_a_digest_is_compared_too(file: Path, clock: Clock) -> None:
    with SQLiteStore(file, clock) as store:
        digest = store.digest()
    cut = ("DELETE FROM keys WHERE number = 3", "DELETE FROM events WHERE number = 3")
    change(file, *(f"DROP TRIGGER {name}" for name in TRIGGERS), *cut)
    with SQLiteStore(file, clock, audit=True) as store:
        told = [one.what for one in store.verify(digest).findings]
    assert any("the log ends here, and the digest knows number 3" in what for what in told)


def test_nothing_can_be_written(file: Path, clock: Clock) -> None:
    with SQLiteStore(file, clock, audit=True) as store:
        with pytest.raises(StoreError, match="open to be audited"):
            store.append([fill("more")])
        assert store.head() == 3


def test_nothing_is_made_or_mended(file: Path, clock: Clock, tmp_path: Path) -> None:
    change(file, "DROP TRIGGER events_no_update")
    before = file.read_bytes()
    found(file, clock)
    assert file.read_bytes() == before
    with pytest.raises(StoreSettingsError):
        SQLiteStore(tmp_path / "none.db", clock, audit=True)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("content", [b"", b"account;symbol;qty\n" * 200])
def test_what_is_no_ledger_is_still_refused(path: Path, clock: Clock, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError):
        SQLiteStore(path, clock, audit=True)


def test_the_name_of_a_file_is_no_address(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "a?mode=rwc#b%20c.db"
    SQLiteStore(path, clock).close()
    with SQLiteStore(path, clock, audit=True) as store:
        assert store.verify().ok


def test_a_book_is_opened_so(file: Path) -> None:
    change(file, "DROP TRIGGER events_no_update")
    with ledger.open(f"sqlite:///{file}", audit=True) as book:
        assert not book.verify().ok
        assert len(list(book.log("U1"))) == 3


def test_in_memory_there_is_nothing_to_get_past() -> None:
    with ledger.open("memory://", audit=True) as book:
        assert book.verify().ok
