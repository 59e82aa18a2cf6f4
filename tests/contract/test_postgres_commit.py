"""An append of one event takes two messages: the lock with the look, and the row with the commit.
Neither may weaken what an append promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from ledger.domain.events import Fact, Recorded
from ledger.errors import (
    CorruptEventError,
    InDoubtError,
    StoreBusyError,
    StoreError,
    StoreUnavailableError,
)
from ledger.store import postgres_statements as sql
from ledger.store.memory import MemoryStore
from ledger.store.port import AlreadyAppended, Appended
from ledger.store.postgres import COPY_FROM, PostgresLog, PostgresStore
from ledger.store.postgres_connection import APPLICATION, target_of
from ledger.store.postgres_session import Asked, Session
from tests.contract.crowd import until
from tests.contract.helpers import Clock, fill
from tests.contract.test_postgres_loss import end_sessions
from tests.postgres import Place

ODD = ("it's", 'a "name"', "back\\slash", "\\'); COMMIT; --", "100%s %b %%", "$1", "é 漢 🙂", "{}")


@contextmanager
def keys_blocked(url: str, place: Place) -> Iterator[None]:
    """Somebody reads the keys in a way that lets nobody write them."""
    with psycopg.connect(place.owner) as owner:
        owner.execute(f"LOCK TABLE {target_of(url).schema}.keys IN SHARE MODE".encode())
        yield


def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The statements of each message that is sent from now on."""
    messages: list[list[str]] = []
    together, run = Session._together, Session._run

    def noted(self: Session, *asked: Asked) -> Any:
        messages.append([statement for statement, _ in asked])
        return together(self, *asked)

    def noted_alone(self: Session, statement: str, params: Sequence[Any]) -> Any:
        messages.append([statement])
        return run(self, statement, params)

    monkeypatch.setattr(Session, "_together", noted)
    monkeypatch.setattr(Session, "_run", noted_alone)
    return messages


def test_an_append_of_one_event_takes_two_messages(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.append([fill(1)])
    messages = sent(monkeypatch)
    postgres.append([fill(2)], expected={"U1": 1})
    (begin, lock, look), commit = messages
    assert begin == sql.BEGIN_WRITING
    assert "pg_advisory_xact_lock" in lock
    assert look == sql.AHEAD
    assert commit == [sql.ADD_ONE, "COMMIT"]


def test_so_does_an_append_of_some(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = sent(monkeypatch)
    postgres.append([fill(n) for n in range(COPY_FROM - 1)])
    assert [len(message) for message in messages] == [3, 2]


def test_an_append_inside_another_is_sent_before_it_ends(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = sent(monkeypatch)
    with postgres.exclusive():
        postgres.append([fill(1)])
        assert messages[-1] == [sql.ADD_ONE]
    assert messages[-1] == ["COMMIT"]


# ----------------------------------------------------------------------------- the row is refused


def test_a_row_that_is_refused_is_not_in_doubt_and_not_kept(
    url: str, clock: Clock, place: Place
) -> None:
    with PostgresStore(url, clock, busy_seconds=1) as store:
        store.append([fill(1)])
        with keys_blocked(url, place), pytest.raises(StoreBusyError):
            store.append([fill(2)])
        assert store.head() == 1
        assert isinstance(store.append([fill(2)])[0], Appended)
        assert store.verify().events == 2


def test_without_a_look_at_the_transaction_a_refused_row_would_be_in_doubt(
    url: str, clock: Clock, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr("ledger.store.postgres_session._FAILED", None)
    with PostgresStore(url, clock, busy_seconds=1) as store:
        store.append([fill(1)])
        with keys_blocked(url, place), pytest.raises(InDoubtError):
            store.append([fill(2)])
        assert store.head() == 1


def test_a_row_that_breaks_a_rule_of_the_tables_is_not_kept(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.append([fill(1)])
    with monkeypatch.context() as patch:
        patch.setattr(postgres.log, "by_key", lambda keys: {})
        for _ in range(3):
            with pytest.raises(IntegrityError, match="keys_pkey"):
                postgres.append([fill(1)])
    assert postgres.head() == 1
    assert isinstance(postgres.append([fill(1)])[0], AlreadyAppended)
    assert postgres.append([fill(2)])[0].recorded.number == 2
    assert postgres.verify().ok


def test_after_a_failure_that_was_passed_over_nothing_is_kept(postgres: PostgresStore) -> None:
    log = postgres.log
    assert isinstance(log, PostgresLog)
    for n in range(1, 4):
        postgres.append([fill(n)])
        with (
            pytest.raises(StoreError, match="an earlier failure"),
            log.writing(),
            suppress(CorruptEventError),
        ):
            log.query("SELECT nothing")
    assert postgres.verify().events == 3


def test_what_is_asked_after_the_row_sees_it(postgres: PostgresStore, clock: Clock) -> None:
    twin = MemoryStore(clock)
    twin.append([fill(1)])
    with postgres.log.writing():
        postgres.log.add([tuple(row) for row in twin.rows()])  # type: ignore[misc]
        assert postgres.head() == 1
    assert postgres.verify().events == 1


@pytest.mark.parametrize("before", range(8))
def test_what_was_prepared_when_a_row_was_refused_does_no_harm(
    postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """The driver prepares what it has sent five times, and counts what the server has skipped."""
    for n in range(before):
        postgres.append([fill(n)])
    postgres.append([fill("once")])
    for n in range(8):
        with monkeypatch.context() as patch:
            patch.setattr(postgres.log, "by_key", lambda keys: {})
            with pytest.raises(IntegrityError, match="keys_pkey"):
                postgres.append([fill("once")])
        postgres.append([fill(f"after {n}")])
        assert postgres.verify().events == before + n + 2


# ------------------------------------------------------------------------- the server goes away


def ending(place: Place) -> Any:
    """A revise during which the server ends the session."""

    def revise(fact: Fact, recorded: Recorded) -> Sequence[Fact]:
        end_sessions(place)
        return []

    return revise


def test_a_server_that_left_before_the_commit_leaves_no_doubt(
    postgres: PostgresStore, place: Place
) -> None:
    postgres.append([fill("first")])
    for n in range(3):
        with pytest.raises(StoreUnavailableError):
            postgres.append([fill(n), fill("first")], revise=ending(place))
    assert postgres.head() == 1


def test_who_does_not_look_whether_it_left_is_in_doubt(
    postgres: PostgresStore, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    postgres.append([fill("first")])
    monkeypatch.setattr(Session, "_require_there", lambda self: None)
    with pytest.raises(InDoubtError):
        postgres.append([fill(1), fill("first")], revise=ending(place))
    assert postgres.head() == 1


# ------------------------------------------------------------------------------ what is looked at


def waiting_for_the_lock(place: Place) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(place.admin) as admin:
        return admin.execute(query).fetchone() != (0,)


def test_the_look_sees_what_was_written_while_the_lock_was_waited_for(
    postgres: PostgresStore, url: str, clock: Clock, place: Place
) -> None:
    with PostgresStore(url, clock) as other, ThreadPoolExecutor(1) as pool:
        with postgres.exclusive():
            postgres.append([fill(1)])
            waiting = [pool.submit(other.append, [fill(n)]) for n in (1, 2)]
            until(lambda: waiting_for_the_lock(place))
        repeat, new = (future.result()[0] for future in waiting)
    assert isinstance(repeat, AlreadyAppended)
    assert (type(new), new.recorded.number, new.recorded.version) == (Appended, 2, 2)
    assert postgres.verify().ok


def test_a_look_in_the_same_statement_as_the_lock_would_be_stale(
    postgres: PostgresStore, url: str, place: Place
) -> None:
    """The negative control."""
    target = target_of(url)
    query = f"""SELECT count(number) FROM pg_advisory_xact_lock({APPLICATION}, {target.lock})
        LEFT JOIN {target.schema}.events ON true"""

    def look() -> Any:
        with psycopg.connect(target.conninfo) as connection:
            return connection.execute(query.encode()).fetchone()

    with ThreadPoolExecutor(1) as pool:
        with postgres.exclusive():
            postgres.append([fill(1)])
            waiting = pool.submit(look)
            until(lambda: waiting_for_the_lock(place))
        assert waiting.result() == (0,)
    assert look() == (1,)


@pytest.mark.parametrize("size", [1, 3])
def test_odd_texts_are_kept_as_they_are(postgres: PostgresStore, size: int) -> None:
    facts = [fill(f"{odd}-{n}", f"acc {odd}") for odd in ODD for n in range(size)]
    twin = MemoryStore(Clock())
    for at in range(0, len(facts), size):
        part = facts[at : at + size]
        assert {type(outcome) for outcome in postgres.append(part)} == {Appended}
        assert {type(outcome) for outcome in postgres.append(part)} == {AlreadyAppended}
        twin.append(part)
    keys = [fact.key for fact in facts]
    assert {key: one.event for key, one in postgres.by_key(keys).items()} == {
        key: one.event for key, one in twin.by_key(keys).items()
    }
    assert postgres.verify().events == len(facts)
    assert postgres.verify().ok
