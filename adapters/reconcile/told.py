"""The broker's side: what a report says stands, its own busts and corrections taken in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

import attrs

from adapters.linking import Originals
from adapters.port import Batch, Record
from adapters.reconcile.executions import Execution, execution_of
from ledger.domain.canonical import amended, identifier, natural
from ledger.domain.events import (
    Fee,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    differences,
)
from ledger.store.port import EventStore

Reversal = FillBusted | FillCorrected


class Amendment(NamedTuple):
    """A correction, by the key of the fill it amends, which the report itself does not hold."""

    key: str
    event: FillCorrected
    record: Record


@attrs.frozen
class Told:
    """What a report says of executions.

    ``standing`` gives the fills in effect, anew each time it is called; ``twice`` are those that
    are told again under the same key, though the source does not repeat itself, or otherwise;
    ``tells_fees``: a fee is told of some fill, for a report without any says nothing about fees.
    ``reversed`` are the rows that undo a fill, by the fill's key, ``amended`` those that correct
    one of an earlier report; ``corrected`` are the keys of fills that the report corrects itself;
    ``unlinked`` are reversals whose fill nobody knows.
    """

    standing: Callable[[], Iterator[Execution]]
    twice: tuple[Execution, ...]
    tells_fees: bool
    reversed: dict[str, Record]
    amended: tuple[Amendment, ...]
    corrected: frozenset[str]
    unlinked: tuple[Record, ...]

    def reversals(self) -> Iterator[Record]:
        """The rows that undo or correct what the report itself does not hold."""
        yield from self.reversed.values()
        yield from (one.record for one in self.amended)
        yield from self.unlinked


class Telling:
    """Reads a batch as one side of a comparison."""

    def __init__(self, batch: Batch, store: EventStore) -> None:
        self._account = batch.account
        self._store = store
        self._originals = Originals(store, batch.account)
        self._records = batch.records
        self._fills: dict[str, tuple[FillBooked, Record]] = {}
        self._twice: list[tuple[str, FillBooked, Record]] = []
        self._by_alias: dict[Identity, list[str]] = defaultdict(list)
        self._stands: dict[str, str] = {}
        self._reversals: dict[str, Record] = {}

    def told(self) -> Told:
        """What stands after everything in the batch."""
        for record in self._records:
            self._note(record)
        busted: dict[str, Record] = {}
        amendments: list[Amendment] = []
        corrected: dict[str, FillBooked] = {}
        unlinked = []
        for record, event in self._in_order():
            key = self._meant(record, event)
            if key is None:
                unlinked.append(record)
            elif isinstance(event, FillBusted):
                busted[key] = record
            elif key in self._fills:
                corrected[key] = amended(corrected.get(key) or self._fills[key][0], event)
            else:
                amendments.append(Amendment(key, event, record))
        self._originals.forget()
        fees = self._fees()
        return Told(
            standing=lambda: self._standing(busted, corrected, fees),
            twice=tuple(self._again(busted)),
            tells_fees=bool(fees) or any(fill.fees for fill, _ in self._fills.values()),
            reversed=busted,
            amended=tuple(one for one in amendments if one.key not in busted),
            corrected=frozenset(corrected),
            unlinked=tuple(unlinked),
        )

    def _note(self, record: Record) -> None:
        """Remember a fill, or that a correction's id stands for one."""
        event = record.event
        if isinstance(event, FillBooked):
            key = event.identity().key(self._account)
            if key in self._fills:
                first, told = self._fills[key]
                if not (record.again or told.again) or differences(first, event):
                    self._twice.append((key, event, record))
                return
            self._fills[key] = event, record
            for alias in record.also:
                self._by_alias[alias].append(key)
        elif isinstance(event, FillBusted | FillCorrected):
            own = event.identity().key(self._account)
            if record.occurred_at < self._reversals.setdefault(own, record).occurred_at:
                self._reversals[own] = record
            if isinstance(event, FillCorrected):
                self._stands[own] = event.refers_to().key(self._account)

    def _in_order(self) -> Iterator[tuple[Record, Reversal]]:
        """Each bust and correction once, in the order in which the books take them: by time, and
        never before one that it amends."""
        for _, record in sorted(((self._place(own), one) for own, one in self._reversals.items()),
                                key=itemgetter(0)):  # fmt: skip
            if isinstance(record.event, FillBusted | FillCorrected):
                yield record, record.event

    def _place(self, own: str) -> tuple[datetime, int, str, str]:
        record = self._reversals[own]
        above = [self._reversals[key] for key in self._chain(own) if key in self._reversals]
        at = max(one.occurred_at for one in above)
        return at, len(above), natural(identifier(record.event)), own

    def _chain(self, key: str) -> Iterator[str]:
        """A key, and those that it amends one by the other; one that comes back to itself ends."""
        seen: set[str] = set()
        while key not in seen:
            yield key
            seen.add(key)
            key = self._stands.get(key, key)

    def _meant(self, record: Record, event: Reversal) -> str | None:
        """The key of the fill that a reversal names, here or on record; None if nobody knows."""
        for key in self._chain(event.refers_to().key(self._account)):
            if key in self._fills:
                return key
        recorded = self._recorded(key)
        if recorded is not None:
            return recorded
        for alias in record.also:
            if self._by_alias.get(alias):
                return self._by_alias[alias][0]
        found = self._originals.find(record)
        return found[0][0].identity().key(self._account) if found else None

    def _recorded(self, key: str) -> str | None:
        """The same among the facts on record, through corrections of corrections."""
        seen: set[str] = set()
        while key not in seen:
            seen.add(key)
            known = self._store.by_key([key]).get(key)
            if known is None:
                return None
            if not isinstance(known.event, FillCorrected):
                return key
            key = known.event.refers_to().key(self._account)
        return None

    def _standing(
        self, busted: Container[str], corrected: dict[str, FillBooked], fees: dict[str, list[Fee]]
    ) -> Iterator[Execution]:
        for key, (booked, record) in self._fills.items():
            if key not in busted:
                fill = corrected.get(key) or booked
                charged = [*fill.fees, *fees.get(key, ())]
                yield execution_of(fill, charged, key, record.occurred_at, record.row)

    def _again(self, busted: Container[str]) -> Iterator[Execution]:
        for key, fill, record in self._twice:
            if key not in busted:
                yield execution_of(fill, fill.fees, key, record.occurred_at, record.row)

    def _fees(self) -> dict[str, list[Fee]]:
        """The fees that have rows of their own and name their fill."""
        found: dict[str, dict[Identity, Fee]] = defaultdict(dict)
        for record in self._records:
            event = record.event
            about = event.refers_to() if isinstance(event, FeeCharged) else None
            if about is not None and isinstance(event, FeeCharged):
                fee = Fee(amount=event.amount, currency=event.currency, kind=event.kind)
                found[about.key(self._account)].setdefault(event.identity(), fee)
        return {key: list(fees.values()) for key, fees in found.items()}
