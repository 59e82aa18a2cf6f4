"""Executions and trades: fills, busts, and the state of their orders.

A trade holds the executions of both sides; ours have the ids they have among the executions, so
that a fill told by both is one. A trade that comes again as BUSTED undoes its executions: both
facts are given, the fill and its bust, so that the books end without it whatever came before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Final

from adapters.brokers.polymarket_us.scales import Scale, scale_of, whole
from adapters.port import StatedOrder
from adapters.rows import Row
from ledger.domain.events import Event, Fee, FillBooked, FillBusted, Liquidity, Side
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE, ZERO
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

VENUE: Final = "POLYMARKET_US"
CURRENCY: Final = "USD"

SIDES: Final = {"SIDE_BUY": Side.BUY, "SIDE_SELL": Side.SELL}
FILLS: Final = {
    "EXECUTION_TYPE_PARTIAL_FILL": True, "EXECUTION_TYPE_FILL": True, "EXECUTION_TYPE_NEW": False,
    "EXECUTION_TYPE_CANCELED": False, "EXECUTION_TYPE_REPLACE": False,
    "EXECUTION_TYPE_REJECTED": False, "EXECUTION_TYPE_EXPIRED": False,
    "EXECUTION_TYPE_DONE_FOR_DAY": False,
}  # fmt: skip
"""Whether an execution of a type moves units."""


class Stands(Enum):
    """What a trade's state says of its executions."""

    YES = "yes"
    BUSTED = "busted"


STATES: Final = {
    **dict.fromkeys(
        [f"TRADE_STATE_{state}" for state in (
            "NEW", "CLEARED", "INFLIGHT", "PENDING_RISK", "PENDING_CLEARED",
            "CLEARING_ACKNOWLEDGED", "RETRY_REQUEST")],
        Stands.YES,
    ),
    "TRADE_STATE_BUSTED": Stands.BUSTED,
}  # fmt: skip
"""REJECTED is none of them: whether the executions stand, the venue does not say."""

ORDER_STATES: Final = {
    "ORDER_STATE_NEW": OrdStatus.NEW, "ORDER_STATE_PARTIALLY_FILLED": OrdStatus.PARTIALLY_FILLED,
    "ORDER_STATE_FILLED": OrdStatus.FILLED, "ORDER_STATE_CANCELED": OrdStatus.CANCELED,
    "ORDER_STATE_REPLACED": OrdStatus.NEW, "ORDER_STATE_REJECTED": OrdStatus.REJECTED,
    "ORDER_STATE_EXPIRED": OrdStatus.EXPIRED, "ORDER_STATE_PENDING_NEW": OrdStatus.PENDING_NEW,
    "ORDER_STATE_PENDING_REPLACE": OrdStatus.PENDING_REPLACE,
    "ORDER_STATE_PENDING_CANCEL": OrdStatus.PENDING_CANCEL,
    "ORDER_STATE_PENDING_RISK": OrdStatus.PENDING_NEW,
}  # fmt: skip

_NANOS = re.compile(r"\.[0-9]{6}([0-9]{3})Z?$", re.ASCII)
_MAX_CUM: Final = 10**15


def instrument_id(symbol: str) -> str:
    """The venue and the symbol."""
    return f"{VENUE}:{symbol}"


def contract(symbol: str, multiplier: Decimal = ONE, currency: str = CURRENCY) -> Instrument:
    """An event contract. A fill moves its whole price, and a short receives it: the premium's
    way. Its multiplier is 1: what a contract costs is its price (data model, worked examples)."""
    return Instrument(
        instrument_id=instrument_id(symbol),
        symbol=symbol,
        kind=InstrumentKind.OPTION,
        currency=currency,
        multiplier=multiplier,
        venue=VENUE,
    )


def is_fill(row: Row) -> bool:
    """Whether an execution moved units; a type that is not known sets it aside."""
    told = row.one_of("type", FILLS) if row.has("type") else False
    if not told and whole(row, "lastShares"):
        raise BadRowError("lastShares", row.text("lastShares"), "units moved, and the type is none")
    return told


def fill(row: Row) -> FillBooked:
    """One execution. Prices and sides are those of YES; a NO is the other side of it.

    ``commissionNotionalCollected`` is positive when charged, negative as a rebate, absent for 0.
    """
    order = row.inner("order")
    scale = scale_of(order)
    if whole(row, "commissionSpreadPx") not in {ZERO, whole(row, "lastPx")}:
        rule = "a price with a commission in it: which of the two was paid is not said"
        raise BadRowError("commissionSpreadPx", row.text("commissionSpreadPx"), rule)
    row.required("lastPx")
    commission = scale.money(row, "commissionNotionalCollected")
    return FillBooked(
        exec_id=row.required("id"),
        instrument_id=instrument_id(order.required("symbol")),
        side=order.one_of("side", SIDES),
        last_qty=scale.units(row, "lastShares"),
        last_px=scale.px(row, "lastPx"),
        currency=CURRENCY,
        venue=VENUE,
        cl_ord_id=order.text("clordId") or None,
        order_id=order.text("id") or None,
        fees=(Fee(amount=commission, currency=CURRENCY),) if commission else (),
        seq=_seq(row, order),
        trade_id=row.text("tradeId") or None,
        liquidity=Liquidity.TAKER if row.flag("aggressor") else Liquidity.MAKER,
    )


def bust(booked: FillBooked, reason: str) -> FillBusted:
    """A voided execution, under the id of the fill itself."""
    return FillBusted(
        exec_id=booked.exec_id,
        exec_ref_id=booked.exec_id,
        venue=VENUE,
        instrument_id=booked.instrument_id,
        cl_ord_id=booked.cl_ord_id,
        reason=reason or "busted by the exchange",
    )


def shown(trade: Row) -> dict[str, Row]:
    """The executions of a trade, as far as they are shown, by their side."""
    names = ("aggressor", "passive")
    return {one: trade.inner(one) for one in names if isinstance(trade.values.get(one), dict)}


def sides(trade: Row) -> Iterator[Row]:
    """The executions of a trade that are shown, each with the trade's id."""
    for name, held in shown(trade).items():
        told = {"tradeId": trade.required("id"), **held.values}
        yield Row({**told, "aggressor": name == "aggressor"}, held.where)


def facts(trade: Row, ours: Row) -> list[Event]:
    """What a trade tells of one of its executions."""
    booked = fill(ours)
    stands = trade.one_of("state", STATES, "unknown, or not said to stand")
    return [booked, bust(booked, trade.text("text"))] if stands is Stands.BUSTED else [booked]


def happened(row: Row) -> datetime:
    """When it was executed."""
    return row.instant("transactTime", UTC)


def order(row: Row) -> StatedOrder | None:
    """An order as it stands; None for one by cash, which has no quantity to state."""
    if not whole(row, "orderQty"):
        return None
    scale: Scale = scale_of(row)
    cum_qty = scale.units(row, "cumQty")
    status = row.one_of("state", ORDER_STATES) if row.has("state") else OrdStatus.NEW
    if status is OrdStatus.NEW and cum_qty:
        status = OrdStatus.PARTIALLY_FILLED
    return StatedOrder(
        order_id=row.required("id"),
        instrument_id=instrument_id(row.required("symbol")),
        side=row.one_of("side", SIDES),
        qty=scale.units(row, "orderQty"),
        cum_qty=cum_qty,
        status=status,
        cl_ord_id=row.text("clordId") or None,
        leaves_qty=scale.units(row, "leavesQty"),
        limit_px=scale.px(row, "price") if whole(row, "price") else None,
        stop_px=scale.px(row, "stopPrice") if whole(row, "stopPrice") else None,
        avg_px=scale.px(row, "avgPx") if cum_qty else None,
        updated_at=row.instant("lastTransactTime", UTC) if row.has("lastTransactTime") else None,
    )


def _seq(row: Row, held: Row) -> int:
    """The place inside one microsecond: its nanoseconds, then what the order had filled."""
    found = _NANOS.search(row.text("transactTime"))
    nanos = int(found[1]) if found else 0
    return nanos * _MAX_CUM + int(whole(held, "cumQty")) % _MAX_CUM
