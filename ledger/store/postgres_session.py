"""One connection to a PostgreSQL store: its lock, its transactions, and what is done when it is
lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import RLock
from typing import Any, Final, TypeVar

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

Asked = tuple[str, Sequence[Any]]
"""A statement and its parameters."""

_Answer = list[Any] | None
_IDLE: Final = psycopg.pq.TransactionStatus.IDLE
_HEALTHY: Final = psycopg.pq.TransactionStatus.INTRANS
_FAILED: Final = psycopg.pq.TransactionStatus.INERROR
_COMMIT: Final[Asked] = ("COMMIT", ())
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
        self._lock_it: Asked = (sql.LOCK.format(APPLICATION, target.lock), ())
        self._try_lock: Asked = (sql.TRY_LOCK.format(APPLICATION, target.lock), ())
        self._process = os.getpid()
        self._lock = RLock()
        self._in_transaction = False
        self._has_written = False
        self._closed = False
        self._copy: OpenCopy | None = None
        self._waiting: list[Asked] = []

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
        """A change whose loss would matter: a commit that is cut is then in doubt. It is sent
        with what comes next, most likely the commit; an inner one at once, while its caller can
        still be told."""
        self._has_written = True
        self._waiting.append((statement, params))
        if self.depth > 1:
            self.settle()

    def feed(self, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Send rows by binary COPY without waiting for the server; the next call waits."""
        self._has_written = True
        with self.held():
            if self._copy is None:
                self.settle()
                self._copy = OpenCopy(self.connection, statement, types)
            self._copy.write(rows)

    def settle(self) -> None:
        """Send what waits, and wait until the server has taken it, and what was fed to it."""
        copy, self._copy = self._copy, None
        waiting, self._waiting = self._waiting, []
        with self.held():
            if copy is not None:
                copy.end()
            if waiting:
                self._together(*waiting)

    def _together(self, *asked: Asked) -> psycopg.Cursor[Any]:
        """Send some statements without waiting for each other's answers; that of the last one.

        What comes after one that is refused is not done. Each begins when the one before it has
        ended, and sees what was committed until then.
        """
        cursor = self.connection.cursor()
        try:
            with self.connection.pipeline():
                for statement, params in asked:
                    cursor.execute(statement, params, binary=True)
        except psycopg.OperationalError as error:
            interrupt = error.__context__
            if self.connection.info.pipeline_status and isinstance(interrupt, KeyboardInterrupt):
                raise interrupt from None  # the driver complains that it left answers unread
            raise
        return cursor

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
    def writing(self, *, waits: bool = True, asks: Asked | None = None) -> Iterator[_Answer]:
        """``BEGIN`` and the writer's lock, to ``COMMIT``; an inner one joins the outer. Who does
        not wait for the lock has ``StoreBusyError`` at once.

        A question is sent along, and its answer seen under the lock; an inner one's is not sent.
        """
        with self.held():
            if self._in_transaction and not self.depth:
                raise StoreError("several reads of one state are going on; append after them")
            self.depth += 1
            try:
                if self.depth > 1:
                    yield None
                else:
                    lock = self._lock_it if waits else self._try_lock
                    asked = [lock, asks] if asks else [lock]
                    with self._transaction((sql.BEGIN_WRITING, ()), *asked) as answer:
                        found = answer.fetchall()
                        if not waits and found == [(False,)]:
                            raise psycopg.errors.LockNotAvailable("the log is being written")
                        yield found if asks else None
            finally:
                self.depth -= 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state for several queries."""
        with self.held():
            if self._in_transaction:
                yield
            else:
                with self._transaction((sql.BEGIN_READING, ())):
                    yield

    @contextmanager
    def _transaction(self, *begin: Asked) -> Iterator[psycopg.Cursor[Any]]:
        self._has_written = False
        try:
            answer = self._first(lambda: self._together(*begin))
            self._in_transaction = True
            yield answer
            self._commit()
        finally:
            self._in_transaction = False
            self._undo()

    def _commit(self) -> None:
        """What waits, and ``COMMIT``; ``InDoubtError`` if the server went away before it said how
        that ended."""
        waiting, self._waiting = self._waiting, []
        self.settle()
        if waiting:
            self._require_there()
        try:
            done = self._together(*waiting, _COMMIT)
        except psycopg.OperationalError as error:
            if self.connection.info.transaction_status == _FAILED:
                raise  # what waited was refused, and then nothing is committed
            self.connection.close()
            if not self._has_written:
                raise
            raise InDoubtError(
                f"{self.target.name} went away while it committed; send the same facts again, "
                "and their keys tell whether they were recorded"
            ) from error
        if done.statusmessage != "COMMIT":
            self.connection.close()
            raise StoreError("an earlier failure ended this transaction; nothing of it was kept")

    def _require_there(self) -> None:
        """Raises if the server went away before it is sent a commit: then nothing is in doubt.
        Its last word and the end of the line are read one after the other."""
        for _ in range(2):
            self.connection.pgconn.consume_input()

    def _undo(self) -> None:
        """Whatever is still open is rolled back, by the server itself if it cannot be reached.

        A transaction that failed takes its connection along: the driver believes that statements
        are prepared which the server has skipped.
        """
        copy, self._copy = self._copy, None
        self._waiting = []
        if self.connection.closed or self.connection.info.transaction_status == _IDLE:
            return
        try:
            if copy is not None:
                copy.abort()
            if self.connection.info.transaction_status == _HEALTHY:
                self.connection.execute("ROLLBACK")
            else:
                self.connection.close()
        except psycopg.OperationalError:
            self.connection.close()

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        with self._lock:
            self._closed = True
            self.connection.close()
