"""One file, several processes and threads; and processes that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import StoreError
from ledger.store.port import AlreadyAppended, Appended
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill
from tests.contract.writer import batch

ROOT = Path(__file__).resolve().parents[2]


def writer(path: Path, account: str, batches: int, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.writer", path, account, batches, size]
    return subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_append_to_one_file(path: Path, clock: Clock) -> None:
    writers = [writer(path, account, 300, 1) for account in ("U1", "U2")]
    assert [len(w.communicate(timeout=120)[0].split()) for w in writers] == [300, 300]
    with SQLiteStore(path, clock) as store:
        assert [store.version("U1"), store.version("U2"), store.head()] == [300, 300, 600]
        assert store.verify().events == 600
        assert store.verify().ok


def test_two_processes_append_to_one_account(path: Path, clock: Clock) -> None:
    writers = [writer(path, "U1", 60, 5) for _ in range(2)]  # the same facts from both
    for process in writers:
        process.communicate(timeout=120)
        assert process.returncode == 0
    with SQLiteStore(path, clock) as store:
        assert store.version("U1") == 300
        assert store.verify().ok


@pytest.mark.parametrize("acknowledged", [1, 7, 20, 33])
def test_a_killed_writer_leaves_whole_batches(path: Path, clock: Clock, acknowledged: int) -> None:
    with writer(path, "U1", 0, 5) as process:
        assert process.stdout is not None
        acks = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        acks += process.stdout.readlines()
    with SQLiteStore(path, clock) as store:
        assert store.version("U1") % 5 == 0
        assert store.version("U1") >= 5 * len(acks)
        assert store.verify().ok
        stored = store.version("U1") // 5
        for number, kind in [(len(acks) - 1, AlreadyAppended), (stored, Appended)]:
            outcomes = store.append(batch("U1", number, 5))
            assert {type(outcome) for outcome in outcomes} == {kind}


def test_threads_share_a_store(sqlite: SQLiteStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sqlite.append([fill(n % 40), fill(f"x{n}")]), range(80)))
    assert sqlite.head() == 40 + 80
    assert sqlite.verify().ok


def test_threads_that_read_and_write(sqlite: SQLiteStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        written = pool.map(lambda n: sqlite.append([fill(n, f"U{n % 3}")]), range(60))
        read = list(pool.map(lambda n: [r.number for r in sqlite.read_all(after=n)], range(20)))
        list(written)
    assert all(numbers == sorted(numbers) for numbers in read)
    assert sqlite.verify().ok


def test_what_another_process_wrote_is_seen_at_once(sqlite: SQLiteStore, path: Path) -> None:
    with SQLiteStore(path, Clock()) as other:
        sqlite.append([fill(1)])
        assert other.head() == 1
        other.append([fill(2)])
        assert [o.recorded.version for o in sqlite.append([fill(3)])] == [3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_store_is_not_carried_over_a_fork(
    sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.sqlite.os.getpid", lambda: -1)
    with pytest.raises(StoreError, match="fork"):
        sqlite.append([fill(1)])
    monkeypatch.undo()


def test_a_long_reader_does_not_stop_the_writer(sqlite: SQLiteStore, path: Path) -> None:
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    sqlite.append([fill(1)])
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (0,)
    reader.close()
