"""A fill that is on record under another id, since a report gained or lost a column of ids.

A parser says of a fill under which other ids it would stand if the report had fewer columns
(``POSTED``, ``ALIKE``), and which posting and trade it is of. Where one of these is on record, of
the same time and with the same content to the digit, it is the same fill and takes the recorded
id. A posting is one fill for ever, on whichever pages of a report. Content and a trade's id are
not: a fill that was undone and booked anew has both again. They join nothing where the report
undoes fills of the instrument, or the recorded one is undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, NamedTuple

import attrs

from adapters.port import HASH_ID, Batch, Record
from ledger.conflicts import told_apart
from ledger.domain.events import (
    FillBooked,
    FillBusted,
    FillCorrected,
    FillSighted,
    Identity,
    Recorded,
)
from ledger.domain.gates import changed
from ledger.store.port import EventStore

POSTED: Final = "posted"
"""The kind of a further id: the fill's id where a report has the posting's and no better one."""

ALIKE: Final = "alike"
"""The kind of a further id: the fill's id where a report has none, made from its content."""

POSTING: Final = "transaction"
TRADE: Final = "trade"
_KINDS: Final = frozenset({POSTED, ALIKE, POSTING, TRADE})
_WORD: Final = "transactionID"
_BEFORE: Final = timedelta(days=2)
"""A fill is recorded after it happened, by whichever clock."""

_LATELY: Final = 10_000
"""So many of the facts recorded last are looked at for a fill that names no order."""


class Known(NamedTuple):
    """A fill under another id; ``is_sure``: by its posting, so that it can be no other."""

    key: str
    fill: FillBooked
    at: datetime
    is_sure: bool


Finder = Callable[[Record], Iterable[Known]]


def rejoined(store: EventStore, batch: Batch) -> tuple[Batch, int]:
    """The batch with such fills under the ids that are on record, and how many they are."""
    found = _Rejoining(store, batch).found()
    if not found:
        return batch, 0
    direct = {_fill_id(record): booked for record, booked in found}
    # What another page tells may be on record under an id that this page does not know.
    fills = {own: direct.get(booked.exec_id, booked) for own, booked in direct.items()}
    joined = {id(record) for record, _ in found}
    records = tuple(
        _renamed(record, fills, is_joined=id(record) in joined) for record in batch.records
    )
    return attrs.evolve(batch, records=records), len(found)


def _fill_id(record: Record) -> str:
    return getattr(record.event, "exec_id", "")


def _renamed(record: Record, fills: Mapping[str, FillBooked], *, is_joined: bool) -> Record:
    """A fill under its recorded id and in its place; what undoes it names it by that."""
    event = record.event
    if is_joined:
        booked = fills[_fill_id(record)]
        same = changed(event, exec_id=booked.exec_id, seq=booked.seq)
        return attrs.evolve(record, event=same, page=None)
    if isinstance(event, FillBusted | FillCorrected) and event.exec_ref_id in fills:
        named = changed(event, exec_ref_id=fills[event.exec_ref_id].exec_id)
        return attrs.evolve(record, event=named)
    return record


class _Rejoining:
    """Looks for the fills of a batch that are not on record under their own ids."""

    def __init__(self, store: EventStore, batch: Batch) -> None:
        self._store = store
        self._account = batch.account
        told = [record for record in batch.records if isinstance(record.event, FillBooked)]
        self._fills = [one for one in told if any(alias.kind in _KINDS for alias in one.also)]
        self._told = {
            key: Known(key, record.event, record.occurred_at, is_sure=True)
            for record in self._fills
            if isinstance(record.event, FillBooked)
            for key in (self._key(record.event.identity()),)
        }
        self._undoes = {
            record.event.instrument_id
            for record in batch.records
            if self._fills and isinstance(record.event, FillBusted | FillCorrected)
        }

    def _key(self, identity: Identity | None) -> str:
        return identity.key(self._account) if identity else ""

    def found(self) -> list[tuple[Record, FillBooked]]:
        """Such fills with what is on record, each of that once."""
        keys = [self._key(record.event.identity()) for record in self._fills]
        known = self._store.by_key(sorted(keys))
        untold = [one for one, key in zip(self._fills, keys, strict=True) if key not in known]
        if not untold:
            return []
        others = self._under_other_ids(untold)
        sighted = self._sighted(untold)
        pairs: list[tuple[Record, FillBooked]] = []
        taken: dict[str, str] = {}
        for record in untold:
            own = _fill_id(record)
            for other in chain(others(record), sighted(record)):
                is_free = other.is_sure or other.key not in self._told
                if is_free and taken.get(other.key, own) == own and self._is_same(record, other):
                    taken[other.key] = own
                    pairs.append((record, other.fill))
                    break
        return pairs

    def _is_same(self, record: Record, known: Known) -> bool:
        """Whether time and content are the same to the digit, and no other fill may have them."""
        if record.occurred_at != known.at or told_apart(known.fill, record.event):
            return False
        return known.is_sure or not self._is_in_doubt(known.fill)

    def _under_other_ids(self, untold: list[Record]) -> Finder:
        """Those that a report with fewer ids gave, or another page of this one."""
        keys = {
            self._key(other._replace(kind="fill")) for record in untold for other in _others(record)
        }
        known = self._store.by_key(sorted(keys))

        def find(record: Record) -> Iterator[Known]:
            for other in _others(record):
                key, is_sure = self._key(other._replace(kind="fill")), other.kind == POSTED
                if key in known:
                    yield from _known(known[key], is_sure=is_sure)
                elif is_sure and key in self._told:
                    yield self._told[key]

        return find

    def _sighted(self, untold: list[Record]) -> Finder:
        """Those of a report with more ids: by the posting of the row that they were read from, else
        by their trade."""
        fewer = [record for record in untold if _has_fewer_ids(record)]
        wanted = {alias for record in fewer for alias in _named(record)}
        named: dict[Identity, list[str]] = defaultdict(list)
        for fact in self._history(fewer):
            for alias in _names(fact):
                if alias in wanted:
                    named[alias].append(self._key(_filled(fact)))
        known = self._store.by_key(sorted({key for keys in named.values() for key in keys}))

        def find(record: Record) -> Iterator[Known]:
            for alias in _named(record) if named else ():
                for key in named.get(alias, ()):
                    if key in known:
                        yield from _known(known[key], is_sure=alias.kind == POSTING)

        return find

    def _history(self, records: list[Record]) -> Iterator[Recorded]:
        """What was recorded since they happened of their orders; without an order, lately of the
        instrument, so that no report takes longer the more was booked."""
        if not records:
            return
        since = min(record.occurred_at for record in records) - _BEFORE
        after = self._store.number_at(since)
        lately = max(after, self._store.head() - _LATELY)
        for kind, about in sorted({_subject(record) for record in records}):
            begins = after if kind == "order" else lately
            for fact in self._store.refs(self._account, kind, about, after=begins):
                if isinstance(fact.event, FillBooked | FillSighted):
                    yield fact

    def _is_in_doubt(self, booked: FillBooked) -> bool:
        """Whether a fill was undone, or the report undoes one of its instrument: another one, with
        the same content and trade, may stand for it."""
        if booked.instrument_id in self._undoes:
            return True
        about = self._store.refs(self._account, "exec", self._key(booked.identity()))
        return any(isinstance(fact.event, FillBusted | FillCorrected) for fact in about)


def _others(record: Record) -> list[Identity]:
    return [alias for alias in record.also if alias.kind in {POSTED, ALIKE}]


def _known(fact: Recorded, *, is_sure: bool) -> Iterator[Known]:
    if isinstance(fact.event, FillBooked):
        yield Known(fact.key, fact.event, fact.occurred_at, is_sure)


def _named(record: Record) -> list[Identity]:
    """The posting; without one, the trade: of one trade there may be several postings."""
    postings = [alias for alias in record.also if alias.kind == POSTING]
    return postings or [alias for alias in record.also if alias.kind == TRADE]


def _has_fewer_ids(record: Record) -> bool:
    """Whether the fill's own id is the posting's, or made from its content."""
    postings = {alias.id for alias in record.also if alias.kind == POSTING}
    return record.is_weak or _fill_id(record) in postings


def _subject(record: Record) -> tuple[str, str]:
    event: Any = record.event
    return ("order", event.cl_ord_id) if event.cl_ord_id else ("instrument", event.instrument_id)


def _names(fact: Recorded) -> Iterator[Identity]:
    """The posting and the trade that a fill, or a sighting of it, was read with."""
    event: Any = fact.event
    words = fact.meta.source.row.split() if fact.meta.source else []
    if len(words) > 1 and words[-2] == _WORD:
        yield Identity(event.venue, "", POSTING, words[-1])
    if event.trade_id and not event.exec_id.startswith(HASH_ID):
        yield Identity(event.venue, "", TRADE, event.trade_id)


def _filled(fact: Recorded) -> Identity:
    event: Any = fact.event
    return Identity(event.venue, event.scope, "fill", event.exec_id, event.revision)
