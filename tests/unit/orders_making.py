"""Facts of orders in few words, for the tests of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.domain.events import (
    Event,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderPlaced,
    Recorded,
    Side,
    make_fact,
)
from ledger.domain.orders import Order, OrderView

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def recorded(event: Event, minute: int, version: int = 1) -> Recorded:
    """A fact as the store would hand it back."""
    fact = make_fact("A", event, START + timedelta(minutes=minute))
    at = fact.occurred_at
    return Recorded(version, "A", version, fact.key, at, at, event)


def in_turn(*events: Event) -> list[Recorded]:
    """Facts a minute apart."""
    return [recorded(event, minute, minute + 1) for minute, event in enumerate(events)]


def order_of(*events: Event) -> Order:
    """The order these facts make, a minute apart."""
    return Order.fold(in_turn(*events))


def view_of(*events: Event) -> OrderView:
    """The view of the order these facts make."""
    return order_of(*events).view()


def placed(order_qty: int = 10, **fields: Any) -> OrderPlaced:
    """Order X."""
    named: dict[str, Any] = {"cl_ord_id": "X", "instrument_id": "ES", "side": Side.BUY} | fields
    return OrderPlaced(order_qty=Decimal(order_qty), **named)


def accepted() -> OrderAccepted:
    """The venue took order X."""
    return OrderAccepted(cl_ord_id="X", order_id="V1")


def fill(exec_id: str, qty: int, px: str | None = "100", **fields: Any) -> FillBooked:
    """An execution of order X."""
    named: dict[str, Any] = {"cl_ord_id": "X", "instrument_id": "ES", "side": Side.BUY} | fields
    last_px = Decimal(px) if px is not None else None
    return FillBooked(exec_id=exec_id, last_qty=Decimal(qty), last_px=last_px, **named)


def bust(exec_ref_id: str) -> FillBusted:
    """The undoing of an execution."""
    return FillBusted(exec_id=f"bust-{exec_ref_id}", exec_ref_id=exec_ref_id, cl_ord_id="X")


def correction(exec_id: str, exec_ref_id: str, qty: int, px: str = "100") -> FillCorrected:
    """An execution amended to new figures."""
    return FillCorrected(
        exec_id=exec_id,
        exec_ref_id=exec_ref_id,
        last_qty=Decimal(qty),
        last_px=Decimal(px),
        cl_ord_id="X",
    )
