"""A bust or correction and the fill it names, when that is by another id than the fill's key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import attrs

from adapters.port import Record
from ledger.domain.events import (
    Event,
    Fee,
    FeeCharged,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    FillSighted,
    Identity,
    Recorded,
)
from ledger.domain.gates import changed
from ledger.domain.numbers import ZERO, add, text
from ledger.store.port import EventStore

EXECUTION: Final = "execution"
"""The kind of a further id: an execution of a sender (``scope``) and an order (``revision``), of a
day that is not told."""

INSTEAD: Final = "instead"
"""The kind of a further id: what stands in an order instead of a fill that was reversed, by what it
traded (``revision``)."""


def linked(record: Record, original: FillBooked, charged: Iterable[Fee]) -> Iterator[Record]:
    """The record naming the original fill, and what the venue kept of its fees, if anything.

    A bust in the ledger gives back the fill with all its fees. Where the broker's cancel does not
    (IB since 2026: commission 0 on the cancel's row), the kept part is a fee of its own, so that
    cash is the broker's. A FIX bust tells no refund: it gives back all.
    """
    event = record.event
    if not isinstance(event, FillBusted | FillCorrected):
        yield record
        return
    named = changed(
        event,
        exec_ref_id=original.exec_id,
        ref_revision=original.revision,
        scope=original.scope,
    )
    yield attrs.evolve(record, event=named)
    tells_refund = all(one.kind != EXECUTION for one in record.also)
    if isinstance(event, FillBusted) and tells_refund:
        yield from _kept(record, event, original, [*charged, *record.refund])


def _kept(
    record: Record, bust: FillBusted, original: FillBooked, fees: list[Fee]
) -> Iterator[Record]:
    """One fee a kind and currency in which charge and refund do not cancel out."""
    sums: dict[tuple[str, FeeKind], Decimal] = {}
    for fee in fees:
        place = (fee.currency, fee.kind)
        sums[place] = add(sums.get(place, ZERO), fee.amount)
    for (currency, kind), amount in sorted(
        sums.items(), key=lambda item: (item[0][0], item[0][1].value)
    ):
        if amount:
            fee_kept = FeeCharged(
                id=f"{bust.exec_id}:kept:{kind.value}:{currency}",
                amount=amount,
                currency=currency,
                kind=kind,
                venue=bust.venue,
                scope=bust.scope,
                instrument_id=original.instrument_id,
                description=f"kept by the broker when it cancelled {original.exec_id}",
            )
            yield attrs.evolve(record, event=fee_kept, also=(), refund=())


class Originals:
    """Finds, among the recorded fills of an instrument, the one that a reversal names.

    A posting's id is looked for in the row that a fill, or a sighting of it, was read from; a
    trade's id is the fill's own. An execution of a day that is not told (FIX without a trade date)
    is one of its id and order, if there is just one. A fill that another bust has undone is not
    meant. The history of the instrument asked for last is kept for the next one that names it,
    until ``forget``.
    """

    def __init__(self, store: EventStore, account: str) -> None:
        self._store = store
        self._account = account
        self._last: tuple[str, list[Recorded]] = "", []

    def forget(self) -> None:
        """Keep no history any longer."""
        self._last = "", []

    def _history(self, instrument_id: str) -> list[Recorded]:
        if self._last[0] != instrument_id:
            self.forget()
            known = self._store.refs(self._account, "instrument", instrument_id)
            self._last = instrument_id, list(known)
        return self._last[1]

    def find(self, record: Record) -> list[tuple[FillBooked, list[Fee]]]:
        """The fill with all its fees, as a list of one; empty when none is meant."""
        event = record.event
        instrument_id = getattr(event, "instrument_id", None)
        if not record.also or not instrument_id:
            return []
        history = self._history(instrument_id)
        undone = {past.event.refers_to() for past in history if isinstance(past.event, FillBusted)}
        undone -= _amended_by(event, history)
        found: list[FillBooked] = []
        for alias in record.also:
            named = list(_meant(history, alias, was_named=bool(found)))
            for fill in named:
                if fill.identity() not in undone:
                    return [(fill, _all_fees(history, fill))]
            found += named
        return []


def _meant(history: list[Recorded], alias: Identity, *, was_named: bool) -> Iterable[FillBooked]:
    """The fills that a further id may mean. What stands instead of a fill is only meant where that
    was named before, by its trade."""
    if alias.kind == EXECUTION:
        return _of_some_day(history, alias)
    if alias.kind == INSTEAD:
        return _instead(history, alias) if was_named else ()
    return _named(history, alias)


def _instead(history: list[Recorded], alias: Identity) -> Iterator[FillBooked]:
    """The corrections of an order that are booked as fills of their own, with what they traded."""
    for past in history:
        fill = past.event
        if not isinstance(fill, FillBooked) or fill.trade_id is not None:
            continue
        if (fill.venue, fill.order_id, traded(fill)) == (alias.venue, alias.id, alias.revision):
            yield fill


def traded(fill: FillBooked) -> str:
    """Quantity and price of a fill in words, to know it by."""
    return f"{text(fill.last_qty)} @ {text(fill.last_px) if fill.last_px is not None else ''}"


def _named(history: list[Recorded], alias: Identity) -> Iterator[FillBooked]:
    """The fills that were ever reported under this further id."""
    fills = {past.event.identity(): past.event for past in history
             if isinstance(past.event, FillBooked)}  # fmt: skip
    for past in history:
        fact = past.event
        if not isinstance(fact, FillBooked | FillSighted) or fact.venue != alias.venue:
            continue
        row = past.meta.source.row if past.meta.source else ""
        if (alias.kind == "trade" and fact.trade_id == alias.id) or alias.id in row.split():
            filled = Identity(fact.venue, fact.scope, "fill", fact.exec_id, fact.revision)
            if filled in fills:
                yield fills[filled]


def _of_some_day(history: list[Recorded], alias: Identity) -> list[FillBooked]:
    """The fill that an execution of a day which is not told is, or amends; none of several."""
    known = {past.event.identity(): past.event for past in history
             if isinstance(past.event, FillBooked | FillCorrected)}  # fmt: skip
    found: dict[Identity, FillBooked] = {}
    for identity, event in known.items():
        if (event.venue, event.exec_id) == (alias.venue, alias.id):
            fill = _root(known, event)
            is_sender = fill is not None and identity.scope.rpartition(":")[0] == alias.scope
            if fill is not None and is_sender and fill.order_id in {None, alias.revision}:
                found[fill.identity()] = fill
    return list(found.values()) if len(found) == 1 else []


def _root(
    known: Mapping[Identity, FillBooked | FillCorrected], event: FillBooked | FillCorrected | None
) -> FillBooked | None:
    """The fill at the beginning of a chain of corrections."""
    seen: set[Identity] = set()
    while isinstance(event, FillCorrected) and event.identity() not in seen:
        seen.add(event.identity())
        event = known.get(event.refers_to())
    return event if isinstance(event, FillBooked) else None


def _amended_by(event: Event, history: list[Recorded]) -> set[Identity]:
    """What a reversal that is told again has undone or corrected."""
    return {
        past.event.refers_to()
        for past in history
        if isinstance(past.event, FillBusted | FillCorrected)
        and _names(past.event) == _names(event)
    }


def _names(event: Event) -> tuple[str, str, str]:
    """What a reversal is, on whatever day it is said to have been."""
    return event.TOPIC, getattr(event, "venue", ""), getattr(event, "exec_id", "")


def _all_fees(history: list[Recorded], fill: FillBooked) -> list[Fee]:
    """What came with the fill and what was charged for it apart."""
    apart = [
        Fee(amount=past.event.amount, currency=past.event.currency, kind=past.event.kind)
        for past in history
        if isinstance(past.event, FeeCharged) and past.event.refers_to() == fill.identity()
    ]
    return [*fill.fees, *apart]
