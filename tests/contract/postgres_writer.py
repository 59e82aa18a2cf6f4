"""A process that writes to PostgreSQL: ``python -m tests.contract.postgres_writer HOW URL ...``.

``chained URL ACCOUNT APPENDS SIZE`` appends batches and sleeps before each commit;
``naive URL ACCOUNT APPENDS SIZE`` does the same into a table with a sequence and no lock, as
many event stores have it.
"""

from __future__ import annotations

import random
import sys
import time

import psycopg

from ledger.clock import system_clock
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from ledger.store.postgres_session import Session
from tests.contract.writer import batch

LONGEST_DELAY = 0.004


def pause(chance: random.Random) -> None:
    """A moment between the insert and its commit, as a busy machine has it."""
    time.sleep(chance.random() * LONGEST_DELAY)


def chained(url: str, account: str, appends: int, size: int) -> None:
    """Append through the store, slowly."""
    chance, commit = random.Random(account), Session._commit

    def slow(self: Session) -> None:
        pause(chance)
        commit(self)

    Session._commit = slow  # type: ignore[method-assign]
    with PostgresStore(url, system_clock, busy_seconds=60) as store:
        for number in range(appends):
            store.append(batch(account, number, size))


def naive(url: str, account: str, appends: int, size: int) -> None:
    """Insert into a table whose numbers come from a sequence, before they are committed."""
    chance, target = random.Random(account), target_of(url)
    with psycopg.connect(target.conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {target.schema}".encode())
        for number in range(appends):
            with connection.transaction():
                for place in range(size):
                    values = (account, number * size + place)
                    connection.execute("INSERT INTO naive (account, n) VALUES (%s, %s)", values)
                pause(chance)


if __name__ == "__main__":
    how, url, account, count, last = sys.argv[1:]
    match how:
        case "chained":
            chained(url, account, int(count), int(last))
        case "naive":
            naive(url, account, int(count), int(last))
