"""What an event store promises: the port, its answers and verifications."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ledger.domain.events import Difference, Fact, Recorded
from ledger.domain.prices import AnyPrice, Price, PriceKind, Rate
from ledger.domain.skimmed import Skimmed
from ledger.store.digests import Digest, Mark, StreamHead, heads_of

if TYPE_CHECKING:
    from ledger.store.checkpoints import Checkpoints


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
KnownAt = int | datetime | None
"""What was known: by a time, at a log number, or all there is."""


class PriceOutcome(NamedTuple):
    """A price as it is recorded: new, or known already with the same figure, whether that still
    holds or not. ``restates`` is the number of the price that a new one supersedes, 0 if none."""

    price: AnyPrice
    is_new: bool
    restates: int = 0


class Finding(NamedTuple):
    """Something that is wrong with the stored history: at which number, in which stream."""

    number: int
    stream: str
    what: str


class Verification(NamedTuple):
    """The result of reading the whole log; the first finding is the earliest bad event."""

    events: int
    findings: tuple[Finding, ...] = ()
    prices: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


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

    def record_prices(
        self, prices: Sequence[AnyPrice], *, reinstate: bool = False, dry_run: bool = False
    ) -> list[PriceOutcome]:
        """Record prices in one transaction; one outcome for each, in order.

        A price is told apart by what it is about, its kind, source and ``at``. A figure that was
        recorded under that identity is known, also if another has restated it since: so an old
        report may be sent again. A figure that was not is a new price, which restates the last, and
        all are kept. With ``reinstate`` a figure that was restated is recorded anew, and holds
        again. ``dry_run`` gives the same answers and writes nothing.
        """

    def price(
        self,
        instrument_id: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Price | None:
        """The price with the latest ``at`` up to ``as_of``, of one kind or of any, as it was last
        recorded of those that were known; None if there is none.

        Known by a time is what was recorded at or before it; at a log number, what was when that
        event was recorded, so that the answer never changes; else everything.
        """

    def rate(
        self,
        base: str,
        quote: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Rate | None:
        """The rate of a pair, likewise, and only as it was recorded: not the other way round."""

    def prices(
        self, instrument_id: str | None = None, *, after: int = 0, limit: int | None = None
    ) -> Iterator[AnyPrice]:
        """Prices in the order in which they were recorded, of one instrument or of everything:
        numbers above ``after``, at most ``limit``."""

    def rates(self, base: str, quote: str, *, after: int = 0) -> Iterator[AnyPrice]:
        """The recorded rates of a pair, likewise."""

    def verify(self, against: Digest | Mark | None = None) -> Verification:
        """Read everything and check the chain, also against a digest that was kept elsewhere."""

    def digest(self) -> Digest:
        """The present heads of all streams."""

    def close(self) -> None:
        """Give back what is held; every later call raises ``StoreClosedError``."""


__all__ = [
    "AlreadyAppended", "Appended", "Conflict", "Digest", "EventStore", "Finding", "KnownAt", "Mark",
    "Outcome", "PriceOutcome", "Revise", "StreamHead", "Verification", "heads_of",
]  # fmt: skip
