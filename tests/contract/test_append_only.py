"""The database itself refuses to change what is recorded, from whatever program it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import DERIVED, EVENTS, KEYS
from tests.contract.helpers import fill

_ROW = (
    "SELECT {}, 'U1', {}, topic, 'new key', occurred_at, recorded_at, '', state, prev_hash, hash "
    "FROM events WHERE number = 1"
)
_VALUES = "INSERT {} INTO events " + _ROW
_MIDDLE, _END = ("2", "2"), ("4", "4")

REFUSED = {
    "update": "UPDATE events SET state = x'7b7d' WHERE number = 2",
    "update or replace": "UPDATE OR REPLACE events SET number = 1 WHERE number = 2",
    "update or ignore": "UPDATE OR IGNORE events SET version = 9 WHERE number = 2",
    "renumber": "UPDATE events SET number = number + 100",
    "delete one": "DELETE FROM events WHERE number = 2",
    "delete the last": "DELETE FROM events WHERE number = 3",
    "delete all": "DELETE FROM events",
    "replace by number": f"REPLACE INTO events {_ROW.format('2', '4')}",
    "replace by version": f"REPLACE INTO events {_ROW.format('4', '2')}",
    "insert or replace": _VALUES.format("OR REPLACE", *_MIDDLE),
    "insert or ignore": _VALUES.format("OR IGNORE", *_MIDDLE),
    "insert or fail": _VALUES.format("OR FAIL", *_MIDDLE),
    "upsert": _VALUES.format("", *_MIDDLE) + " ON CONFLICT DO UPDATE SET topic = 'x'",
    "upsert by number": _VALUES.format("", *_MIDDLE)
    + " ON CONFLICT (number) DO UPDATE SET state = excluded.state",
    "replace after an event that fits": f"REPLACE INTO events {_ROW.format('4', '4')} "
    f"UNION ALL {_ROW.format('2', '5')}",
    "low number": _VALUES.format("", "0", "4"),
    "negative number": _VALUES.format("", "-5", "4"),
    "number left to the database": _VALUES.format("", "NULL", "4"),
    "a gap in the numbers": _VALUES.format("", "5", "4"),
    "a version before the first": _VALUES.format("", "4", "0"),
    "update keys": "UPDATE keys SET number = 1",
    "delete keys": "DELETE FROM keys WHERE number = 2",
    "replace keys": "REPLACE INTO keys SELECT key, 3 FROM keys WHERE number = 2",
    "replace keys after one that fits": "REPLACE INTO keys SELECT 'a new one', 4 "
    "UNION ALL SELECT key, 3 FROM keys WHERE number = 2",
    "upsert keys": "INSERT INTO keys SELECT key, 3 FROM keys WHERE number = 2 "
    "ON CONFLICT (key) DO UPDATE SET number = excluded.number",
}


def content(connection: sqlite3.Connection) -> list[list[object]]:
    queries = ("SELECT * FROM events ORDER BY number", "SELECT * FROM keys ORDER BY key")
    return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("recursive", ["OFF", "ON"])
def test_an_attack_is_refused(sqlite: SQLiteStore, path: Path, attack: str, recursive: str) -> None:
    sqlite.append([fill(n) for n in range(3)])
    stranger = sqlite3.connect(path)
    stranger.execute(f"PRAGMA recursive_triggers = {recursive}")
    before = content(stranger)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        stranger.execute(attack)
    stranger.rollback()
    assert content(stranger) == before
    assert sqlite.verify().ok
    stranger.close()


def test_without_the_triggers_the_same_attacks_succeed(sqlite: SQLiteStore, path: Path) -> None:
    """The negative control: it is the triggers that refuse, not the tables or the test."""
    sqlite.append([fill(n) for n in range(3)])
    succeeded = set()
    for name, attack in REFUSED.items():
        bare = sqlite3.connect(":memory:")
        bare.execute("ATTACH ? AS ledger", (str(path),))
        for table, sql in {"events": EVENTS, "keys": KEYS}.items():
            bare.execute(sql)
            bare.execute(f"INSERT INTO main.{table} SELECT * FROM ledger.{table}")
        bare.commit()
        bare.execute("DETACH ledger")
        before = content(bare)
        try:
            bare.execute(attack)
        except sqlite3.IntegrityError:
            bare.rollback()
        if content(bare) != before:
            succeeded.add(name)
        bare.close()
    assert succeeded == REFUSED.keys() - {"insert or ignore", "insert or fail"}


def test_the_next_event_is_let_in(sqlite: SQLiteStore, path: Path) -> None:
    """The other control: what is at its place is not refused."""
    sqlite.append([fill(n) for n in range(3)])
    stranger = sqlite3.connect(path)
    stranger.execute(_VALUES.format("", *_END))
    stranger.rollback()
    stranger.close()


def test_an_auditor_reads_the_journal_with_any_tool(sqlite: SQLiteStore, path: Path) -> None:
    recorded = sqlite.append([fill(1)])[0].recorded
    auditor = sqlite3.connect(path)
    [(state, digest)] = auditor.execute("SELECT state, hash FROM journal").fetchall()
    assert state.startswith('{"exec_id":"000001","instrument_id":"ESZ6","side":"buy"')
    assert digest == recorded.hash
    auditor.close()


def test_what_is_derived_is_not_protected() -> None:
    assert not [sql for sql in DERIVED.values() if "raise(" in sql]
