"""Threads that append at once are written by one of them, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest

from ledger.clock import system_clock
from ledger.domain.events import Fact, FillSighted, Recorded, make_fact
from ledger.errors import (
    StaleStreamError,
)
from ledger.store.base import LogStore
from ledger.store.batch import Batch
from ledger.store.group import GROUP_FACTS
from ledger.store.memory import MemoryStore
from ledger.store.port import Appended
from ledger.store.sqlite import SQLiteStore
from tests.contract.crowd import appending, crowd, ended
from tests.contract.helpers import HAPPENED, fill


@pytest.fixture
def written(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each transaction wrote."""
    counts: list[int] = []
    add = store.log.add

    def counted(rows: Any) -> None:
        counts.append(len(rows))
        add(rows)

    monkeypatch.setattr(store.log, "add", counted)
    return counts


# --------------------------------------------------------------------------------- one for all


def test_what_waits_is_written_in_one_transaction(store: LogStore, written: list[int]) -> None:
    futures = crowd(store, [appending(store, fill(n)) for n in range(12)])
    assert written == [12]
    assert [f.result()[0].recorded.number for f in futures] == list(range(1, 13))
    assert store.verify().events == 12
    assert store.verify().ok


def test_a_sqlite_group_is_one_commit(sqlite: SQLiteStore) -> None:
    statements: list[str] = []
    sqlite.log._connection.set_trace_callback(statements.append)  # type: ignore[attr-defined]
    crowd(sqlite, [appending(sqlite, fill(n)) for n in range(12)])
    assert statements.count("COMMIT") == 2  # of who held the lock, and of the group
    for n in range(3):
        sqlite.append([fill(f"alone {n}")])
    assert statements.count("COMMIT") == 5  # the control: one by one, each has its own


def test_who_comes_alone_needs_no_other_thread(store: LogStore) -> None:
    before = threading.active_count()
    thread: list[int] = []
    clock = store._clock

    def seen() -> Any:
        thread.append(threading.get_ident())
        return clock()

    store._clock = seen
    store.append([fill(1)])
    assert thread == [threading.get_ident()]
    assert threading.active_count() == before


def test_a_group_holds_no_more_than_its_facts(store: LogStore, written: list[int]) -> None:
    half = [fill(f"x{n}") for n in range(GROUP_FACTS // 2)]
    others = [fill(f"y{n}") for n in range(GROUP_FACTS // 2)]
    calls = [appending(store, *half), appending(store, *others), appending(store, fill(1))]
    assert [ended(f)[:8] for f in crowd(store, calls)] == ["Appended"] * 3
    assert written == [GROUP_FACTS, 1]


def test_a_large_append_goes_alone(store: LogStore, written: list[int]) -> None:
    many = [fill(f"x{n}") for n in range(GROUP_FACTS + 1)]
    calls = [appending(store, fill(1)), appending(store, *many), appending(store, fill(2))]
    futures = crowd(store, calls)
    assert [f.result()[0].recorded.number for f in futures] == [1, 2, GROUP_FACTS + 3]
    assert store.verify().ok


# ------------------------------------------------------------------ each for itself, in order


def mixed(store: LogStore) -> list[Callable[[], Any]]:
    """Good appends, and between them each kind that is refused."""
    bad: Any = "no fact"
    return [
        appending(store, fill(1)),
        appending(store, fill(2), fill(3)._replace(key="a\x00b")),
        appending(store, fill(4), fill(5, last_qty=Decimal(9)), fill(6)),
        appending(store, fill(7), fill(5), all_or_nothing=True),
        appending(store, fill(8), expected={"U1": 1}),
        appending(store, fill(9), fill(9)._replace(event=bad)),
        appending(store, fill(10), expected={"U1": 4}),
        appending(store, fill(1)),
        appending(store, fill(11, "U2"), fill(1, last_qty=Decimal(9)), all_or_nothing=True),
        appending(store, fill(12, "U2"), expected={"U2": 0}),
    ]


def test_one_that_is_refused_spoils_no_other(store: LogStore, written: list[int]) -> None:
    assert [ended(future) for future in crowd(store, mixed(store))] == [
        "Appended", "BadTextError", "Appended,Appended,Appended", "ConflictError",
        "StaleStreamError", "AttributeError", "Appended", "AlreadyAppended", "ConflictError",
        "Appended",
    ]  # fmt: skip
    assert written == [6]
    assert store.verify().ok


def test_a_group_answers_as_one_after_another_would(store: LogStore) -> None:
    together, other = crowd(store, mixed(store)), MemoryStore(system_clock)
    with ThreadPoolExecutor(1) as pool:
        singly = [pool.submit(call) for call in mixed(other)]
    assert [ended(future) for future in together] == [ended(future) for future in singly]
    assert [(r.version, r.key) for r in store.read_all()] == [
        (r.version, r.key) for r in other.read_all()
    ]


def test_without_undo_a_refused_append_would_spoil_the_group(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Batch, "undo", lambda self, mark: None)
    calls = [appending(store, fill(1)), appending(store, fill(2), fill(2)._replace(key=""))]
    crowd(store, calls)
    assert store.head() != 1  # the control: it left something behind


def test_of_commands_decided_at_one_version_the_first_is_kept(store: LogStore) -> None:
    futures = crowd(store, [appending(store, fill(n), expected={"U1": 0}) for n in range(6)])
    assert [ended(f) for f in futures] == ["Appended"] + ["StaleStreamError"] * 5
    with pytest.raises(StaleStreamError, match="U1 is at version 1"):
        futures[5].result()


def test_one_key_from_many_is_recorded_once(store: LogStore) -> None:
    futures = crowd(store, [appending(store, fill(1)) for _ in range(8)])
    assert [ended(f) for f in futures] == ["Appended"] + ["AlreadyAppended"] * 7
    assert {f.result()[0].recorded for f in futures} == set(store.read_all())


def test_revise_is_asked_in_its_caller_s_thread_and_sees_those_before(store: LogStore) -> None:
    seen: list[tuple[int, int]] = []

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        seen.append((threading.get_ident(), store.head()))
        return [make_fact("U1", FillSighted(exec_id="1", channel="c", venue="v"), HAPPENED)]

    def call() -> int:
        store.append([fill(1)], revise=revise)
        return threading.get_ident()

    futures = crowd(store, [appending(store, fill(1)), call, appending(store, fill(2))])
    assert seen == [(futures[1].result(), 1)]
    assert store.head() == 3


# ------------------------------------------------------------------------------------- a crowd


def storm(store: LogStore, thread: int) -> list[str]:
    """What one of many threads gets acknowledged, of what it sends: some of it is refused."""
    dice, acknowledged = Random(thread), []
    for n in range(30):
        key, account = f"{thread}-{n}", f"U{dice.randrange(3)}"
        facts = [fill(key, account), fill(f"{key}+", account)]
        match dice.randrange(5):
            case 0:
                facts[1] = facts[1]._replace(key="")
            case 1:
                facts[1] = fill("shared", last_qty=Decimal(1 + dice.randrange(2)))
        how: dict[str, Any] = {"all_or_nothing": dice.random() < 0.5, "expected": {}}
        if dice.random() < 0.2:
            how["expected"] = {account: store.version(account)}
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(store.append, facts, **how)
        if future.exception() is None:
            acknowledged += [f.key for f, o in zip(facts, future.result(), strict=True)
                             if isinstance(o, Appended)]  # fmt: skip
    return acknowledged


def test_many_threads_many_kinds(store: LogStore) -> None:
    with ThreadPoolExecutor(12) as pool:
        acknowledged = [key for keys in pool.map(partial(storm, store), range(12)) for key in keys]
    recorded = list(store.read_all())
    assert sorted(acknowledged) == sorted(r.key for r in recorded)
    assert [r.number for r in recorded] == list(range(1, len(recorded) + 1))
    assert len(set(acknowledged)) == len(acknowledged) > 300
    assert store.verify().ok
