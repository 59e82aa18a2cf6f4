"""Kraken Futures: fills (REST and feed), open positions, order events. A wallet of its own.

A symbol says what it is: ``PI_``, ``FI_`` inverse, one contract is one US dollar, settled in the
coin; ``PF_``, ``FF_`` linear, one contract is one coin, settled in US dollars.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from adapters.brokers.kraken.assets import VENUE, coin
from adapters.brokers.kraken.entries import happened
from adapters.port import StatedOrder, external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, Liquidity, Side, StatedPosition
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO, negate, subtract
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

_SYMBOL = re.compile(r"(?P<kind>PI|FI|PF|FF)_(?P<coin>[A-Z0-9]+)USD(?:_[0-9]{6})?", re.ASCII)
INVERSE: Final = frozenset({"PI", "FI"})
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
IS_BUY: Final = {"true": Side.BUY, "false": Side.SELL}
LONG_OR_SHORT: Final = {"long": 1, "short": -1}
KINDS: Final = {
    "maker": Liquidity.MAKER, "taker": Liquidity.TAKER, "takerAfterEdit": Liquidity.TAKER,
    "liquidation": None, "assignee": None, "assignor": None, "unwindBankrupt": None,
    "unwindCounterparty": None,
}  # fmt: skip
STATUSES: Final = {
    "PLACE": OrdStatus.NEW,
    "EDIT": OrdStatus.NEW,
    "FILL": OrdStatus.NEW,
    "CANCEL": OrdStatus.CANCELED,
    "REJECT": OrdStatus.REJECTED,
}


def instrument(row: Row, name: str) -> Instrument:
    """The contract under a name; ``BadRowError`` for a kind that is not known."""
    symbol = row.required(name).upper()
    found = _SYMBOL.fullmatch(symbol)
    if not found:
        raise BadRowError(name, symbol, "not PI_, FI_, PF_ or FF_ in USD: its worth is not known")
    is_inverse = found["kind"] in INVERSE
    return Instrument(
        instrument_id=f"{VENUE}:futures:{symbol}",
        symbol=symbol,
        kind=InstrumentKind.INVERSE if is_inverse else InstrumentKind.LINEAR,
        currency=coin(found["coin"]) if is_inverse else "USD",
        venue=VENUE,
    )


def fill(row: Row) -> tuple[Instrument, FillBooked]:
    """A fill of the REST answer or of the feed; a negative ``fee_paid`` is a rebate."""
    is_feed = row.has("instrument")
    defined = instrument(row, "instrument" if is_feed else "symbol")
    order_id, own = row.text("order_id") or None, row.text("cliOrdId") or row.text("cli_ord_id")
    return defined, FillBooked(
        exec_id=row.required("fill_id"),
        instrument_id=defined.instrument_id,
        side=row.one_of("buy", IS_BUY) if is_feed else row.one_of("side", SIDES),
        last_qty=row.decimal("qty" if is_feed else "size"),
        last_px=row.decimal("price"),
        currency=defined.currency,
        venue=VENUE,
        cl_ord_id=own or external_order_id(VENUE, order_id),
        order_id=order_id,
        fees=_fees(row),
        liquidity=row.one_of("fill_type" if is_feed else "fillType", KINDS),
    )


def _fees(row: Row) -> tuple[Fee, ...]:
    """What was paid, in the currency that is told with it; the plain REST answer tells none."""
    paid = row.decimal_or_zero("fee_paid")
    return (Fee(amount=paid, currency=coin(row.required("fee_currency"))),) if paid else ()


def position(row: Row) -> tuple[Instrument, StatedPosition]:
    """An open position: its size is unsigned; its price is an average, not a basis."""
    defined, size = instrument(row, "symbol"), row.decimal("size")
    if size <= 0:
        raise BadRowError("size", row.text("size"), "an open position has a positive size")
    qty = size if row.one_of("side", LONG_OR_SHORT) > 0 else negate(size)
    return defined, StatedPosition(instrument_id=defined.instrument_id, qty=qty)


def order(row: Row) -> StatedOrder:
    """An order as an event left it."""
    told, status = row.inner("order"), row.one_of("type", STATUSES)
    qty, filled = told.decimal("quantity"), told.decimal("filled")
    status = _reached(status, qty, filled, told)
    is_open = status in {OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED}
    return StatedOrder(
        order_id=told.required("orderId"),
        instrument_id=instrument(told, "symbol").instrument_id,
        side=told.one_of("side", SIDES),
        qty=qty,
        cum_qty=filled,
        status=status,
        cl_ord_id=told.text("cliOrdId") or None,
        leaves_qty=subtract(qty, filled) if is_open else ZERO,
        limit_px=told.decimal_or_none("limitPrice"),
        stop_px=told.decimal_or_none("stopPrice"),
        updated_at=happened(told, "lastUpdateTimestamp"),
    )


def _reached(status: OrdStatus, qty: Decimal, filled: Decimal, told: Row) -> OrdStatus:
    """Quantities say more than the event's name: an order placed and filled at once is filled."""
    if not ZERO <= filled <= qty:
        raise BadRowError("filled", told.text("filled"), "not between nothing and the quantity")
    if status is OrdStatus.NEW and filled:
        return OrdStatus.FILLED if filled == qty else OrdStatus.PARTIALLY_FILLED
    return status
