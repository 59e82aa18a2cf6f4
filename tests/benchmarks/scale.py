"""How large a run is, and the files it works on: made when they are first asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import attrs

from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.sqlite import SQLiteStore
from tests.benchmarks.figures import progress
from tests.benchmarks.mix import Mix, history

ACCOUNTS: Final = 20
BATCH: Final = 1000
_STEP: Final = 5000

Mixes = Callable[[str, int], Mix]


@attrs.frozen(kw_only=True)
class Scale:
    """The sizes of a run; ``folder`` is where its files are."""

    folder: Path
    runs: int
    events: int
    small: int
    batches: int
    commits: int
    sample: int
    past: int
    fills: int
    compared: int
    questions: int
    seconds: float
    core: int
    made: dict[str, Any] = attrs.field(factory=dict, init=False)
    names: Iterator[int] = attrs.field(factory=count, init=False)

    def place(self, name: str) -> Path:
        """A path in the folder that nobody uses yet."""
        return self.folder / f"{next(self.names)}-{name}"

    def base(self, name: str, make: Callable[[], Iterable[Fact]]) -> Path:
        """A ledger file with these facts, made once."""
        path = self.folder / f"{name}.db"
        if name not in self.made:
            progress(f"making {path.name}")
            fill_file(path, make())
            self.made[name] = path
        return path

    def account(self, events: int) -> Path:
        """A file in which one account, ``A``, has so many events."""
        return self.base(f"account-{events}", partial(history, events))

    def accounts(self, mixes: Mixes = Mix, name: str = "accounts") -> tuple[Path, Iterator[Fact]]:
        """A copy of a file with twenty accounts, and their facts as they go on."""
        path = self.base(name, lambda: islice(crowd(mixes), self.events))
        return copied(path, self.place("copy.db")), islice(crowd(mixes), self.events, None)


def full(folder: Path) -> Scale:
    """Five runs, a million events."""
    return Scale(
        folder=folder, runs=5, events=1_000_000, small=10_000, batches=50, commits=400,
        sample=50_000, past=100_000, fills=100_000, compared=1_000_000, questions=200, seconds=90,
        core=200_000,
    )  # fmt: skip


def quick(folder: Path) -> Scale:
    """Three runs, smaller."""
    return Scale(
        folder=folder, runs=3, events=20_000, small=2_000, batches=6, commits=200,
        sample=8_000, past=20_000, fills=3_000, compared=10_000, questions=30, seconds=4,
        core=20_000,
    )  # fmt: skip


def crowd(mixes: Mixes) -> Iterator[Fact]:
    """The histories of twenty accounts, fact by fact in turns."""
    each = [mixes(f"A{n:02}", n) for n in range(ACCOUNTS)]
    told = [_told(mix) for mix in each]
    while True:
        for one in told:
            yield next(one)


def _told(mix: Mix) -> Iterator[Fact]:
    yield from mix.opening()
    yield from mix.rounds()


def fill_file(path: Path, facts: Iterable[Fact]) -> None:
    """Record facts in a new file, and leave it with an empty log beside it."""
    with SQLiteStore(path, system_clock) as store:
        source = iter(facts)
        while part := list(islice(source, _STEP)):
            store.append(part)
    synced(path)


def copied(path: Path, to: Path) -> Path:
    """A copy that is on the disk: else what is measured next pays for its writing."""
    shutil.copyfile(path, to)
    return synced(to)


def synced(path: Path) -> Path:
    """Have the disk keep a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path


def removed(*paths: Path) -> None:
    """Remove ledger files and what SQLite keeps beside them."""
    for path in paths:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
