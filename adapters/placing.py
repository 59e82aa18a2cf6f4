"""Rows that no venue ordered, when several files hold parts of one instant.

A parser counts such a row's place among the rows of its instrument and instant, in the order that
its file declares. Where a file holds only a part of them, the count says nothing across files;
the rows that both hold do. They keep the place they have, and a new row stands as far before or
behind them as in its own file. So it does not matter which file came first, nor in which file a
row came. Where the files leave a doubt, the new row is set aside, and nothing is reordered.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

import attrs

from adapters.port import HASH_ID, Batch, Finding, Page, Quarantined, Record
from ledger.domain.events import FillBooked
from ledger.domain.gates import changed
from ledger.store.port import EventStore

LAST_PLACE: Final = 10**18
_WHOLE: Final = "ingest a file that holds the whole of it"


class Spot(NamedTuple):
    """The rows among which a row has its place."""

    at: datetime
    instrument_id: str


def place(store: EventStore, batch: Batch) -> Batch:
    """The batch with its rows where the books have them; what is in doubt is set aside."""
    counted = [record for record in batch.records if record.page is not None]
    return _Places(store, batch.account, counted).of(batch) if counted else batch


class _Places:
    """The places of the rows that are booked, and of those of the pages before."""

    def __init__(self, store: EventStore, account: str, counted: list[Record]) -> None:
        self._store = store
        self._account = account
        recorded = store.by_key(sorted({_key(record, account) for record in counted}))
        self._booked = {key: _seq(fact.event) for key, fact in recorded.items()}
        self._held = self._known_of({_spot(r).instrument_id for r in counted if self._is_new(r)})
        self._groups: dict[tuple[Page | None, Spot], list[Record]] = defaultdict(list)
        for record in counted:
            self._groups[record.page, _spot(record)].append(record)

    def of(self, batch: Batch) -> Batch:
        """The same batch, each row in its place, set aside, or as it came."""
        moved: dict[int, Record | None] = {}
        aside: list[Quarantined] = []
        findings: list[Finding] = []
        for (_, spot), group in self._groups.items():
            told = _Group(self._account, group, self._booked, self._held[spot])
            findings += told.findings()
            for record, seq in told.places():
                moved[id(record)] = _at(record, seq) if isinstance(seq, int) else None
                if isinstance(seq, str):
                    aside.append(_set_aside(record, seq))
            self._learn(spot, [one for r in group if (one := moved.get(id(r), r))])
        records = (moved.get(id(record), record) for record in batch.records)
        return attrs.evolve(
            batch,
            records=tuple(record for record in records if record is not None),
            quarantine=(*batch.quarantine, *aside),
            findings=(*batch.findings, *findings),
        )

    def _is_new(self, record: Record) -> bool:
        return _key(record, self._account) not in self._booked

    def _known_of(self, instrument_ids: set[str]) -> dict[Spot, dict[str, int]]:
        """The fills of these instruments that were booked without an id, by their spot."""
        held: dict[Spot, dict[str, int]] = defaultdict(dict)
        for instrument_id in sorted(instrument_ids):
            for fact in self._store.refs(self._account, "instrument", instrument_id):
                event = fact.event
                if isinstance(event, FillBooked) and event.exec_id.startswith(HASH_ID):
                    held[Spot(fact.occurred_at, instrument_id)][fact.key] = _seq(event)
        return held

    def _learn(self, spot: Spot, group: list[Record]) -> None:
        """What was placed is where the next page finds it."""
        for record in group:
            key = _key(record, self._account)
            self._booked.setdefault(key, _seq(record.event))
            self._held[spot].setdefault(key, self._booked[key])


class _Group:
    """The rows of one spot in one page, in their order, beside those that are booked."""

    def __init__(
        self, account: str, group: list[Record], booked: dict[str, int], held: dict[str, int]
    ) -> None:
        self._group = group
        keys = [_key(record, account) for record in group]
        self._seqs = [booked.get(key) for key in keys]
        self._others = sorted(seq for key, seq in held.items() if key not in set(keys))
        known = [seq for seq in self._seqs if seq is not None]
        self._is_new = len(known) < len(keys)
        self._agrees = all(one < two for one, two in pairwise(known))

    def findings(self) -> Iterator[Finding]:
        """Two files that hold different parts of one instant."""
        is_joined = any(seq is not None for seq in self._seqs) and self._agrees
        if self._others and self._is_new and is_joined:
            first, count = self._group[0], len(self._others)
            what = (
                f"{_named(first)}: {count} booked of that time not in this file, which holds "
                f"a part of it; a row that both hold counts once: {_WHOLE} to be sure"
            )
            yield Finding(file=_file(first), row=first.row, what=what)

    def places(self) -> Iterator[tuple[Record, int | str]]:
        """Each row that is new, or is not where it was counted, with its place or why it has
        none; one whose booked place contradicts this file is left as it came."""
        if not self._agrees:
            why = f"the rows of {_named(self._group[0])} are booked in another order than here"
            yield from ((r, why) for r, seq in self._each() if seq is None)
        elif self._others and not any(seq is not None for seq in self._seqs):
            why = (
                f"other rows of {_named(self._group[0])} are booked and none of them is here, so "
                f"which came first is not known: {_WHOLE}"
            )
            yield from ((record, why) for record in self._group)
        else:
            yield from self._joined()

    def _each(self) -> Iterator[tuple[Record, int | None]]:
        return zip(self._group, self._seqs, strict=True)

    def _joined(self) -> Iterator[tuple[Record, int | str]]:
        """Places counted from the booked row before, else from the first one after."""
        anchors = [(seq, _seq(r.event)) for r, seq in self._each() if seq is not None]
        shift = anchors[0][0] - anchors[0][1] if anchors else 0
        bounds = [0, *(seq for seq, _ in anchors), LAST_PLACE]
        passed = 0
        for record, seq in self._each():
            own = _seq(record.event)
            if seq is not None:
                passed, shift = passed + 1, seq - own
                yield record, seq
            elif self._is_free(own + shift, bounds[passed], bounds[passed + 1]):
                yield record, own + shift
            else:
                yield record, f"its place in {_named(record)} is in doubt: {_WHOLE}"

    def _is_free(self, place: int, low: int, high: int) -> bool:
        """Whether a place is between its booked neighbours, and nothing else is there."""
        is_alone = bisect(self._others, low) == bisect_left(self._others, high)
        return low < place < high and is_alone


def _key(record: Record, account: str) -> str:
    identity = record.event.identity()
    return identity.key(account) if identity else ""


def _spot(record: Record) -> Spot:
    return Spot(record.occurred_at, getattr(record.event, "instrument_id", "") or "")


def _seq(event: object) -> int:
    return getattr(event, "seq", None) or 0


def _at(record: Record, seq: int) -> Record:
    """The record with its fill in another place."""
    event = record.event
    if not isinstance(event, FillBooked) or event.seq == seq:
        return record
    return attrs.evolve(record, event=changed(event, seq=seq))


def _named(record: Record) -> str:
    """What a doubt is about: the instrument and the time."""
    at, instrument_id = _spot(record)
    return f"{instrument_id} at {at.isoformat().replace('+00:00', 'Z')}"


def _file(record: Record) -> str:
    return record.page.name if record.page else ""


def _set_aside(record: Record, why: str) -> Quarantined:
    return Quarantined(
        file=_file(record),
        row=record.row,
        field="time",
        value=record.occurred_at.isoformat(),
        rule=why,
        digest=record.digest,
        raw=record.raw,
    )


__all__ = ["place"]
