"""The tables of a SQLite store, what protects them, and the settings that keep its word."""

from __future__ import annotations

from typing import Final

from ledger.errors import StoreSettingsError
from ledger.store.saved_rows import SQLITE as CHECKPOINTS
from ledger.store.sqlite_module import sqlite3

APPLICATION_ID: Final = 0x54_4C_44_47
"""``TLDG``: marks a file as a ledger."""

SCHEMA_VERSION: Final = 2
"""1 had no prices; such a file is brought to 2 when it is opened to be written."""

EVENTS: Final = """CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  topic TEXT NOT NULL,
  key TEXT,
  occurred_at TEXT,
  recorded_at TEXT,
  metadata TEXT NOT NULL,
  state BLOB NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (stream, version)
) STRICT"""

KEYS: Final = """CREATE TABLE keys (
  key TEXT PRIMARY KEY NOT NULL,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID"""

PRICES: Final = """CREATE TABLE prices (
  number INTEGER PRIMARY KEY,
  about TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  at TEXT NOT NULL,
  px TEXT NOT NULL,
  recorded_at TEXT NOT NULL UNIQUE,
  latest_at TEXT NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT"""

# INSERT OR REPLACE deletes the row in its way without firing a DELETE trigger, so the insert
# itself must be refused: events only grow at the end, of the log and of their stream. FAIL and not
# ABORT: for what could be taken back of a statement, SQLite keeps a journal of every row.
_EVENTS_GROW = """CREATE TRIGGER events_grow BEFORE INSERT ON events
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM events)
  OR NEW.version <= (SELECT max(version) FROM events WHERE stream = NEW.stream)
BEGIN SELECT raise(FAIL, 'append-only: events are added at the end'); END"""

_KEYS_GROW = """CREATE TRIGGER keys_grow BEFORE INSERT ON keys
WHEN EXISTS (SELECT 1 FROM keys WHERE key = NEW.key)
BEGIN SELECT raise(FAIL, 'append-only: the key is taken'); END"""

_PRICES_GROW = """CREATE TRIGGER prices_grow BEFORE INSERT ON prices
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM prices)
  OR NEW.recorded_at <= (SELECT recorded_at FROM prices ORDER BY number DESC LIMIT 1)
BEGIN SELECT raise(FAIL, 'append-only: prices are added at the end'); END"""

# For auditors with any SQLite tool: the states as text and the hashes as hexadecimal.
_JOURNAL = """CREATE VIEW journal AS
SELECT number, stream, version, topic, key, occurred_at, recorded_at, metadata,
  CAST(state AS TEXT) AS state, lower(hex(prev_hash)) AS prev_hash, lower(hex(hash)) AS hash
FROM events"""


def _refusing(table: str, verb: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}\n"
        f"BEGIN SELECT raise(ABORT, 'append-only: {table} are never changed'); END"
    )


_PRICED: Final[dict[str, str]] = {
    "prices": PRICES,
    "prices_grow": _PRICES_GROW,
    "prices_no_update": _refusing("prices", "update"),
    "prices_no_delete": _refusing("prices", "delete"),
}

PROTECTED: Final[dict[str, str]] = _PRICED | {
    "events": EVENTS,
    "keys": KEYS,
    "events_grow": _EVENTS_GROW,
    "keys_grow": _KEYS_GROW,
    "events_no_update": _refusing("events", "update"),
    "events_no_delete": _refusing("events", "delete"),
    "keys_no_update": _refusing("keys", "update"),
    "keys_no_delete": _refusing("keys", "delete"),
}
"""What must stand in the file exactly as it is written here."""

_TABLES: Final = ("events", "keys", "prices")

_REFS = """CREATE TABLE refs (
  stream TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (stream, kind, id, number)
) STRICT, WITHOUT ROWID"""


def _forgetting(verb: str) -> str:
    """Whoever takes something out of the index has it made anew: it is a cache."""
    return (
        f"CREATE TRIGGER refs_{verb} AFTER {verb.upper()} ON refs\n"
        "BEGIN DELETE FROM cursors WHERE name = 'refs'; END"
    )


REFS: Final[dict[str, str]] = {
    "refs": _REFS,
    "refs_update": _forgetting("update"),
    "refs_delete": _forgetting("delete"),
}
"""The index of references and what guards it: trusted only as it is written here."""

DERIVED: Final[dict[str, str]] = REFS | {
    "cursors": (
        "CREATE TABLE cursors (name TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL) STRICT"
    ),
    "tracking": (
        "CREATE TABLE tracking (name TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL) STRICT"
    ),
    "checkpoints": CHECKPOINTS,
    "journal": _JOURNAL,
    "prices_held": "CREATE INDEX prices_held ON prices (about, name, kind, at, number)",
    "prices_of": "CREATE INDEX prices_of ON prices (about, name, number)",
}
"""What is made again when it is gone."""

SETTINGS: Final[dict[str, tuple[str, object]]] = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "recursive_triggers": ("ON", 1),
    "fullfsync": ("ON", 1),
}
"""Settings that are set and must then be found: the value to write and the value to read."""

# 14,000 pages of 4,120 bytes, and what a large batch adds to them, are less than 64 MB.
TUNING: Final = ("cache_size = -8192", "wal_autocheckpoint = 14000", "trusted_schema = OFF")

TO_WRITE: Final = "PRAGMA cache_size = -65536"
"""Who writes keeps the pages of the indexes, whose keys come in any order; who only reads goes
through the log once, and would keep 64 MiB of it for nothing."""


def require_settings(connection: sqlite3.Connection, path: str) -> None:
    """``StoreSettingsError`` unless the connection keeps what it acknowledges."""
    for name, (wanted, value) in SETTINGS.items():
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise StoreSettingsError(
                f"{path}: {name} is {found}, and only {wanted} keeps what was acknowledged; "
                "use a file on a local disk that no other program has opened in another mode"
            )
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    if timeout <= 0:
        raise StoreSettingsError(f"{path}: busy_timeout is {timeout}; give a time to wait")


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file; inside a transaction."""
    create_tables(connection)
    protect(connection)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring the tables of an older version to this one; inside a transaction."""
    for statement in _PRICED.values():
        connection.execute(statement)
    make_derived(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables, as the file says itself."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of history, which nothing protects yet; inside a transaction."""
    for name in _TABLES:
        connection.execute(PROTECTED[name])


def protect(connection: sqlite3.Connection) -> None:
    """Make the rest: what protects the tables, what is derived, the mark; in that transaction."""
    for name, statement in PROTECTED.items():
        if name not in _TABLES:
            connection.execute(statement)
    make_derived(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def make_derived(connection: sqlite3.Connection) -> None:
    """Make what is derived and gone; inside a transaction."""
    found = _made(connection)
    if not _has_refs(found):
        make_refs(connection)
    for name, statement in DERIVED.items():
        if name not in found and name not in ("cursors", *REFS):
            connection.execute(statement)


def make_refs(connection: sqlite3.Connection) -> None:
    """Make the index of references anew, empty, and nothing of it trusted; inside a transaction."""
    for statement in ("DROP TABLE IF EXISTS refs", "DROP TABLE IF EXISTS cursors"):
        connection.execute(statement)
    for name in ("cursors", *REFS):
        connection.execute(DERIVED[name])
    connection.execute("INSERT INTO cursors VALUES ('refs', 0), ('refs written', 0)")


def lacks_derived(connection: sqlite3.Connection) -> bool:
    """Whether something that is derived is gone, or the index is not guarded."""
    found = _made(connection)
    return not _has_refs(found) or not DERIVED.keys() <= found.keys()


def _has_refs(found: dict[str, str]) -> bool:
    guarded = all(found.get(name) == sql for name, sql in REFS.items())
    return guarded and "cursors" in found


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever made in the file."""
    (marker,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return not marker and not tables


def _made(connection: sqlite3.Connection) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    return dict(connection.execute(query).fetchall())


def unprotected(connection: sqlite3.Connection) -> list[str]:
    """The tables and triggers that are missing or are not what they were made as, or that the
    file's version has none of."""
    found, is_priced = _made(connection), version_of(connection) > 1
    wanted = PROTECTED if is_priced else {k: v for k, v in PROTECTED.items() if k not in _PRICED}
    return [name for name in PROTECTED if found.get(name) != wanted.get(name)]


def require_mark(connection: sqlite3.Connection, path: str) -> None:
    """``StoreSettingsError`` unless the file is marked as a ledger of a version up to this."""
    if is_empty(connection):
        raise StoreSettingsError(f"{path} is not a ledger: there is nothing in it; check the path")
    (marker,) = connection.execute("PRAGMA application_id").fetchone()
    version = version_of(connection)
    if marker != APPLICATION_ID:
        raise StoreSettingsError(
            f"{path} is not a ledger: its mark is missing, and other tables are in it; use a new "
            "file"
        )
    if not 1 <= version <= SCHEMA_VERSION:
        raise StoreSettingsError(
            f"{path} has schema {version} and this version knows {SCHEMA_VERSION}; "
            "open it with the version that wrote it"
        )


def require_schema(connection: sqlite3.Connection, path: str) -> None:
    """``StoreSettingsError`` unless the file is a ledger with all protections of its version."""
    require_mark(connection, path)
    lost = unprotected(connection)
    if lost:
        raise StoreSettingsError(
            f"{path}: {', '.join(lost)} was removed or changed, so history is not protected; "
            "run 'tradeledger verify', which still reads it, and restore a backup"
        )
