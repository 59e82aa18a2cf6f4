"""Reaching a PostgreSQL store so that what it acknowledges is kept, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit
from zlib import crc32

import psycopg
from eventsourcing.persistence import IntegrityError
from psycopg.errors import InsufficientPrivilege, LockNotAvailable, UndefinedTable
from psycopg.types.string import BytesBinaryDumper

from ledger.errors import (
    BadTextError,
    CorruptEventError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreSettingsError,
    StoreUnavailableError,
    UnknownStoreError,
)
from ledger.store import postgres_schema as schema
from ledger.store.postgres_checks import (
    lacks_derived,
    require_schema,
    require_settings,
    require_version,
    version_of,
)

Connection = psycopg.Connection[tuple[Any, ...]]

APPLICATION: Final = 0x54_4C_44_47
"""``TLDG``: the first half of every advisory lock's key; the second is the schema's checksum."""

_IDLE_MS: Final = 60_000
_CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "tradeledger",
    "client_encoding": "UTF8",
}
_SET: Final = """
SELECT set_config('search_path', %s, false),
  set_config('lock_timeout', %s, false),
  set_config('idle_in_transaction_session_timeout', %s, false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('default_transaction_read_only', %s, false),
  set_config('standard_conforming_strings', 'on', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)"""

_BUSY = "another writer holds the lock, or the server is overloaded; try again"
_GRANT = "grant the role what docs/how-to/postgresql.md lists"
_GONE = "the server is away; what was not acknowledged was not kept; try again"
# SQLSTATE codes and classes, see PostgreSQL's documentation, appendix A.
_MEANING: Final[dict[str, tuple[type[StoreError], str]]] = {
    "55P03": (StoreBusyError, _BUSY),
    "40001": (StoreBusyError, _BUSY),
    "40P01": (StoreBusyError, _BUSY),
    "57014": (StoreBusyError, "the statement was cancelled; nothing of the call was kept"),
    "53100": (StoreFullError, "the disk is full and nothing was kept; make room and try again"),
    "42501": (StoreSettingsError, _GRANT),
    "25006": (StoreSettingsError, "the server only reads; connect to the primary one"),
    "42P01": (CorruptEventError, "a table is missing; run verify, restore a backup"),
    "42703": (CorruptEventError, "a table was changed; run verify, restore a backup"),
    "54000": (StoreError, "a name is longer than an index can hold; shorten it"),
    "XX001": (CorruptEventError, "the database is damaged; run verify and restore a backup"),
    "XX002": (CorruptEventError, "an index is damaged; run verify and restore a backup"),
    "25P03": (StoreUnavailableError, "the append took longer than a minute between statements"),
    "08": (StoreUnavailableError, _GONE),
    "57": (StoreUnavailableError, _GONE),
    "53": (StoreUnavailableError, "the server has no room for this; try again"),
    "28": (StoreSettingsError, "the server does not let this role in; mend user and password"),
    "3D": (StoreSettingsError, "there is no such database; make it with createdb"),
}


class Target(NamedTuple):
    """Where a store is: libpq's url, the schema, and a name for messages that has no password."""

    conninfo: str
    schema: str
    name: str

    @property
    def lock(self) -> int:
        """The second half of the key of the writer's lock, a signed 32-bit number."""
        checksum = crc32(self.schema.encode())
        return checksum - (1 << 32) if checksum >> 31 else checksum


def target_of(url: str) -> Target:
    """The place a url names: ``postgresql://user@host/database?schema=tradeledger``.

    All of libpq's options may stand behind the question mark. ``UnknownStoreError`` if it is no
    such url; passwords are not repeated in it.

    >>> target_of("postgresql://bot:secret@db/books?schema=ledger").name
    'schema ledger of postgresql://db/books'
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        name = query.pop("schema", schema.DEFAULT_SCHEMA)
        conninfo = urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
        known = psycopg.conninfo.conninfo_to_dict(conninfo)
    except (ValueError, psycopg.ProgrammingError):
        raise UnknownStoreError(
            "the url names no PostgreSQL store; write "
            "postgresql://user@host:5432/database?schema=tradeledger"
        ) from None
    shown = f"postgresql://{known.get('host') or ''}{unquote(parts.path)}"
    return Target(conninfo, schema.require_name("schema", name), f"schema {name} of {shown}")


@contextmanager
def translated() -> Iterator[None]:
    """PostgreSQL's errors as those of this library, or of ``eventsourcing`` for a taken place."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> Exception:
    """The error of this library, or of ``eventsourcing``, that says the same and what to do."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
    if state.startswith("23"):
        return IntegrityError(said)
    if isinstance(error, psycopg.DataError):
        return BadTextError("text", said, "PostgreSQL cannot keep it")
    instead = (StoreError, "nothing of the call was kept")
    if isinstance(error, psycopg.OperationalError) and not state:
        instead = (StoreUnavailableError, _GONE)
    kind, advice = _MEANING.get(state) or _MEANING.get(state[:2]) or instead
    return kind(f"{said}: {advice}")


def is_gone(error: psycopg.Error) -> bool:
    """Whether the server ended the connection, as it says itself before it closes it."""
    state = error.sqlstate or ""
    return state.startswith(("08", "57P")) or state == "25P03"


def is_missing(error: CorruptEventError) -> bool:
    """Whether a table is not there, rather than damaged."""
    return isinstance(error.__cause__, UndefinedTable)


def connect(target: Target, *, busy_seconds: int, audit: bool = False) -> Connection:
    """Connect, assert the settings, and make the store if it is not there and the role may.

    Raises ``StoreSettingsError`` if the server would not keep what it acknowledges, or the
    schema is something else; ``StoreUnavailableError`` if it cannot be reached. With ``audit``
    the session only reads, whatever became of settings and protections.
    """
    with translated():
        given = psycopg.conninfo.conninfo_to_dict(target.conninfo)
        connection = psycopg.connect(**_CONNECTING | given, autocommit=True)
    try:
        with translated():
            _set(connection, target, busy_seconds, "on" if audit else "off")
            if audit:
                require_version(connection, target.name)
            else:
                _prepare(connection, target)
    except (StoreError, BadTextError, IntegrityError):
        connection.close()
        raise
    return connection


def _set(connection: Connection, target: Target, busy_seconds: int, only_reads: str) -> None:
    # Else COPY finds the slower one that is registered for the DB API's Binary.
    connection.adapters.register_dumper(bytes, BytesBinaryDumper)
    path = f"{target.schema}, pg_temp"
    connection.execute(_SET, (path, f"{busy_seconds * 1000:d}", f"{_IDLE_MS:d}", only_reads))


def _prepare(connection: Connection, target: Target) -> None:
    require_settings(connection, target.name)
    if version_of(connection, target.name) < schema.SCHEMA_VERSION:
        _upgrade(connection, target)
    require_schema(connection, target.name)
    if lacks_derived(connection):
        _mend(connection, target)


def _mend(connection: Connection, target: Target) -> None:
    """Make again what is derived, if the role may and nobody writes: there are answers without."""
    with suppress(InsufficientPrivilege, LockNotAvailable), connection.transaction():
        connection.execute("SET LOCAL lock_timeout = 1")
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (APPLICATION, target.lock))
        connection.execute(schema.mend(target.schema).encode())


def _upgrade(connection: Connection, target: Target) -> None:
    """Bring the tables to this version; others that open the store meanwhile wait.

    The lock comes before the transaction: one that began earlier may not see what others made.
    """
    lock = (APPLICATION, target.lock)
    connection.execute("SELECT pg_advisory_lock(%s, %s)", lock)
    try:
        with connection.transaction():
            version = version_of(connection, target.name)
            if version < schema.SCHEMA_VERSION:
                for statements in schema.upgrade(target.schema, version):
                    connection.execute(statements.encode())
    except InsufficientPrivilege as error:
        raise _not_mine(connection, target, error) from error
    connection.execute("SELECT pg_advisory_unlock(%s, %s)", lock)


def _not_mine(
    connection: Connection, target: Target, error: InsufficientPrivilege
) -> StoreSettingsError:
    """What only the owner of the tables can do."""
    version, why = version_of(connection, target.name), error.diag.message_primary
    if version:
        return StoreSettingsError(
            f"{target.name} has version {version}, and this role may not bring it to "
            f"{schema.SCHEMA_VERSION} ({why}); open it once as the owner of its tables"
        )
    return StoreSettingsError(
        f"{target.name} is not there, and this role may not make it ({why}); let the owner run the "
        "script of docs/how-to/postgresql.md"
    )
