"""The runner: batches that are whole or not there, on either database, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, inspect, text

import ledger
from ledger.domain.events import Recorded
from ledger.errors import CorruptEventError
from projections.balances import Balances
from projections.database import connect
from projections.errors import (
    ForeignTablesError,
    OvertakenError,
    UnknownDatabaseError,
    UnknownProjectionError,
)
from projections.following import Change
from projections.progress import KINDS
from projections.runner import Runner
from projections.views import VIEWS
from tests.projections.history import DONE, KILLED, told
from tests.projections.tables import dump, in_memory

EVENTS = 700
Tables = Callable[[], Engine]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store() -> ledger.EventStore:
    return told("memory://", EVENTS)


class Unreadable:
    """A store in which one event cannot be read."""

    def __init__(self, store: ledger.EventStore, number: int) -> None:
        self._store, self._number = store, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read_all(self, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        for recorded in self._store.read_all(after=after, upto=upto):
            if recorded.number == self._number:
                raise CorruptEventError(f"event {self._number} is not what was written")
            yield recorded


def anew(store: ledger.EventStore) -> Runner:
    runner = Runner(store, in_memory())
    runner.catch_up()
    return runner


def test_both_databases_hold_the_same(store: ledger.EventStore, tables: Tables) -> None:
    runner = Runner(store, tables(), batch=90)
    assert runner.catch_up() == EVENTS
    assert runner.lag() == dict.fromkeys(KINDS, 0)
    assert dump(runner) == dump(anew(store))


def test_an_event_that_cannot_be_read_stops_it_where_it_is(
    store: ledger.EventStore, tables: Tables
) -> None:
    runner = Runner(Unreadable(store, 400), tables(), batch=90)
    for _ in range(2):
        with pytest.raises(CorruptEventError):
            runner.catch_up()
        assert set(runner.numbers().values()) == {399}
    again = Runner(store, tables())
    again.catch_up()
    assert dump(again) == dump(anew(store))


def test_a_projection_that_fails_in_mid_batch_leaves_no_trace(
    store: ledger.EventStore, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner(store, tables(), batch=100)
    runner.catch_up(300)
    before, take = dump(runner), Balances.take

    def failing(self: Balances, connection: Connection, change: Change) -> None:
        take(self, connection, change)
        if change.recorded.number == 350:
            raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(Balances, "take", failing)
        with pytest.raises(RuntimeError, match="on purpose"):
            runner.catch_up()
    assert dump(runner) == before
    runner.catch_up()
    assert dump(runner) == dump(anew(store))


def test_of_two_runners_one_is_told_and_nothing_is_written_twice(
    store: ledger.EventStore, tables: Tables
) -> None:
    first, second = Runner(store, tables(), batch=100), Runner(store, tables())
    with pytest.raises(OvertakenError, match="another runner"):
        first.catch_up(tell=meddling(second))
    assert set(first.numbers().values()) == {150}
    first.catch_up()
    assert dump(first) == dump(anew(store))


def meddling(other: Runner) -> Any:
    def tell(number: int, _: int) -> None:
        other.catch_up(number + 50)

    return tell


def test_one_that_is_built_anew_takes_the_place_of_the_old_one_at_once(
    store: ledger.EventStore, tables: Tables
) -> None:
    runner = Runner(store, tables())
    runner.catch_up()
    before, names = dump(runner), {table.name for table in runner.tables().values()}
    runner.rebuild("positions")
    assert dump(runner) == before
    changed = {table.name for table in runner.tables().values()} - names
    assert changed == {"position_ledger_2", "position_steps_2", "pnl_days_2"}
    with runner.engine.connect() as connection:
        for view in VIEWS:
            connection.execute(text(f"SELECT * FROM {view}")).all()


def test_one_of_another_version_is_built_anew(
    store: ledger.EventStore, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    Runner(store, tables()).catch_up()
    monkeypatch.setattr(Balances, "version", Balances.version + 1)
    runner = Runner(store, tables())
    runner.catch_up()
    assert runner.tables()["balance_ledger"].name == "balance_ledger_2"
    assert dump(runner) == dump(anew(store))


def test_who_has_the_tables_open_goes_on_with_those_that_others_built(
    store: ledger.EventStore, tables: Tables
) -> None:
    reader, runner = Runner(store, tables()), Runner(store, tables())
    reader.catch_up(500)
    before = reader.tables()["balance_ledger"].name
    runner.rebuild("balances")
    assert reader.tables()["balance_ledger"].name != before
    reader.catch_up()
    assert dump(reader) == dump(anew(store))


def test_tables_of_another_log_are_refused(store: ledger.EventStore, tables: Tables) -> None:
    Runner(store, tables()).catch_up()
    other = told("memory://", EVENTS + 100)
    for ask in (Runner(other, tables()).catch_up, Runner(other, tables()).numbers):
        with pytest.raises(ForeignTablesError, match="another log"):
            ask()
    shorter = told("memory://", 50)
    with pytest.raises(ForeignTablesError, match="another log"):
        Runner(shorter, tables()).catch_up()


def test_looking_at_the_progress_writes_nothing(store: ledger.EventStore, tables: Tables) -> None:
    engine = tables()
    assert Runner(store, engine).lag() == dict.fromkeys(KINDS, EVENTS)
    assert inspect(engine).get_table_names() == []


def test_a_name_that_no_projection_has_is_told(store: ledger.EventStore, tables: Tables) -> None:
    with pytest.raises(UnknownProjectionError, match="orders, positions, balances"):
        Runner(store, tables()).rebuild("profits")


def test_a_database_of_another_make_is_refused() -> None:
    with pytest.raises(UnknownDatabaseError, match="not in mysql"):
        connect("mysql://user@host/books")


def test_building_anew_goes_on_where_it_was_interrupted(
    store: ledger.EventStore, tables: Tables
) -> None:
    runner = Runner(store, tables(), batch=100)
    runner.catch_up()
    with pytest.raises(KeyboardInterrupt):
        runner.rebuild("orders", interrupted_at(300))
    seen: list[int] = []
    runner.rebuild("orders", lambda number, _: seen.append(number))
    assert seen == [400, 500, 600, 700]
    assert dump(runner) == dump(anew(store))


def interrupted_at(last: int) -> Any:
    def tell(number: int, _: int) -> None:
        if number == last:
            raise KeyboardInterrupt

    return tell


def test_a_projector_killed_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, reports: str, tables: Tables
) -> None:
    url, chance = f"sqlite:///{tmp_path}/books.db", Random(11)
    store = told(url, 3_000)
    with projectors(url, reports) as process:
        for _ in range(20):
            killed(process, chance)
    runner = Runner(store, tables())
    runner.catch_up()
    assert dump(runner) == dump(anew(store))


@contextmanager
def projectors(url: str, reports: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has a child project whenever it is told to."""
    command = [sys.executable, "-m", "tests.projections.history", url, reports, "20"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        yield process
        process.communicate("")


def killed(process: subprocess.Popen[str], chance: Random) -> None:
    """Let a child project a few batches, and kill it."""
    assert process.stdin
    assert process.stdout
    print("go", file=process.stdin, flush=True)
    child, began = int(process.stdout.readline()), process.stdout.readline().strip()
    time.sleep(chance.random() / 20)
    os.kill(child, signal.SIGKILL)
    while process.stdout.readline() != f"{KILLED}\n":
        pass  # how far it came
    assert began != DONE, "it had nothing left to do before it was killed often enough"


def test_without_a_transaction_a_kill_would_show(store: ledger.EventStore) -> None:
    """The control: the number reached is written, the rows are not."""
    runner = anew(store)
    whole = dump(runner)
    table = runner.tables()["balance_ledger"]
    with runner.engine.begin() as connection:
        connection.execute(table.delete().where(table.c.number > EVENTS - 50))
    runner.catch_up()
    assert dump(runner) != whole


def test_a_late_fact_does_not_ask_the_tables_for_what_came_after_it() -> None:
    """It did once for each of them, and wrote a few rows at a time."""
    asked: list[str] = []

    def hear(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    runner = Runner(told("memory://", EVENTS), in_memory())
    event.listen(runner.engine, "before_cursor_execute", hear)
    runner.catch_up()
    assert any("INSERT INTO position_steps" in statement for statement in asked)
    assert not [one for one in asked if one.startswith("SELECT") and "FROM position_steps" in one]
