"""Opening a SQLite file so that what it acknowledges is kept, and its errors as ours."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from eventsourcing.persistence import IntegrityError

from ledger.errors import (
    CorruptEventError,
    InDoubtError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreSettingsError,
)
from ledger.store import sqlite_schema as schema
from ledger.store.sqlite_module import OLDEST, SQLITE, sqlite3

_BUSY, _LOCKED, _FULL, _CONSTRAINT = 5, 6, 13, 19
_NO_SUCH: Final = ("no such table", "no such column")
_TRIES: Final = 50

# SQLite's primary result codes, see its documentation.
_MEANING: Final[dict[int, tuple[type[StoreError], str]]] = {
    _BUSY: (StoreBusyError, "another process holds the writer's lock; try again"),
    _LOCKED: (StoreBusyError, "another process holds the writer's lock; try again"),
    8: (StoreSettingsError, "the file cannot be written; check its permissions"),
    14: (StoreSettingsError, "the file cannot be opened; check path and permissions"),
    _FULL: (StoreFullError, "the disk is full and nothing was kept; make room and try again"),
    11: (CorruptEventError, "the file is damaged; run verify and restore a backup"),
    26: (CorruptEventError, "the file is not a SQLite database, or its start is damaged"),
}


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors as those of this library, or of ``eventsourcing`` for a taken place."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error) from error


def translate(error: sqlite3.Error) -> Exception:
    """The error of this library, or of ``eventsourcing``, that says the same and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _CONSTRAINT:
        return IntegrityError(str(error))
    if "decode to UTF-8" in str(error):
        return CorruptEventError("a stored text is not UTF-8; run verify and restore a backup")
    if str(error).startswith(_NO_SUCH):
        return CorruptEventError(f"{error}: the file was changed; run verify, restore a backup")
    kind, advice = _MEANING.get(code, (StoreError, "nothing of the call was kept"))
    return kind(f"{error}: {advice}")


def commit(connection: sqlite3.Connection, path: str, *, matters: bool) -> None:
    """``COMMIT``; ``InDoubtError`` if the disk failed before it said how that ended, and facts are
    in it, whose loss would matter.

    What was written of it then stands at the end of the log: a process that comes after a crash
    takes it for committed, one that goes on writes over it.
    """
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if not matters or connection.in_transaction or code in (_BUSY, _LOCKED, _FULL, _CONSTRAINT):
            raise
        raise InDoubtError(
            f"{path}: {error} while it committed; send the same facts again, and their keys tell "
            "whether they were recorded"
        ) from error


def is_missing(error: CorruptEventError) -> bool:
    """Whether a table is not there, rather than damaged."""
    return str(error).startswith(_NO_SUCH)


def connect(path: str | Path, *, busy_seconds: int, audit: bool = False) -> sqlite3.Connection:
    """Open or make a ledger file, readable by its owner alone, and assert its settings.

    Raises ``StoreSettingsError`` if the file cannot be kept as promised or is something else.
    With ``audit`` it is only read, whatever became of it.
    """
    if SQLITE.version < OLDEST:
        raise StoreSettingsError(f"SQLite {SQLITE.version} is too old; {OLDEST} is needed")
    name = os.fspath(path)
    if audit:
        return _connect_to_audit(name, busy_seconds)
    _touch(name)
    with translated():
        connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    try:
        with translated():
            _prepare(connection, name, busy_seconds)
    except (StoreError, IntegrityError):
        connection.close()
        raise
    return connection


class _Auditing(sqlite3.Connection):
    """A connection that only reads, and leaves no ``-wal`` and ``-shm`` that it made itself.

    SQLite makes them for a reader too, but only a connection that may write removes them. So one
    is opened and closed: as the last it removes them under SQLite's own locks, and as not the last
    it leaves them. A ``-wal`` that was there before is somebody's, and is not touched.
    """

    littered = ""

    def close(self) -> None:
        super().close()
        littered, self.littered = self.littered, ""
        if littered and Path(f"{littered}-wal").exists():
            with suppress(sqlite3.Error), closing(plain(littered, "rw")) as last:
                last.execute("PRAGMA fullfsync = ON")
                last.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def plain(name: str, mode: str) -> _Auditing:
    """A connection to a file that must be there, only to read (``ro``) or not (``rw``), with
    nothing set."""
    uri = f"{Path(name).absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, factory=_Auditing
    )


def _connect_to_audit(name: str, busy_seconds: int) -> sqlite3.Connection:
    """Open a ledger file only to read it, whatever became of its protections and settings.

    Nothing is made, repaired or written. ``StoreSettingsError`` if it is no ledger at all.
    """
    littered = "" if Path(f"{name}-wal").exists() else name
    with translated():
        connection = plain(name, "ro")
    connection.littered = littered
    try:
        with translated():
            connection.execute(f"PRAGMA busy_timeout = {busy_seconds * 1000:d}")
            connection.execute("PRAGMA query_only = ON")
            for tuning in schema.TUNING:
                connection.execute(f"PRAGMA {tuning}")
            schema.require_mark(connection, name)
    except StoreError:
        connection.close()
        raise
    return connection


def _touch(name: str) -> None:
    """Make the file with mode 0600, which SQLite's own side files then take over."""
    try:
        os.close(os.open(name, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreSettingsError(f"{name} cannot be opened for writing: {error}") from None


def _prepare(connection: sqlite3.Connection, name: str, busy_seconds: int) -> None:
    connection.execute(f"PRAGMA busy_timeout = {busy_seconds * 1000:d}")
    is_new = schema.is_empty(connection)
    if not is_new:
        schema.require_mark(connection, name)
    for setting, (value, _) in schema.SETTINGS.items():
        _set(connection, f"PRAGMA {setting} = {value}")
    for tuning in schema.TUNING:
        connection.execute(f"PRAGMA {tuning}")
    schema.require_settings(connection, name)
    if is_new:
        _make(connection)
    elif schema.version_of(connection) < schema.SCHEMA_VERSION:
        _upgrade(connection, name)
    schema.require_schema(connection, name)
    if schema.lacks_derived(connection):
        _mend(connection)


def _make(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    if schema.is_empty(connection):
        schema.create_schema(connection)
    connection.execute("COMMIT")


def _upgrade(connection: sqlite3.Connection, name: str) -> None:
    """Bring an older file to this version, unless another process was faster. One that is not
    protected is left as it is."""
    connection.execute("BEGIN IMMEDIATE")
    schema.require_schema(connection, name)
    if schema.version_of(connection) < schema.SCHEMA_VERSION:
        schema.upgrade(connection)
    connection.execute("COMMIT")


def _mend(connection: sqlite3.Connection) -> None:
    """Make again what is derived. Not while another process writes: there are answers without."""
    with suppress(StoreBusyError), translated():
        with impatient(connection):
            connection.execute("BEGIN IMMEDIATE")
        schema.make_derived(connection)
        connection.execute("COMMIT")


@contextmanager
def impatient(connection: sqlite3.Connection) -> Iterator[None]:
    """Inside, the writer's lock is had at once or not at all."""
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout:d}")


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    """Two processes that make one file at once: switching to WAL does not wait by itself."""
    for _ in range(_TRIES):
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (_BUSY, _LOCKED):
                raise
            time.sleep(1 / 10)
        else:
            return
    connection.execute(pragma)
