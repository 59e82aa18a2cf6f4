"""Backups while four processes write; what a plain copy of the file is worth beside."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ledger
from ledger.errors import AlreadyThereError, StoreError
from ledger.store import backup as backups
from ledger.store.backup import backup, restore
from ledger.store.base import LogStore
from ledger.store.port import Digest
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import Clock, fill
from tests.contract.writers import ROOT, four_writers, lacking


@pytest.fixture(params=["sqlite", "postgres"])
def live(request: pytest.FixtureRequest, path: Path) -> Iterator[tuple[str, LogStore]]:
    """A store that several processes can write, and its url."""
    is_file = request.param == "sqlite"
    url = f"sqlite:///{path}" if is_file else request.getfixturevalue("url")
    store = ledger.open_store(url)
    assert isinstance(store, LogStore)
    yield url, store
    store.close()


def test_a_backup_holds_what_was_acknowledged_before_it_began(
    live: tuple[str, LogStore], tmp_path: Path
) -> None:
    url, store = live
    with four_writers(url) as writers:
        for turn in range(2):
            before, kept = writers.wait_for(3), store.digest()
            out = tmp_path / f"{turn}.backup"
            digest = backup(store, out)
            after = writers.wait_for(1)  # nobody was stopped by it
            with SQLiteStore(tmp_path / f"{turn}.db", Clock()) as restored:
                assert restore(out, restored, against=kept) == digest
                assert lacking(restored, before) == []
                assert restored.verify(kept).ok
                assert list(restored.rows()) == list(store.rows(upto=digest.number))
            assert all(after[account] > before[account] for account in before)
    assert lacking(store, writers.seen()) == []


def test_writers_are_not_kept_waiting(live: tuple[str, LogStore], tmp_path: Path) -> None:
    url, store = live
    store.append([fill(f"old{n}", "OLD") for n in range(20_000)])
    with four_writers(url) as writers:
        during: list[dict[str, int]] = [writers.seen()]
        backup(store, tmp_path / "out", progress=lambda done, total: during.append(writers.seen()))
        first, last = during[0], during[-1]
    assert sum(last.values()) > sum(first.values())


def test_a_digest_is_consistent_while_others_write(live: tuple[str, LogStore]) -> None:
    url, store = live
    with four_writers(url) as writers:
        digests = [store.digest() for _ in range(6) if writers.wait_for(1)]
        assert all(store.verify(digest).ok for digest in digests)
    assert [sum(h.version for h in d.streams.values()) for d in digests] == [
        digest.number for digest in digests
    ]


# ------------------------------------------------------------- the control: a copy of the file


def plain_copy(path: Path, copy: Path) -> Path:
    """What ``cp`` makes of a ledger file: its ``-wal`` is forgotten."""
    shutil.copyfile(path, copy)
    return copy


def wrong_with(copy: Path, against: Digest) -> str:
    """What is said of a copy; empty if it is whole."""
    try:
        with SQLiteStore(copy, Clock(), audit=True) as store:
            findings = store.verify(against).findings
    except StoreError as error:
        return str(error)
    return "; ".join(finding.what for finding in findings)


def test_a_plain_copy_of_a_live_file_loses_what_was_acknowledged_and_is_found(
    path: Path, tmp_path: Path
) -> None:
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(n, "OLD") for n in range(100)])
    with four_writers(f"sqlite:///{path}") as writers, SQLiteStore(path, Clock()) as store:
        before, digest = writers.wait_for(5), store.digest()
        copy = plain_copy(path, tmp_path / "copy.db")
        assert backup(store, tmp_path / "out").number >= digest.number
    with SQLiteStore(copy, Clock(), audit=True) as found:
        assert found.verify().ok, "it looks whole from inside"
        assert len(lacking(found, before)) >= 4 * 5 * 3
    assert "the log ends here, and the digest knows number" in wrong_with(copy, digest)
    with pytest.raises(StoreError, match="the digest knows"):
        restore(copy, SQLiteStore(tmp_path / "new.db", Clock()), against=digest)
    with backups.opened(copy) as opened, backups.opened(tmp_path / "out") as made:
        assert (opened.was_in_use, made.was_in_use) == (True, False)


def test_a_torn_copy_is_found(path: Path, tmp_path: Path) -> None:
    """The first half as it was before a checkpoint, the rest as it was after."""
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(n) for n in range(2_000)])
    early = path.read_bytes()
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(n) for n in range(2_000, 4_000)])
        digest = store.digest()
    late = path.read_bytes()
    half = len(early) // 8192 * 4096
    copy = tmp_path / "copy.db"
    for torn in (early[:half] + late[half:], late[:half] + early[half:], late[: len(late) - 4096]):
        copy.write_bytes(torn)
        assert wrong_with(copy, digest)
        with pytest.raises(StoreError):
            restore(copy, SQLiteStore(tmp_path / "new.db", Clock()), against=digest)


# ---------------------------------------------------------------------------- killed in the middle

_BACKUP = """
import sys, ledger
store = ledger.open_store(sys.argv[1])
ledger.backup(store, sys.argv[2], progress=lambda done, total: print(done, flush=True))
"""


def test_a_backup_that_is_killed_has_no_name(live: tuple[str, LogStore], tmp_path: Path) -> None:
    url, store = live
    store.append([fill(n) for n in range(20_000)])
    folder = tmp_path / "backups"
    folder.mkdir()
    out = folder / "books.backup"
    for lines in (1, 5, 12, 20):
        command = [sys.executable, "-c", _BACKUP, url, str(out)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for _ in range(lines):
                running.stdout.readline()
            running.kill()
        if lines < 20:
            assert not out.exists()
            assert len(list(folder.iterdir())) == 1
    out.unlink(missing_ok=True)
    digest = backup(store, out)
    assert [one.name for one in folder.iterdir()] == [out.name]
    with backups.opened(out, against=digest) as found:
        assert found.digest == store.digest()


_RESTORE = """
import sys, ledger
store = ledger.open_store(sys.argv[1])
ledger.restore(sys.argv[2], store, progress=lambda done, total: print(done, flush=True))
"""


def test_a_restore_that_is_killed_leaves_an_empty_store(
    live: tuple[str, LogStore], tmp_path: Path
) -> None:
    url, store = live
    with SQLiteStore(tmp_path / "source.db", Clock()) as source:
        source.append([fill(n) for n in range(20_000)])
        digest = backup(source, tmp_path / "out")
    for lines in (1, 5, 20):
        command = [sys.executable, "-c", _RESTORE, url, str(tmp_path / "out")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for _ in range(lines):
                running.stdout.readline()
            running.kill()
        assert store.head() == 0
    end = time.monotonic() + 20
    while True:  # a server needs a moment to see that the process is gone
        try:
            assert restore(tmp_path / "out", store) == digest
        except AlreadyThereError:
            raise
        except StoreError:
            if time.monotonic() > end:
                raise
        else:
            break
    assert store.verify(digest).ok
