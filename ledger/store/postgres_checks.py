"""What must be found in a PostgreSQL database: settings, tables, and what protects them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg

from ledger.errors import StoreSettingsError
from ledger.store.postgres_schema import DERIVED, FUNCTIONS, SCHEMA_VERSION, TRIGGERS

Connection = psycopg.Connection[tuple[Any, ...]]

OLDEST: Final = 130_000
"""The oldest server: PostgreSQL 13."""

SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "server_encoding": ("UTF8",),
    "client_encoding": ("UTF8",),
    "standard_conforming_strings": ("on",),
    "default_transaction_isolation": ("read committed",),
    "session_replication_role": ("origin",),
}
"""Settings that must be found, each with the values that keep what was acknowledged."""

_TABLES: Final = {
    "events": (
        ("number", "bigint", True),
        ("stream", "text", True),
        ("version", "bigint", True),
        ("topic", "text", True),
        ("key", "text", False),
        ("occurred_at", "text", False),
        ("recorded_at", "text", False),
        ("metadata", "text", True),
        ("state", "bytea", True),
        ("prev_hash", "bytea", True),
        ("hash", "bytea", True),
    ),
    "keys": (("key", "text", True), ("number", "bigint", True)),
    "prices": (
        ("number", "bigint", True),
        ("about", "text", True),
        ("name", "text", True),
        ("kind", "text", True),
        ("source", "text", True),
        ("at", "text", True),
        ("px", "text", True),
        ("recorded_at", "text", True),
        ("latest_at", "text", True),
        ("prev_hash", "bytea", True),
        ("hash", "bytea", True),
    ),
}
_CONSTRAINTS: Final = {
    "events": {"PRIMARY KEY (number)", "UNIQUE (stream, version)"},
    "keys": {"PRIMARY KEY (key)"},
    "prices": {"PRIMARY KEY (number)", "UNIQUE (recorded_at)"},
}
_SINCE: Final = {"prices": 2}
"""The version that brought a table, if it was not the first."""


_FIND_TRIGGERS = """
SELECT tgname, relname, proname, tgtype, tgenabled = 'A' AND tgqual IS NULL, prosrc
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relnamespace = current_schema()::regnamespace AND relname IN ('events', 'keys', 'prices')
  AND NOT tgisinternal ORDER BY tgname"""
_FIND_COLUMNS = """
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = current_schema()::regnamespace AND relname IN ('events', 'keys', 'prices')
  AND relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum"""
_FIND_CONSTRAINTS = """
SELECT relname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid JOIN pg_index ON indexrelid = conindid
WHERE relnamespace = current_schema()::regnamespace AND relname IN ('events', 'keys', 'prices')
  AND contype IN ('p', 'u') AND indisvalid AND indisunique"""
_FIND_DERIVED = """
SELECT count(to_regclass(name)) = count(*) AND EXISTS (
  SELECT FROM pg_trigger
  WHERE tgrelid = to_regclass('refs') AND tgname = 'refs_change' AND tgenabled = 'A')
FROM unnest(%s::text[]) AS name"""
_FIND_OTHERS = """
SELECT 'rule ' || rulename FROM pg_rules
WHERE schemaname = current_schema() AND tablename IN ('events', 'keys', 'prices')
UNION ALL SELECT 'row security of ' || relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relname IN ('events', 'keys', 'prices')
  AND relrowsecurity"""


def require_settings(connection: Connection, name: str) -> None:
    """``StoreSettingsError`` unless the session keeps what it acknowledges."""
    if connection.info.server_version < OLDEST:
        found = connection.info.parameter_status("server_version")
        raise StoreSettingsError(f"PostgreSQL {found} is too old; {OLDEST // 10_000} is needed")
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
    settings: dict[str, str] = dict(connection.execute(query, [[*SETTINGS, "lock_timeout"]]))
    for setting, wanted in SETTINGS.items():
        if settings.get(setting) not in wanted:
            raise StoreSettingsError(
                f"{name}: {setting} is {settings.get(setting)}, and only {' or '.join(wanted)} "
                "keeps what was acknowledged; set it for the server, the database or the role"
            )
    if int(settings["lock_timeout"]) <= 0:
        raise StoreSettingsError(f"{name}: lock_timeout is 0; give a time to wait")


def version_of(connection: Connection, name: str) -> int:
    """The version of the tables; 0 if there are none. Something else is not touched."""
    found = connection.execute(
        "SELECT to_regclass('migrations'), to_regclass('events'), to_regclass('keys')"
    ).fetchone()
    marker, *tables = found or (None,)
    if marker is None and any(tables):
        raise StoreSettingsError(f"{name} is not a ledger: its mark is missing; use a new schema")
    if marker is None:
        return 0
    query = "SELECT coalesce(max(version), 0) FROM migrations"
    return int((connection.execute(query).fetchone() or (0,))[0])


def require_version(connection: Connection, name: str) -> None:
    """``StoreSettingsError`` unless the schema is a ledger of a version up to this."""
    version = version_of(connection, name)
    if not version:
        raise StoreSettingsError(f"{name} is not a ledger: there is nothing in it; check the url")
    if version > SCHEMA_VERSION:
        raise StoreSettingsError(
            f"{name} has version {version} and this program knows {SCHEMA_VERSION}; "
            "open it with the version that wrote it"
        )


def require_schema(connection: Connection, name: str) -> None:
    """``StoreSettingsError`` unless the schema is a ledger, as protected as its version is."""
    require_version(connection, name)
    lost = list(unprotected(connection, name))
    if lost:
        raise StoreSettingsError(
            f"{name}: {', '.join(lost)} was removed, added or changed, so history is not "
            "protected; run 'tradeledger verify', which still reads it, and restore a backup"
        )


def lacks_derived(connection: Connection) -> bool:
    """Whether something that is derived is gone, or the index of references is not guarded."""
    return connection.execute(_FIND_DERIVED, [list(DERIVED)]).fetchone() != (True,)


def has_prices(connection: Connection) -> bool:
    """Whether there is a table of prices."""
    return connection.execute("SELECT to_regclass('prices') IS NOT NULL").fetchone() == (True,)


def unprotected(connection: Connection, name: str) -> Iterator[str]:
    """The tables, triggers and rules that are not what they were made as, or that the store's
    version has none of."""
    version = version_of(connection, name)
    expected = {table for table in _TABLES if version >= _SINCE.get(table, 1)}
    columns = connection.execute(_FIND_COLUMNS).fetchall()
    constraints = connection.execute(_FIND_CONSTRAINTS).fetchall()
    for table, wanted in _TABLES.items():
        found = {text for of, text in constraints if of == table}
        made = tuple(row[1:] for row in columns if row[0] == table)
        is_due = table in expected
        if (made, found) != ((wanted, _CONSTRAINTS[table]) if is_due else ((), set())):
            yield table
    yield from _wrong_triggers(connection, expected)
    for (other,) in connection.execute(_FIND_OTHERS).fetchall():
        yield other


def _wrong_triggers(connection: Connection, tables: set[str]) -> Iterator[str]:
    """Triggers that are missing, disabled, changed, or not ours."""
    rows = connection.execute(_FIND_TRIGGERS).fetchall()
    found = {name: tuple(rest) for name, *rest in rows}
    wanted = {
        name: (table, function, kind, True, FUNCTIONS[function])
        for name, (table, function, kind) in TRIGGERS.items()
        if table in tables
    }
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            yield name
