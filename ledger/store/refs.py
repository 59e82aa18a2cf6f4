"""The index of events by order, instrument and execution: what an event is about.

It is derived, and may be dropped at any time: it is caught up when it is asked.
"""

from __future__ import annotations

from typing import Final

from ledger.domain.events import (
    Event,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillConflict,
    FillCorrected,
    FillSighted,
    Identity,
    InstrumentDefined,
    OrdersLinked,
    SpinOffReceived,
    TradeSettled,
)
from ledger.store.codec import Codec
from ledger.store.log import Log, Ref

KINDS: Final = ("order", "instrument", "exec")
_BATCH: Final = 5000


def references(event: Event, stream: str) -> set[tuple[str, str]]:
    """What an event is about, as (kind, id).

    ``order``: every order id it names; ``instrument``: its instrument, and a spin-off's parent;
    ``exec``: the stored key of the fill it is, or speaks of.

    >>> from ledger.domain.events import OrderAccepted
    >>> references(OrderAccepted(cl_ord_id="c7"), "U1")
    {('order', 'c7')}
    """
    found = {("order", id) for id in _orders(event)}
    found.update(("instrument", id) for id in _instruments(event))
    found.update(("exec", fill.key(stream)) for fill in _fills(event))
    return found


def _orders(event: Event) -> list[str]:
    if isinstance(event, OrdersLinked):
        return list(event.cl_ord_ids)
    named = (getattr(event, name, None) for name in ("cl_ord_id", "orig_cl_ord_id"))
    return [id for id in named if id]


def _instruments(event: Event) -> list[str]:
    match event:
        case InstrumentDefined():
            return [event.instrument.instrument_id]
        case SpinOffReceived():
            return [event.instrument_id, event.parent_id]
    id = getattr(event, "instrument_id", None)
    return [id] if id else []


def _fills(event: Event) -> list[Identity]:
    match event:
        case FillBooked():
            return [event.identity()]
        case FillCorrected():
            return [event.identity(), event.refers_to()]
        case FillBusted() | TradeSettled():
            return [event.refers_to()]
        case FeeCharged():
            fill = event.refers_to()
            return [fill] if fill else []
        case FillConflict() | FillSighted():
            return [Identity(event.venue, event.scope, "fill", event.exec_id, event.revision)]
    return []


def catch_up(log: Log, codec: Codec) -> None:
    """Extend the index to the end of the log, in sorted batches of one transaction each."""
    while log.refs_upto() < log.head():
        with log.writing():
            rows = log.of_log(gt=log.refs_upto(), lte=None, limit=_BATCH)
            refs = {
                Ref(row.stream, kind, id, row.number)
                for row in rows
                if row.key is not None
                for kind, id in references(codec.decode(row.topic, row.state), row.stream)
            }
            if rows:
                log.add_refs(sorted(refs), rows[-1].number)


__all__ = ["KINDS", "catch_up", "references"]
