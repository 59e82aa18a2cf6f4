"""When a group's writer fails, is closed or does not come: all who wait are told so, by name."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import system_clock
from ledger.domain.events import Fact, Recorded
from ledger.errors import (
    BadTextError,
    InDoubtError,
    StoreBusyError,
    StoreClosedError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from ledger.store.base import LogStore
from ledger.store.port import Appended
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from tests.contract.crowd import appending, crowd, ended, until
from tests.contract.helpers import fill
from tests.contract.test_postgres_loss import end_sessions
from tests.postgres import Place

# ------------------------------------------------------------------------ when it fails for all


def test_a_full_disk_fails_all_and_nothing_is_kept(sqlite: SQLiteStore) -> None:
    sqlite.append([fill(f"x{n}") for n in range(50)])
    connection = sqlite.log._connection  # type: ignore[attr-defined]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    calls = [appending(sqlite, *[fill(f"{n}-{k}") for k in range(100)]) for n in range(6)]
    futures = crowd(sqlite, calls)
    errors = [future.exception() for future in futures]
    assert {type(error) for error in errors} == {StoreFullError}
    assert len({id(error) for error in errors}) == 6  # each has an error of its own
    assert sqlite.head() == 50
    connection.execute("PRAGMA max_page_count = 1000000")
    assert [ended(f)[:8] for f in crowd(sqlite, calls)] == ["Appended"] * 6
    assert sqlite.verify().ok


def test_a_server_that_goes_away_fails_all(postgres: PostgresStore, place: Place) -> None:
    clock = postgres._clock

    def cut() -> Any:
        end_sessions(place)
        return clock()

    postgres._clock = cut
    futures = crowd(postgres, [appending(postgres, fill(n)) for n in range(6)])
    assert {type(future.exception()) for future in futures} == {StoreUnavailableError}
    postgres._clock = clock
    assert postgres.head() == 0
    again = crowd(postgres, [appending(postgres, fill(n)) for n in range(6)])
    assert [ended(f) for f in again] == ["Appended"] * 6


def test_a_writer_that_is_interrupted_leaves_the_others_in_doubt(store: LogStore) -> None:
    clock = store._clock

    def interrupted() -> Any:
        raise KeyboardInterrupt

    store._clock = interrupted
    futures = crowd(store, [appending(store, fill(n)) for n in range(6)])
    assert ended(futures[0]) == "KeyboardInterrupt"
    assert {type(future.exception()) for future in futures[1:]} == {InDoubtError}
    store._clock = clock
    again = crowd(store, [appending(store, fill(n)) for n in range(6)])
    assert [ended(f) for f in again] == ["Appended"] * 6


def test_closing_fails_what_waits(store: LogStore) -> None:
    calls = [appending(store, fill(n)) for n in range(6)]
    futures = crowd(store, calls, meanwhile=store.line.close)
    assert {type(future.exception()) for future in futures} == {StoreClosedError}


def test_closing_lets_the_one_under_way_end(sqlite: SQLiteStore, path: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        inside.set()
        go_on.wait(20)
        return []

    with ThreadPoolExecutor(3) as pool:
        under_way = pool.submit(sqlite.append, [fill(1), fill(1)], revise=revise)
        inside.wait(20)
        waiting = pool.submit(sqlite.append, [fill(2)])
        until(lambda: len(sqlite.line) == 1)
        closing = pool.submit(sqlite.close)
        assert ended(waiting) == "StoreClosedError"
        go_on.set()
        closing.result(20)
        assert isinstance(under_way.result()[0], Appended)
    with SQLiteStore(path, system_clock) as store:
        assert store.head() == 1


def test_what_is_undone_inside_the_lock_leaves_nothing(store: LogStore) -> None:
    store.append([fill(1)])
    with suppress(ZeroDivisionError), store.exclusive():
        store.append([fill(2), fill(2, "U2")])
        assert len(list(store.refs("U2", "instrument", "ESZ6"))) == 1
        raise ZeroDivisionError
    assert (store.head(), store.streams(), list(store.by_key([fill(2).key]))) == (1, ["U1"], [])
    assert list(store.refs("U2", "instrument", "ESZ6")) == []
    assert isinstance(store.append([fill(2)])[0], Appended)
    assert store.verify().ok


def test_an_error_that_is_caught_inside_the_lock_keeps_no_half(sqlite: SQLiteStore) -> None:
    sqlite.append([fill(1)])
    connection = sqlite.log._connection  # type: ignore[attr-defined]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="half-way"), sqlite.exclusive(), suppress(StoreFullError):
        sqlite.append([fill(f"a{n}") for n in range(100)])
    connection.execute("PRAGMA max_page_count = 1000000")
    assert (sqlite.head(), sqlite.verify().ok) == (1, True)
    assert isinstance(sqlite.append([fill(2)])[0], Appended)


def test_a_large_append_refused_inside_the_lock_keeps_no_half(postgres: PostgresStore) -> None:
    with pytest.raises(StoreError, match="half-way"), postgres.exclusive(), suppress(BadTextError):
        postgres.append([*(fill(n) for n in range(900)), fill("x")._replace(key="")])
    assert (postgres.head(), postgres.verify().ok) == (0, True)
    assert isinstance(postgres.append([fill(2)])[0], Appended)


# ----------------------------------------------------------------------------- limits to waiting


def test_a_turn_that_does_not_come_is_busy_and_nothing_is_kept(store: LogStore) -> None:
    store.line.seconds = 0
    futures = crowd(store, [appending(store, fill(n)) for n in range(3)])
    assert {type(future.exception()) for future in futures} == {StoreBusyError}
    assert store.head() == 0
    assert isinstance(store.append([fill("now")])[0], Appended)


class AlarmError(Exception):
    """What the test's signal raises."""


def test_a_caller_that_is_interrupted_while_it_waits_keeps_no_turn(sqlite: SQLiteStore) -> None:
    def raise_(*_: object) -> None:
        raise AlarmError

    before = signal.signal(signal.SIGALRM, raise_)
    go_on = threading.Event()

    def hold() -> None:
        with sqlite.exclusive():
            go_on.wait(20)

    try:
        with ThreadPoolExecutor(2) as pool:
            pool.submit(hold)
            until(lambda: sqlite.line._holder is not None)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(AlarmError):
                sqlite.append([fill(1)])
            assert len(sqlite.line) == 0
            later = pool.submit(sqlite.append, [fill(2)])
            go_on.set()
            assert ended(later) == "Appended"
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sqlite.head() == 1


def test_who_has_the_lock_appends_without_a_turn(store: LogStore) -> None:
    with store.exclusive(), store.exclusive():
        store.append([fill(1)])
        store.append([fill(2)])
    assert store.head() == 2
