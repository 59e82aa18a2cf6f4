"""The current fails while SQLite writes: what was acknowledged is there, whole and in its chain.

A recorded run is cut at random places. Of what was written and not synced by then a random part
is kept, some of it torn, and the store is opened on what is left, with its own driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

import pytest

from ledger.domain.events import Fact
from ledger.store import sqlite_schema
from ledger.store.port import AlreadyAppended, Appended, Outcome
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import Clock, fill
from tests.fault.disk import Disk, Op, Platter
from tests.fault.driver import connection_of, on_disk

BATCHES, SIZE, SESSIONS = 60, 2, 3
ACCOUNTS: Final = ("U1", "U2", "U3")
AS_SHIPPED, OFTEN = 14_000, 20
"""Pages of the log before it is copied into the file: as the store sets it, and far fewer."""

_names = (f"power-{n}" for n in count())


def run(folder: Path, *, pages: int) -> list[Op]:
    """Append batches in a few sessions; each acknowledgement is noted among the operations."""
    disk, number = Disk(next(_names)), 0
    for session in range(SESSIONS):
        with on_disk(disk.name):
            store = SQLiteStore(folder / "ledger.db", Clock())
        with store:
            connection_of(store).execute(f"PRAGMA wal_autocheckpoint = {pages}")
            while number < (session + 1) * BATCHES // SESSIONS:
                store.append(facts(number))
                disk.note(Op("ack", str(number)))
                number += 1
    return disk.ops


def facts(number: int) -> list[Fact]:
    """The facts of a batch; every seventh is large."""
    size = SIZE * (1 if number % 7 else 15)
    return [fill(f"{number}-{place}", ACCOUNTS[number % 3]) for place in range(size)]


def images(ops: Sequence[Op], points: int, seed: int) -> Iterator[tuple[int, dict[str, bytearray]]]:
    """At random places of a run: how many batches were acknowledged, and what the disk has."""
    chance, platter, done, acked = Random(seed), Platter(), 0, 0
    for place in sorted(chance.randrange(1, len(ops) + 1) for _ in range(points)):
        for op in ops[done:place]:
            platter.take(op)
            acked += op.what == "ack"
        done = place
        yield acked, platter.image(chance)


def put(folder: Path, files: dict[str, bytearray]) -> Path:
    """Write an image where a store can be opened on it."""
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / "ledger.db"


def lost(path: Path, acked: int) -> int:
    """Open an image: how many acknowledged batches are not there. It must be whole otherwise."""
    with SQLiteStore(path, Clock()) as store:
        assert store.verify().ok
        asked = [facts(number) for number in range(BATCHES)]
        stored = [len(store.by_key([fact.key for fact in one])) for one in asked]
        assert all(there in (0, len(one)) for there, one in zip(stored, asked, strict=True))
        for there, one in zip(stored[: acked + 1], asked, strict=False):
            assert kinds(store.append(one)) == {AlreadyAppended if there else Appended}
        assert kinds(store.append([fill("after")])) == {Appended}
        assert store.verify().ok
        return stored[:acked].count(0)


def kinds(outcomes: Sequence[Outcome]) -> set[type]:
    return set(map(type, outcomes))


def losses(path: Path, ops: Sequence[Op], points: int, seed: int = 10) -> list[int]:
    """Cut a run at many places; how many acknowledged batches each of them lost."""
    (path / "image").mkdir()
    return [lost(put(path / "image", files), acked) for acked, files in images(ops, points, seed)]


@pytest.mark.parametrize("pages", [AS_SHIPPED, OFTEN])
@pytest.mark.parametrize("points", [150, pytest.param(1000, marks=pytest.mark.slow_fault)])
def test_power_loss_loses_nothing_acknowledged(tmp_path: Path, pages: int, points: int) -> None:
    found = losses(tmp_path, run(tmp_path, pages=pages), points)
    assert (len(found), sum(found)) == (points, 0)


@pytest.mark.parametrize("pages", [AS_SHIPPED, OFTEN])
def test_a_disk_that_is_not_asked_to_sync_loses_some(
    tmp_path: Path, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: ``synchronous=NORMAL``, the rest as it is."""
    monkeypatch.setitem(sqlite_schema.SETTINGS, "synchronous", ("NORMAL", 1))
    ops = run(tmp_path, pages=pages)
    monkeypatch.undo()
    found = losses(tmp_path, ops, 30)
    assert sum(found) > 10
