"""The hash chain: every event's hash covers the one before it in its stream.

``hash = SHA-256(previous hash, header, texts, state)``. The header is ASCII,
``number,version,`` and the lengths in bytes of stream, topic, key, occurred_at, recorded_at,
metadata and state, separated by commas and closed by ``;``. The texts follow in that order as
UTF-8, then the state. An absent text is written as an empty one. It is taken over the bytes
that are stored, never over a fresh encoding of the event. Before a stream's first event stand
32 zero bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from eventsourcing.persistence import IntegrityError

from ledger.clock import Clock
from ledger.domain.gates import require_time
from ledger.store.port import Digest, Finding, Mark, StreamHead, heads_of
from ledger.store.rows import GENESIS, NO_HEAD, Columns, Head, Row, require_name

_MAX_HEADS = 10_000
_TICK = timedelta(microseconds=1)


def hash_of(row: Row) -> bytes:
    """The hash a row must have, from its own columns and its ``prev_hash``."""
    number, stream, version, topic, key, occurred, recorded, metadata, state, previous, _ = row
    return _hash(
        previous, number, version, stream, topic, key or "", occurred or "", recorded or "",
        metadata, state,
    )  # fmt: skip


def _hash(
    previous: bytes, number: int, version: int, a: str, b: str, c: str, d: str, e: str, f: str,
    state: bytes,
) -> bytes:  # fmt: skip
    """The texts in their order: stream, topic, key, occurred_at, recorded_at and metadata."""
    head = (
        f"{number},{version},{len(a)},{len(b)},{len(c)},{len(d)},{len(e)},{len(f)},{len(state)};"
        f"{a}{b}{c}{d}{e}{f}"
    )
    if not head.isascii():
        return _hash_wide(previous, f"{number},{version},", (a, b, c, d, e, f), state)
    return sha256(previous + head.encode() + state).digest()


def _hash_wide(previous: bytes, places: str, texts: tuple[str, ...], state: bytes) -> bytes:
    """The same for texts beyond ASCII: the lengths are of bytes. In a damaged file a text may
    not even be UTF-8, and is then read with its odd bytes escaped."""
    parts = [*(text.encode("utf-8", "surrogateescape") for text in texts), state]
    sizes = ",".join(str(len(part)) for part in parts)
    return sha256(b"".join((previous, f"{places}{sizes};".encode(), *parts))).digest()


class Tip:
    """Where the log and its streams end, moved along as events are sealed into rows.

    Owned by one writer, for as long as it holds the lock.
    """

    def __init__(
        self, number: int, recorded_at: datetime | None, head_of: Callable[[str], Head]
    ) -> None:
        self.number = number
        self.recorded_at = recorded_at
        self._head_of = head_of
        self._heads: dict[str, tuple[int, bytes]] = {}
        self.fit: set[str] = set()
        """Streams whose names facts may have, as far as that was looked at."""

    def is_at(self, number: int, recorded_at: datetime | None) -> bool:
        """Whether it still is the end of the log, and so of all streams: nobody else wrote. With
        very many streams it answers no, rather than keep them all."""
        here = self.number == number and self.recorded_at == recorded_at
        return here and len(self._heads) <= _MAX_HEADS

    def head(self, stream: str) -> tuple[int, bytes]:
        """Version and hash of the stream's last event; looked up once."""
        head = self._heads.get(stream)
        if head is None:
            require_name("stream", stream)
            head = self._heads[stream] = self._head_of(stream)
        return head

    def stamp(self, clock: Clock) -> datetime:
        """The next ``recorded_at``: the clock's word, or a microsecond after the last one."""
        now = clock()
        if now.tzinfo is not UTC:
            now = require_time("clock", now)
        if self.recorded_at is not None and now <= self.recorded_at:
            now = self.recorded_at + _TICK
        self.recorded_at = now
        return now

    def seal(
        self,
        stream: str,
        version: int | None,
        topic: str,
        state: bytes,
        key: str | None = None,
        occurred_at: str | None = None,
        recorded_at: str | None = None,
        metadata: str = "",
    ) -> Columns:
        """Give an event its number, hash and, if it has none, the next version; and move on.

        Raises ``IntegrityError`` for a version that its stream has passed already.
        """
        last, previous = self._heads.get(stream) or self.head(stream)
        if version is None:
            version = last + 1
        elif version <= last and previous != GENESIS:
            raise IntegrityError(f"{stream} is at version {last}, past {version}")
        self.number = number = self.number + 1
        digest = _hash(
            previous, number, version, stream, topic, key or "", occurred_at or "",
            recorded_at or "", metadata, state,
        )  # fmt: skip
        self._heads[stream] = version, digest
        return (
            number, stream, version, topic, key, occurred_at, recorded_at, metadata, state,
            previous, digest,
        )  # fmt: skip

    def unseal(self, row: Columns) -> None:
        """Take back the event that was sealed last, which had no version of its own choice."""
        self.number = row[0] - 1
        self._heads[row[1]] = row[2] - 1, row[9]


class ChainCheck:
    """One reading of the whole log, row by row.

    After a bad row the check goes on from the hash that is stored in it, so that one edited row
    is one finding.
    """

    def __init__(
        self, against: Digest | Mark | None = None, prices: StreamHead | None = None
    ) -> None:
        """``prices``: the price that a digest in short counts up to, as it is stored."""
        self.number = 0
        self.recorded_at = ""
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.against = against
        self.known = dict(against.streams) if isinstance(against, Digest) else {}
        self.mark = against if isinstance(against, Mark) else None
        self.prices = prices

    def step(self, row: Row) -> Finding | None:
        """What is wrong with a row, seen from those before it; None if nothing is."""
        number, stream, version, _, _, _, recorded_at, _, _, _, digest = row
        what = self._wrong(row, self.heads.get(stream, NO_HEAD))
        self.number = number
        self.recorded_at = recorded_at or self.recorded_at
        self.heads[stream] = version, digest
        if self.mark is not None and number == self.mark.number:
            what = what or self._unlike_mark(self.mark)
        return Finding(number, stream, what) if what else None

    def _unlike_mark(self, mark: Mark) -> str:
        if Digest(mark.number, heads_of(self.heads), self.prices).root == mark.root:
            return ""
        priced = f" and price {mark.prices}" if mark.prices else ""
        told = f"up to number {mark.number}{priced} the history"
        return f"{told} is not the one the digest was made of"

    def _unlike_empty(self, mark: Mark) -> str:
        """The same for a digest that was made before the first event."""
        self.heads.clear()
        return self._unlike_mark(mark)

    def _wrong(self, row: Row, head: tuple[int, bytes]) -> str:
        """What is wrong with a row; empty if nothing is."""
        number, _, version, _, _, _, recorded_at, _, state, previous, digest = row
        last, expected = head
        if number != self.number + 1:
            return f"numbers {self.number + 1} to {number - 1} are missing before it"
        if type(state) is not bytes or type(previous) is not bytes:
            return "a column has another type than it was written with"
        if previous != expected:
            return f"it does not follow version {last}: its previous hash is another"
        if hash_of(row) != digest:
            return "its bytes or columns were changed: the hash is another"
        if recorded_at and version != last + 1:
            return f"version {version} follows version {last}"
        if recorded_at and recorded_at <= self.recorded_at:
            return f"recorded at {recorded_at}, which is not after {self.recorded_at}"
        return self._unlike_digest(row) if self.known else ""

    def _unlike_digest(self, row: Row) -> str:
        known = self.known.get(row.stream)
        if known is None or row.version < known.version:
            return ""
        del self.known[row.stream]
        if row.version == known.version and row.hash.hex() == known.hash:
            return ""
        return f"the digest knows another event at version {known.version}: the chain was rebuilt"

    def rest(self) -> Iterator[Finding]:
        """What the digest knows beyond the end of the log."""
        for stream, (version, _) in sorted(self.known.items()):
            held = self.heads.get(stream)
            lost = f"ends at version {held[0]}" if held else "is gone"
            what = f"the stream {lost}, and the digest knows version {version}"
            yield Finding(self.number + 1, stream, what)
        if self.mark is not None and not self.mark.number and self._unlike_empty(self.mark):
            yield Finding(0, "", self._unlike_empty(self.mark))
        if self.against and self.against.number > self.number:
            what = f"the log ends here, and the digest knows number {self.against.number}"
            yield Finding(self.number + 1, "", what)


__all__ = ["ChainCheck", "Tip", "hash_of"]
