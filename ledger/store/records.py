"""A stored row as the fact it is: read whole, or, where it is about an order, skimmed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from ledger.domain.events import NO_META, Recorded
from ledger.domain.skimmed import Skimmed
from ledger.errors import CorruptEventError
from ledger.store.codec import Codec, decode_meta
from ledger.store.rows import Row, time_from

# Past the generated constructors, which take as long as the rest of a tuple's making.
_new = tuple.__new__


class _Glance(msgspec.Struct, gc=False):
    """What is read of a skimmed state; the other fields are stepped over."""

    cl_ord_id: str
    orig_cl_ord_id: str | None = None
    order_qty: Decimal | None = None


_glance: Final[Callable[[bytes], _Glance]] = msgspec.json.Decoder(_Glance).decode


def recorded_from(row: Row, codec: Codec) -> Recorded:
    """The fact in a stored row.

    Raises ``CorruptEventError`` for a row that no append wrote, ``UnknownTopicError`` for a
    fact this version does not know.
    """
    (
        number, stream, version, topic, key, occurred_at, recorded_at, metadata, state, previous,
        digest,
    ) = row  # fmt: skip
    if key is None or occurred_at is None or recorded_at is None:
        raise CorruptEventError(
            f"number {number} has no key or no times: another program wrote it into {stream}; "
            "read it with that program's recorder"
        )
    event = codec.decode(topic, state)
    meta = decode_meta(metadata) if metadata else NO_META
    try:
        occurred, recorded = time_from(occurred_at), time_from(recorded_at)
    except ValueError as error:
        raise CorruptEventError(f"number {number} has a bad time: {error}; run verify") from None
    hashes = previous.hex(), digest.hex()
    return _new(Recorded, (number, stream, version, key, occurred, recorded, event, meta, *hashes))


def skimmed_from(row: Row, codec: Codec) -> Recorded | Skimmed:
    """The fact in a stored row: skimmed, if it is of a kind that can wait and nothing about it is
    out of the ordinary; else whole, with the errors of :func:`recorded_from`."""
    kind = codec.skimmed.get(row[3])
    if kind is None or row[4] is None or row[5] is None or row[6] is None:
        return recorded_from(row, codec)
    try:
        seen, occurred_at = _glance(row[8]), time_from(row[5])
    except (msgspec.MsgspecError, ValueError):
        return recorded_from(row, codec)
    qty = seen.order_qty
    if seen.orig_cl_ord_id is not None or not (qty is None or qty.is_finite()):
        return recorded_from(row, codec)
    read = partial(recorded_from, row, codec)
    return _new(
        Skimmed, (row[0], kind, row[2], seen.cl_ord_id, occurred_at, qty, row[10].hex(), read)
    )
