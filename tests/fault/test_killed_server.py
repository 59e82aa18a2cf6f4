"""The server is killed while several threads write: a backend, the postmaster, the whole group.

What was acknowledged is there, whole; what was in doubt is told by its keys when it is sent again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import Final

import psycopg
import pytest

from ledger.clock import system_clock
from ledger.errors import InDoubtError, StoreBusyError, StoreUnavailableError
from ledger.store.port import Appended
from ledger.store.postgres import PostgresStore
from tests.contract.crowd import until
from tests.contract.cutting_proxy import cutting_proxy
from tests.contract.test_postgres_loss import end_sessions
from tests.fault.killing import stored_of
from tests.fault.writer import facts
from tests.postgres import Place, Server, server

THREADS: Final = 4
"""The first two share a store, and so a connection and its groups."""


class Crew:
    """Threads that append until they are told to stop, and never give up."""

    def __init__(self, url: str) -> None:
        self.stores = [PostgresStore(url, system_clock, busy_seconds=20) for _ in range(3)]
        self.acked = [0] * THREADS
        self.answers = Counter[str]()
        self.stopping = threading.Event()

    def work(self, thread: int) -> None:
        """Append batch after batch; the next one only when this one was acknowledged."""
        store = self.stores[max(0, thread - 1)]
        for number in count():
            if self.stopping.is_set():
                return
            self._send(store, thread, number)
            self.acked[thread] = number + 1

    def _send(self, store: PostgresStore, thread: int, number: int) -> None:
        batch, before = facts("k", thread, number), ""
        while True:
            try:
                kinds = {type(outcome) for outcome in store.append(batch)}
            except (InDoubtError, StoreBusyError, StoreUnavailableError) as error:
                # A failed reconnection tells nothing new about an append that is in doubt.
                before = before if before == "InDoubtError" else type(error).__name__
                self.stopping.wait(1 / 50)
                continue
            assert len(kinds) == 1
            assert kinds == {Appended} or before == "InDoubtError"
            self.answers[f"{before}>{kinds.pop().__name__}"] += 1
            return

    def more(self, each: int) -> None:
        """Wait until every thread has had so many more acknowledgements."""
        wanted = [done + each for done in self.acked]
        until(lambda: all(map(int.__ge__, self.acked, wanted)), 60)


def kill(what: str, own: Server, place: Place, chance: Random) -> None:
    """Kill something of the server, and bring it back where it does not come back by itself."""
    match what:
        case "terminate":
            assert end_sessions(place)
        case "backend":
            query = "SELECT pid FROM pg_stat_activity WHERE usename = 'tradeledger_test_bot'"
            with psycopg.connect(place.admin, autocommit=True) as admin:
                pids = [pid for (pid,) in admin.execute(query).fetchall()]
            os.kill(chance.choice(pids), signal.SIGKILL)
        case "postmaster" | "group":
            own.kill(group=what == "group")
            own.start()


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.slow_fault)])
def test_a_killed_server_loses_nothing_acknowledged(own: Server, times: int) -> None:
    place, chance = Place(own.url("postgres")), Random(9)
    url = place.prepared()
    crew = Crew(url)
    with ThreadPoolExecutor(THREADS) as pool:
        working = [pool.submit(crew.work, thread) for thread in range(THREADS)]
        try:
            for what in ["terminate", "backend", "postmaster", "group"] * times:
                crew.more(chance.randrange(1, 20))
                kill(what, own, place, chance)
            crew.more(3)
        finally:
            crew.stopping.set()
        for one in working:
            one.result()
    print(f"postgres server: {4 * times} kills, {sum(crew.acked)} batches, {dict(crew.answers)}")
    for store in crew.stores:
        store.close()
    with PostgresStore(url, system_clock) as store:
        for thread, done in enumerate(crew.acked):
            sizes = [len(facts("k", thread, number)) for number in range(done)]
            assert [stored_of(store, "k", thread, number) for number in range(done)] == sizes
        assert store.head() == sum(
            len(facts("k", thread, number)) for thread in range(THREADS)
            for number in range(crew.acked[thread])
        )  # fmt: skip
        assert store.verify().ok


def test_a_server_that_commits_later_loses_what_it_acknowledged() -> None:
    """The negative control: ``synchronous_commit`` off, which the store refuses."""
    with server(settings={"wal_writer_delay": "10s"}) as one:
        with psycopg.connect(one.url("postgres"), autocommit=True) as admin:
            admin.execute("CREATE TABLE naive (n int)")
            admin.execute("SET synchronous_commit = off")
            for n in range(200):
                admin.execute("INSERT INTO naive VALUES (%s)", [n])
            one.kill()
        one.start()
        with psycopg.connect(one.url("postgres")) as admin:
            [(left,)] = admin.execute("SELECT count(*) FROM naive").fetchall()
    assert left < 200


def test_a_naive_table_has_what_was_in_doubt_twice(own: Server) -> None:
    """The negative control: no key, and so what was in doubt is inserted again."""
    with psycopg.connect(own.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE TABLE naive (n int)")
    with cutting_proxy(own.url("postgres")) as (proxy, through):
        for n in range(10):
            for proxy.armed in (True, False):
                insert_naively(through, n)
    with psycopg.connect(own.url("postgres")) as admin:
        query = "SELECT count(*), count(DISTINCT n) FROM naive"
        assert admin.execute(query).fetchone() == (20, 10)


def insert_naively(url: str, n: int) -> None:
    """One transaction, whatever becomes of its answer."""
    connection = psycopg.connect(url)
    try:
        connection.execute("INSERT INTO naive VALUES (%s)", [n])
        connection.commit()
    except psycopg.OperationalError:
        pass  # in doubt; the caller will do it again
    finally:
        connection.close()
