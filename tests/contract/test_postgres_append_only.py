"""PostgreSQL itself refuses to change what is recorded: by rights, and by triggers from owners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, IntegrityError

from ledger.errors import StoreSettingsError
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_schema import TRIGGERS
from tests.contract.helpers import Clock, fill
from tests.postgres import BOT, OWNER, Place

_ROW = (
    "SELECT {}, 'U1', {}, topic, 'new key', occurred_at, recorded_at, '', state, prev_hash, hash "
    "FROM events WHERE number = 1"
)
_INSERT = "INSERT INTO events " + _ROW
_MIDDLE, _END = ("2", "2"), ("4", "4")

CHANGES = {
    "update": "UPDATE events SET state = '{}' WHERE number = 2",
    "renumber": "UPDATE events SET number = number + 100",
    "update nothing": "UPDATE events SET number = 1 WHERE false",
    "delete one": "DELETE FROM events WHERE number = 2",
    "delete all": "DELETE FROM events",
    "truncate": "TRUNCATE events",
    "truncate both": "TRUNCATE events, keys",
    "merge": "MERGE INTO events USING (SELECT 2 AS n) AS s ON number = s.n "
    "WHEN MATCHED THEN UPDATE SET topic = 'x'",
    "upsert": _INSERT.format(*_MIDDLE) + " ON CONFLICT (number) DO UPDATE SET topic = 'x'",
    "update keys": "UPDATE keys SET number = 1",
    "delete keys": "DELETE FROM keys WHERE number = 2",
    "truncate keys": "TRUNCATE keys",
    "upsert keys": "INSERT INTO keys SELECT key, 3 FROM keys WHERE number = 2 "
    "ON CONFLICT (key) DO UPDATE SET number = excluded.number",
}
FORGERIES = {
    "a taken number": _INSERT.format(*_MIDDLE),
    "low number": _INSERT.format("0", "4"),
    "negative number": _INSERT.format("-5", "4"),
    "a gap in the numbers": _INSERT.format("5", "4"),
    "a version before the first": _INSERT.format("4", "0"),
    "a taken key": "INSERT INTO keys SELECT key, 3 FROM keys WHERE number = 2",
}
REFUSED = CHANGES | FORGERIES
SETUPS = {
    "drop a table": "DROP TABLE events",
    "drop a trigger": "DROP TRIGGER events_no_change ON events",
    "disable triggers": "ALTER TABLE events DISABLE TRIGGER ALL",
    "replica": "SET session_replication_role = replica",
    "add a column": "ALTER TABLE events ADD COLUMN note text",
    "make a table": "CREATE TABLE mine (a int)",
    "replace a function": "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger "
    "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
}


@contextmanager
def connected(place: Place, url: str, role: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody's own connection to the tables of a store."""
    schema = url.rpartition("schema=")[2]
    where = {BOT: url.partition("?schema")[0].partition("&schema")[0], OWNER: place.owner}
    with psycopg.connect(where.get(role, place.admin), autocommit=True) as connection:
        connection.execute(f"SET search_path = {schema}".encode())
        yield connection


@pytest.fixture
def filled(postgres: PostgresStore) -> PostgresStore:
    postgres.append([fill(n) for n in range(3)])
    return postgres


def content(connection: psycopg.Connection[Any]) -> list[Any]:
    queries = (b"SELECT * FROM events ORDER BY number", b"SELECT * FROM keys ORDER BY key")
    return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.parametrize("attack", [*REFUSED, *SETUPS])
def test_the_role_that_appends_may_do_nothing_else(
    filled: PostgresStore, place: Place, url: str, attack: str
) -> None:
    statement = (REFUSED | SETUPS)[attack].encode()
    with connected(place, url, BOT) as bot:
        before = content(bot)
        with pytest.raises((InsufficientPrivilege, IntegrityError)):
            bot.execute(statement)
        assert content(bot) == before
    assert filled.verify().ok


@pytest.mark.parametrize("attack", REFUSED)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_triggers_refuse_even_a_superuser(
    filled: PostgresStore, place: Place, url: str, attack: str, role: str
) -> None:
    with connected(place, url, "admin") as admin:
        admin.execute(f"SET session_replication_role = {role}".encode())
        before = content(admin)
        with pytest.raises(IntegrityError):
            admin.execute(REFUSED[attack].encode())
        assert content(admin) == before
    assert filled.verify().ok


def test_without_the_triggers_the_same_attacks_succeed(
    filled: PostgresStore, place: Place, url: str
) -> None:
    """The negative control: it is the triggers that refuse, not the tables or the test."""
    held = {"a taken number", "a taken key"}  # by the primary keys
    succeeded = set()
    with connected(place, url, OWNER) as owner:
        for name, (table, _, _) in TRIGGERS.items():
            owner.execute(f"DROP TRIGGER {name} ON {table}".encode())
        for name, attack in REFUSED.items():
            with owner.transaction(force_rollback=True):
                before = content(owner)
                try:
                    with owner.transaction():
                        owner.execute(attack.encode())
                except IntegrityError:
                    continue
                if content(owner) != before:
                    succeeded.add(name)
    assert succeeded == REFUSED.keys() - held - {"update nothing"}


def test_the_next_event_is_let_in(filled: PostgresStore, place: Place, url: str) -> None:
    """The other control: what is at its place is not refused."""
    with connected(place, url, BOT) as bot, bot.transaction(force_rollback=True):
        assert bot.execute(_INSERT.format(*_END).encode()).rowcount == 1


REMOVED = {
    "DROP TRIGGER events_grow ON events": "events_grow",
    "DROP TRIGGER keys_no_change ON keys": "keys_no_change",
    "ALTER TABLE events DISABLE TRIGGER events_no_change": "events_no_change",
    "ALTER TABLE events ENABLE REPLICA TRIGGER events_no_change": "events_no_change",
    "ALTER TABLE events ENABLE TRIGGER events_no_change": "events_no_change",
    SETUPS["replace a function"]: "events_no_change",
    "CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse_change()": (
        "mine"
    ),
    "CREATE RULE mine AS ON INSERT TO keys DO INSTEAD NOTHING": "rule",
    "ALTER TABLE events ENABLE ROW LEVEL SECURITY": "row",
    "ALTER TABLE events ADD COLUMN note text": "events",
    "ALTER TABLE events DROP CONSTRAINT events_stream_version_key": "events",
    "ALTER TABLE keys DROP CONSTRAINT keys_pkey": "keys",
    "ALTER TABLE events ALTER COLUMN key TYPE varchar(40)": "events",
}


@pytest.mark.parametrize("change", REMOVED)
def test_a_removed_protection_is_a_finding_and_is_not_opened(
    filled: PostgresStore, place: Place, url: str, change: str
) -> None:
    with connected(place, url, OWNER) as owner:
        try:
            owner.execute(change.encode())
        except psycopg.errors.DependentObjectsStillExist:
            owner.execute(b"DROP VIEW journal")
            owner.execute(change.encode())
        except psycopg.errors.FeatureNotSupported:
            owner.execute(b"DROP VIEW journal")
            owner.execute(change.encode())
    with pytest.raises(StoreSettingsError, match=REMOVED[change]):
        PostgresStore(url, Clock())
    if "ROW LEVEL" not in change:
        findings = filled.verify().findings
        assert REMOVED[change] in {finding.what.split()[0] for finding in findings}


@contextmanager
def unguarded(place: Place, url: str) -> Iterator[psycopg.Connection[Any]]:
    """The tables in the hands of an owner who switches the triggers off, and on again."""
    with connected(place, url, OWNER) as owner:
        for name, (table, _, _) in TRIGGERS.items():
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}".encode())
        yield owner
        for name, (table, _, _) in TRIGGERS.items():
            owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


EDITS = {
    "state": "UPDATE events SET state = state || ' ' WHERE number = 2",
    "recorded_at": "UPDATE events SET recorded_at = '2026-03-02T14:30:03.500000Z' WHERE number = 2",
    "topic": "UPDATE events SET topic = 'fill-busted/1' WHERE number = 2",
    "no key": "UPDATE events SET key = NULL WHERE number = 2",
    "hash": "UPDATE events SET hash = '' WHERE number = 2",
    "a key that leads elsewhere": "UPDATE keys SET number = 3 WHERE number = 2",
    "a key that is gone": "DELETE FROM keys WHERE number = 2",
    "a state that is no text": "UPDATE events SET state = '\\xff' WHERE number = 2",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_by_the_owner_is_named(
    filled: PostgresStore, place: Place, url: str, edit: str
) -> None:
    with unguarded(place, url) as owner:
        owner.execute(EDITS[edit].encode())
    assert filled.verify().findings[0].number == 2


def test_a_deleted_event_is_a_gap_and_a_cut_tail_is_found_by_a_digest(
    filled: PostgresStore, place: Place, url: str
) -> None:
    digest = filled.digest()
    with unguarded(place, url) as owner:
        owner.execute("DELETE FROM events WHERE number = 3")
        owner.execute("DELETE FROM keys WHERE number = 3")
    assert filled.verify().ok  # the negative control: nothing inside gives it away
    assert not filled.verify(digest).ok
    with unguarded(place, url) as owner:
        owner.execute("DELETE FROM events WHERE number = 1")
    assert not filled.verify().ok


def test_an_auditor_reads_the_journal_with_psql(
    filled: PostgresStore, place: Place, url: str
) -> None:
    recorded = next(filled.read_all())
    with connected(place, url, BOT) as auditor:
        found = auditor.execute("SELECT state, hash FROM journal ORDER BY number").fetchall()
    assert found[0][0].startswith('{"exec_id":"000000","instrument_id":"ESZ6","side":"buy"')
    assert found[0][1] == recorded.hash
