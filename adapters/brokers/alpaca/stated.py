"""What Alpaca says is there: open positions, the account's cash, orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.brokers.alpaca.instruments import USD, instrument
from adapters.brokers.alpaca.told import NEW_YORK
from adapters.brokers.alpaca.trades import SIDES
from adapters.port import StatedOrder
from adapters.rows import Row
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import negate
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

# A replaced order lives on under another id; one that is held waits for the order before it.
STATUSES: Final = {
    "new": OrdStatus.NEW,
    "accepted_for_bidding": OrdStatus.NEW,
    **dict.fromkeys(("accepted", "pending_new", "pending_review", "held"), OrdStatus.PENDING_NEW),
    "partially_filled": OrdStatus.PARTIALLY_FILLED,
    "filled": OrdStatus.FILLED,
    "done_for_day": OrdStatus.DONE_FOR_DAY,
    **dict.fromkeys(("canceled", "replaced"), OrdStatus.CANCELED),
    "expired": OrdStatus.EXPIRED,
    "pending_cancel": OrdStatus.PENDING_CANCEL,
    "pending_replace": OrdStatus.PENDING_REPLACE,
    "stopped": OrdStatus.STOPPED,
    "rejected": OrdStatus.REJECTED,
    "suspended": OrdStatus.SUSPENDED,
    "calculated": OrdStatus.CALCULATED,
}
LONG, SHORT = "long", "short"


def position(row: Row) -> tuple[Instrument, StatedPosition]:
    """An open position: signed quantity and basis, negative for a short."""
    defined, qty, basis = instrument(row), row.decimal("qty"), row.decimal_or_none("cost_basis")
    side = row.one_of("side", {LONG: LONG, SHORT: SHORT})
    if qty < 0 and side == LONG:
        raise BadRowError("side", side, "not the side of a negative quantity")
    size, cost = qty.copy_abs(), None if basis is None else basis.copy_abs()
    if side == SHORT:
        size, cost = negate(size), None if cost is None else negate(cost)
    return defined, StatedPosition(instrument_id=defined.instrument_id, qty=size, cost_basis=cost)


def balance(row: Row) -> StatedBalance:
    """The account's cash on trade date; a loan is negative."""
    return StatedBalance(currency=row.text("currency") or USD, ending=row.decimal("cash"))


def with_legs(row: Row) -> Iterator[Row]:
    """An order and, under it, those of its legs; an order of legs alone has no symbol."""
    if row.text("order_class") != "mleg":
        yield row
    yield from row.rows("legs")


def order(row: Row) -> tuple[Instrument, StatedOrder]:
    """One order; ``BadRowError`` for one whose quantity is not told (an amount of money is)."""
    defined = instrument(row)
    if not row.has("qty"):
        rule = "an order for an amount of money: its quantity is not told"
        raise BadRowError("notional", row.text("notional"), rule)
    return defined, StatedOrder(
        order_id=row.required("id"),
        instrument_id=defined.instrument_id,
        side=row.one_of("side", SIDES),
        qty=row.decimal("qty"),
        cum_qty=row.decimal_or_zero("filled_qty"),
        status=row.one_of("status", STATUSES),
        cl_ord_id=row.text("client_order_id") or None,
        limit_px=row.decimal_or_none("limit_price"),
        stop_px=row.decimal_or_none("stop_price"),
        avg_px=row.decimal_or_none("filled_avg_price") or None,
        updated_at=row.instant("updated_at", NEW_YORK) if row.has("updated_at") else None,
    )
