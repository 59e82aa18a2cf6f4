"""A process that appends: ``python -m tests.contract.writer PATH ACCOUNT BATCHES SIZE``.

Prints the number of each batch once it was acknowledged. With 0 batches it goes on until it
is ended from outside.
"""

from __future__ import annotations

import sys
from itertools import count

from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import fill


def batch(account: str, number: int, size: int) -> list[Fact]:
    """The facts of one batch; every batch has its own."""
    return [fill(number * size + place, account) for place in range(size)]


def main(path: str, account: str, batches: int, size: int) -> None:
    with SQLiteStore(path, system_clock, busy_seconds=60) as store:
        for number in range(batches) if batches else count():
            store.append(batch(account, number, size))
            print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
