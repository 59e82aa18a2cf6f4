"""The rows of one store and the few things that can be done with them.

A log knows rows, not events: what a fact is, and when it is the same fact, is decided once for
all logs in :mod:`ledger.store.base`. A new kind of database implements this class and has the
store, the recorders and their tests.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import NamedTuple

from ledger.store.chain import Tip
from ledger.store.port import Finding
from ledger.store.price_rows import PriceRows
from ledger.store.rows import Columns, Head, Row
from ledger.store.saved_rows import SavedRows


class Ref(NamedTuple):
    """An entry of the index: this event of this stream is about that."""

    stream: str
    kind: str
    id: str
    number: int


class Indexed(NamedTuple):
    """What the index of references knows: how far it reaches, and rows up to there."""

    upto: int
    rows: list[Row]


class Log(SavedRows, PriceRows):
    """Append-only rows in one order, unique by (stream, version) and by key.

    Safe for threads. ``writing()`` holds the one writer's lock; reads inside it are allowed.
    """

    def __init__(self) -> None:
        self._bells: set[Event] = set()
        # Of the thread that holds the writer's lock:
        self.is_appending = False
        self.is_broken = False
        self.depth = 0
        self.tip: Tip | None = None  # of the last append, if nothing else was done since

    def listen(self, bell: Event) -> None:
        """Have an event set whenever this process has written."""
        self._bells.add(bell)

    def unlisten(self, bell: Event) -> None:
        """The opposite of :meth:`listen`."""
        self._bells.discard(bell)

    def ring(self) -> None:
        """Tell those who listen that there is more to read."""
        for bell in tuple(self._bells):
            bell.set()

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """The writer's lock and a transaction: kept at the end, undone by an exception; one
        inside another joins it."""

    def writing_for(
        self, streams: Collection[str], keys: Collection[str]
    ) -> AbstractContextManager[None]:
        """``writing()`` for who will :meth:`expect` these at once: the lock and the answers may
        then come together."""
        return self.writing()

    @abstractmethod
    def writing_now(self) -> AbstractContextManager[None]:
        """``writing()`` if another process is not writing, else ``StoreBusyError`` at once."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Several reads of one and the same state."""

    def expect(self, streams: Collection[str], keys: Collection[str]) -> None:
        """What an append is about to ask: a log behind a network fetches it in one question.

        Only inside ``writing()``. The answers are the same with it and without.
        """

    def feed(self, rows: Sequence[Columns]) -> bool:
        """Take rows of a large append early, so that a server works while others are sealed, and
        they are not all kept until its end.

        Only inside ``writing()``; whether they were taken, and need not be added any more.
        """
        return False

    @abstractmethod
    def add(self, rows: Sequence[Columns]) -> None:
        """Write sealed rows and their keys; only inside ``writing()``."""

    @abstractmethod
    def head(self) -> int:
        """The last number; 0 if there is none."""

    @abstractmethod
    def end(self) -> tuple[int, str]:
        """The last number and the latest ``recorded_at``, of a fact or a price; ``(0, "")`` in an
        empty log."""

    @abstractmethod
    def head_of(self, stream: str) -> Head:
        """A stream's last event; ``NO_HEAD`` if it has none."""

    @abstractmethod
    def streams(self) -> list[str]:
        """All streams, sorted."""

    @abstractmethod
    def of_log(
        self, *, gt: int, lte: int | None, limit: int, topics: Sequence[str] = ()
    ) -> list[Row]:
        """Rows by number: above ``gt``, up to ``lte``, of these topics if any are given."""

    @abstractmethod
    def of_stream(
        self, stream: str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> list[Row]:
        """A stream's rows by version: above ``gt``, up to ``lte``."""

    @abstractmethod
    def by_key(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows under these keys, as far as they are known."""

    @abstractmethod
    def recorded_before(self, number: int) -> tuple[int, str]:
        """The last row with a ``recorded_at`` up to a number, and that time; else ``(0, "")``."""

    @abstractmethod
    def tracked(self, name: str) -> int | None:
        """How far a named reader of another log has come; None if it has not begun."""

    @abstractmethod
    def all_tracked(self) -> dict[str, int]:
        """How far all named readers of other logs have come."""

    @abstractmethod
    def track(self, name: str, number: int) -> None:
        """Keep how far a named reader has come; only inside ``writing()``."""

    @abstractmethod
    def refs_upto(self) -> int:
        """The number the index of references has reached; 0 if it is gone, or was tampered with
        in a way that shows at once: then it must be cleared before it is extended."""

    @abstractmethod
    def add_refs(self, refs: Sequence[Ref], upto: int) -> None:
        """Extend the index up to a number; only inside ``writing()``."""

    @abstractmethod
    def clear_refs(self) -> None:
        """Make the index anew, empty. Only inside ``writing()``."""

    @abstractmethod
    def of_ref(self, stream: str, kind: str, id: str, *, gt: int, lte: int, limit: int) -> Indexed:
        """Indexed rows by number, of one state with how far the index reaches."""

    @abstractmethod
    def lacking_refs(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those that are not in the index."""

    @abstractmethod
    def count_refs(self, upto: int, beyond: int) -> tuple[int, int]:
        """How many entries lead up to a number, and how many beyond another one."""

    @abstractmethod
    def audit_page(self, *, gt: int, limit: int) -> list[Row]:
        """Like ``of_log``, but also of a damaged file as much as can be read."""

    @abstractmethod
    def faults(self) -> Iterator[Finding]:
        """What is wrong around the rows: the side table of keys, missing protections."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back."""
