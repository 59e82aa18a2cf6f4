"""A history to project, and a process that projects it until it is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain, islice

import ledger
from ledger.domain.events import Fact
from projections.database import connect
from projections.runner import Runner
from tests.benchmarks.mix import Mix


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
    """Project, and say how far it is."""
    runner = Runner(ledger.open_store(store), connect(reports), batch=int(batch))
    runner.catch_up(tell=lambda number, _: print(number, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
