"""What can be asked of an order; :mod:`ledger.domain.order_rules` decides what comes of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

from ledger.domain.events import NET, Contingency, Intent, OrdType, Side, StopReason, TimeInForce
from ledger.domain.gates import gated


class CancelReason(Enum):
    """Why we cancel."""

    USER = "user"
    STRATEGY = "strategy"
    CONTINGENCY = "contingency"
    RISK = "risk"
    SHUTDOWN = "shutdown"


@gated
class PlaceOrder:
    """Send an order. Fields as in ``OrderPlaced``; which prices it takes depends on the type."""

    cl_ord_id: str
    instrument_id: str
    side: Side
    order_qty: Decimal
    ord_type: OrdType = OrdType.MARKET
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None
    trail_offset: Decimal | None = None
    trail_percent: Decimal | None = None
    tif: TimeInForce = TimeInForce.DAY
    expire_time: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    position_id: str = NET
    strategy: str | None = None
    intent: Intent | None = None
    decision_px: Decimal | None = None
    hold: Decimal | None = None
    hold_currency: str | None = None


@gated
class ReplaceOrder:
    """Ask to amend: ``cl_ord_id`` is the request's own id, ``orig_cl_ord_id`` any id of the order.

    ``order_qty`` is the whole quantity, what was executed included; an absent field stays.
    """

    cl_ord_id: str
    orig_cl_ord_id: str
    order_qty: Decimal | None = None
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None


@gated
class CancelOrder:
    """Ask to cancel what is left: ``cl_ord_id`` is the request's own id."""

    cl_ord_id: str
    orig_cl_ord_id: str
    reason: CancelReason = CancelReason.USER


@gated
class MoveStop:
    """Move the stop level of an order that has one; ``inputs`` are the rule's figures."""

    cl_ord_id: str
    stop_px: Decimal
    reason: StopReason = StopReason.MANUAL
    inputs: tuple[tuple[str, str], ...] = ()


@gated
class MoveTarget:
    """Set or move the profit target."""

    cl_ord_id: str
    target_px: Decimal
    reason: str = ""


@gated
class LinkOrders:
    """Make orders depend on each other; the parent, if there is one, comes first."""

    link_id: str
    contingency: Contingency
    cl_ord_ids: tuple[str, ...]


OrderCommand = PlaceOrder | ReplaceOrder | CancelOrder | MoveStop | MoveTarget | LinkOrders
