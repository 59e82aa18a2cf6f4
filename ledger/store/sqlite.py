"""The store in one SQLite file: no server, several processes may use it at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

from ledger.clock import Clock
from ledger.errors import CorruptEventError, StoreClosedError, StoreError
from ledger.store.base import LogStore
from ledger.store.codec import CODEC, Codec
from ledger.store.log import Log, Ref
from ledger.store.port import Finding
from ledger.store.rows import NO_HEAD, Columns, Head, Row
from ledger.store.sqlite_connection import connect, translate, translated
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import unprotected

BUSY_SECONDS: Final = 5
_COLUMNS = Row._fields
_ALL = ", ".join(_COLUMNS)
_OF_EVENTS = ", ".join(f"events.{name}" for name in _COLUMNS)
_TEXTS = frozenset(("stream", "topic", "key", "occurred_at", "recorded_at", "metadata"))
_AS_BYTES = ", ".join(f"CAST({c} AS BLOB)" if c in _TEXTS else c for c in _COLUMNS)
_ADD = f"INSERT INTO events ({_ALL}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_ADD_KEY = "INSERT INTO keys (key, number) VALUES (?, ?)"
_BY_KEY = (
    f"SELECT {_OF_EVENTS} FROM json_each(?) AS asked CROSS JOIN keys ON keys.key = asked.value "
    "CROSS JOIN events ON events.number = keys.number"
)
# Jumps from name to name through the index instead of reading every event.
_STREAMS = """
WITH RECURSIVE names(stream) AS (
  SELECT min(stream) FROM events
  UNION ALL SELECT (SELECT min(stream) FROM events WHERE stream > names.stream)
  FROM names WHERE names.stream IS NOT NULL
) SELECT stream FROM names WHERE stream IS NOT NULL"""
_RECORDED_BEFORE = """
SELECT number, recorded_at FROM events WHERE number <= ? AND recorded_at IS NOT NULL
ORDER BY number DESC LIMIT 1"""
_OF_REF = f"""
SELECT {_OF_EVENTS} FROM refs CROSS JOIN events USING (number)
WHERE refs.stream = ? AND refs.kind = ? AND refs.id = ? AND number > ? AND number <= ?
ORDER BY number LIMIT ?"""
_UPSERT = "INSERT INTO {} VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number"
_LOST_KEYS = """
SELECT events.number, events.stream, events.key FROM events LEFT JOIN keys USING (key)
WHERE events.key IS NOT NULL AND keys.number IS NOT events.number LIMIT 10"""
_STRAY_KEYS = """
SELECT keys.number, '', keys.key FROM keys LEFT JOIN events ON events.number = keys.number
WHERE events.key IS NOT keys.key LIMIT 10"""
# Also sees an index that no longer leads to its rows, which reading by number would not.
_DAMAGES = "PRAGMA integrity_check(10)"
_MAX = 2**63 - 1


class SQLiteLog(Log):
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
        self._closed = False

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

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Row]:
        return list(map(Row._make, self.query(statement, params)))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """``BEGIN IMMEDIATE`` to ``COMMIT``; an inner one joins the outer."""
        if self._is_audit:
            raise StoreError(f"{self.path} is open to be audited, not written; open it without")
        with self._held():
            self._depth += 1
            try:
                if self._depth > 1:
                    yield
                else:
                    with self._transaction("BEGIN IMMEDIATE"):
                        yield
            finally:
                self._depth -= 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state for several queries."""
        with self._held():
            if self._connection.in_transaction:
                yield
            else:
                with self._transaction("BEGIN"):
                    yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._connection.execute(begin)
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def add(self, rows: Sequence[Columns]) -> None:
        """Insert the rows and their keys."""
        with self._held():
            self._connection.executemany(_ADD, rows)
            keyed = [(row[4], row[0]) for row in rows if row[4] is not None]
            self._connection.executemany(_ADD_KEY, keyed)

    def head(self) -> int:
        """The last number."""
        return int(self.query("SELECT coalesce(max(number), 0) FROM events")[0][0])

    def end(self) -> tuple[int, str]:
        """The last number and the latest ``recorded_at``."""
        found = self.query("SELECT number, recorded_at FROM events ORDER BY number DESC LIMIT 1")
        number, recorded_at = found[0] if found else (0, "")
        return number, self.recorded_before(number)[1] if recorded_at is None else recorded_at

    def head_of(self, stream: str) -> Head:
        """A stream's last event."""
        found = self.query(
            "SELECT version, hash FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1",
            (stream,),
        )
        return Head(*found[0]) if found else NO_HEAD

    def streams(self) -> list[str]:
        """All streams, sorted."""
        return [stream for (stream,) in self.query(_STREAMS)]

    def of_log(
        self, *, gt: int, lte: int | None, limit: int, topics: Sequence[str] = ()
    ) -> list[Row]:
        """Rows by number."""
        chosen = f" AND topic IN ({', '.join('?' * len(topics))})" if topics else ""
        return self._rows(
            f"SELECT {_ALL} FROM events WHERE number > ? AND number <= ?{chosen} "
            "ORDER BY number LIMIT ?",
            (gt, _MAX if lte is None else lte, *topics, limit),
        )

    def of_stream(
        self, stream: str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> list[Row]:
        """A stream's rows by version."""
        return self._rows(
            f"SELECT {_ALL} FROM events WHERE stream = ? AND version > ? AND version <= ? "
            f"ORDER BY version {'DESC' if desc else 'ASC'} LIMIT ?",
            (
                stream,
                -_MAX if gt is None else gt,
                _MAX if lte is None else lte,
                -1 if limit is None else limit,
            ),
        )

    def by_key(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows under these keys, in one query."""
        if not keys:
            return {}
        return {row.key: row for row in self._rows(_BY_KEY, (json.dumps(keys),)) if row.key}

    def recorded_before(self, number: int) -> tuple[int, str]:
        """The last row with a time up to a number."""
        found = self.query(_RECORDED_BEFORE, (number,))
        return (found[0][0], found[0][1]) if found else (0, "")

    def tracked(self, name: str) -> int | None:
        """How far a named reader has come."""
        found = self.query("SELECT number FROM tracking WHERE name = ?", (name,))
        return int(found[0][0]) if found else None

    def track(self, name: str, number: int) -> None:
        """Keep how far a named reader has come."""
        self.query(_UPSERT.format("tracking"), (name, number))

    def refs_upto(self) -> int:
        """The number the index has reached."""
        found = self.query("SELECT number FROM cursors WHERE name = 'refs'")
        return int(found[0][0]) if found else 0

    def add_refs(self, refs: Sequence[Ref], upto: int) -> None:
        """Extend the index."""
        with self._held():
            self._connection.executemany("INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?)", refs)
            self._connection.execute(_UPSERT.format("cursors"), ("refs", upto))

    def clear_refs(self) -> None:
        """Drop the index."""
        self.query("DELETE FROM refs")
        self.query("DELETE FROM cursors WHERE name = 'refs'")

    def of_ref(
        self, stream: str, kind: str, id: str, *, gt: int, lte: int | None, limit: int
    ) -> list[Row]:
        """Indexed rows by number."""
        return self._rows(_OF_REF, (stream, kind, id, gt, _MAX if lte is None else lte, limit))

    def audit_page(self, *, gt: int, limit: int) -> list[Row]:
        """Rows by number; texts that are no longer UTF-8 come back with their odd bytes."""
        try:
            return self.of_log(gt=gt, lte=None, limit=limit)
        except CorruptEventError:
            statement = f"SELECT {_AS_BYTES} FROM events WHERE number > ? ORDER BY number LIMIT ?"
            return [Row(*map(_text, _COLUMNS, row)) for row in self.query(statement, (gt, limit))]

    def lost(self) -> list[str]:
        """The tables and triggers that were removed or changed."""
        with self._held():
            return unprotected(self._connection)

    def faults(self) -> Iterator[Finding]:
        """Missing protections, damaged indexes, keys that lead elsewhere."""
        for name in self.lost():
            yield Finding(0, "", f"{name} was removed or changed: history is not protected")
        for query in (_LOST_KEYS, _STRAY_KEYS):
            for number, stream, key in self._audit(query, []):
                yield Finding(number, stream, f"the table of keys disagrees on {key}")
        for (problem,) in self._audit(_DAMAGES, [("it cannot be checked",)]):
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
    is_text = column in _TEXTS and isinstance(value, bytes)
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
