"""A book that is used for long holds no more at the end than after its warm-up.

``TRADELEDGER_SOAK_EVENTS`` says how many events ``make fault`` writes: a million, unless given.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import fill
from tests.fault.driver import connection_of

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
MOST_WAL = 64_000_000
Sample = dict[str, int]


def soak(folder: Path, events: int, restarts: int, *how: str) -> list[Sample]:
    """Run it in a process of its own, showing now and then how far it has come."""
    command = [sys.executable, "-m", "tests.fault.soak", folder, events, restarts, *how]
    samples: list[Sample] = []
    with subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            samples.append(json.loads(line))
            if len(samples) % 10 == 0:
                print(samples[-1], flush=True)
    assert process.returncode == 0
    return samples


def growth(samples: list[Sample]) -> int:
    """Bytes of memory for 100,000 events, by a straight line through the samples."""
    events = [sample["events"] for sample in samples]
    line = statistics.linear_regression(events, [sample["rss"] for sample in samples])
    return round(line.slope * 100_000)


def warm(samples: list[Sample]) -> list[Sample]:
    """Those after the first half, when caches and what a book keeps of late are full."""
    return samples[len(samples) // 2 :]


def test_a_short_run_holds_no_more_at_its_end(tmp_path: Path) -> None:
    samples = warm(soak(tmp_path, 20_000, 4))
    assert max(s["rss"] for s in samples) - samples[0]["rss"] < 4 * MIB
    assert max(s["wal"] for s in samples) < MOST_WAL
    assert {s["files"] for s in samples} == {samples[0]["files"]}
    assert {s["threads"] for s in samples} == {1}


@pytest.mark.slow_fault
@pytest.mark.timeout(7200)
def test_a_million_events_and_twenty_restarts(tmp_path: Path) -> None:
    events = int(os.environ.get("TRADELEDGER_SOAK_EVENTS", "1000000"))
    everything = soak(tmp_path, events, 20)
    samples = warm(everything)
    print(f"{events} events: {growth(samples) / MIB:+.2f} MiB for 100,000 events, {samples[-1]}")
    assert growth(samples) < MIB
    assert max(s["wal"] for s in everything) < MOST_WAL
    assert {s["files"] for s in everything} == {samples[0]["files"]}
    assert {s["threads"] for s in everything} == {1}


def test_what_is_kept_is_seen(tmp_path: Path) -> None:
    """The negative control: every fact is kept, and no book is closed."""
    samples = soak(tmp_path, 6_000, 3, "LEAK")
    assert growth(samples[len(samples) // 3 :]) > 4 * MIB
    assert samples[-1]["files"] > samples[0]["files"]


@pytest.mark.slow_fault
@pytest.mark.parametrize("pages", [None, 16_000])
def test_the_log_of_a_busy_file_stays_below_its_limit(
    sqlite: SQLiteStore, path: Path, pages: int | None
) -> None:
    """Keys all over the table touch most pages; with more of them the log outgrows the limit."""
    if pages is not None:
        connection_of(sqlite).execute(f"PRAGMA wal_autocheckpoint = {pages}")
    chance, wal = Random(17), Path(f"{path}-wal")
    for _ in range(100):
        sqlite.append([fill(f"{chance.getrandbits(80):x}") for _ in range(1000)])
    print(f"write-ahead log: {wal.stat().st_size / 1e6:.1f} MB with {pages or 'the usual'} pages")
    assert wal.stat().st_size > 50_000_000  # it was reached
    assert (wal.stat().st_size < MOST_WAL) == (pages is None)
