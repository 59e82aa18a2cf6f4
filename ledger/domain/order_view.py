"""The frozen view of an order: what leaves the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from ledger.domain.events import Intent, OrdersLinked, OrdType, Side, TimeInForce
from ledger.domain.order_requests import OpenRequest
from ledger.domain.order_status import OrdStatus


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
