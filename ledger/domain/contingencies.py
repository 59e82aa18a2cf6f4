"""Linked orders: what a link asks for, given how its orders stand. Data only; nothing is done.

=========  ====================================================================================
OCO        one cancels the other: an execution of one asks to cancel the open rest
OTO        one triggers the other: the first is the parent; once it is filled the others go out
OUO        one updates the other: an execution of one reduces the others by as much
BRACKET    an OTO whose children (stop and target) are an OCO among themselves
=========  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum

import attrs

from ledger.domain.events import Contingency, OrdersLinked
from ledger.domain.numbers import ZERO, subtract, total
from ledger.domain.orders import OrderView, OrdStatus


class ActionKind(Enum):
    """What a link asks to do with one of its orders."""

    CANCEL = "cancel"
    RELEASE = "release"
    REDUCE = "reduce"


@attrs.frozen(kw_only=True)
class ContingentAction:
    """One thing a link asks for; ``order_qty`` is the quantity to release or to reduce to, and
    ``because`` the order whose state asks for it."""

    kind: ActionKind
    cl_ord_id: str
    because: str
    order_qty: Decimal | None = None


def contingent_actions(
    link: OrdersLinked, orders: Mapping[str, OrderView]
) -> list[ContingentAction]:
    """What the link asks for now; an order that is not among ``orders`` is not acted on.

    ``orders`` maps the ids the link names to views. Asking again after the asked was done
    answers nothing, so a caller may ask after every fact.
    """
    named = [orders[cl_ord_id] for cl_ord_id in link.cl_ord_ids if cl_ord_id in orders]
    match link.contingency:
        case Contingency.OCO:
            return list(_one_cancels_others(named))
        case Contingency.OUO:
            return list(_one_updates_others(named))
        case Contingency.OTO:
            return list(_parent_triggers(link, orders))
        case Contingency.BRACKET:
            return [*_parent_triggers(link, orders), *_one_cancels_others(_children(link, orders))]


def double_exposure(link: OrdersLinked, orders: Mapping[str, OrderView]) -> bool:
    """Whether legs that exclude each other were both executed before the cancel arrived.

    For OUO, whose legs share one quantity: whether together they executed more than that.
    """
    if link.contingency is Contingency.OTO:
        return False
    if link.contingency is Contingency.BRACKET:
        legs = _children(link, orders)
    else:
        legs = [orders[cl_ord_id] for cl_ord_id in link.cl_ord_ids if cl_ord_id in orders]
    if link.contingency is Contingency.OUO:
        shared = max((leg.initial_qty or ZERO for leg in legs), default=ZERO)
        return total([leg.cum_qty for leg in legs]) > shared > ZERO
    return sum(1 for leg in legs if leg.cum_qty) > 1


def _one_cancels_others(legs: Sequence[OrderView]) -> Iterator[ContingentAction]:
    executed = next((leg for leg in legs if leg.cum_qty), None)
    for leg in legs:
        if executed is not None and leg is not executed and leg.is_open:
            yield _cancel(leg, executed)


def _one_updates_others(legs: Sequence[OrderView]) -> Iterator[ContingentAction]:
    for leg in legs:
        executed = [other for other in legs if other is not leg and other.cum_qty]
        if not executed or not leg.is_open or leg.initial_qty is None or leg.order_qty is None:
            continue
        left = subtract(leg.initial_qty, total([other.cum_qty for other in executed]))
        if left <= leg.cum_qty:
            yield _cancel(leg, executed[0])
        elif left < leg.order_qty:
            yield ContingentAction(
                kind=ActionKind.REDUCE,
                cl_ord_id=leg.cl_ord_id,
                because=executed[0].cl_ord_id,
                order_qty=left,
            )


def _parent_triggers(
    link: OrdersLinked, orders: Mapping[str, OrderView]
) -> Iterator[ContingentAction]:
    """A parent that ended part-filled releases its children for what was executed."""
    parent = orders.get(link.cl_ord_ids[0])
    if parent is None or parent.is_open:
        return
    for child in _children(link, orders):
        if not parent.cum_qty and parent.is_dead and child.is_open:
            yield _cancel(child, parent)
        elif parent.cum_qty and child.status is OrdStatus.PENDING_NEW and not child.is_submitted:
            yield ContingentAction(
                kind=ActionKind.RELEASE,
                cl_ord_id=child.cl_ord_id,
                because=parent.cl_ord_id,
                order_qty=_least(child.order_qty, parent.cum_qty),
            )


def _children(link: OrdersLinked, orders: Mapping[str, OrderView]) -> list[OrderView]:
    return [orders[cl_ord_id] for cl_ord_id in link.cl_ord_ids[1:] if cl_ord_id in orders]


def _cancel(leg: OrderView, because: OrderView) -> ContingentAction:
    return ContingentAction(
        kind=ActionKind.CANCEL, cl_ord_id=leg.cl_ord_id, because=because.cl_ord_id
    )


def _least(first: Decimal | None, second: Decimal) -> Decimal:
    return second if first is None else min(first, second)
