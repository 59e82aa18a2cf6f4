"""The frozen view of an order: what leaves the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from ledger.domain.events import (
    Intent,
    OrdersLinked,
    OrderStopped,
    OrderSubmitted,
    OrderTriggered,
    OrdType,
    Side,
    TimeInForce,
)
from ledger.domain.numbers import quantize
from ledger.domain.order_requests import OpenRequest
from ledger.domain.order_status import OrdStatus

if TYPE_CHECKING:
    from ledger.domain.order_facts import OrderFacts
    from ledger.domain.orders import Order


@attrs.frozen(kw_only=True)
class OrderView:
    """An order as its facts make it. Quantities are unsigned.

    ``order_qty`` is None, and ``leaves_qty`` zero, for an external order whose quantity nobody
    stated. ``avg_px`` is None without fills, or while a fill's price is unknown. ``hold_left``
    is what is left of ``hold``, zero once nothing is open. ``guaranteed_qty`` and ``_px`` are
    the venue's guarantee (FIX 150=7), no execution. ``trailing_violations`` counts the moves of
    a trailing stop away from the price it follows.
    """

    cl_ord_id: str
    cl_ord_ids: tuple[str, ...]
    order_id: str | None
    is_external: bool
    status: OrdStatus
    is_open: bool
    is_dead: bool
    is_submitted: bool
    is_triggered: bool
    is_outcome_unknown: bool
    open_requests: tuple[OpenRequest, ...]
    reason: str

    order_qty: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    overfill_qty: Decimal
    last_qty: Decimal | None
    last_px: Decimal | None
    last_exec_id: str | None
    avg_px: Decimal | None
    guaranteed_qty: Decimal | None
    guaranteed_px: Decimal | None

    limit_px: Decimal | None
    stop_px: Decimal | None
    initial_stop_px: Decimal | None
    target_px: Decimal | None
    trailing_violations: int
    links: tuple[OrdersLinked, ...]
    hold_left: Decimal
    placed_at: datetime | None

    instrument_id: str | None
    side: Side | None
    position_id: str | None

    initial_qty: Decimal | None
    ord_type: OrdType | None
    tif: TimeInForce | None
    expire_time: datetime | None
    trail_offset: Decimal | None
    trail_percent: Decimal | None
    post_only: bool
    reduce_only: bool
    strategy: str | None
    intent: Intent | None
    decision_px: Decimal | None
    hold: Decimal | None
    hold_currency: str | None


def order_view(order: Order) -> OrderView:
    """A frozen snapshot of an order."""
    facts = order.facts
    last, reports = facts.fills.last, facts.standing.latest
    fields: dict[str, Any] = {name: getattr(order, name) for name in _OWN}
    derived = {name: fields[name] for name in _DERIVED if fields[name] is not None}
    fields |= {name: quantize(value) for name, value in derived.items()}
    fields |= {name: getattr(facts.terms, name) for name in _TERMS}
    fields |= {name: getattr(facts.terms.placed, name, None) for name in _PLACED}
    fields |= {name: bool(getattr(facts.terms.placed, name, False)) for name in _FLAGS}
    fields["links"] = tuple(facts.links[link_id] for link_id in sorted(facts.links))
    fields["last_qty"] = last.last_qty if last else None
    fields["last_px"] = last.last_px if last else None
    fields["last_exec_id"] = last.exec_id if last else None
    fields["initial_qty"] = getattr(facts.terms.placed, "order_qty", None)
    fields["is_submitted"] = OrderSubmitted in reports or facts.standing.is_acknowledged
    fields["is_triggered"] = OrderTriggered in reports
    return OrderView(**fields, **_said(facts))


def _said(facts: OrderFacts) -> dict[str, Any]:
    """What the venue said besides: why it ended, and what it guarantees."""
    reports = facts.standing.latest
    stopped = reports[OrderStopped].event if OrderStopped in reports else None
    return {
        "reason": facts.standing.reason,
        "guaranteed_qty": getattr(stopped, "guaranteed_qty", None),
        "guaranteed_px": getattr(stopped, "guaranteed_px", None),
    }


_OWN = (
    *("cl_ord_id", "cl_ord_ids", "order_id", "is_external", "status", "is_open", "is_dead"),
    *("is_outcome_unknown", "open_requests", "order_qty", "cum_qty", "leaves_qty"),
    *("overfill_qty", "avg_px", "hold_left", "placed_at", "instrument_id", "side", "position_id"),
)
_DERIVED = ("order_qty", "cum_qty", "leaves_qty", "overfill_qty", "avg_px", "hold_left")
_TERMS = ("limit_px", "stop_px", "initial_stop_px", "target_px", "trailing_violations")
_PLACED = (
    *("ord_type", "tif", "expire_time", "trail_offset", "trail_percent", "strategy", "intent"),
    *("decision_px", "hold", "hold_currency"),
)
_FLAGS = ("post_only", "reduce_only")
