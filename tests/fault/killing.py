"""Killing the writing process at a random moment, and what the store has to say afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from ledger.store.base import LogStore
from ledger.store.port import AlreadyAppended, Appended
from tests.fault.writer import THREADS, facts

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 80
"""So many milliseconds at most go on after the first acknowledgement."""


class Tally(NamedTuple):
    """What was found after some kills, in batches."""

    kills: int = 0
    acked: int = 0
    lost: int = 0
    torn: int = 0
    doubtful: int = 0
    """Stored, and nobody was told."""

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*map(sum, zip(self, other, strict=True)))


def killed(how: str, place: str, run: str, chance: Random) -> dict[int, int]:
    """Let a process write, and kill it and all its threads: how many batches of each thread were
    acknowledged."""
    command = [sys.executable, "-m", "tests.fault.writer", how, place, run]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        acks = [process.stdout.readline()]
        time.sleep(chance.randrange(LONGEST) / 1000)
        os.killpg(process.pid, signal.SIGKILL)
        acks += process.stdout.readlines()
    numbers = [tuple(map(int, ack.split())) for ack in acks]
    done = {thread: [n for t, n in numbers if t == thread] for thread in range(THREADS)}
    assert all(order == list(range(len(order))) for order in done.values())
    return {thread: len(order) for thread, order in done.items()}


def found(store: LogStore, run: str, acked: dict[int, int]) -> Tally:
    """Look for every batch, and send the one in doubt again."""
    tally = Tally(kills=1)
    for thread, done in acked.items():
        stored = [stored_of(store, run, thread, number) for number in range(done + 2)]
        assert stored[-1] == 0  # nobody began it
        whole = [len(facts(run, thread, number)) for number in range(done + 1)]
        torn = sum(0 < there < size for there, size in zip(stored, whole, strict=False))
        again = store.append(facts(run, thread, done))
        kind = AlreadyAppended if stored[done] else Appended
        assert {type(outcome) for outcome in again} == {kind}
        lost = stored[:done].count(0)
        tally = tally.plus(Tally(0, done, lost, torn, int(stored[done] > 0)))
    return tally


def stored_of(store: LogStore, run: str, thread: int, number: int) -> int:
    """How many facts of a batch are there."""
    return len(store.by_key([fact.key for fact in facts(run, thread, number)]))


def loop(times: int, place: str, open_: Callable[[], LogStore], seed: int) -> Tally:
    """Kill so many processes one after another, all of which write to one store."""
    chance, tally = Random(seed), Tally()
    for time_ in range(times):
        acked = killed("chained", place, f"r{time_}", chance)
        with open_() as store:
            tally = tally.plus(found(store, f"r{time_}", acked))
            assert store.verify().ok
    return tally
