"""A history to project, and a process whose children project it until they are killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from itertools import chain, islice
from typing import Final, NoReturn

import ledger
from ledger.domain.events import Fact
from projections.database import connect
from projections.runner import Runner
from tests.benchmarks.mix import Mix

DONE: Final = "done"
KILLED: Final = "killed"


def told(url: str, events: int, accounts: Iterable[str] = ("A", "B")) -> ledger.EventStore:
    """A store in which accounts have so many events together, told in turns."""
    store = ledger.open_store(url)
    mixes = [Mix(name, seed) for seed, name in enumerate(accounts, 1)]
    tellers = [chain(mix.opening(), mix.rounds()) for mix in mixes]
    while store.head() < events:
        for teller in tellers:
            facts: list[Fact] = list(islice(teller, min(100, events - store.head())))
            store.append(facts)
    return store


def main(store: str, reports: str, batch: str) -> None:
    """Whenever a line comes, have a child project until it is killed, and say so when it was: so
    the modules are loaded once for all that are killed."""
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            project(store, reports, int(batch))
        os.waitpid(child, 0)
        print(KILLED, flush=True)


def project(store: str, reports: str, batch: int) -> NoReturn:
    """Say who it is, project, say how far it is, and wait for the end."""
    print(os.getpid(), flush=True)
    runner = Runner(ledger.open_store(store), connect(reports), batch=batch)
    runner.catch_up(tell=lambda number, _: print(number, flush=True))
    print(DONE, flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
