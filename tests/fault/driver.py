"""Another driver under the store: apsw, whose files can be made to fail, spoken to as sqlite3.

The store's own code opens the file, sets and asserts its settings, makes its tables and runs its
statements; only the module that it takes for ``sqlite3`` is exchanged. The SQLite inside is
apsw's own, built from the same source in another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import apsw
import pytest

from ledger.store import sqlite_connection
from ledger.store.base import LogStore
from ledger.store.sqlite import SQLiteLog
from ledger.store.sqlite_module import sqlite3


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        kind: type[sqlite3.DatabaseError] = sqlite3.OperationalError
        if isinstance(error, apsw.ConstraintError):
            kind = sqlite3.IntegrityError
        told = kind(str(error) or type(error).__name__)
        told.sqlite_errorcode = getattr(error, "extendedresult", 1)
        raise told from error


_PAGES: Final = "PRAGMA wal_autocheckpoint = "


class Answer:
    """The rows of a statement, all of them fetched."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = list(rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._rows


class ApswConnection:
    """As much of ``sqlite3.Connection`` as the store uses."""

    def __init__(self, name: str, vfs: str) -> None:
        with _translated():
            self._apsw = apsw.Connection(name, vfs=vfs)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._apsw.in_transaction

    def execute(self, statement: str, params: Sequence[Any] = ()) -> Answer:
        """Run one statement to its end."""
        with _translated():
            answer = Answer(self._apsw.execute(statement, params))
        if statement.startswith(_PAGES):
            self._checkpoint_after(int(statement.removeprefix(_PAGES)))
        return answer

    def _checkpoint_after(self, pages: int) -> None:
        """What SQLite does by itself, and does without a word when it fails: apsw would raise."""

        def hook(connection: apsw.Connection, name: str, waiting: int) -> int:
            if waiting >= pages:
                with suppress(apsw.Error):
                    connection.wal_checkpoint(name)
            return apsw.SQLITE_OK

        self._apsw.set_wal_hook(hook)

    def executemany(self, statement: str, params: Iterable[Sequence[Any]]) -> Answer:
        """Run one statement for each of several rows."""
        with _translated():
            return Answer(self._apsw.executemany(statement, params))

    def close(self) -> None:
        """Close the file; SQLite says nothing when its last checkpoint fails, apsw would raise."""
        with suppress(apsw.Error):
            self._apsw.close()


class Driver:
    """What the store takes for the module ``sqlite3``."""

    Error = sqlite3.Error
    OperationalError = sqlite3.OperationalError

    def __init__(self, vfs: str) -> None:
        self._vfs = vfs

    def connect(self, name: str, **_: object) -> ApswConnection:
        """Open a file on the disk of this driver."""
        return ApswConnection(name, self._vfs)


@contextmanager
def on_disk(vfs: str) -> Iterator[None]:
    """Inside, SQLite stores are opened on that disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_connection, "sqlite3", Driver(vfs))
        yield


def connection_of(store: LogStore) -> Any:
    """The connection of a SQLite store, whatever its driver is."""
    assert isinstance(store.log, SQLiteLog)
    return store.log._connection
