"""A store in memory: for tests, simulations and questions; it forgets when it is dropped."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from operator import attrgetter
from threading import RLock

from ledger.clock import Clock
from ledger.errors import StoreClosedError
from ledger.store.base import LogStore
from ledger.store.codec import CODEC, Codec
from ledger.store.log import Indexed, Log, Ref
from ledger.store.port import Finding
from ledger.store.prices_in_memory import PricesInMemory
from ledger.store.rows import NO_HEAD, Columns, Head, Row
from ledger.store.saved_rows import SavedInMemory

_number = attrgetter("number")
_version = attrgetter("version")


class MemoryLog(SavedInMemory, PricesInMemory, Log):
    """Rows in a list: number n stands at place n - 1."""

    def __init__(self) -> None:
        Log.__init__(self)
        SavedInMemory.__init__(self)
        PricesInMemory.__init__(self)
        self._lock = RLock()
        self._closed = False
        self._rows: list[Row] = []
        self._streams: dict[str, list[Row]] = defaultdict(list)
        self._keys: dict[str, Row] = {}
        self._tracking: dict[str, int] = {}
        self._refs: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._refs_upto = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The lock; what was added is taken back when it ends with an exception."""
        with self.reading():
            before, prices, is_kept = len(self._rows), self.price_head().number, False
            try:
                yield
                is_kept = True
            finally:
                if not is_kept:
                    self._take_back(before)
                    self.take_back_prices(prices)

    def writing_now(self) -> AbstractContextManager[None]:
        """The lock, which no other process can have."""
        return self.writing()

    def _take_back(self, length: int) -> None:
        while len(self._rows) > length:
            row = self._rows.pop()
            self._streams[row.stream].pop()
            if not self._streams[row.stream]:
                del self._streams[row.stream]
            if row.key is not None:
                del self._keys[row.key]
        if self._refs_upto > length:
            self.clear_refs()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The lock."""
        with self._lock:
            if self._closed:
                raise StoreClosedError("this store was closed; open it again")
            yield

    def add(self, rows: Sequence[Columns]) -> None:
        """Append the rows and index them."""
        for row in map(Row._make, rows):
            self._rows.append(row)
            self._streams[row.stream].append(row)
            if row.key is not None:
                self._keys[row.key] = row

    def head(self) -> int:
        """The last number."""
        with self.reading():
            return self._rows[-1].number if self._rows else 0

    def end(self) -> tuple[int, str]:
        """The last number and the latest ``recorded_at``, of a fact or a price."""
        number = self.head()
        return number, max(self.recorded_before(number)[1], self.price_head().recorded_at)

    def head_of(self, stream: str) -> Head:
        """A stream's last event."""
        with self.reading():
            rows = self._streams.get(stream)
            return Head(rows[-1].version, rows[-1].hash) if rows else NO_HEAD

    def streams(self) -> list[str]:
        """All streams, sorted."""
        with self.reading():
            return sorted(self._streams)

    def of_log(
        self, *, gt: int, lte: int | None, limit: int, topics: Sequence[str] = ()
    ) -> list[Row]:
        """Rows by number."""
        with self.reading():
            rows = self._rows
            first = bisect_right(rows, gt, key=_number)
            last = len(rows) if lte is None else bisect_right(rows, lte, key=_number)
            found = (rows[place] for place in range(first, last))
            return list(islice((row for row in found if not topics or row.topic in topics), limit))

    def of_stream(
        self, stream: str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> list[Row]:
        """A stream's rows by version."""
        with self.reading():
            rows = self._streams.get(stream, [])
            first = 0 if gt is None else bisect_right(rows, gt, key=_version)
            last = len(rows) if lte is None else bisect_right(rows, lte, key=_version)
            places = reversed(range(first, last)) if desc else iter(range(first, last))
            return [rows[place] for place in islice(places, limit)]

    def by_key(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows under these keys."""
        with self.reading():
            return {key: self._keys[key] for key in keys if key in self._keys}

    def recorded_before(self, number: int) -> tuple[int, str]:
        """The last row with a time up to a number."""
        with self.reading():
            for place in range(min(number, len(self._rows)), 0, -1):
                row = self._rows[place - 1]
                if row.recorded_at is not None:
                    return row.number, row.recorded_at
            return 0, ""

    def tracked(self, name: str) -> int | None:
        """How far a named reader has come."""
        with self.reading():
            return self._tracking.get(name)

    def all_tracked(self) -> dict[str, int]:
        """How far all named readers have come."""
        with self.reading():
            return dict(self._tracking)

    def track(self, name: str, number: int) -> None:
        """Keep how far a named reader has come."""
        self._tracking[name] = number

    def refs_upto(self) -> int:
        """The number the index has reached."""
        with self.reading():
            return self._refs_upto

    def add_refs(self, refs: Sequence[Ref], upto: int) -> None:
        """Extend the index."""
        for stream, kind, id, number in refs:
            insort(self._refs[stream, kind, id], number)
        self._refs_upto = upto

    def clear_refs(self) -> None:
        """Drop the index."""
        self._refs.clear()
        self._refs_upto = 0

    def of_ref(self, stream: str, kind: str, id: str, *, gt: int, lte: int, limit: int) -> Indexed:
        """Indexed rows by number."""
        with self.reading():
            numbers = self._refs.get((stream, kind, id), [])
            found = numbers[bisect_right(numbers, gt) : bisect_right(numbers, lte)]
            rows = [self._rows[number - 1] for number in found[:limit]]
            return Indexed(self._refs_upto, rows)

    def lacking_refs(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those that are not in the index."""
        with self.reading():
            return [ref for ref in refs if ref.number not in self._refs.get(ref[:3], ())]

    def count_refs(self, upto: int, beyond: int) -> tuple[int, int]:
        """How many lead up to a number, and how many beyond another one."""
        with self.reading():
            all_of_them = list(self._refs.values())
        within = sum(bisect_right(numbers, upto) for numbers in all_of_them)
        after = sum(len(numbers) - bisect_right(numbers, beyond) for numbers in all_of_them)
        return within, after

    def audit_page(self, *, gt: int, limit: int) -> list[Row]:
        """Rows by number."""
        return self.of_log(gt=gt, lte=None, limit=limit)

    def of_numbers(self, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers, in order."""
        with self.reading():
            return [self._rows[n - 1] for n in sorted(numbers) if 0 < n <= len(self._rows)]

    def in_span(
        self, stream: str, *, gt: int, lte: int, at: str, topics: Sequence[str]
    ) -> list[Row]:
        """A stream's rows by version that happened up to a time, or are of these topics."""
        rows = self.of_stream(stream, gt=gt, lte=lte, desc=False, limit=None)
        return [row for row in rows if (row.occurred_at or "") <= at or row.topic in topics]

    def faults(self) -> Iterator[Finding]:
        """Keys that do not lead to the row that carries them."""
        keyed = {row.key: row for row in self._rows if row.key is not None}
        for key in sorted(keyed.keys() ^ self._keys.keys()):
            row = keyed.get(key) or self._keys[key]
            yield Finding(row.number, row.stream, f"the table of keys disagrees on {key}")

    def close(self) -> None:
        """Drop everything."""
        with self._lock:
            self._closed = True


class MemoryStore(LogStore):
    """The event store over a :class:`MemoryLog`.

    >>> from ledger.clock import system_clock
    >>> MemoryStore(system_clock).head()
    0
    """

    def __init__(self, clock: Clock, *, codec: Codec = CODEC) -> None:
        super().__init__(MemoryLog(), clock, codec)
