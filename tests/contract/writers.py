"""Processes that write to one store while a test does something else."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from ledger.store.base import LogStore
from tests.contract.writer import batch

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = ("U1", "U2", "U3", "U4")
SIZE = 3


class Writers:
    """Four processes that append, and what each has been told is recorded."""

    def __init__(self, url: str, accounts: Sequence[str] = ACCOUNTS) -> None:
        self._running = {
            account: subprocess.Popen(
                [sys.executable, "-m", "tests.contract.url_writer", url, account, str(SIZE)],
                cwd=ROOT, stdout=subprocess.PIPE, text=True,
            )
            for account in accounts
        }  # fmt: skip
        self.acknowledged = dict.fromkeys(accounts, 0)
        self._ears = [Thread(target=self._hear, args=one) for one in self._running.items()]
        for ear in self._ears:
            ear.start()

    def _hear(self, account: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.acknowledged[account] = int(line) + 1

    def seen(self) -> dict[str, int]:
        """How many batches of each have been acknowledged."""
        return dict(self.acknowledged)

    def wait_for(self, more: int, seconds: int = 60) -> dict[str, int]:
        """Let each of them be acknowledged so many more."""
        before, end = self.seen(), time.monotonic() + seconds
        while any(self.acknowledged[one] < before[one] + more for one in before):
            if time.monotonic() > end:
                raise TimeoutError(f"the writers are stuck at {self.acknowledged}")
            time.sleep(0.002)
        return self.seen()

    def end(self) -> None:
        """Kill them, and hear them out."""
        for process in self._running.values():
            process.kill()
            process.wait(20)
        for ear in self._ears:
            ear.join(20)
        for process in self._running.values():
            assert process.stdout is not None
            process.stdout.close()


@contextmanager
def four_writers(url: str) -> Iterator[Writers]:
    """Writers that have begun, and are killed at the end."""
    writers = Writers(url)
    try:
        writers.wait_for(2)
        yield writers
    finally:
        writers.end()


def lacking(store: LogStore, acknowledged: dict[str, int]) -> list[str]:
    """The keys of what was acknowledged and is not in the store."""
    keys = [
        fact.key
        for account, batches in acknowledged.items()
        for number in range(batches)
        for fact in batch(account, number, SIZE)
    ]
    held: set[str] = set()
    for at in range(0, len(keys), 500):
        held |= store.by_key(keys[at : at + 500]).keys()
    return [key for key in keys if key not in held]
