"""The same fill told again: what the second telling adds to it, as facts of their own.

What was booked first stands. A telling that knows an order, a settlement date or a trade id more
is a ``FillSighted``; fees of a fill that was booked without any are ``FeeCharged``, tied to it. The
keys are made from the fill's, so that a third telling adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.domain.events import Event, Fee, FeeCharged, FillBooked, FillSighted

SIGHTED = ("cl_ord_id", "order_id", "trade_id", "settl_date", "liquidity")


def separate_fee_id(exec_id: str, place: int) -> str:
    """The id of a fill's fee that is recorded by itself; ``place`` counts from 0 in its list.

    Every channel that reports a fill's fee apart uses it, so that one fee is booked once.

    >>> separate_fee_id("0000d349.01", 0)
    '0000d349.01:fee:1'
    """
    return f"{exec_id}:fee:{place + 1}"


def more_of(
    booked: FillBooked, seen: FillBooked, channel: str, charged: Iterable[Fee] = ()
) -> Iterator[Event]:
    """A sighting with what was not known of the fill, and its fees if it was booked without.
    ``charged`` are those that an earlier telling had: where this one has others in their places,
    it tells the same charge otherwise, and nothing more is charged."""
    news = {
        name: getattr(seen, name)
        for name in SIGHTED
        if getattr(booked, name) is None and getattr(seen, name) is not None
    }
    fees = seen.fees if not booked.fees else ()
    if news or fees:
        yield FillSighted(
            exec_id=booked.exec_id,
            channel=channel,
            venue=booked.venue,
            scope=booked.scope,
            revision=booked.revision,
            instrument_id=booked.instrument_id,
            **news,
        )
    for place, fee in enumerate(() if are_others(charged, fees) else fees):
        yield charged_apart(booked, fee, place)


def are_others(charged: Iterable[Fee], seen: Iterable[Fee]) -> bool:
    """Whether two lists of one fill's fees differ as far as both go."""
    pairs = zip(charged, seen, strict=False)
    return any((one.amount, one.currency) != (two.amount, two.currency) for one, two in pairs)


def charged_apart(fill: FillBooked, fee: Fee, place: int) -> FeeCharged:
    """A fill's fee by itself, tied to the fill, so that a bust gives it back too."""
    return FeeCharged(
        id=separate_fee_id(fill.exec_id, place),
        amount=fee.amount,
        currency=fee.currency,
        kind=fee.kind,
        venue=fill.venue,
        scope=fill.scope,
        exec_id=fill.exec_id,
        exec_scope=fill.scope,
        exec_revision=fill.revision,
        instrument_id=fill.instrument_id,
        position_id=fill.position_id,
    )
