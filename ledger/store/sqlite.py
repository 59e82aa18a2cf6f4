"""The store in one SQLite file: no server, several processes may use it at once."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

from ledger.clock import Clock
from ledger.errors import CorruptEventError, StoreClosedError, StoreError, StoreSettingsError
from ledger.store import sqlite_statements as sql
from ledger.store.base import LogStore
from ledger.store.codec import CODEC, Codec
from ledger.store.port import Finding
from ledger.store.rows import NO_HEAD, Columns, Head, Row
from ledger.store.sqlite_connection import commit, connect, impatient, translate, translated
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_prices import SQLitePrices
from ledger.store.sqlite_refs import SQLiteRefs
from ledger.store.sqlite_schema import TO_WRITE, unprotected

BUSY_SECONDS: Final = 5
FEED_FROM: Final = 5_000
"""So many rows of an append wait until they are written."""


class SQLiteLog(SQLitePrices, SQLiteRefs):
    """One connection to one file, used by one thread at a time."""

    def __init__(
        self, path: str | Path, *, busy_seconds: int = BUSY_SECONDS, audit: bool = False
    ) -> None:
        super().__init__()
        self.path = os.fspath(path)
        self._is_audit = audit
        self._connection = connect(path, busy_seconds=busy_seconds, audit=audit)
        self._process = os.getpid()
        self._lock = RLock()
        self._depth = 0
        self._has_written = False
        self._is_to_write = False
        self._closed = False
        self._ahead: tuple[str, list[Any]] | None = None  # a key that was asked for with the end
        self._fed: list[tuple[str, int]] = []  # keys of rows that are written already

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The lock of this connection, which must be open and of this process."""
        with self._lock, translated():
            self._require_open()
            yield

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosedError(f"{self.path} was closed; open it again")
        if self._process != os.getpid():
            raise StoreError(f"{self.path} was opened before a fork; open it in each process")

    def query(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._lock:
            self._require_open()
            try:
                return self._connection.execute(statement, params).fetchall()
            except sqlite3.Error as error:
                raise translate(error) from error

    def change(self, statement: str, params: Sequence[Any] = ()) -> None:
        """A statement that changes something; only inside ``writing()``."""
        self.query(statement, params)

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Row]:
        return list(map(Row._make, self.query(statement, params)))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """``BEGIN IMMEDIATE`` to ``COMMIT``; an inner one joins the outer."""
        if self._is_audit:
            raise StoreSettingsError(
                f"{self.path} is open to be audited, not written; open it without"
            )
        with self._lock:
            self._require_open()
            self._depth += 1
            try:
                self._make_room()
                yield from self._joined() if self._depth > 1 else self._transaction(sql.BEGIN)
            except sqlite3.Error as error:
                raise translate(error) from error
            finally:
                self._depth -= 1

    def _make_room(self) -> None:
        """What a connection that writes needs, from its first writing on."""
        if not self._is_to_write:
            self._connection.execute(TO_WRITE)
            self._is_to_write = True

    @contextmanager
    def writing_now(self) -> Iterator[None]:
        """``writing()``, or ``StoreBusyError`` at once."""
        with ExitStack() as patience, self._held():
            patience.enter_context(impatient(self._connection))
            with self.writing():
                patience.close()
                yield

    def _joined(self) -> Iterator[None]:
        yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state for several queries."""
        with self._held():
            if self._connection.in_transaction:
                yield
            else:
                yield from self._transaction("BEGIN")

    def _transaction(self, begin: str) -> Iterator[None]:
        self._has_written = False
        try:  # already around the beginning: a signal may come right after it
            self._connection.execute(begin)
            yield
            commit(self._connection, self.path, matters=self._has_written)
        finally:
            self._ahead = None
            self._fed = []
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def expect(self, streams: Collection[str], keys: Collection[str]) -> None:
        """Ask for the end and a single key at once; for many keys one question less is nothing."""
        if len(keys) == 1:
            (key,) = keys
            self._ahead = key, self.query(sql.AHEAD, (key,))

    def feed(self, rows: Sequence[Columns]) -> bool:
        """Write many rows of a larger append. Their keys follow at its end: all together in order,
        each page of their index is written once."""
        if len(rows) < FEED_FROM:
            return False
        self._about_to_add(rows)
        self._connection.executemany(sql.ADD, rows)
        self._fed.extend([(row[4], row[0]) for row in rows if row[4] is not None])
        return True

    def add(self, rows: Sequence[Columns]) -> None:
        """Insert the rows and their keys."""
        self._about_to_add(rows)
        if len(rows) == 1 and rows[0][4] is not None and not self._fed:
            self._connection.execute(sql.ADD, rows[0])
            self._connection.execute(sql.ADD_KEY, (rows[0][4], rows[0][0]))
            return
        self._connection.executemany(sql.ADD, rows)
        keyed, self._fed = self._fed, []
        keyed += [(row[4], row[0]) for row in rows if row[4] is not None]
        keyed.sort()
        self._connection.executemany(sql.ADD_KEY, keyed)

    def _about_to_add(self, rows: Sequence[Any]) -> None:
        self._require_whole()
        self._has_written = self._has_written or bool(rows)
        self._ahead = None

    def _require_whole(self) -> None:
        if not self._connection.in_transaction:  # SQLite has undone it, and would now commit
            raise StoreError("an earlier failure ended this transaction; nothing was kept")

    def head(self) -> int:
        """The last number."""
        return int(self.query("SELECT coalesce(max(number), 0) FROM events")[0][0])

    def end(self) -> tuple[int, str]:
        """The last number and the latest ``recorded_at``, of a fact or a price."""
        ahead = self._ahead
        found = self.query(sql.LAST) if ahead is None else ahead[1]
        if not found:
            return 0, self.price_head().recorded_at
        number, recorded_at, priced_at = found[0][:3]
        if recorded_at is None:
            recorded_at = self.recorded_before(number)[1]
        return number, max(recorded_at, priced_at or "")

    def head_of(self, stream: str) -> Head:
        """A stream's last event."""
        found = self.query(
            "SELECT version, hash FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1",
            (stream,),
        )
        return Head(*found[0]) if found else NO_HEAD

    def streams(self) -> list[str]:
        """All streams, sorted."""
        return [stream for (stream,) in self.query(sql.STREAMS)]

    def of_log(
        self, *, gt: int, lte: int | None, limit: int, topics: Sequence[str] = ()
    ) -> list[Row]:
        """Rows by number."""
        chosen = f" AND topic IN ({', '.join('?' * len(topics))})" if topics else ""
        return self._rows(
            f"{sql.OF_LOG}{chosen} ORDER BY number LIMIT {limit:d}",
            (gt, sql.MAX if lte is None else lte, *topics),
        )

    def of_stream(
        self, stream: str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> list[Row]:
        """A stream's rows by version."""
        return self._rows(
            f"{sql.OF_STREAM} ORDER BY version {'DESC' if desc else 'ASC'} "
            f"LIMIT {-1 if limit is None else limit:d}",
            (stream, -sql.MAX if gt is None else gt, sql.MAX if lte is None else lte),
        )

    def by_key(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows under these keys, in one query."""
        if not keys or self._is_new(keys):
            return {}
        statement, asked = (
            (sql.BY_KEY, json.dumps(keys)) if len(keys) > 1 else (sql.BY_ONE, keys[0])
        )
        return {row.key: row for row in self._rows(statement, (asked,)) if row.key}

    def _is_new(self, keys: Sequence[str]) -> bool:
        """Whether it is the one key that was asked for with the end, and not there."""
        ahead = self._ahead
        if ahead is None or [ahead[0]] != keys:
            return False
        return not (ahead[1] and ahead[1][0][3])

    def recorded_before(self, number: int) -> tuple[int, str]:
        """The last row with a time up to a number."""
        found = self.query(sql.RECORDED_BEFORE, (number,))
        return (found[0][0], found[0][1]) if found else (0, "")

    def tracked(self, name: str) -> int | None:
        """How far a named reader has come."""
        found = self.query("SELECT number FROM tracking WHERE name = ?", (name,))
        return int(found[0][0]) if found else None

    def all_tracked(self) -> dict[str, int]:
        """How far all named readers have come."""
        return dict(self.query("SELECT name, number FROM tracking"))

    def track(self, name: str, number: int) -> None:
        """Keep how far a named reader has come."""
        self._require_whole()
        self._has_written = True
        self.query(sql.TRACK, (name, number))

    def audit_page(self, *, gt: int, limit: int) -> list[Row]:
        """Rows by number; texts that are no longer UTF-8 come back with their odd bytes."""
        try:
            return self.of_log(gt=gt, lte=None, limit=limit)
        except CorruptEventError:
            rows = self.query(sql.OF_BYTES, (gt, limit))
            return [Row(*map(_text, sql.COLUMNS, row)) for row in rows]

    def lost(self) -> list[str]:
        """The tables and triggers that were removed or changed."""
        with self._held():
            return unprotected(self._connection)

    def faults(self) -> Iterator[Finding]:
        """Missing protections, damaged indexes, keys that lead elsewhere."""
        for name in self.lost():
            yield Finding(0, "", f"{name} was removed or changed: history is not protected")
        for query in (sql.LOST_KEYS, sql.STRAY_KEYS):
            for number, stream, key in self._audit(query, []):
                yield Finding(number, stream, f"the table of keys disagrees on {key}")
        for (problem,) in self._audit(sql.DAMAGES, [("it cannot be checked",)]):
            if problem != "ok":
                yield Finding(0, "", f"the file is damaged: {problem}")

    def _audit(self, query: str, instead: list[Any]) -> list[Any]:
        """A query over a file that may be damaged; the check of the file then says where."""
        try:
            return self.query(query)
        except CorruptEventError:
            return instead

    def close(self) -> None:
        """Close the file; closing again does nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()


def _text(column: str, value: Any) -> Any:
    is_text = column in sql.TEXTS and isinstance(value, bytes)
    return value.decode("utf-8", "surrogateescape") if is_text else value


class SQLiteStore(LogStore):
    """The event store in one SQLite file, made when it is not there.

    Acknowledged is durable: WAL with ``synchronous=FULL``, asserted when it is opened. Another
    process's writing is waited for up to ``busy_seconds``, then ``StoreBusyError``. With ``audit``
    a file is only read, also one whose protections are gone, so that ``verify`` can say so.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        *,
        busy_seconds: int = BUSY_SECONDS,
        codec: Codec = CODEC,
        audit: bool = False,
    ) -> None:
        super().__init__(SQLiteLog(path, busy_seconds=busy_seconds, audit=audit), clock, codec)
