"""The server goes away, at any moment: nothing acknowledged is lost, nothing is told wrongly."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import Tracking

import ledger
from ledger.domain.events import Fact, Recorded, Side
from ledger.errors import BadTextError, InDoubtError, StoreError, StoreUnavailableError
from ledger.store.port import AlreadyAppended, Appended, Conflict
from ledger.store.postgres import PostgresLog, PostgresStore
from ledger.store.postgres_session import Asked, Session
from tests.contract.cutting_proxy import CuttingProxy, cutting_proxy
from tests.contract.helpers import Clock, fill
from tests.postgres import Place, Server, server


def end_sessions(place: Place, user: str = "tradeledger_test_bot") -> int:
    """What an administrator or a crashed backend does; how many sessions it hit."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
    with psycopg.connect(place.admin, autocommit=True) as admin:
        return len(admin.execute(query, [user]).fetchall())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may kill it."""
    with server() as one:
        yield one


def test_an_idle_connection_that_was_cut_is_made_again(
    postgres: PostgresStore, place: Place
) -> None:
    postgres.append([fill(1)])
    for n in (2, 3):
        assert end_sessions(place)
        assert postgres.append([fill(n)])[0].recorded.number == n
        assert end_sessions(place)
        assert postgres.head() == n
    assert end_sessions(place)
    assert postgres.digest().number == 3
    assert postgres.verify().ok


@pytest.mark.parametrize("size", [1, 3, 700])
def test_a_connection_cut_inside_an_append_keeps_nothing(
    postgres: PostgresStore, place: Place, size: int
) -> None:
    postgres.append([fill("first")])

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        end_sessions(place)
        return []

    facts = [fill(n) for n in range(size)]
    with pytest.raises(StoreUnavailableError):
        postgres.append([*facts, fill("first")], revise=revise)
    assert postgres.head() == 1
    outcomes = postgres.append([*facts, fill("first")])
    assert [type(o) for o in outcomes] == [Appended] * size + [AlreadyAppended]
    assert postgres.verify().ok


def test_a_large_append_that_fails_on_its_way_keeps_nothing(postgres: PostgresStore) -> None:
    facts = [fill(n) for n in range(900)]
    with pytest.raises(BadTextError):
        postgres.append([*facts, fill("x")._replace(key="a\x00b")])
    assert postgres.head() == 0
    assert len(postgres.append(facts)) == 900
    assert postgres.verify().events == 900


def test_a_large_append_may_be_read_from_and_added_to(postgres: PostgresStore) -> None:
    seen: list[int] = []

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        seen.extend(r.number for r in postgres.refs("U1", "exec", fact.key))
        seen.append(len(postgres.by_key([fact.key, facts[0].key])))
        seen.append(postgres.head())
        return [fill(f"more {n} of {recorded.number}") for n in range(450)]

    postgres.append([fill("first")])
    facts = [fill(n) for n in range(900)]
    postgres.append([*facts, fill("first")], revise=revise, dry_run=True)
    assert postgres.head() == 1
    postgres.append([*facts, fill("first")], revise=revise)
    assert postgres.head() == 1 + 900 + 450
    assert seen == [1, 1, 1, 1, 1, 1]
    assert postgres.verify().ok


def test_an_append_does_not_begin_inside_a_reading(postgres: PostgresStore) -> None:
    with postgres.log.reading(), pytest.raises(StoreError, match="append after"):
        postgres.append([fill(1)])
    assert postgres.append([fill(1)])[0].recorded.number == 1


@contextmanager
def commits_cut(monkeypatch: pytest.MonkeyPatch, *, stored: bool) -> Iterator[None]:
    """The line is cut at every commit, before or after the server has done it."""
    together = Session._together

    def cut(self: Session, *asked: Asked) -> Any:
        is_commit = asked[-1][0] == "COMMIT"
        done = together(self, *asked) if stored or not is_commit else None
        if is_commit:
            self.connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Session, "_together", cut)
        yield


def test_a_command_in_doubt_is_sent_again_and_counts_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: dict[str, Any] = {
        "cl_ord_id": "c1", "instrument_id": "X", "side": Side.BUY, "order_qty": Decimal(1),
    }  # fmt: skip
    with ledger.open(url) as book:
        book.open_account("U1", base_currency="USD")
        kind = ledger.InstrumentKind.EQUITY
        book.define(
            "U1", ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD")
        )
        with commits_cut(monkeypatch, stored=True), pytest.raises(InDoubtError):
            book.place("U1", **order)
        assert isinstance(book.place("U1", **order), AlreadyAppended)
        assert book.order("U1", "c1").leaves_qty == 1
        assert book.store.head() == 3


@pytest.mark.parametrize("size", [1, 2, 700])
@pytest.mark.parametrize("stored", [True, False])
def test_a_commit_that_is_cut_is_in_doubt_and_a_retry_tells(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch, stored: bool, size: int
) -> None:
    facts = [fill(n) for n in range(size)]
    with (
        commits_cut(monkeypatch, stored=stored),
        pytest.raises(InDoubtError, match="same facts again"),
    ):
        postgres.append(facts)
    kind = AlreadyAppended if stored else Appended
    assert [type(o) for o in postgres.append(facts)] == [kind] * size
    assert postgres.head() == size


def test_what_writes_no_facts_is_never_in_doubt(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.append([fill(1)])
    with commits_cut(monkeypatch, stored=False):
        with pytest.raises(StoreUnavailableError):
            postgres.append([fill(1)])
        with pytest.raises(StoreUnavailableError):
            postgres.append([fill(2)], dry_run=True)
        with pytest.raises(StoreUnavailableError):
            postgres.digest()
        with pytest.raises(InDoubtError):
            postgres.recorder.insert_tracking(Tracking("up", 1))
    assert postgres.head() == 1


@pytest.fixture
def proxied(own: Server, clock: Clock) -> Iterator[tuple[CuttingProxy, PostgresStore]]:
    url = Place(own.url("postgres")).prepared()
    with cutting_proxy(url) as (proxy, through), PostgresStore(through, clock) as store:
        yield proxy, store


@pytest.mark.parametrize("times", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_lost_acknowledgements_make_no_duplicate_and_no_false_conflict(
    proxied: tuple[CuttingProxy, PostgresStore], times: int
) -> None:
    proxy, store = proxied
    for n in range(times):
        proxy.armed = True
        facts = [fill(n), fill(f"x{n}", "U2")]
        with pytest.raises(InDoubtError):
            store.append(facts, expected={"U1": n})
        again = store.append(facts, expected={"U1": n})
        assert [type(o) for o in again] == [AlreadyAppended] * 2
        [other] = store.append([fill(n, last_qty=Decimal(99))])
        assert isinstance(other, Conflict)
    assert proxy.cuts == times
    assert store.head() == 2 * times
    assert store.verify().ok


@pytest.mark.parametrize("what", ["postmaster", "group"])
def test_a_server_that_is_killed_loses_nothing_acknowledged(
    own: Server, clock: Clock, what: str
) -> None:
    url = Place(own.url("postgres")).prepared()
    acknowledged = []
    with PostgresStore(url, clock) as store:
        for turn in range(3):
            for n in range(20):
                store.append([fill(f"{turn}-{n}"), fill(f"{turn}-{n}", "U2")])
                acknowledged.append(f"{turn}-{n}")
            own.kill(group=what == "group")
            with pytest.raises(StoreUnavailableError):
                store.append([fill("while it is away")])
            own.start()
            assert store.head() == 2 * len(acknowledged)
        assert len(store.by_key([fill(id).key for id in acknowledged])) == len(acknowledged)
        assert store.verify().ok


def test_threads_share_a_store(postgres: PostgresStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: postgres.append([fill(n % 40), fill(f"x{n}")]), range(80)))
    assert postgres.head() == 40 + 80
    assert postgres.verify().ok


def test_threads_that_read_and_write(postgres: PostgresStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        written = pool.map(lambda n: postgres.append([fill(n, f"U{n % 3}")]), range(60))
        read = list(pool.map(lambda n: [r.number for r in postgres.read_all(after=n)], range(20)))
        list(written)
    assert all(numbers == sorted(numbers) for numbers in read)
    assert postgres.verify().ok


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_store_is_not_carried_over_a_fork(postgres: PostgresStore) -> None:
    postgres.append([fill(1)])
    child = os.fork()
    if not child:  # pragma: no cover - in the child
        code = 1
        try:
            postgres.append([fill(2)])
        except StoreError as error:
            code = 0 if "fork" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert postgres.append([fill(3)])[0].recorded.number == 2


def test_a_closed_store_gives_its_connection_back(postgres: PostgresStore, place: Place) -> None:
    log = postgres.log
    assert isinstance(log, PostgresLog)
    mine = log._session.connection.info.backend_pid
    assert sessions(place, mine) == 1
    postgres.close()
    postgres.close()
    end = time.monotonic() + 10
    while sessions(place, mine) and time.monotonic() < end:
        time.sleep(0.01)  # the server takes a moment to see it
    assert sessions(place, mine) == 0


def sessions(place: Place, pid: int) -> int:
    """How many sessions a backend has: one, until it has ended."""
    query = "SELECT pid FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(place.admin, autocommit=True) as admin:
        return len(admin.execute(query, [pid]).fetchall())
