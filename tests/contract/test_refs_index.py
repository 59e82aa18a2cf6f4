"""The index of references is a cache: whatever becomes of it, the answers stay the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ledger.domain.events import CashDeposited, Recorded, make_fact
from ledger.errors import StoreBusyError, StoreSettingsError
from ledger.store import refs
from ledger.store.base import LogStore
from ledger.store.codec import CODEC
from ledger.store.memory import MemoryStore
from ledger.store.port import Verification
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from ledger.store.refs_check import RefsCheck
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import REFS
from tests.contract.helpers import HAPPENED, Clock, fill, order
from tests.postgres import OWNER, Place
from tests.unit.facts_by_type import full

FACTS = [order("c1"), *(fill(n, cl_ord_id=f"c{1 + n % 2}") for n in range(6)), order("c1", "U2")]
ASKED = [("U1", "order", "c1"), ("U1", "order", "c2"), ("U1", "instrument", "ESZ6"),
         ("U2", "order", "c1"), ("U1", "exec", FACTS[3].key)]  # fmt: skip
DAMAGES = {
    "all rows": ["DELETE FROM refs"],
    "one row": ["DELETE FROM refs WHERE kind = 'order' AND id = 'c1' AND number = 4"],
    "another id": ["UPDATE refs SET id = 'c9' WHERE id = 'c1'"],
    "another number": ["UPDATE refs SET number = number + 100"],
    "the cursor": ["DELETE FROM cursors"],
    "the cursor goes back": ["UPDATE cursors SET number = 2 WHERE name = 'refs'"],
    "a row of nothing": ["INSERT INTO refs VALUES ('U1', 'order', 'c1', 7)"],
}
TABLES = {
    "no index": ["DROP TABLE refs"],
    "no cursors": ["DROP TABLE cursors"],
    "neither": ["DROP TABLE refs", "DROP TABLE cursors"],
    "no derived table": ["DROP TABLE refs", "DROP TABLE cursors", "DROP TABLE tracking",
                         "DROP VIEW journal"],
}  # fmt: skip
UNGUARDED = {
    "sqlite": ["DROP TRIGGER refs_delete", "DELETE FROM refs WHERE number = 4"],
    "postgres": ["ALTER TABLE refs DISABLE TRIGGER ALL", "DELETE FROM refs WHERE number = 4"],
}
Strike = Callable[[list[str]], None]


def answers(store: LogStore) -> list[list[Recorded]]:
    return [list(store.refs(*asked)) for asked in ASKED]


@pytest.fixture(params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest) -> LogStore:
    store: LogStore = request.getfixturevalue(request.param)
    store.append(FACTS)
    return store


@pytest.fixture
def strike(request: pytest.FixtureRequest, filled: LogStore) -> Strike:
    """Statements by a stranger: who has the file, or owns the tables."""
    if isinstance(filled, SQLiteStore):
        return lambda statements: in_file(request.getfixturevalue("path"), statements)
    place, url = request.getfixturevalue("place"), request.getfixturevalue("url")
    return lambda statements: as_owner(place, url, statements)


def in_file(path: Path, statements: list[str]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        for statement in statements:
            stranger.execute(statement)


def as_owner(place: Place, url: str, statements: list[str]) -> None:
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"SET search_path = {target_of(url).schema}".encode())
        for statement in statements:
            owner.execute(statement.encode())


def reopened(store: LogStore, request: pytest.FixtureRequest, clock: Clock) -> LogStore:
    """The same store in the hands of who may make its tables."""
    store.close()
    if isinstance(store, SQLiteStore):
        return SQLiteStore(request.getfixturevalue("path"), clock)
    place, url = request.getfixturevalue("place"), request.getfixturevalue("url")
    return PostgresStore(place.url(target_of(url).schema, OWNER), clock)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_index_gives_the_same_answers(
    filled: LogStore, strike: Strike, damage: list[str]
) -> None:
    before = answers(filled)
    assert [len(found) for found in before] == [4, 3, 7, 1, 1]
    strike(damage)
    assert answers(filled) == before
    filled.append([fill(8, cl_ord_id="c1")])
    assert len(list(filled.refs(*ASKED[0]))) == 5


@pytest.mark.parametrize("damage", TABLES.values(), ids=TABLES.keys())
def test_tables_of_the_index_that_are_gone_are_made_again(
    filled: LogStore, strike: Strike, request: pytest.FixtureRequest, clock: Clock,
    damage: list[str],
) -> None:  # fmt: skip
    before = answers(filled)
    strike(damage)
    assert answers(filled) == before
    assert filled.verify().ok
    with reopened(filled, request, clock) as again:
        assert answers(again) == before
        assert again.log.refs_upto() == 8
        assert again.log.tracked("nobody") is None
        again.append([fill(9)])
        assert again.verify().ok


def test_an_index_without_its_guard_is_not_trusted(filled: LogStore, strike: Strike) -> None:
    before = answers(filled)
    strike(UNGUARDED["sqlite" if isinstance(filled, SQLiteStore) else "postgres"])
    assert filled.log.refs_upto() == 0
    assert answers(filled) == before
    assert filled.verify().ok


def test_a_guard_is_made_again(
    filled: LogStore, strike: Strike, request: pytest.FixtureRequest, clock: Clock
) -> None:
    before = answers(filled)
    strike(UNGUARDED["sqlite" if isinstance(filled, SQLiteStore) else "postgres"])
    with reopened(filled, request, clock) as again:
        assert answers(again) == before
        assert again.log.refs_upto() == 8


def test_an_index_that_was_restored_empty_is_not_trusted(filled: LogStore, strike: Strike) -> None:
    """As a backup that leaves the rows of a cache out would restore it."""
    before = answers(filled)
    cursor = ["INSERT INTO cursors VALUES ('refs', 8)"]
    strike(["DELETE FROM refs", *cursor])
    assert answers(filled) == before


def test_of_deposits_alone_the_index_is_rightly_empty(store: LogStore) -> None:
    store.append([make_fact("U1", full(CashDeposited), HAPPENED)])
    assert list(store.refs("U1", "order", "c1")) == []
    assert store.log.refs_upto() == 1
    assert store.verify().ok


# -------------------------------------------------------------------------------- what verify says


def lacks(verification: Verification) -> list[tuple[int, str]]:
    return [(one.number, one.what.partition(" entries")[0]) for one in verification.findings]


BEHIND = {
    "one row": (["DELETE FROM refs WHERE kind = 'order' AND id = 'c1' AND number = 4"],
                [(4, "the index of references lacks 1")]),
    "all of an order": (["DELETE FROM refs WHERE id = 'c1'"],
                        [(1, "the index of references lacks 5")]),
    "exchanged": (["UPDATE refs SET number = 3 WHERE kind = 'order' AND id = 'c1' AND number = 4"],
                  [(4, "the index of references lacks 1"),
                   (0, "the index of references has 1")]),
    "added": (["INSERT INTO refs VALUES ('U1', 'order', 'c1', 7)"],
              [(0, "the index of references has 1")]),
    "added beyond": (["INSERT INTO refs VALUES ('U1', 'order', 'c1', 70)"],
                     [(0, "the index of references has 1")]),
    "a cursor too far": (["DELETE FROM refs WHERE number > 6"],
                         [(7, "the index of references lacks 5")]),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "told"), BEHIND.values(), ids=BEHIND.keys())
@pytest.mark.parametrize("page", [1, 4, 3000])
def test_verify_holds_the_index_against_the_log(
    filled: LogStore, strike: Strike, damage: list[str], told: list[tuple[int, str]], page: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Behind the guards' back, so that the index is trusted; then the remedy that is named."""
    monkeypatch.setattr("ledger.store.refs_check._PAGE", page)
    answers(filled)
    assert filled.verify().ok  # the negative control
    strike(hidden(filled, damage))
    assert lacks(filled.verify()) == told
    strike(["DELETE FROM refs"])
    assert filled.verify().ok
    answers(filled)
    assert filled.verify().ok


def hidden(store: LogStore, statements: list[str]) -> list[str]:
    """The statements between taking the guards away and putting them back."""
    if not isinstance(store, SQLiteStore):
        off, on = "DISABLE TRIGGER ALL", "ENABLE ALWAYS TRIGGER refs_change"
        return [f"ALTER TABLE refs {off}", *statements, f"ALTER TABLE refs {on}"]
    guards = {name: sql for name, sql in REFS.items() if "TRIGGER" in sql}
    return [*(f"DROP TRIGGER {name}" for name in guards), *statements, *guards.values()]


def test_verify_tells_it_in_memory_too(clock: Clock) -> None:
    store = MemoryStore(clock)
    store.append(FACTS)
    answers(store)
    entries: dict[tuple[str, str, str], list[int]] = store.log._refs  # type: ignore[attr-defined]
    entries["U1", "order", "c1"].remove(4)
    assert lacks(store.verify()) == [(4, "the index of references lacks 1")]
    entries["U1", "order", "c1"].append(7)
    assert len(lacks(store.verify())) == 2


def test_an_index_that_lags_is_not_wrong(filled: LogStore) -> None:
    answers(filled)
    filled.append([fill("later")])
    assert filled.log.refs_upto() < filled.head()
    assert filled.verify().ok


def test_an_index_that_is_made_anew_meanwhile_is_not_wrong(filled: LogStore) -> None:
    answers(filled)
    check = refs_check(filled)
    with filled.log.writing():
        filled.log.clear_refs()
    assert list(check.findings()) == []


def refs_check(store: LogStore) -> RefsCheck:
    check = RefsCheck(store.log, CODEC)
    for row in store.rows():
        check.step(row, is_sound=True)
    return check


# ------------------------------------------------------------------------- while somebody writes


def test_a_question_does_not_wait_for_a_writer(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of it is in the index, the rest is read from the log."""
    store.append(FACTS[:3])
    answers(store)
    store.append(FACTS[3:])

    def busy() -> None:
        raise StoreBusyError("another process writes")

    monkeypatch.setattr(store.log, "writing_now", busy)
    found = answers(store)
    assert store.log.refs_upto() == 3
    assert [len(one) for one in found] == [4, 3, 7, 1, 1]
    monkeypatch.undo()
    assert answers(store) == found
    assert store.log.refs_upto() == 8


def test_what_is_read_beside_the_index_comes_in_pages(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refs, "_BATCH", 3)
    store.append(FACTS)
    expected = answers(store)
    monkeypatch.setattr("ledger.store.base.catch_up", lambda *_, **__: None)
    for page in range(1, 10):
        monkeypatch.setattr("ledger.store.base.PAGE", page)
        for upto in range(len(FACTS) + 1):
            cut(store, upto)
            assert answers(store) == expected


def cut(store: LogStore, upto: int) -> None:
    """Let the index end at a number."""
    with store.log.writing():
        store.log.clear_refs()
        rows = list(store.rows(upto=upto))
        if rows:
            entries = [ref for row in rows for ref in refs.refs_of(row, CODEC)]
            store.log.add_refs(sorted(entries), upto)


def test_who_may_only_read_is_answered_too(path: Path, clock: Clock) -> None:
    with SQLiteStore(path, clock) as store:
        store.append(FACTS)
    with SQLiteStore(path, clock, audit=True) as auditor:
        assert [len(found) for found in answers(auditor)] == [4, 3, 7, 1, 1]
        assert auditor.log.refs_upto() == 0
        with pytest.raises(StoreSettingsError):
            auditor.rebuild_refs()


# ---------------------------------------------------------------------------------- long names


def test_what_an_event_is_about_may_be_longer_than_an_index_can_hold(store: LogStore) -> None:
    long = "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(2000))
    other = f"{long[:-1]}x"
    store.append([fill(n, cl_ord_id=id) for n, id in enumerate([long, other, long])])
    assert [one.number for one in store.refs("U1", "order", long)] == [1, 3]
    assert store.verify().ok


def test_a_long_id_stands_in_the_index_as_its_hash() -> None:
    short, long = "é" * 250, "é" * 251
    assert refs.index_id(short) == short
    assert refs.index_id(long).startswith("sha256:")
    assert refs.index_id(long) != refs.index_id(long + "é")
