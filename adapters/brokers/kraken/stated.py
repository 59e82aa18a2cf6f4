"""What Kraken says is there: balances, orders and margin positions of the spot account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.kraken.assets import Pairs, coin, on_margin, spot
from adapters.brokers.kraken.entries import happened
from adapters.brokers.kraken.fills import NO_LEVERAGE, SIDES
from adapters.port import CostMeaning, StatedOrder
from adapters.rows import Row
from ledger.domain.events import Booking, StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate, subtract
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

Held = tuple[Instrument, StatedPosition]

COST: Final = CostMeaning(with_fees=False, methods=frozenset({Booking.FIFO}))
"""What a margin position was opened at, its fee apart; the first opened is the first closed."""

STATUSES: Final = {
    "pending": OrdStatus.PENDING_NEW,
    "open": OrdStatus.NEW,
    "closed": OrdStatus.FILLED,
    "canceled": OrdStatus.CANCELED,
    "expired": OrdStatus.EXPIRED,
}
STOPS: Final = frozenset({"stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit"})


def held(row: Row) -> tuple[str, Decimal]:
    """A coin and how much of it lies in one place."""
    return coin(row.required("asset")), row.decimal("balance")


def balances(found: Iterable[tuple[str, Decimal]]) -> Iterator[StatedBalance]:
    """One balance a coin, wherever it lies."""
    sums: dict[str, Decimal] = {}
    for name, amount in found:
        sums[name] = add(sums.get(name, ZERO), amount)
    yield from (StatedBalance(currency=name, ending=sums[name]) for name in sorted(sums))


def order(row: Row, pairs: Pairs) -> StatedOrder:
    """An order, open or closed."""
    if "viqc" in row.text("oflags").split(","):
        raise BadRowError("oflags", row.text("oflags"), "its volume is in the quote currency")
    terms, qty, filled = row.inner("descr"), row.decimal("vol"), row.decimal("vol_exec")
    status = _status(row, qty, filled)
    is_open = status in {OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.PENDING_NEW}
    is_spot = terms.text("leverage") in NO_LEVERAGE
    pair = pairs.of(terms)
    return StatedOrder(
        order_id=row.required("txid"),
        instrument_id=(spot(pair) if is_spot else on_margin(pair)).instrument_id,
        side=terms.one_of("type", SIDES),
        qty=qty,
        cum_qty=filled,
        status=status,
        cl_ord_id=row.text("cl_ord_id") or None,
        leaves_qty=subtract(qty, filled) if is_open else ZERO,
        limit_px=_limit(row, terms),
        stop_px=_stop(row, terms),
        avg_px=row.decimal_or_none("price") if filled else None,
        updated_at=happened(row, "closetm" if row.has("closetm") else "opentm"),
    )


def _status(row: Row, qty: Decimal, filled: Decimal) -> OrdStatus:
    """``closed`` is filled, unless a part of it never was."""
    if not ZERO <= filled <= qty:
        raise BadRowError("vol_exec", row.text("vol_exec"), "not between nothing and the volume")
    status = row.one_of("status", STATUSES)
    if status is OrdStatus.NEW and filled:
        return OrdStatus.PARTIALLY_FILLED
    return OrdStatus.CANCELED if status is OrdStatus.FILLED and filled < qty else status


def _limit(row: Row, terms: Row) -> Decimal | None:
    kind = terms.required("ordertype")
    if kind == "limit":
        return _px(terms, "price")
    return _px(terms, "price2") if kind.endswith("-limit") else _px(row, "limitprice")


def _stop(row: Row, terms: Row) -> Decimal | None:
    stated = _px(row, "stopprice")
    return _px(terms, "price") or stated if terms.required("ordertype") in STOPS else stated


def _px(row: Row, name: str) -> Decimal | None:
    """A price; None for zero, which means none, and for one relative to the market."""
    written = row.text(name)
    is_relative = written[:1] in {"+", "-", "#"} or written.endswith("%")
    return None if is_relative else row.decimal_or_none(name) or None


def open_position(row: Row, pairs: Pairs) -> Held:
    """One open margin position: signed quantity; its basis while nothing of it is closed."""
    defined = on_margin(pairs.of(row))
    is_buy = row.one_of("type", SIDES).is_buy
    closed = row.decimal("vol_closed")
    qty, cost = subtract(row.decimal("vol"), closed), row.decimal("cost")
    return defined, StatedPosition(
        instrument_id=defined.instrument_id,
        qty=qty if is_buy else negate(qty),
        cost_basis=None if closed else cost if is_buy else negate(cost),
    )


def summed(found: Iterable[Held]) -> Iterator[StatedPosition]:
    """One position a pair; the basis is known while all of it is, on one side."""
    sums: dict[str, StatedPosition] = {}
    for _, one in found:
        sums[one.instrument_id] = _both(sums.get(one.instrument_id), one)
    yield from (sums[name] for name in sorted(sums))


def _both(one: StatedPosition | None, two: StatedPosition) -> StatedPosition:
    if one is None:
        return two
    is_known = one.cost_basis is not None and two.cost_basis is not None
    same_side = (one.qty > 0) is (two.qty > 0)
    basis = add(one.cost_basis or ZERO, two.cost_basis or ZERO) if is_known and same_side else None
    return StatedPosition(
        instrument_id=one.instrument_id, qty=add(one.qty, two.qty), cost_basis=basis
    )
