"""The index of events by order, instrument and execution: what an event is about.

It is derived, and may be dropped at any time: it is caught up when it is asked, and what it does
not hold is read in the log.
"""

from __future__ import annotations

from hashlib import sha256
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
from ledger.store.rows import Row

KINDS: Final = ("order", "instrument", "exec")
_FIELDS: Final = {"order": "cl_ord_id", "instrument": "instrument_id"}
_BATCH: Final = 1000
"""So many are sorted at once: more would hold the interpreter, and the lock, for too long."""

_MAX_ID: Final = 500
"""Of bytes, beside a stream's name in one entry of an index: PostgreSQL holds about 2,700."""


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


def is_about(event: Event, stream: str, kind: str, id: str) -> bool:
    """Whether an event is about that; most say so in a field of their own."""
    field = _FIELDS.get(kind)
    if field is not None and getattr(event, field, None) == id:
        return True
    return (kind, id) in references(event, stream)


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


def index_id(id: str) -> str:
    """How an id stands in the index: itself, or its SHA-256 where it is longer than every
    database's index can hold.

    >>> index_id("c7"), len(index_id("c" * 2000))
    ('c7', 71)
    """
    if len(id.encode("utf-8", "surrogatepass")) <= _MAX_ID:
        return id
    return f"sha256:{sha256(id.encode('utf-8', 'surrogateescape')).hexdigest()}"


def refs_of(row: Row, codec: Codec) -> list[Ref]:
    """A row's entries in the index; none if no append wrote it."""
    number, stream, _, topic, key, _, _, _, state = row[:9]
    if key is None:
        return []
    about = references(codec.decode(topic, state), stream)
    return [Ref(stream, kind, index_id(id), number) for kind, id in about]


def catch_up(log: Log, codec: Codec, end: int, *, waits: bool = True) -> None:
    """Extend the index up to a number, in sorted batches of one transaction each.

    Unless it ``waits`` it raises ``StoreBusyError`` at once if another process writes. Whoever
    takes the index apart meanwhile is not fought: it may end earlier.
    """
    before, upto = -1, log.refs_upto()
    while before < upto < end:
        with log.writing() if waits else log.writing_now():
            _extend(log, codec)
        before, upto = upto, log.refs_upto()


def _extend(log: Log, codec: Codec) -> None:
    upto = log.refs_upto()
    if not upto:
        log.clear_refs()
    rows = log.of_log(gt=upto, lte=None, limit=_BATCH)
    if rows:
        refs = [ref for row in rows for ref in refs_of(row, codec)]
        log.add_refs(sorted(refs), rows[-1].number)


__all__ = ["KINDS", "catch_up", "index_id", "is_about", "references", "refs_of"]
