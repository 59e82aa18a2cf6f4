"""The N-th operation on the file fails, for every N, and so do all after it until the disk is
mended; or the process is killed before it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from itertools import count
from pathlib import Path
from typing import Final

import apsw
import pytest

from ledger.errors import InDoubtError, StoreError, StoreFullError
from ledger.store.port import AlreadyAppended, Appended
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import Clock, fill
from tests.fault.calls import STORE_CALLS, Call, batch
from tests.fault.disk import Disk
from tests.fault.driver import connection_of, on_disk

CODES: Final = {
    "write": apsw.SQLITE_IOERR_WRITE, "sync": apsw.SQLITE_IOERR_FSYNC, "full": apsw.SQLITE_FULL
}  # fmt: skip
CALLS: Final = [
    Call("batch", 6, lambda store, n: store.append(batch(n, 6))),
    *(call for call in STORE_CALLS if call.name not in ("batch", "bulk")),
]

BEYOND: Final = 2
"""The same call takes more operations at one time than at another: so often none failed."""

_names = (f"nth-{n}" for n in count())


class Fault:
    """Lets some operations of a kind through; the next one fails, and so does whatever comes after
    it until it is mended."""

    def __init__(self, kind: str = "", number: int = 0) -> None:
        self.kind = kind
        self.left = number
        self.has_failed = False

    def __call__(self, what: str, name: str) -> None:
        what = "full" if self.kind == "full" and what == "write" else what
        self.left -= what == self.kind
        if what == self.kind and not self.left:
            self.has_failed = True
        if self.has_failed and what in CODES:
            raise apsw.exception_for(CODES[what])


WORKS: Final = Fault()


@pytest.fixture
def disk() -> Disk:
    return Disk(next(_names), keeps=False)


@pytest.fixture
def store(disk: Disk, path: Path) -> Iterator[SQLiteStore]:
    with on_disk(disk.name):
        store = SQLiteStore(path, Clock())
    with store:
        yield store


def after_a_kill(path: Path, folder: Path) -> int:
    """The last number in the files as they are now, without what was only in memory."""
    folder.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", folder / f"{path.name}{suffix}")
    with SQLiteStore(folder / path.name, Clock()) as store:
        return store.verify().events


def attempt(call: Call, store: SQLiteStore, n: int) -> StoreError | None:
    try:
        call.run(store, n)
    except StoreError as error:
        return error
    return None


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("pages", [14_000, 1], ids=["", "checkpoint"])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_any_operation_of_the_disk_may_fail(
    store: SQLiteStore, disk: Disk, path: Path, tmp_path: Path, call: Call, pages: int, kind: str
) -> None:
    connection_of(store).execute(f"PRAGMA wal_autocheckpoint = {pages}")
    n = beyond = 0
    while beyond < BEYOND:
        n += 1
        before, fault = store.head(), Fault(kind, n)
        disk.before = fault
        error = attempt(call, store, n)
        disk.before = WORKS
        allowed = {0, call.events} if isinstance(error, InDoubtError) else {call.events}
        if error is not None and not isinstance(error, InDoubtError):
            assert type(error) is (StoreFullError if kind == "full" else StoreError)
            allowed = {0}
        if call.name != "refs":
            assert store.head() - before in allowed
            assert after_a_kill(path, tmp_path / "copy") - before in allowed
        assert attempt(call, store, n) is None
        assert store.head() == before + call.events
        beyond += not fault.has_failed
    assert n > BEYOND
    assert store.verify().ok


def test_a_commit_whose_sync_failed_is_there_after_a_kill(
    store: SQLiteStore, disk: Disk, path: Path, tmp_path: Path
) -> None:
    """Why it is in doubt: gone for this process, and kept for the one that comes after it."""
    store.append([fill("before")])
    disk.before = Fault("sync", 1)
    with pytest.raises(InDoubtError, match="same facts again"):
        store.append([fill(1)])
    disk.before = WORKS
    assert store.head() == 1
    assert after_a_kill(path, tmp_path / "copy") == 2
    with SQLiteStore(tmp_path / "copy" / path.name, Clock()) as later:
        assert isinstance(later.append([fill(1)])[0], AlreadyAppended)
    assert isinstance(store.append([fill(1)])[0], Appended)


@pytest.mark.parametrize("kind", CODES)
def test_without_doubt_it_would_be_told_wrongly(
    store: SQLiteStore, disk: Disk, path: Path, tmp_path: Path, kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The negative control: a failed commit taken for one that kept nothing."""
    monkeypatch.setattr("ledger.store.sqlite.commit", lambda c, path, matters: c.execute("COMMIT"))
    check = test_any_operation_of_the_disk_may_fail
    wrong = pytest.raises(AssertionError, match="assert")
    with wrong if kind == "sync" else nullcontext():
        check(store, disk, path, tmp_path, CALLS[0], 14_000, kind)


@pytest.mark.parametrize("kind", CODES)
def test_any_operation_while_a_file_is_made_may_fail(disk: Disk, tmp_path: Path, kind: str) -> None:
    for n in count(1):
        path, fault = tmp_path / f"{n}.db", Fault(kind, n)
        disk.before = fault
        with on_disk(disk.name), suppress(StoreError):
            SQLiteStore(path, Clock()).close()
        disk.before = WORKS
        with SQLiteStore(path, Clock()) as store:
            assert isinstance(store.append([fill(1)])[0], Appended)
            assert store.verify().ok
        if not fault.has_failed:
            break
    assert n > 2
