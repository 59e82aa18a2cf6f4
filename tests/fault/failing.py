"""A connection whose N-th operation fails, before it is done or after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ledger.store.base import LogStore
from ledger.store.sqlite import SQLiteLog
from ledger.store.sqlite_module import sqlite3


class Failure(NamedTuple):
    """What goes wrong: SQLite's code and what it says, and whether it was done nevertheless."""

    code: int
    says: str
    is_done: bool = False

    def error(self) -> sqlite3.OperationalError:
        """As the driver raises it."""
        error = sqlite3.OperationalError(self.says)
        error.sqlite_errorcode = self.code
        return error


BUSY = Failure(5, "database is locked")
IO_ERROR = Failure(10 | 3 << 8, "disk I/O error")
FULL = Failure(13, "database or disk is full")
LOST_REPLY = Failure(10 | 4 << 8, "disk I/O error", is_done=True)


class FailingConnection:
    """Stands before a connection of ``sqlite3``; fails once, when it is told to."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self.real = real
        self.failure: Failure | None = None
        self.left = 0
        self.only = ""
        self.failed: list[str] = []

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.real.in_transaction

    def execute(self, statement: str, params: Sequence[Any] = ()) -> Any:
        """Run a statement, unless it is the one that fails."""
        with self._counted(statement):
            return self.real.execute(statement, params)

    def executemany(self, statement: str, params: Iterable[Sequence[Any]]) -> Any:
        """Run a statement for several rows, unless it is the one that fails."""
        with self._counted(statement):
            return self.real.executemany(statement, params)

    @contextmanager
    def _counted(self, statement: str) -> Iterator[None]:
        failure = self._failure(statement)
        if failure is not None and not failure.is_done:
            raise failure.error()
        yield
        if failure is not None:
            raise failure.error()

    def _failure(self, statement: str) -> Failure | None:
        if self.failure is None or not statement.startswith(self.only):
            return None
        self.left -= 1
        if self.left:
            return None
        failure, self.failure = self.failure, None
        self.failed.append(statement)
        return failure

    def fail(self, number: int, failure: Failure, *, only: str = "") -> None:
        """Fail in the operation of that number from now on, of those that begin with a word."""
        self.left, self.failure, self.only = number, failure, only

    def close(self) -> None:
        """Close the file."""
        self.real.close()


def made_failing(store: LogStore) -> FailingConnection:
    """Put a failing connection into an open SQLite store."""
    log = store.log
    assert isinstance(log, SQLiteLog)
    failing = FailingConnection(log._connection)
    log._connection = failing  # type: ignore[assignment]
    return failing
