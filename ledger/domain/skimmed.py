"""A fact about an order at a glance: which order, and what it takes to see whether that is done.

Most orders are done and gone before anybody asks for them, so an account that is folded from the
store looks at such facts no closer. Whoever asks for the order has them read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ledger.domain.events import (
    Event,
    FillBooked,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
    OrderSubmitted,
    Recorded,
    StopMoved,
    TargetMoved,
)
from ledger.domain.numbers import ZERO, add

SKIMMED: Final[frozenset[type[Event]]] = frozenset(
    {
        *(OrderPlaced, OrderSubmitted, OrderAccepted, OrderCancelled, OrderExpired),
        *(OrderRejected, StopMoved, TargetMoved),
    }
)
"""The kinds that may be skimmed: each concerns the one order it names, and nothing else."""


class Skimmed(NamedTuple):
    """A recorded fact about one order, unread but for this. ``order_qty`` is that of a placing
    (FIX 38), unsigned; ``read`` gives the whole fact, or the error of a state that is damaged."""

    number: int
    kind: type[Event]
    version: int
    cl_ord_id: str
    occurred_at: datetime
    order_qty: Decimal | None
    hash: str
    read: Callable[[], Recorded]


def whole(fact: Recorded | Skimmed) -> Recorded:
    """The fact itself."""
    return fact.read() if isinstance(fact, Skimmed) else fact


def kind_of(fact: Recorded | Skimmed) -> type[Event]:
    """What a fact says, whole or skimmed."""
    return fact.kind if isinstance(fact, Skimmed) else type(fact.event)


# An order is done when one of these ends it, or when it was placed once, and its fills come to
# what was asked; if there is nothing but plain facts, it is open otherwise.
_ENDS = frozenset({OrderCancelled, OrderExpired, OrderRejected})
_PLAIN = frozenset({OrderSubmitted, OrderAccepted, StopMoved, TargetMoved})


def is_plainly_open(facts: Iterable[Recorded | Skimmed]) -> bool | None:
    """Whether something of an order is left, if its facts show that at first sight; else None."""
    asked: Decimal | None = None
    executed, is_plain = ZERO, True
    for fact in facts:
        kind = fact.kind if isinstance(fact, Skimmed) else type(fact.event)
        if kind is FillBooked:
            executed = add(executed, whole(fact).event.last_qty)  # type: ignore[attr-defined]
        elif kind is OrderPlaced:
            is_plain = is_plain and asked is None
            asked = _asked(fact)
        elif kind in _ENDS:
            return False
        elif kind not in _PLAIN:
            is_plain = False
    return executed < asked if is_plain and asked is not None else None


def _asked(placed: Recorded | Skimmed) -> Decimal | None:
    if isinstance(placed, Skimmed):
        return placed.order_qty
    return placed.event.order_qty if isinstance(placed.event, OrderPlaced) else None
