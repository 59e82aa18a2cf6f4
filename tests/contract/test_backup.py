"""A backup is the store: complete, verified, and the way back leads to the same hashes."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

import ledger
from ledger.errors import AlreadyThereError, BadBackupError, BadDigestError, StoreError
from ledger.store import backup as backups
from ledger.store.backup import backup, restore
from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.port import Digest, Mark
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_file import beside
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill, order
from tests.postgres import Place

MANY = 2_100  # more than two pages


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "books.backup"


@pytest.fixture
def filled(store: LogStore) -> LogStore:
    """Facts of three accounts, more than a page, and the position of a reader."""
    store.append([fill(n, f"U{n % 3}", label="Überhang" if n % 7 == 0 else None)
                  for n in range(MANY)])  # fmt: skip
    store.append([order("c1", "Zürich")])
    with store.log.writing():
        store.log.track("another log", 17)
    return store


Anew = Callable[[], LogStore]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def anew(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[Anew]:
    """Makes an empty store of each kind."""
    made: list[LogStore] = []
    url = place.prepared() if request.param == "postgres" else ""

    def make() -> LogStore:
        match request.param:
            case "memory":
                made.append(MemoryStore(Clock()))
            case "sqlite":
                made.append(SQLiteStore(tmp_path / "restored.db", Clock()))
            case _:
                made.append(PostgresStore(url, Clock()))
        return made[-1]

    yield make
    for store in made:
        store.close()
    if url:
        place.drop(url)


def left_beside(path: Path) -> list[str]:
    """What stands in the folder beside the backup and the stores of the fixtures."""
    known = {path.name, "ledger.db", "ledger.db-wal", "ledger.db-shm"}
    return sorted(one.name for one in path.parent.iterdir() if one.name not in known)


# ------------------------------------------------------------------------ the way out and back


def test_a_backup_is_a_store_with_the_same_rows(filled: LogStore, out: Path) -> None:
    digest = backup(filled, out)
    with SQLiteStore(out, Clock(), audit=True) as copy:
        assert list(copy.rows()) == list(filled.rows())
        assert copy.verify(filled.digest()).ok
        assert (copy.digest(), copy.log.all_tracked()) == (digest, {"another log": 17})
    assert left_beside(out) == []


def test_what_is_restored_is_the_backup_row_by_row(filled: LogStore, anew: Anew, out: Path) -> None:
    digest = backup(filled, out)
    target = anew()
    assert restore(out, target) == digest == target.digest()
    assert list(target.rows()) == list(filled.rows())
    assert target.log.all_tracked() == {"another log": 17}
    assert target.verify(digest).ok


def test_the_chain_goes_on_after_a_restore(filled: LogStore, anew: Anew, out: Path) -> None:
    digest = backup(filled, out)
    target = anew()
    restore(out, target)
    assert len(target.append([fill(1, "U1"), fill("new", "U1")])) == 2
    (added,) = list(target.rows(after=digest.number))
    assert (added.number, added.prev_hash.hex()) == (digest.number + 1, digest.streams["U1"].hash)
    assert target.verify(digest).ok


def test_an_order_is_found_in_a_restored_store(filled: LogStore, anew: Anew, out: Path) -> None:
    backup(filled, out)
    target = anew()
    restore(out, target)
    assert [one.key for one in target.refs("Zürich", "order", "c1")] == [order("c1", "Zürich").key]


def test_a_backup_of_an_empty_store(store: LogStore, anew: Anew, out: Path) -> None:
    assert backup(store, out) == restore(out, anew()) == Digest(0, {})


def test_what_other_programs_wrote_is_in_it(store: LogStore, anew: Anew, out: Path) -> None:
    store.append([fill(1)])
    events = [StoredEvent("app", version, "topic", b"\xff\x00") for version in (7, 8)]
    store.recorder.insert_events(events)
    digest = backup(store, out)
    target = anew()
    assert restore(out, target) == digest
    assert list(target.rows()) == list(store.rows())


def test_round_the_databases(sqlite: SQLiteStore, postgres: PostgresStore, tmp_path: Path) -> None:
    sqlite.append([fill(n, f"U{n % 5}") for n in range(MANY)])
    first, second = tmp_path / "first", tmp_path / "second"
    digest = backup(sqlite, first)
    assert restore(first, postgres) == digest
    assert backup(postgres, second) == digest
    assert restore(second, SQLiteStore(tmp_path / "again.db", Clock())) == digest
    assert first.read_bytes() == second.read_bytes()


# ------------------------------------------------------------------------------- what is refused


def test_a_file_is_never_overwritten_unless_told(filled: LogStore, out: Path) -> None:
    out.write_bytes(b"precious")
    with pytest.raises(AlreadyThereError, match="not overwritten"):
        backup(filled, out)
    assert out.read_bytes() == b"precious"
    digest = backup(filled, out, replace=True)
    with backups.opened(out, against=digest) as found:
        assert found.digest == digest


@pytest.mark.parametrize("side", ["-wal", "-journal"])
def test_a_store_in_use_is_never_replaced(store: LogStore, out: Path, side: str) -> None:
    """Its journal would be taken for that of the new file."""
    out.write_bytes(b"precious")
    out.with_name(out.name + side).write_bytes(b"acknowledged")
    with pytest.raises(AlreadyThereError, match="a store in use"):
        backup(store, out, replace=True)
    assert out.read_bytes() == b"precious"


def test_a_store_is_not_its_own_backup(sqlite: SQLiteStore, path: Path) -> None:
    sqlite.append([fill(1)])
    with pytest.raises(AlreadyThereError):
        backup(sqlite, path, replace=True)
    assert sqlite.verify().events == 1


def test_a_file_that_comes_meanwhile_is_not_overwritten(filled: LogStore, out: Path) -> None:
    def race(done: int, total: int) -> None:
        out.write_bytes(b"precious")

    with pytest.raises(AlreadyThereError):
        backup(filled, out, progress=race)
    assert out.read_bytes() == b"precious"
    assert left_beside(out) == []


def test_only_its_owner_can_read_it(filled: LogStore, out: Path) -> None:
    backup(filled, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_named(store: LogStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        backup(store, tmp_path / "nowhere" / "books.backup")


def test_a_store_with_events_is_not_restored_into(filled: LogStore, out: Path) -> None:
    backup(filled, out)
    before = filled.digest()
    with pytest.raises(AlreadyThereError, match="2101 events"):
        restore(out, filled)
    assert filled.digest() == before


def test_a_store_with_a_readers_position_is_not_empty(store: LogStore, out: Path) -> None:
    with store.log.writing():
        store.log.track("another log", 3)
    backup(store, out)
    with pytest.raises(AlreadyThereError, match="1 positions"):
        restore(out, store)


def test_a_digest_from_elsewhere_refuses_another_history(
    filled: LogStore, anew: Anew, out: Path
) -> None:
    backup(filled, out)
    filled.append([fill("later")])
    target = anew()
    for later in (filled.digest(), filled.digest().mark):
        with pytest.raises(BadBackupError, match="the digest knows number 2102"):
            restore(out, target, against=later)
    assert target.head() == 0


def test_a_store_that_was_edited_gives_no_backup(sqlite: SQLiteStore, out: Path) -> None:
    sqlite.append([fill(n) for n in range(5)])
    sqlite.log.query("DROP TRIGGER events_no_update")  # type: ignore[attr-defined]
    sqlite.log.query("UPDATE events SET metadata = 'x' WHERE number = 3")  # type: ignore[attr-defined]
    with pytest.raises(BadBackupError, match="number 3: its bytes or columns were changed"):
        backup(sqlite, out)
    assert not out.exists()
    assert left_beside(out) == []


def test_a_store_with_a_gap_gives_no_backup(sqlite: SQLiteStore, out: Path) -> None:
    sqlite.append([fill(n) for n in range(5)])
    sqlite.log.query("DROP TRIGGER events_no_delete")  # type: ignore[attr-defined]
    sqlite.log.query("DELETE FROM events WHERE number = 3")  # type: ignore[attr-defined]
    with pytest.raises(BadBackupError, match="numbers 3 to 3 are missing"):
        backup(sqlite, out)


def test_whatever_byte_was_changed_it_is_refused_or_does_no_harm(
    sqlite: SQLiteStore, out: Path, tmp_path: Path
) -> None:
    sqlite.append([fill(n, f"U{n % 3}") for n in range(40)])
    digest, rows = backup(sqlite, out), list(sqlite.rows())
    whole, refused = out.read_bytes(), 0
    places = range(0, len(whole), 211)
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 0x15
        out.write_bytes(changed)
        target = MemoryStore(Clock())
        try:
            restore(out, target, against=digest)
        except StoreError:
            refused += 1
            assert target.head() == 0
        else:
            assert list(target.rows()) == rows
    assert refused > len(places) // 10


def test_a_changed_event_is_refused(filled: LogStore, anew: Anew, out: Path) -> None:
    backup(filled, out)
    out.write_bytes(out.read_bytes().replace(b'"ESZ6"', b'"ESX6"'))
    target = anew()
    with pytest.raises(BadBackupError, match="its bytes or columns were changed"):
        restore(out, target)
    assert target.head() == 0


def test_what_the_store_makes_of_it_is_verified_too(
    sqlite: SQLiteStore, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that keeps something else than it was given is found before the commit."""
    sqlite.append([fill(n) for n in range(5)])
    backup(sqlite, out)
    target = MemoryStore(Clock())
    add = target.log.add
    monkeypatch.setattr(target.log, "add", lambda rows: add(rows[:-1]))
    with pytest.raises(BadBackupError, match="the restored store does not verify"):
        restore(out, target)
    assert target.head() == 0


# --------------------------------------------------------------------------------- half-way ends


class StoppedError(Exception):
    pass


def interrupt(done: int, total: int) -> None:
    raise StoppedError


def test_a_backup_that_is_interrupted_leaves_nothing(filled: LogStore, out: Path) -> None:
    with pytest.raises(StoppedError):
        backup(filled, out, progress=interrupt)
    assert not out.exists()
    assert left_beside(out) == []
    backup(filled, out)


def test_a_restore_that_is_interrupted_leaves_nothing(
    filled: LogStore, anew: Anew, out: Path
) -> None:
    digest = backup(filled, out)
    target = anew()
    with pytest.raises(StoppedError):
        restore(out, target, progress=interrupt)
    assert target.head() == 0
    assert restore(out, target) == digest


def test_what_a_killed_run_left_is_removed(filled: LogStore, out: Path) -> None:
    for name, content in {"a": b"", "b": b"torn" * 2000, "c": b"SQLite format 3\x00"}.items():
        (out.parent / f".{out.name}.{name}.partial").write_bytes(content)
    other = out.parent / ".other.backup.x.partial"
    other.write_bytes(b"")
    backup(filled, out)
    assert left_beside(out) == [other.name]


def test_what_another_run_is_writing_is_left(store: LogStore, out: Path) -> None:
    with beside(out) as made:
        writer = sqlite3.connect(made, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        backup(store, out)
        assert made.exists()
        writer.close()


def test_a_dry_run_writes_nothing(filled: LogStore, out: Path) -> None:
    assert backup(filled, out, dry_run=True) == filled.digest()
    assert not out.exists()


def test_progress_is_told(filled: LogStore, out: Path) -> None:
    told: list[tuple[int, int]] = []
    backup(filled, out, progress=lambda done, total: told.append((done, total)))
    assert told == [(1000, MANY + 1), (2000, MANY + 1), (MANY + 1, MANY + 1)]


# ------------------------------------------------------------------------------ a digest in short


def test_a_digest_in_short_finds_a_cut_tail_and_another_history(store: LogStore) -> None:
    store.append([fill(n, f"U{n % 2}") for n in range(6)])
    mark = store.digest().mark
    store.append([fill(7)])
    assert store.verify(mark).ok
    other = MemoryStore(Clock())
    other.append([fill(n, f"U{n % 2}", label="other") for n in range(6)])
    assert "is not the one" in other.verify(mark).findings[0].what
    assert "the digest knows number 7" in other.verify(store.digest().mark).findings[0].what


@pytest.mark.parametrize("text", ["", "1", "1:00", f"-1:{'0' * 64}", f"1:{'0' * 65}", f"{{}}{1}"])
def test_a_text_that_is_no_digest_in_short(text: str) -> None:
    with pytest.raises(BadDigestError):
        Mark.from_text(text)


def test_the_library_has_both(tmp_path: Path) -> None:
    assert (ledger.backup, ledger.restore) == (backup, restore)


def test_sound_events_are_saved_from_a_store_without_its_triggers(
    sqlite: SQLiteStore, path: Path, out: Path
) -> None:
    sqlite.append([fill(n) for n in range(5)])
    sqlite.log.query("DROP TRIGGER events_no_update")  # type: ignore[attr-defined]
    with SQLiteStore(path, Clock(), audit=True) as auditor:
        assert not auditor.verify().ok
        digest = backup(auditor, out)
    with SQLiteStore(out, Clock()) as saved:
        assert (saved.verify().ok, saved.digest()) == (True, digest)


def test_an_auditor_of_a_database_can_make_one(
    postgres: PostgresStore, url: str, out: Path
) -> None:
    postgres.append([fill(n) for n in range(5)])
    with PostgresStore(url, Clock(), audit=True) as auditor:
        assert backup(auditor, out) == postgres.digest()
