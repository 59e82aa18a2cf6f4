"""The decision of an append: for each fact whether it is new, a repeat or a conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from ledger.clock import Clock
from ledger.domain.events import NO_META, Fact, Recorded, differences
from ledger.domain.gates import require_text, require_time
from ledger.errors import BadTextError, ConflictError, StaleStreamError
from ledger.store.codec import Codec, encode_meta
from ledger.store.log import Log
from ledger.store.port import AlreadyAppended, Appended, Conflict, Outcome, Revise
from ledger.store.recorders import Writer
from ledger.store.records import recorded_from
from ledger.store.rows import require_name, time_text

_FEED: Final = 200
"""After so many sealed events a log may begin to write them."""

_LOOK_UP: Final = 5_000
"""So many keys are asked for in one question."""

# Past the generated constructors, which take as long as the rest of a tuple's making.
_new = tuple.__new__


class Mark(NamedTuple):
    """A place in a batch to which it can be undone."""

    rows: int
    recorded_at: datetime | None


class Batch:
    """The facts of one transaction, held against what is recorded and against each other.

    ``feeds``: the log may write before the end, since nothing of it alone is undone, and nobody
    reads meanwhile, who would see what is not kept yet.
    """

    def __init__(self, log: Log, writer: Writer, codec: Codec, clock: Clock) -> None:
        self.feeds = False
        self._log = log
        self._writer = writer
        self._tip = writer.tip
        self._rows = writer.rows
        self._codec = codec
        self._clock = clock
        self._known: dict[str, Recorded] = {}
        self._hashes: dict[str, tuple[bytes, str]] = {}

    def version(self, stream: str) -> int:
        """The last version of a stream, with what the batch adds to it."""
        return self._tip.head(stream)[0]

    def mark(self) -> Mark:
        """The present end of the batch."""
        return Mark(len(self._rows), self._tip.recorded_at)

    def undo(self, mark: Mark) -> None:
        """Forget what was added after a mark, as if it had never been asked for."""
        for row in reversed(self._rows[mark.rows :]):
            self._known.pop(row[4] or "", None)
            self._tip.unseal(row)
        del self._rows[mark.rows :]
        self._tip.recorded_at = mark.recorded_at

    def record(self, facts: Sequence[Fact]) -> list[Outcome]:
        """One outcome for each fact, whose keys were looked up; what is new is sealed."""
        known, outcomes = self._known, list[Outcome]()
        for fact in facts:
            recorded = known.get(fact.key)
            if recorded is None:
                recorded = known[fact.key] = self._append(fact)
                outcomes.append(_new(Appended, (recorded,)))
                if self.feeds and not len(self._rows) % _FEED:
                    self._writer.feed()
            else:
                outcomes.append(_repeat(recorded, fact))
        return outcomes

    def revise(self, facts: Sequence[Fact], outcomes: Sequence[Outcome], revise: Revise) -> None:
        """Ask for every fact that was known already, and record what is answered."""
        extra: list[Fact] = []
        for fact, outcome in zip(facts, outcomes, strict=True):
            if not isinstance(outcome, Appended):
                extra.extend(revise(fact, outcome.recorded))
        if extra:
            self.look_up([fact.key for fact in extra])
            self.record(extra)

    def are_new(self, keys: Sequence[str]) -> bool:
        """Whether all of these keys, which were looked up, are new, and each is told once."""
        return self._known.keys().isdisjoint(keys) and len(set(keys)) == len(keys)

    def look_up(self, keys: Iterable[str]) -> None:
        """Read what is recorded under these keys, some at a time: rows are larger than facts."""
        asked = [key for key in keys if key not in self._known]
        for begin in range(0, len(asked), _LOOK_UP):
            rows = self._log.by_key(asked[begin : begin + _LOOK_UP])
            for key, row in rows.items():
                self._known[key] = recorded_from(row, self._codec)

    def _append(self, fact: Fact) -> Recorded:
        stream, key, occurred_at, event, meta = fact
        require_text("key", key)
        if not key.isascii() or not key or stream not in self._tip.fit:
            self._check(stream, key)
        occurred_at = require_time("occurred_at", occurred_at)
        topic, state = self._codec.encode(event)
        metadata = "" if meta is NO_META else encode_meta(meta)
        recorded_at = self._tip.stamp(self._clock)
        number, _, version, _, _, _, _, _, _, previous, digest = row = self._tip.seal(
            stream, None, topic, state, key,
            time_text(occurred_at), time_text(recorded_at), metadata,
        )  # fmt: skip
        self._rows.append(row)
        last, told = self._hashes.get(stream, (b"", ""))
        hashes = told if last is previous else previous.hex(), digest.hex()
        self._hashes[stream] = digest, hashes[1]
        return _new(
            Recorded,
            (number, stream, version, key, occurred_at, recorded_at, event, meta, *hashes),
        )

    def _check(self, stream: str, key: str) -> None:
        """Names that can be kept; a stream is looked at once."""
        if not key:
            raise BadTextError("key", key, "it is empty; give the fact an identity")
        if not require_text("stream", stream):
            raise BadTextError("stream", stream, "it is empty; name the account")
        require_name("key", key)
        self._tip.fit.add(stream)


def _repeat(recorded: Recorded, fact: Fact) -> AlreadyAppended | Conflict:
    """The answer for a key that is known: by content alone, whatever the two times say."""
    differing = differences(recorded.event, fact.event)
    return Conflict(recorded, fact, differing) if differing else AlreadyAppended(recorded)


def require_fresh(
    expected: Mapping[str, int], before: Mapping[str, int], outcomes: Iterable[Outcome]
) -> None:
    """``StaleStreamError`` if others moved a stream and there is anything new to write.

    A retry of what is recorded already is never stale: its answer was only lost.
    """
    moved = [stream for stream, version in expected.items() if before[stream] != version]
    if moved and any(isinstance(outcome, Appended) for outcome in outcomes):
        name = moved[0]
        raise StaleStreamError(
            f"{name} is at version {before[name]}, and this was decided at {expected[name]}; "
            "fold what is new and decide again"
        )


def require_no_conflict(outcomes: Iterable[Outcome]) -> None:
    """``ConflictError`` for the first fact whose key is known with other content."""
    for outcome in outcomes:
        if isinstance(outcome, Conflict):
            field, booked, seen = outcome.differing[0]
            raise ConflictError(
                f"{outcome.fact.key} is recorded as number {outcome.recorded.number} with "
                f"{field} {booked}, not {seen}; give what is new an id of its own"
            )
