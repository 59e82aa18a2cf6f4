"""What a report adds to facts that are known, and how it may contradict them: always new facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from adapters.port import HASH_ID, digest_of
from ledger.charged import charged_before
from ledger.conflicts import told_apart
from ledger.domain.events import (
    Difference,
    Event,
    Fact,
    Fee,
    FillBooked,
    FillBusted,
    FillConflict,
    InstrumentDefined,
    Recorded,
    SymbolChanged,
    differences,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.domain.numbers import ZERO, add, text
from ledger.domain.sighting import are_others, more_of
from ledger.store.port import EventStore

RELINKED = "linked"


class Reviser:
    """Asked by the store, inside its transaction, for each fact whose key is known.

    Every fact it answers with has a key made from what it says, so that asking again adds nothing.
    """

    def __init__(self, channel: str, dangling: frozenset[str], apart: ChargedApart) -> None:
        self._channel = channel
        self._dangling = dangling
        self._apart = apart
        self.keys: set[str] = set()

    def __call__(self, fact: Fact, recorded: Recorded) -> list[Fact]:
        """The facts to append for one that is known."""
        found = [
            make_fact(fact.stream, event, fact.occurred_at, meta=fact.meta)
            for event in self._events(fact, recorded)
        ]
        self.keys.update(revision.key for revision in found)
        return found

    def _events(self, fact: Fact, recorded: Recorded) -> Iterator[Event]:
        match recorded.event, fact.event:
            case FillBooked() as booked, FillBooked() as seen if not differences(booked, seen):
                charged = self._apart.before(fact.key, booked, seen)
                yield from more_of(booked, seen, self._channel, charged)
            case booked, FillBooked() as seen:
                yield _conflict(booked, seen)
            case FillBusted() as booked, FillBusted() as seen if fact.key in self._dangling:
                if booked.exec_ref_id != seen.exec_ref_id:
                    yield changed(seen, revision=RELINKED)
            case InstrumentDefined() as booked, InstrumentDefined() as seen:
                yield from _renamed(booked, seen)


class ChargedApart:
    """The fees of fills that were booked without any, as a later telling had them: those that are
    on record, and those that the batch at hand charges. Others, told after them, are not more."""

    def __init__(self, store: EventStore, account: str, facts: Sequence[Fact]) -> None:
        self._store, self._account, self._facts = store, account, facts
        self._charged: dict[str, tuple[Fee, ...]] | None = None

    def before(self, key: str, booked: FillBooked, seen: FillBooked) -> tuple[Fee, ...]:
        """What was charged apart for the fill with this key until now; if nothing, what is seen
        will have been."""
        if booked.fees or not seen.fees:
            return ()
        if self._charged is None:
            self._charged = self._recorded()
        charged = self._charged.get(key, ())
        if len(seen.fees) > len(charged) and not are_others(charged, seen.fees):
            self._charged[key] = seen.fees
        return charged

    def fees_of(self, key: str) -> tuple[Fee, ...]:
        """The fees that were charged apart; empty where none were asked for."""
        return (self._charged or {}).get(key, ())

    def _recorded(self) -> dict[str, tuple[Fee, ...]]:
        fills = {one.key: one.event for one in self._facts if isinstance(one.event, FillBooked)}
        return charged_before(self._store, self._account, fills)


def fee_difference(booked: Event, seen: Event, apart: Sequence[Fee] = ()) -> tuple[Difference, ...]:
    """The fees of one fill, when two channels both state them and not the same; ``apart`` are
    those that were charged after it was booked without."""
    if not isinstance(booked, FillBooked) or not isinstance(seen, FillBooked):
        return ()
    fees = booked.fees or apart
    if not fees or not seen.fees or _sums(fees) == _sums(seen.fees):
        return ()
    return (Difference("fees", _written(fees), _written(seen.fees)),)


def place_difference(booked: Event, seen: Event) -> tuple[Difference, ...]:
    """The place of a row without an id, when two files have it in another order."""
    if not isinstance(booked, FillBooked) or not isinstance(seen, FillBooked):
        return ()
    is_apart = booked.seq is not None and seen.seq not in {None, booked.seq}
    if not is_apart or not seen.exec_id.startswith(HASH_ID):
        return ()
    return (Difference("seq", str(booked.seq), str(seen.seq)),)


def _conflict(booked: Event, seen: FillBooked) -> FillConflict:
    """The other content under a known id, told apart by its digest; the booked one stands."""
    values = (getattr(seen, name) for name in FillBooked.CONTENT)
    content = (text(v) if isinstance(v, Decimal) else str(v) for v in values)
    return FillConflict(
        exec_id=seen.exec_id,
        digest=digest_of(content)[:32],
        venue=seen.venue,
        scope=seen.scope,
        revision=seen.revision,
        instrument_id=seen.instrument_id,
        differing=differences(booked, seen),
    )


def _renamed(booked: InstrumentDefined, seen: InstrumentDefined) -> Iterator[Event]:
    """A new symbol of an instrument that is otherwise what it was (absent fields are unknown)."""
    if {difference.field for difference in told_apart(booked, seen)} == {"symbol"}:
        symbol, about = seen.instrument.symbol, seen.instrument.instrument_id
        yield SymbolChanged(id=f"{about} {symbol}", instrument_id=about, symbol=symbol)


def _sums(fees: Iterable[Fee]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for fee in fees:
        sums[fee.currency] = add(sums.get(fee.currency, ZERO), fee.amount)
    return sums


def _written(fees: Iterable[Fee]) -> str:
    return ", ".join(
        f"{text(amount)} {currency}" for currency, amount in sorted(_sums(fees).items())
    )
