"""An audit leaves nothing beside the file, and never takes away what is somebody's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ledger.errors import StoreError
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill
from tests.contract.test_processes import writer


@pytest.fixture
def closed(path: Path) -> Path:
    """A ledger file that nobody has open."""
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(n) for n in range(3)])
    assert beside(path) == []
    return path


def beside(path: Path) -> list[str]:
    """The side files that are there."""
    return sorted(one.name.removeprefix(path.name) for one in path.parent.glob(f"{path.name}-*"))


def head(path: Path) -> int:
    with SQLiteStore(path, Clock()) as store:
        return store.head()


def test_nothing_is_left_and_the_file_is_as_it_was(closed: Path) -> None:
    before = closed.read_bytes()
    with SQLiteStore(closed, Clock(), audit=True) as auditor:
        assert auditor.verify().ok
    assert (beside(closed), closed.read_bytes()) == ([], before)


def test_nothing_is_left_of_a_file_that_is_refused(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(StoreError, match="not a ledger"):
        SQLiteStore(path, Clock(), audit=True)
    assert beside(path) == []


def killed(path: Path) -> None:
    """Let a process write, and kill it."""
    with writer(path, "U9", 0, 1) as process:
        assert isinstance(process, subprocess.Popen)
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        process.kill()


def test_what_a_killed_writer_left_is_not_touched(closed: Path) -> None:
    killed(closed)
    wal = Path(f"{closed}-wal").read_bytes()
    with SQLiteStore(closed, Clock(), audit=True) as auditor:
        events = auditor.verify().events
    assert events >= 3 + 5
    assert Path(f"{closed}-wal").read_bytes() == wal
    assert head(closed) == events


def test_who_writes_meanwhile_keeps_his_files(closed: Path) -> None:
    auditor = SQLiteStore(closed, Clock(), audit=True)
    assert auditor.head() == 3
    with SQLiteStore(closed, Clock()) as store:
        store.append([fill("later")])
        auditor.close()
        assert beside(closed) == ["-shm", "-wal"]
        assert store.append([fill("last")])
    assert (head(closed), beside(closed)) == (5, [])


def test_who_was_killed_meanwhile_loses_nothing(closed: Path) -> None:
    with SQLiteStore(closed, Clock(), audit=True) as auditor:
        assert auditor.head() == 3
        killed(closed)
        seen = auditor.head()
        assert seen >= 3 + 5
    # What was synced, but not yet in the index of the journal that others see, comes with the
    # recovery: one more than was acknowledged.
    assert seen <= head(closed) <= seen + 1
