"""What Binance says is there: orders, positions, and balances."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.brokers.binance.fills import SIDES, row_book
from adapters.brokers.binance.instruments import Told, instrument, market_of
from adapters.port import CLOSED, StatedOrder
from adapters.rows import Row
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, subtract
from ledger.domain.order_status import OrdStatus

STATUS: Final = {
    "PENDING_NEW": OrdStatus.PENDING_NEW,
    "NEW": OrdStatus.NEW,
    "PARTIALLY_FILLED": OrdStatus.PARTIALLY_FILLED,
    "FILLED": OrdStatus.FILLED,
    "CANCELED": OrdStatus.CANCELED,
    "PENDING_CANCEL": OrdStatus.PENDING_CANCEL,
    "REJECTED": OrdStatus.REJECTED,
    "EXPIRED": OrdStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrdStatus.EXPIRED,
}
EXCHANGE_MADE: Final = frozenset({"NEW_INSURANCE", "NEW_ADL"})
"""A liquidation's order: taken over by the insurance fund, or by a trader on the other side."""

ALGO: Final = {
    "NEW": OrdStatus.NEW,
    "TRIGGERING": OrdStatus.NEW,
    "TRIGGERED": OrdStatus.NEW,
    "FINISHED": OrdStatus.FILLED,
    "CANCELED": OrdStatus.CANCELED,
    "REJECTED": OrdStatus.REJECTED,
    "EXPIRED": OrdStatus.EXPIRED,
}


class Names(NamedTuple):
    """What a shape calls the parts of an order."""

    id: str
    client: str
    original: str
    symbol: str
    side: str
    qty: str
    filled: str
    px: str
    stop: str
    avg: str
    status: str
    times: tuple[str, ...]


ORDER: Final = Names(
    "orderId", "clientOrderId", "origClientOrderId", "symbol", "side", "origQty", "executedQty",
    "price", "stopPrice", "avgPrice", "status", ("updateTime", "transactTime", "time"),
)  # fmt: skip
REPORT: Final = Names("i", "c", "C", "s", "S", "q", "z", "p", "P", "", "X", ("T",))
UPDATE: Final = REPORT._replace(original="", stop="sp", avg="ap")
ALGO_ORDER: Final = UPDATE._replace(id="aid", client="caid", filled="aq", stop="tp", times=())


def client_id(row: Row, names: Names) -> str:
    """The order's id of ours: a cancel names the order's own beside its own one."""
    return (row.text(names.original) if names.original else "") or row.text(names.client)


def order(
    row: Row, names: Names, told: Told, *, is_spot: bool, algo: bool = False
) -> tuple[Instrument, StatedOrder]:
    """An order's state; what is left of a closed one is nothing."""
    symbol = row.required(names.symbol)
    defined = instrument(market_of(symbol, is_spot=is_spot), symbol, told)
    qty, filled = row.decimal(names.qty), row.decimal_or_zero(names.filled)
    status = _status(row, names, qty, filled, ALGO if algo else STATUS)
    at = next((name for name in names.times if row.has(name)), "")
    order_id = row.required(names.id)
    return defined, StatedOrder(
        order_id=f"algo:{order_id}" if algo else order_id,
        instrument_id=defined.instrument_id,
        side=row.one_of(names.side, SIDES),
        qty=qty,
        cum_qty=filled,
        status=status,
        cl_ord_id=client_id(row, names) or None,
        leaves_qty=ZERO if status in CLOSED else subtract(qty, filled),
        limit_px=_px(row, names.px),
        stop_px=_px(row, names.stop),
        avg_px=_px(row, names.avg),
        updated_at=row.millis(at) if at else None,
    )


def _status(
    row: Row, names: Names, qty: Decimal, filled: Decimal, known: Mapping[str, OrdStatus]
) -> OrdStatus:
    if row.text(names.status) in EXCHANGE_MADE:
        return OrdStatus.FILLED if filled >= qty else OrdStatus.NEW
    status = row.one_of(names.status, known)
    is_short = known is ALGO and status is OrdStatus.FILLED and filled < qty
    return OrdStatus.CANCELED if is_short else status


def position(row: Row, told: Told, symbol: str, amount: str, book: str) -> tuple[
    Instrument, StatedPosition, str
]:  # fmt: skip
    """A futures position, signed by the venue in both modes, and the book it is of."""
    name = row.required(symbol)
    defined = instrument(market_of(name), name, told)
    held = StatedPosition(instrument_id=defined.instrument_id, qty=row.decimal(amount))
    return defined, held, row_book(row, book)


def spot_balance(row: Row, asset: str, free: str, locked: str) -> StatedBalance:
    """An asset of the spot wallet: what is free and what open orders hold."""
    ending = add(row.decimal(free), row.decimal(locked))
    return StatedBalance(currency=row.required(asset), ending=ending)


def futures_balance(row: Row, asset: str, wallet: str) -> StatedBalance:
    """An asset of a futures wallet, without the unrealized result."""
    return StatedBalance(currency=row.required(asset), ending=row.decimal(wallet))


def _px(row: Row, name: str) -> Decimal | None:
    """A price; zero stands for none."""
    return (row.decimal_or_none(name) or None) if name else None
