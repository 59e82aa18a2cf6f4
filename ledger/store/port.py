"""What an event store promises: the port, its answers, digests and verifications."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ledger.domain.events import Difference, Fact, Recorded
from ledger.domain.skimmed import Skimmed
from ledger.errors import BadDigestError

if TYPE_CHECKING:
    from ledger.store.checkpoints import Checkpoints

_FORMAT = "tradeledger-digest/1"
_SHA256 = re.compile("[0-9a-f]{64}")
_MARK = re.compile("([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)


class Appended(NamedTuple):
    """The fact was new and is now recorded."""

    recorded: Recorded


class AlreadyAppended(NamedTuple):
    """The key was known with the same content: a repeat, or a retry after a lost answer."""

    recorded: Recorded


class Conflict(NamedTuple):
    """The key is known with other content; what was recorded first stands."""

    recorded: Recorded
    fact: Fact
    differing: tuple[Difference, ...]


Outcome = Appended | AlreadyAppended | Conflict
Revise = Callable[[Fact, Recorded], Iterable[Fact]]


class Finding(NamedTuple):
    """Something that is wrong with the stored history: at which number, in which stream."""

    number: int
    stream: str
    what: str


class Verification(NamedTuple):
    """The result of reading the whole log; the first finding is the earliest bad event."""

    events: int
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class StreamHead(NamedTuple):
    """How far a stream had come: its last version and that event's hash, hexadecimal."""

    version: int
    hash: str


class Mark(NamedTuple):
    """A digest in short: enough to find that history is another, not where. Fits on paper."""

    number: int
    root: str

    def to_text(self) -> str:
        """Number and root.

        >>> Mark.from_text(Digest(0, {}).mark.to_text()) == Digest(0, {}).mark
        True
        """
        return f"{self.number}:{self.root}"

    @staticmethod
    def from_text(text: str) -> Mark:
        """Read what :meth:`to_text` wrote; ``BadDigestError`` if it is anything else."""
        found = _MARK.fullmatch(text)
        if found is None:
            raise BadDigestError(
                "a digest in short is its number, a colon and its root of 64 digits"
            )
        return Mark(int(found[1]), found[2])


class Digest(NamedTuple):
    """The last number and every stream's head. Kept elsewhere, it proves the history later."""

    number: int
    streams: dict[str, StreamHead]

    @property
    def root(self) -> str:
        """One SHA-256 that stands for the whole digest, short enough to be written down."""
        canonical = json.dumps([self.number, sorted(self.streams.items())], ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def mark(self) -> Mark:
        """Its short form."""
        return Mark(self.number, self.root)

    def to_text(self) -> str:
        """As JSON with sorted keys, one line.

        >>> Digest.from_text(Digest(0, {}).to_text())
        Digest(number=0, streams={})
        """
        body = {"format": _FORMAT, "number": self.number, "root": self.root}
        return json.dumps(body | {"streams": self.streams}, sort_keys=True)

    @staticmethod
    def from_text(text: str) -> Digest:
        """Read what :meth:`to_text` wrote; ``BadDigestError`` if it is anything else."""
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            raise BadDigestError("a digest is one line of JSON, and this text is not") from None
        return _checked(body)


def _checked(body: object) -> Digest:
    """The digest in a decoded body, if it is whole and its root is its own."""
    if not isinstance(body, dict) or body.get("format") != _FORMAT:
        raise BadDigestError(f"the text is not a digest of format {_FORMAT}; take the whole file")
    number, streams = body.get("number"), body.get("streams")
    if type(number) is not int or number < 0 or not isinstance(streams, dict):
        raise BadDigestError("a digest needs a number and the streams; take the whole file")
    digest = Digest(number, {name: _head(name, head) for name, head in streams.items()})
    if digest.root != body.get("root"):
        raise BadDigestError("the digest's root is not that of its content; it was changed")
    return digest


def _head(name: str, head: object) -> StreamHead:
    match head:
        case [int(version), str(text)] if _SHA256.fullmatch(text):
            return StreamHead(version, text)
    raise BadDigestError(f"the digest's head of stream {name!r} is not a version and a SHA-256")


class EventStore(Protocol):
    """Append-only history of facts, one stream an account.

    A fact is recorded once: its key is unique for ever in the whole store.
    """

    @property
    def checkpoints(self) -> Checkpoints:
        """Saved account states: a cache."""

    def append(
        self,
        facts: Sequence[Fact],
        *,
        expected: Mapping[str, int] | None = None,
        revise: Revise | None = None,
        all_or_nothing: bool = False,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Record facts in one transaction; one outcome for each, in order.

        ``expected`` maps streams to the version a decision was folded at: if anything new would
        be written after others have moved one of them, ``StaleStreamError`` and nothing is
        written. ``revise(fact, recorded)`` is asked inside the transaction for every fact whose
        key exists; what it returns is appended too, unless its key is known, and has no outcome.
        With ``all_or_nothing`` any conflict raises ``ConflictError`` and nothing is written.
        ``dry_run`` gives the same answers and writes nothing.
        """

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the writer's lock: nobody else appends inside, and what is appended there is kept
        when it ends, or undone by an exception. For a decision that others keep overtaking."""

    def read(self, stream: str, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        """A stream's events in order: versions above ``after``, numbers up to ``upto``."""

    def skim(
        self, stream: str, *, after: int = 0, upto: int | None = None
    ) -> Iterator[Recorded | Skimmed]:
        """The same, facts about orders only skimmed: to be folded, not to be shown."""

    def read_all(self, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        """The whole log in order: numbers above ``after``, up to ``upto``."""

    def by_key(self, keys: Sequence[str]) -> dict[str, Recorded]:
        """The recorded facts under these keys; a key that is not known is absent."""

    def head(self) -> int:
        """The last number; 0 in an empty store."""

    def version(self, stream: str) -> int:
        """The stream's last version; 0 if it has none."""

    def streams(self) -> list[str]:
        """The names of all streams, sorted."""

    def number_at(self, known_at: datetime) -> int:
        """The last number that was recorded at or before a moment; 0 if none was."""

    def refs(
        self,
        stream: str,
        kind: str,
        id: str,
        *,
        after: int = 0,
        upto: int | None = None,
        but: Collection[str] = (),
    ) -> Iterator[Recorded]:
        """The stream's events about one ``order``, ``instrument`` or ``exec`` (a fill's key), by
        number, ``but`` for those of some topics, which nobody has to decode."""

    def verify(self, against: Digest | Mark | None = None) -> Verification:
        """Read everything and check the chain, also against a digest that was kept elsewhere."""

    def digest(self) -> Digest:
        """The present heads of all streams."""

    def close(self) -> None:
        """Give back what is held; every later call raises ``StoreClosedError``."""


def heads_of(streams: Mapping[str, tuple[int, bytes]]) -> dict[str, StreamHead]:
    """Heads with their hashes as text, sorted by stream."""
    return {name: StreamHead(v, digest.hex()) for name, (v, digest) in sorted(streams.items())}


__all__ = [
    "AlreadyAppended", "Appended", "Conflict", "Digest", "EventStore", "Finding", "Mark",
    "Outcome", "Revise", "StreamHead", "Verification", "heads_of",
]  # fmt: skip
