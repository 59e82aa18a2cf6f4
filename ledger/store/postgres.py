"""The store in a PostgreSQL database: many processes on many machines may use it at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final

from ledger.clock import Clock
from ledger.errors import CorruptEventError, StoreSettingsError
from ledger.store import postgres_statements as sql
from ledger.store.base import LogStore
from ledger.store.codec import CODEC, Codec
from ledger.store.log import Indexed, Log, Ref
from ledger.store.port import Finding
from ledger.store.postgres_ahead import Ahead
from ledger.store.postgres_checks import lacks_derived, unprotected
from ledger.store.postgres_connection import Target, is_missing, target_of
from ledger.store.postgres_prices import PostgresPrices
from ledger.store.postgres_session import Session
from ledger.store.postgres_texts import arrays, is_text, plain, texts
from ledger.store.rows import NO_HEAD, Columns, Head, Row
from ledger.store.saved_rows import OF_NUMBERS_POSTGRES

BUSY_SECONDS: Final = 5
COPY_FROM: Final = 50
"""Batches of at least so many events are copied; smaller ones are inserted in one statement."""

_MAX: Final = 2**63 - 1


class PostgresLog(PostgresPrices, Log):
    """One connection, used by one thread at a time; made again when the server was away.

    The writer's lock is an advisory one of the transaction, and numbers are given under it: they
    are gapless, and a reader that has seen one has seen all before it.
    """

    def __init__(
        self, target: Target, *, busy_seconds: int = BUSY_SECONDS, audit: bool = False
    ) -> None:
        super().__init__()
        self._name = target.name
        self._is_audit = audit
        self._session = Session(target, busy_seconds, audit=audit)
        self._seen: Ahead | None = None
        self._fed: list[tuple[str, int]] = []

    def writing(self) -> AbstractContextManager[None]:
        """``BEGIN`` and the writer's lock, to ``COMMIT``; an inner one joins the outer."""
        return self._writing()

    def writing_for(
        self, streams: Collection[str], keys: Collection[str]
    ) -> AbstractContextManager[None]:
        """``writing()``; what an append asks first is sent with the lock."""
        return self._writing(Ahead(plain(streams), plain(keys)) if keys else None)

    def writing_now(self) -> AbstractContextManager[None]:
        """``writing()``, or ``StoreBusyError`` at once."""
        return self._writing(waits=False)

    @contextmanager
    def _writing(self, ahead: Ahead | None = None, *, waits: bool = True) -> Iterator[None]:
        if self._is_audit:
            raise StoreSettingsError(
                f"{self._name} is open to be audited, not written; open it without"
            )
        asks = (sql.AHEAD, ahead.names) if ahead is not None else None
        with self._session.writing(waits=waits, asks=asks) as answer:
            try:
                if ahead is not None and answer is not None:
                    self._seen = ahead.filled(answer)
                yield
            finally:
                if self._session.depth == 1:
                    self._seen = None
                    self._fed = []

    def expect(self, streams: Collection[str], keys: Collection[str]) -> None:
        """Ask for the end, these heads and these keys at once, unless that was done."""
        if self._seen is None or not self._seen.covers(streams, keys):
            ahead = Ahead(plain(streams), plain(keys))
            self._seen = ahead.filled(self.query(sql.AHEAD, ahead.names))

    def _ahead(self) -> Ahead | None:
        """What this thread has asked for in the transaction it is in."""
        seen = self._seen
        return seen if seen is not None and seen.is_mine else None

    def reading(self) -> AbstractContextManager[None]:
        """One state for several queries."""
        return self._session.reading()

    MARK = "%s"
    OF_NUMBERS = OF_NUMBERS_POSTGRES

    def change(self, statement: str, params: Sequence[Any] = ()) -> None:
        """A statement that changes something; only inside ``writing()``."""
        self._session.change(statement, params)

    def query(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        return self._session.query(statement, params)

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Row]:
        return list(map(Row._make, self.query(statement, params)))

    def add(self, rows: Sequence[Columns]) -> None:
        """Insert the rows and their keys."""
        self._forget_ahead()
        if self._fed or len(rows) >= COPY_FROM:
            self.feed(rows)
            self._session.settle()
            keyed, self._fed = self._fed, []
            self._session.feed(sql.COPY_KEYS, sql.KEY_TYPES, keyed)
            self._session.settle()
        elif len(rows) == 1 and rows[0][4] is not None:
            row = rows[0]
            self._session.add(sql.ADD_ONE, (*row, row[4], row[0]))
        elif rows:
            self._session.add(sql.ADD, arrays(rows))

    def _forget_ahead(self) -> None:
        self._seen = None

    def feed(self, rows: Sequence[Columns]) -> bool:
        """Send rows ahead of the others; their keys follow at the end."""
        self._session.feed(sql.COPY, sql.TYPES, rows)
        self._fed.extend((row[4], row[0]) for row in rows if row[4] is not None)
        return True

    def head(self) -> int:
        """The last number."""
        return int(self.query(sql.HEAD)[0][0])

    def end(self) -> tuple[int, str]:
        """The last number and the latest ``recorded_at``, of a fact or a price."""
        ahead = self._ahead()
        number, at, priced_at = (self.query(sql.END) if ahead is None else ahead.end)[0]
        return number, max(self.recorded_before(number)[1] if at is None else at, priced_at or "")

    def head_of(self, stream: str) -> Head:
        """A stream's last event."""
        ahead = self._ahead()
        head = ahead.head_of(stream) if ahead is not None else None
        if head is not None:
            return head
        found = self.query(sql.HEAD_OF, (stream,)) if is_text(stream) else None
        return Head(*found[0]) if found else NO_HEAD

    def streams(self) -> list[str]:
        """All streams, sorted."""
        return [stream for (stream,) in self.query(sql.STREAMS)]

    def of_log(
        self, *, gt: int, lte: int | None, limit: int, topics: Sequence[str] = ()
    ) -> list[Row]:
        """Rows by number."""
        upto = _MAX if lte is None else lte
        if topics:
            return self._rows(sql.OF_TOPICS, (gt, upto, texts(topics), limit))
        return self._rows(sql.OF_LOG, (gt, upto, limit))

    def of_stream(
        self, stream: str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> list[Row]:
        """A stream's rows by version."""
        if not is_text(stream):
            return []
        low, high = -_MAX if gt is None else gt, _MAX if lte is None else lte
        statement = sql.OF_STREAM_BACKWARDS if desc else sql.OF_STREAM
        return self._rows(statement, (stream, low, high, limit))

    def by_key(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows under these keys, in one query."""
        known = texts(keys)
        ahead = self._ahead()
        seen = ahead.by_key(known) if ahead is not None else None
        if seen is not None:
            return seen
        return {row.key: row for row in self._rows(sql.BY_KEY, (known,)) if row.key}

    def recorded_before(self, number: int) -> tuple[int, str]:
        """The last row with a time up to a number."""
        found = self.query(sql.RECORDED_BEFORE, (number,))
        return (found[0][0], found[0][1]) if found else (0, "")

    def tracked(self, name: str) -> int | None:
        """How far a named reader has come."""
        found = self.query("SELECT number FROM tracking WHERE name = %s", (name,))
        return int(found[0][0]) if found else None

    def all_tracked(self) -> dict[str, int]:
        """How far all named readers have come."""
        return dict(self.query("SELECT name, number FROM tracking"))

    def track(self, name: str, number: int) -> None:
        """Keep how far a named reader has come."""
        self._session.add(sql.TRACK, (name, number))

    def refs_upto(self) -> int:
        """The number the index has reached; 0 if it is gone or not to be trusted."""
        if self._session.is_in_transaction and self._lacks_index():
            return 0
        try:
            return int(self.query(sql.STANDING)[0][0])
        except CorruptEventError as error:
            if is_missing(error):
                return 0
            raise

    def _lacks_index(self) -> bool:
        """Asked first in a transaction, which a question to a table that is gone would end."""
        with self._session.held():
            self._session.settle()
            return lacks_derived(self._session.connection)

    def add_refs(self, refs: Sequence[Ref], upto: int) -> None:
        """Extend the index."""
        if refs:
            self._session.change(sql.ADD_REFS, arrays(refs))
        self._session.change(sql.MOVE_CURSOR, (upto, len(refs)))

    def clear_refs(self) -> None:
        """Empty the index; ``StoreSettingsError`` if its table is gone, or nothing guards it."""
        if self._lacks_index():
            raise StoreSettingsError(
                f"{self._name}: the index of references is gone or not guarded; open the store "
                "once as the owner of its tables, who makes it again"
            )
        self._session.change(sql.CLEAR_REFS)
        self._session.change(sql.RESET_CURSOR)

    def of_ref(self, stream: str, kind: str, id: str, *, gt: int, lte: int, limit: int) -> Indexed:
        """Indexed rows by number, in one state with how far the index reaches."""
        if not (is_text(stream) and is_text(id)):
            return Indexed(_MAX, [])
        if self._session.is_in_transaction and self._lacks_index():
            return Indexed(0, [])
        try:
            found = self.query(sql.OF_REF, (stream, kind, id, gt, lte, limit))
        except CorruptEventError as error:
            if is_missing(error):
                return Indexed(0, [])
            raise
        rows = [Row._make(columns) for _, *columns in found if columns[0] is not None]
        return Indexed(found[0][0], rows)

    def lacking_refs(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those that are not in the index."""
        return [refs[place - 1] for (place,) in self.query(sql.LACKING_REFS, arrays(refs))]

    def count_refs(self, upto: int, beyond: int) -> tuple[int, int]:
        """How many lead up to a number, and how many beyond another one."""
        within, after = self.query(sql.COUNT_REFS, (upto, beyond))[0]
        return within, after

    def audit_page(self, *, gt: int, limit: int) -> list[Row]:
        """Rows by number."""
        return self.of_log(gt=gt, lte=None, limit=limit)

    def faults(self) -> Iterator[Finding]:
        """Missing protections, and keys that do not lead to the row that has them."""
        with self.reading():
            lost = list(unprotected(self._session.connection, self._name))
        for name in lost:
            what = f"{name} was removed, added or changed: history is not protected"
            yield Finding(0, "", what)
        with suppress(CorruptEventError):  # a table that is gone is named above
            for query in (sql.LOST_KEYS, sql.STRAY_KEYS):
                for number, stream, key in self.query(query):
                    yield Finding(number, stream, f"the table of keys disagrees on {key}")

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        self._session.close()


class PostgresStore(LogStore):
    """The event store in one schema of a PostgreSQL database, made when the role may make it.

    Acknowledged is durable: ``fsync`` and ``synchronous_commit`` are asserted when it is opened.
    Another writer is waited for up to ``busy_seconds``, then ``StoreBusyError``. A server that
    goes away raises ``StoreUnavailableError``, or ``InDoubtError`` around a commit; the next call
    connects again. With ``audit`` it is only read, also a store whose protections are gone, so
    that ``verify`` can say so.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        busy_seconds: int = BUSY_SECONDS,
        codec: Codec = CODEC,
        audit: bool = False,
    ) -> None:
        log = PostgresLog(target_of(url), busy_seconds=busy_seconds, audit=audit)
        super().__init__(log, clock, codec)
