"""A batch into the ledger, in one transaction, with an answer for each record.

=========  ==============================================================================
NEW        the fact was not known and is now recorded
SAME       it was known with the same content; what it adds (fees, order, settlement) is
           recorded as facts of its own
CHANGED    it was known with other content, which is never an overwrite: a fill's becomes a
           ``FillConflict``, all else is in the report
REVERSES   a bust or correction of a fill that is known
UNLINKED   a bust or correction whose fill nobody has reported; it takes effect when it comes
=========  ==============================================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Protocol

import attrs

from adapters.linking import Originals, linked
from adapters.placing import place
from adapters.port import HASH_ID, Batch, Finding, Quarantined, Record
from adapters.quarantine import row_cause
from adapters.rejoining import rejoined
from adapters.revising import ChargedApart, Reviser, fee_difference, place_difference
from adapters.whose import opened, require_ours
from ledger.collector import full_collections_held_off
from ledger.conflicts import told_apart
from ledger.domain.events import (
    Difference,
    Event,
    Fact,
    FillBusted,
    FillCorrected,
    Meta,
    Source,
    make_fact,
)
from ledger.store.port import AlreadyAppended, Conflict, EventStore, Outcome, Revise

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = 1000
_REVERSALS: Final = (FillBusted, FillCorrected)

Progress = Callable[[int, int], None]


class Books(Protocol):
    """What ingest needs of a ``Book``."""

    @property
    def store(self) -> EventStore:
        """The store behind it, asked for known keys."""

    def record_all(
        self, facts: Sequence[Fact], *, revise: Revise | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Record facts from outside in one transaction."""


class Verdict(Enum):
    """What a record was to the ledger."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    REVERSES = "reverses"
    UNLINKED = "unlinked"


@attrs.frozen(kw_only=True)
class Ingested:
    """The answer for one record. ``is_weak``: its id was made from its content."""

    row: str
    key: str
    verdict: Verdict
    differing: tuple[Difference, ...] = ()
    is_weak: bool = False


@attrs.frozen(kw_only=True)
class IngestReport:
    """What became of a batch. ``added`` counts events written, or that would be (``dry_run``);
    ``of_other_ids`` the fills that are on record under another id than the batch gives them."""

    account: str
    adapter: str
    dry_run: bool
    added: int
    records: tuple[Ingested, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    findings: tuple[Finding, ...] = ()
    of_other_ids: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Records by verdict, every verdict named, and the rows set aside."""
        found = Counter(record.verdict for record in self.records)
        named = {verdict.value: found[verdict] for verdict in Verdict}
        return {**named, "quarantined": len(self.quarantine)}

    @property
    def weak(self) -> int:
        """How many records have an id made from their content."""
        return sum(record.is_weak for record in self.records)


def ingest(
    book: Books,
    batch: Batch,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    other_account: bool = False,
) -> IngestReport:
    """Record what a batch says, all of it or, when anything raises, nothing.

    ``BadFileError`` for the report of another account at the venue than the one these books are
    of, as far as both are told, unless ``other_account`` says that it is meant.
    ``progress`` is told how many of how many facts are ready to be written. ``ConflictError`` is
    never raised: the broker's word is booked as far as it is new.
    """
    if not other_account:
        require_ours(opened(book.store, batch.account), batch)
    with full_collections_held_off():
        batch, of_other_ids = rejoined(book.store, batch)
        batch = place(book.store, batch)
        links = _Links(book.store, batch)
        facts = list(_counted(_facts(batch, links), len(batch.records), progress))
        links.originals.forget()
        apart = ChargedApart(book.store, batch.account, facts)
        reviser = Reviser(batch.adapter, links.dangling, apart)
        before = book.store.head()
        outcomes = book.record_all(facts, revise=reviser, dry_run=dry_run)
        added = _added(book.store, reviser, before) + sum(map(_is_new, outcomes))
        return IngestReport(
            account=batch.account,
            adapter=batch.adapter,
            dry_run=dry_run,
            added=added,
            records=tuple(
                [_answer(f, o, links, apart) for f, o in zip(facts, outcomes, strict=True)]
            ),
            quarantine=batch.quarantine,
            findings=batch.findings,
            of_other_ids=of_other_ids,
        )


class _Links:
    """Which fills the batch's busts and corrections name, in the batch or already recorded."""

    def __init__(self, store: EventStore, batch: Batch) -> None:
        self.account = batch.account
        self._store = store
        reversals = [r.event for r in batch.records if isinstance(r.event, _REVERSALS)]
        self._in_batch = (
            {_key(r.event, batch.account) for r in batch.records} if reversals else set()
        )
        self._corrections = {
            _key(r.event, batch.account): r
            for r in batch.records
            if isinstance(r.event, FillCorrected)
        }
        self._recorded = store.by_key([_reference(event, batch.account) for event in reversals])
        self.originals = Originals(store, batch.account)
        self.dangling = self._dangling([_key(event, batch.account) for event in reversals])

    def _dangling(self, keys: list[str]) -> frozenset[str]:
        """The reversals on record whose fill is not: they may be told of it now."""
        known = self._store.by_key(keys)
        named = {key: _reference(was.event, self.account) for key, was in known.items()
                 if isinstance(was.event, _REVERSALS)}  # fmt: skip
        found = self._store.by_key(sorted(set(named.values())))
        return frozenset(key for key, reference in named.items() if reference not in found)

    def knows(self, event: Event) -> bool:
        """Whether the fill that a reversal names is in the batch or on record."""
        reference = _reference(event, self.account)
        return reference in self._in_batch or reference in self._recorded

    def resolve(self, record: Record) -> Iterator[Record]:
        """The record, linked to a fill of an earlier report when that can be found."""
        first = self._first(record)
        found = [] if self.knows(first.event) else self.originals.find(record)
        if first is not record:
            # It names a correction of this batch, which stays what it is unless its day was wrong.
            found = [one for one in found if one[0].scope != getattr(record.event, "scope", "")]
        if not found:
            yield record
        for original, charged in found:
            self._in_batch.add(original.identity().key(self.account))
            yield from linked(record, original, charged)

    def _first(self, record: Record) -> Record:
        """The correction at the beginning of the chain that a reversal names in the batch."""
        seen: set[str] = set()
        named = _reference(record.event, self.account)
        while named in self._corrections and named not in seen:
            seen.add(named)
            record = self._corrections[named]
            named = _reference(record.event, self.account)
        return record


def _facts(batch: Batch, links: _Links) -> Iterator[Fact]:
    """Definitions first, then the records, then what the statement observes."""
    account, adapter, digest = batch.account, batch.adapter, batch.digest

    def fact(event: Event, occurred_at: datetime, row: str, cause: str = "") -> Fact:
        """With the file and the row it was read from; its cause is the raw row's digest."""
        source = Source(adapter=adapter, digest=digest, row=row)
        meta = Meta(source=source, causation_id=cause)
        return make_fact(account, event, occurred_at, meta=meta)

    first = min((record.occurred_at for record in batch.records), default=EPOCH)
    for number, defined in enumerate(batch.instruments, start=1):
        yield fact(defined, batch.coverage.covers_from or first, f"instrument[{number}]")
    for record in batch.records:
        for one in links.resolve(record) if isinstance(record.event, _REVERSALS) else (record,):
            yield fact(one.event, one.occurred_at, one.row, row_cause(one.digest))
    statement = batch.statement()
    if statement is not None:
        yield fact(statement, batch.coverage.covers_to or first, "statement")


def _counted(facts: Iterable[Fact], total: int, progress: Progress | None) -> Iterator[Fact]:
    done = 0
    for done, fact in enumerate(facts, start=1):
        if progress is not None and done % _STEP == 0:
            progress(done, max(total, done))
        yield fact
    if progress is not None:
        progress(done, done)


def _added(store: EventStore, reviser: Reviser, before: int) -> int:
    """How many facts the known ones were given."""
    known = store.by_key(sorted(reviser.keys))
    return sum(key not in known or known[key].number > before for key in reviser.keys)


def _is_new(outcome: Outcome) -> bool:
    return not isinstance(outcome, AlreadyAppended | Conflict)


def _key(event: Event, account: str) -> str:
    """The stored key; every fact a batch holds has an identity of its own."""
    identity = event.identity()
    return identity.key(account) if identity else ""


def _reference(event: Event, account: str) -> str:
    """The stored key of the fill a reversal names."""
    if isinstance(event, _REVERSALS):
        return event.refers_to().key(account)
    return ""


def _answer(fact: Fact, outcome: Outcome, links: _Links, apart: ChargedApart) -> Ingested:
    """The verdict on one fact."""
    differing: tuple[Difference, ...] = ()
    match outcome:
        case Conflict(recorded=recorded):
            differing = told_apart(recorded.event, fact.event)
            verdict = Verdict.CHANGED if differing else Verdict.SAME
        case AlreadyAppended():
            booked = outcome.recorded.event
            differing = fee_difference(booked, fact.event, apart.fees_of(fact.key))
            differing += place_difference(booked, fact.event)
            verdict = Verdict.CHANGED if differing else Verdict.SAME
        case _ if isinstance(fact.event, _REVERSALS):
            verdict = Verdict.REVERSES if links.knows(fact.event) else Verdict.UNLINKED
        case _:
            verdict = Verdict.NEW
    return Ingested(
        row=fact.meta.source.row if fact.meta.source else "",
        key=fact.key,
        verdict=verdict,
        differing=differing,
        is_weak=HASH_ID in fact.key,
    )
