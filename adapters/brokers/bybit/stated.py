"""What Bybit says is there: orders, positions, and the wallet by coin."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.bybit.executions import SIDES
from adapters.brokers.bybit.instruments import Told, instrument
from adapters.port import CLOSED, StatedOrder
from adapters.rows import Row
from ledger.domain.events import Side, StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, negate, subtract
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

STATUS: Final = {
    "Created": OrdStatus.PENDING_NEW,
    "New": OrdStatus.NEW,
    "Untriggered": OrdStatus.NEW,
    "Triggered": OrdStatus.NEW,
    "PartiallyFilled": OrdStatus.PARTIALLY_FILLED,
    "Filled": OrdStatus.FILLED,
    "PartiallyFilledCanceled": OrdStatus.CANCELED,
    "Cancelled": OrdStatus.CANCELED,
    "Deactivated": OrdStatus.CANCELED,
    "Rejected": OrdStatus.REJECTED,
}


def order(row: Row, category: str, told: Told) -> tuple[Instrument, StatedOrder]:
    """An order's state. Nothing is left of a closed one, whatever its ``leavesQty`` (the part
    never executed); a rejected or cancelled one may have fills."""
    defined = instrument(category, row.required("symbol"), told)
    status = row.one_of("orderStatus", STATUS)
    side = row.one_of("side", SIDES)
    if category == "spot" and row.text("orderType") == "Market":
        _require_units(row, side)
    return defined, StatedOrder(
        order_id=row.required("orderId"),
        instrument_id=defined.instrument_id,
        side=side,
        qty=row.decimal("qty"),
        cum_qty=row.decimal_or_zero("cumExecQty"),
        status=status,
        cl_ord_id=row.text("orderLinkId") or None,
        leaves_qty=ZERO if status in CLOSED else row.decimal_or_none("leavesQty"),
        limit_px=_px(row, "price"),
        stop_px=_px(row, "triggerPrice"),
        avg_px=_px(row, "avgPrice"),
        updated_at=row.millis("updatedTime") if row.has("updatedTime") else None,
    )


def _require_units(row: Row, side: Side) -> None:
    """Raise ``BadRowError`` for a market order on spot whose quantity is money: the unit is told,
    else it is money for a buy and units for a sale."""
    unit = row.text("marketUnit") or ("quoteCoin" if side.is_buy else "baseCoin")
    if unit != "baseCoin":
        rule = "the quantity of this spot market order is an amount of money, not units"
        raise BadRowError("marketUnit", row.text("marketUnit"), rule)


def position(row: Row, category: str, told: Told) -> tuple[Instrument, StatedPosition]:
    """A position: a short one's size is negative here; an empty side is of size zero. Its basis
    is not stated: ``positionValue`` is at another price than what was paid."""
    defined = instrument(category, row.required("symbol"), told)
    size = row.decimal("size")
    if size < ZERO:
        raise BadRowError("size", row.text("size"), "a size below zero: the side says which way")
    is_long = row.one_of("side", SIDES).is_buy if size else True
    qty = size if is_long else negate(size)
    return defined, StatedPosition(instrument_id=defined.instrument_id, qty=qty)


def balance(row: Row) -> StatedBalance:
    """A coin of the wallet, less what of it is borrowed by spot trading: selling what is not
    there makes a debt, which the wallet's own figure leaves out."""
    owed = row.decimal_or_zero("spotBorrow")
    return StatedBalance(
        currency=row.required("coin"), ending=subtract(row.decimal("walletBalance"), owed)
    )


def _px(row: Row, name: str) -> Decimal | None:
    """A price; zero stands for none."""
    return row.decimal_or_none(name) or None
