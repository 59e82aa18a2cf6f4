"""Exits: whether the order that ended a trade was its target, its stop, or something else.

Told by what was recorded when the order was placed and linked, never by prices:

1. an order meant as ``entry`` or ``add_on`` that turned the position is *other*;
2. one of a stop's type (stop, stop limit, trailing stop), or meant to ``protect``, is a *stop*;
3. a limit or if-touched order is a *target* where it was meant as ``exit``, is a leg of an OCO or
   OUO, or the child of an OTO or a bracket;
4. any other is *other*; of an order that nobody placed here, nothing is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from typing import Final

from ledger.domain.events import Contingency, Intent, OrdersLinked, OrdType
from ledger.domain.order_terms import STOP_TYPES


class Exit(Enum):
    """What ended a trade."""

    TARGET = "target"
    STOP = "stop"
    OTHER = "other"


TARGET_TYPES: Final = frozenset(
    {OrdType.LIMIT, OrdType.LIMIT_IF_TOUCHED, OrdType.MARKET_IF_TOUCHED}
)
_TURNS: Final = frozenset({Intent.ENTRY, Intent.ADD_ON})
_BOTH: Final = frozenset({Contingency.OCO, Contingency.OUO})


def exit_of(
    ord_type: OrdType, intent: Intent | None, links: Iterable[OrdersLinked], ids: Collection[str]
) -> Exit:
    """What an order was to the trade that it ended; ``ids`` are those it goes by.

    >>> exit_of(OrdType.LIMIT, Intent.EXIT, (), ("c1",)).value
    'target'
    """
    if intent in _TURNS:
        return Exit.OTHER
    if ord_type in STOP_TYPES or intent is Intent.PROTECT:
        return Exit.STOP
    is_told = intent is Intent.EXIT or any(_depends(link, ids) for link in links)
    return Exit.TARGET if ord_type in TARGET_TYPES and is_told else Exit.OTHER


def _depends(link: OrdersLinked, ids: Collection[str]) -> bool:
    """Whether a link makes such an order one of several ways out."""
    legs = link.cl_ord_ids if link.contingency in _BOTH else link.cl_ord_ids[1:]
    return any(leg in ids for leg in legs)
