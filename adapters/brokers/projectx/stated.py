"""What the gateway says is there: orders, open positions, the balance of an account."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal
from typing import Final

from adapters.brokers.projectx.contracts import CURRENCY, VENUE, Contracts
from adapters.brokers.projectx.trades import SIDES
from adapters.port import CLOSED, StatedOrder
from adapters.rows import Row
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, negate, subtract
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

STATUSES: Final = {
    "1": OrdStatus.NEW,
    "2": OrdStatus.FILLED,
    "3": OrdStatus.CANCELED,
    "4": OrdStatus.EXPIRED,
    "5": OrdStatus.REJECTED,
    "6": OrdStatus.PENDING_NEW,
    "7": OrdStatus.PENDING_CANCEL,
    "8": OrdStatus.SUSPENDED,
}
TYPES: Final = {
    "1": "limit", "2": "market", "3": "stop limit", "4": "stop", "5": "trailing stop",
    "6": "join bid", "7": "join ask",
}  # fmt: skip
LONG_OR_SHORT: Final = {"1": 1, "2": -1}


def order(row: Row, contracts: Contracts, zone: tzinfo) -> StatedOrder:
    """An order as the gateway has it; an open one with fills is partly filled."""
    row.one_of("type", TYPES)
    status, qty = row.one_of("status", STATUSES), row.decimal("size")
    filled = _filled(row, status, qty)
    if status is OrdStatus.NEW and filled:
        status = OrdStatus.PARTIALLY_FILLED
    written = "updateTimestamp" if row.has("updateTimestamp") else "creationTimestamp"
    return StatedOrder(
        order_id=row.required("id"),
        instrument_id=contracts.instrument(row).instrument_id,
        side=row.one_of("side", SIDES),
        qty=qty,
        cum_qty=filled,
        status=status,
        cl_ord_id=row.text("customTag") or None,
        leaves_qty=ZERO if status in CLOSED else subtract(qty, filled),
        limit_px=row.decimal_or_none("limitPrice"),
        stop_px=row.decimal_or_none("stopPrice"),
        avg_px=row.decimal_or_none("filledPrice"),
        updated_at=row.instant(written, zone),
    )


def _filled(row: Row, status: OrdStatus, qty: Decimal) -> Decimal:
    """How much is filled; older answers leave it out, and then only a filled order tells."""
    told = row.decimal_or_none("fillVolume")
    if told is None and status is not OrdStatus.FILLED:
        rule = "missing: how much of an order that is not filled was traded is not known"
        raise BadRowError("fillVolume", "", rule)
    filled = qty if told is None else told
    if not ZERO <= filled <= qty:
        raise BadRowError("fillVolume", row.text("fillVolume"), "not between nothing and the size")
    return filled


def position(row: Row, contracts: Contracts) -> tuple[Instrument, StatedPosition]:
    """An open position; its size is unsigned, the type tells the side."""
    defined, size = contracts.instrument(row), row.decimal("size")
    if size <= 0:
        raise BadRowError("size", row.text("size"), "an open position has a positive size")
    is_long = row.one_of("type", LONG_OR_SHORT) > 0
    signed = size if is_long else negate(size)
    return defined, StatedPosition(
        instrument_id=f"{VENUE}:{row.required('contractId')}", qty=signed
    )


def balance(row: Row) -> StatedBalance:
    """The account's balance in US dollars, open results not included."""
    return StatedBalance(currency=CURRENCY, ending=row.decimal("balance"))
