"""The writing process is killed at any moment: nothing acknowledged is lost, no batch is torn, and
what nobody was told of is found by its keys."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ledger.clock import system_clock
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.fault.killing import Tally, killed, loop
from tests.fault.writer import facts, insert


def show(what: str, tally: Tally) -> None:
    print(f"{what}: {tally}")


@pytest.mark.parametrize("times", [8, pytest.param(50, marks=pytest.mark.slow_fault)])
def test_a_killed_writer_of_a_file(path: Path, times: int) -> None:
    tally = loop(times, str(path), lambda: SQLiteStore(path, system_clock), seed=9)
    show("sqlite", tally)
    assert (tally.kills, tally.lost, tally.torn) == (times, 0, 0)
    assert tally.acked > 3 * times


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow_fault)])
def test_a_killed_writer_to_a_server(url: str, times: int) -> None:
    tally = loop(times, url, lambda: PostgresStore(url, system_clock), seed=9)
    show("postgres", tally)
    assert (tally.kills, tally.lost, tally.torn) == (times, 0, 0)
    assert tally.acked > 3 * times


def test_a_naive_table_is_torn_and_has_things_twice(path: Path) -> None:
    """The negative control: no transaction around a batch, and no key to find it by. Whether a
    kill falls inside a batch is chance, so it goes on until one has."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE naive (key TEXT)")
    torn, chance = 0, Random(9)
    for time_ in range(40):
        for thread, done in killed("naive", str(path), f"r{time_}", chance).items():
            asked = facts(f"r{time_}", thread, done)
            query = "SELECT count(*) FROM naive WHERE key = ?"
            there = sum(connection.execute(query, [fact.key]).fetchone()[0] for fact in asked)
            torn += 0 < there < len(asked)
            insert(str(path), asked)
        if torn:
            break
    count = "SELECT count(*) - count(DISTINCT key) FROM naive"
    (twice,) = connection.execute(count).fetchone()
    connection.close()
    assert torn > 0
    assert twice > 0
