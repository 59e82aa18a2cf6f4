"""One connection to a PostgreSQL store: its lock, its transactions, and what is done when it is
lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import RLock
from typing import Any, TypeVar

import psycopg

from ledger.errors import InDoubtError, StoreClosedError, StoreError
from ledger.store import postgres_statements as sql
from ledger.store.postgres_connection import (
    APPLICATION,
    Connection,
    Target,
    connect,
    is_gone,
    translate,
    translated,
)

_T = TypeVar("_T")


class OpenCopy:
    """A binary COPY that stays open between calls: the server works on it meanwhile."""

    def __init__(self, connection: Connection, statement: str, types: Sequence[str]) -> None:
        self._stack = ExitStack()
        cursor = self._stack.enter_context(connection.cursor())
        self._copy = self._stack.enter_context(cursor.copy(statement))
        self._copy.set_types(types)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Send rows, as far as the server takes them at once."""
        for row in rows:
            self._copy.write_row(row)

    def end(self) -> None:
        """Send the end, and wait for the server to have taken everything."""
        self._stack.close()

    def abort(self) -> None:
        """Have the server drop everything."""
        why = StoreError("the append ended early")
        self._stack.__exit__(StoreError, why, None)


class Session:
    """A connection, used by one thread at a time; made again when the server was away."""

    def __init__(self, target: Target, busy_seconds: int, *, audit: bool = False) -> None:
        self.target = target
        self._connect = partial(connect, target, busy_seconds=busy_seconds, audit=audit)
        self.connection: Connection = self._connect()
        self.depth = 0
        self._begin = sql.BEGIN_WRITING.format(APPLICATION, target.lock)
        self._begin_now = sql.BEGIN_NOW.format(APPLICATION, target.lock)
        self._process = os.getpid()
        self._lock = RLock()
        self._in_transaction = False
        self._has_written = False
        self._closed = False
        self._copy: OpenCopy | None = None

    @property
    def is_in_transaction(self) -> bool:
        """Whether this thread's statements are in a transaction, once it holds the lock."""
        return self._in_transaction

    @contextmanager
    def held(self) -> Iterator[None]:
        """The lock of this connection, which must be open and of this process."""
        with self._lock, translated():
            self._require_open()
            yield

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosedError(f"{self.target.name} was closed; open it again")
        if self._process != os.getpid():
            raise StoreError(
                f"{self.target.name} was opened before a fork; open it in each process"
            )

    def _run(self, statement: str, params: Sequence[Any]) -> psycopg.Cursor[Any]:
        self.settle()
        return self.connection.execute(statement, params, binary=True)

    def change(self, statement: str, params: Sequence[Any] = ()) -> None:
        """A statement that changes something; only inside ``writing()``."""
        with self.held():
            self._run(statement, params)

    def add(self, statement: str, params: Sequence[Any]) -> None:
        """A change whose loss would matter: a commit that is cut is then in doubt."""
        self._has_written = True
        self.change(statement, params)

    def feed(self, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Send rows by binary COPY without waiting for the server; the next call waits."""
        self._has_written = True
        with self.held():
            if self._copy is None:
                self._copy = OpenCopy(self.connection, statement, types)
            self._copy.write(rows)

    def settle(self) -> None:
        """Wait until the server has taken what was fed to it."""
        copy, self._copy = self._copy, None
        if copy is not None:
            with self.held():
                copy.end()

    def _first(self, run: Callable[[], _T]) -> _T:
        """What begins a call: done again on a new connection if the old one was cut meanwhile.

        Nothing can be lost or done twice, since it changes nothing.
        """
        try:
            return run()
        except psycopg.OperationalError as error:
            if not (self.connection.closed or is_gone(error)):
                raise
            self.connection.close()
            self.connection = self._connect()
            return run()

    def query(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._lock:
            self._require_open()
            try:
                if self._in_transaction:
                    return self._run(statement, params).fetchall()
                return self._first(lambda: self._run(statement, params).fetchall())
            except psycopg.Error as error:
                raise translate(error) from error

    @contextmanager
    def writing(self, *, waits: bool = True) -> Iterator[None]:
        """``BEGIN`` and the writer's lock, to ``COMMIT``; an inner one joins the outer. Who does
        not wait for the lock has ``StoreBusyError`` at once."""
        with self.held():
            if self._in_transaction and not self.depth:
                raise StoreError("several reads of one state are going on; append after them")
            self.depth += 1
            try:
                if self.depth > 1:
                    yield
                else:
                    with self._transaction(self._begin if waits else self._begin_now):
                        yield
            finally:
                self.depth -= 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state for several queries."""
        with self.held():
            if self._in_transaction:
                yield
            else:
                with self._transaction(sql.BEGIN_READING):
                    yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._has_written = False
        try:
            # Two statements can only be sent together when they are not prepared.
            self._first(lambda: self.connection.execute(begin, prepare=False))
            self._in_transaction = True
            yield
            self._commit()
        finally:
            self._in_transaction = False
            self._undo()

    def _commit(self) -> None:
        """``COMMIT``; ``InDoubtError`` if the server went away before it said how that ended."""
        self.settle()
        try:
            done = self.connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            self.connection.close()
            if not self._has_written:
                raise
            raise InDoubtError(
                f"{self.target.name} went away while it committed; send the same facts again, "
                "and their keys tell whether they were recorded"
            ) from error
        if done.statusmessage != "COMMIT":
            raise StoreError("an earlier failure ended this transaction; nothing of it was kept")

    def _undo(self) -> None:
        """Whatever is still open is rolled back, by the server itself if it cannot be reached."""
        copy, self._copy = self._copy, None
        idle = psycopg.pq.TransactionStatus.IDLE
        if self.connection.closed or self.connection.info.transaction_status == idle:
            return
        try:
            if copy is not None:
                copy.abort()
            self.connection.execute("ROLLBACK")
        except psycopg.OperationalError:
            self.connection.close()

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        with self._lock:
            self._closed = True
            self.connection.close()
