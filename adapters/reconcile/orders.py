"""Orders: those the venue states beside those of the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from adapters.port import Batch, StatedOrder
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from ledger.domain.events import OrdType
from ledger.domain.numbers import subtract, text
from projections.lines import OrderLine
from projections.reports import Reports

_WITHOUT_STOP: Final = {
    kind.value for kind in (OrdType.MARKET, OrdType.LIMIT, OrdType.JOIN_BID, OrdType.JOIN_ASK)
}


def compare_orders(batch: Batch, reports: Reports, number: int, end: datetime) -> Iterator[Break]:
    """The breaks of all orders; nothing when the report states none and does not list them."""
    if not batch.orders and not batch.coverage.lists_orders:
        return
    ids = {name for one in batch.orders for name in (one.order_id, one.cl_ord_id) if name}
    known = reports.orders_named(batch.account, ids, known_at=number)
    by_id = {name: line for line in known for name in _names(line)}
    seen: set[str] = set()
    for stated in batch.orders:
        ours = by_id.get(stated.order_id) or by_id.get(stated.cl_ord_id or "")
        if ours is not None:
            seen.add(ours.cl_ord_id)
        yield from _compared(batch.account, ours, stated, end)
    if batch.coverage.lists_orders:
        for line in reports.orders(batch.account, is_open=True, known_at=number, limit=None):
            if line.cl_ord_id not in seen:
                yield _break(batch.account, Kind.ORDER_OPEN_HERE, line, None, end)


def _names(line: OrderLine) -> list[str]:
    return [name for name in (line.order_id, line.cl_ord_id, line.current_id) if name]


def _compared(
    account: str, ours: OrderLine | None, stated: StatedOrder, end: datetime
) -> Iterator[Break]:
    if ours is None:
        if stated.is_open:
            yield _break(account, Kind.ORDER_UNKNOWN_HERE, None, stated, end)
        return
    if ours.is_open and not stated.is_open:
        yield _break(account, Kind.ORDER_OPEN_HERE, ours, stated, end)
    elif stated.is_open and not ours.is_open and ours.order_qty is None:  # known by fills alone
        yield _break(account, Kind.ORDER_UNKNOWN_HERE, None, stated, end)
    elif stated.is_open and not ours.is_open:
        yield _break(account, Kind.ORDER_OPEN_THERE, ours, stated, end)
    if ours.cum_qty != stated.cum_qty:
        yield _break(
            account, Kind.ORDER_CUM_QTY, ours, stated, end,
            ledger_value=text(ours.cum_qty), broker_value=text(stated.cum_qty),
            difference=subtract(stated.cum_qty, ours.cum_qty), unit="units",
        )  # fmt: skip
    if ours.is_open and stated.is_open and _stop_of(ours, stated) != stated.stop_px:
        yield _break(
            account, Kind.ORDER_STOP_PRICE, ours, stated, end,
            ledger_value=_px(ours.stop_px), broker_value=_px(stated.stop_px),
        )  # fmt: skip


def _stop_of(ours: OrderLine, stated: StatedOrder) -> Decimal | None:
    """The stop that the venue has of our order. A level that is kept here with an order of a type
    that takes none is none of the venue's."""
    takes_none = ours.ord_type in _WITHOUT_STOP and stated.stop_px is None
    return None if takes_none else ours.stop_px


def _px(px: Decimal | None) -> str:
    return "none" if px is None else text(px)


def _break(
    account: str,
    kind: Kind,
    ours: OrderLine | None,
    stated: StatedOrder | None,
    end: datetime,
    *,
    ledger_value: str | None = None,
    broker_value: str | None = None,
    **more: Any,
) -> Break:
    name = ours.cl_ord_id if ours else stated.order_id if stated else ""
    instrument_id = (ours.instrument_id if ours else None) or (
        stated.instrument_id if stated else None
    )
    evidence = [f"ledger: {ours.number} order {ours.cl_ord_id}"] if ours else []
    evidence += [f"broker: order {stated.order_id}"] if stated else []
    return Break(
        account=account,
        kind=kind,
        subject=instrument_id or "",
        reference=name,
        ledger_value=ledger_value or (ours.status if ours else "unknown"),
        broker_value=broker_value or (stated.status.fix_name if stated else "not open"),
        business_date=end.date(),
        instrument_id=instrument_id,
        cause=Cause.MISSING_FEED,
        evidence=tuple(evidence),
        **more,
    )
