"""What orders came to, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ledger
from ledger.domain.events import (
    AccountOpened,
    Event,
    FillBooked,
    InstrumentDefined,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    OrderRejected,
    OrdType,
    Side,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from projections.reports import Reports
from tests.projections.tables import in_memory

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
WHAT = Instrument(instrument_id="X", symbol="X", kind=InstrumentKind.EQUITY, currency="USD")


def placed(name: str, qty: int, side: Side = Side.BUY) -> OrderPlaced:
    return OrderPlaced(
        cl_ord_id=name,
        instrument_id="X",
        side=side,
        order_qty=Decimal(qty),
        ord_type=OrdType.MARKET,
        strategy="trend",
        decision_px=Decimal(100),
    )


def fill(name: str, order: str, qty: int, px: str, side: Side = Side.BUY) -> FillBooked:
    return FillBooked(
        exec_id=name,
        instrument_id="X",
        side=side,
        last_qty=Decimal(qty),
        last_px=Decimal(px),
        cl_ord_id=order,
    )


TOLD: list[tuple[int, Event]] = [
    (0, AccountOpened(base_currency="USD")),
    (0, InstrumentDefined(instrument=WHAT)),
    (1, placed("a", 10)),
    (2, OrderAccepted(cl_ord_id="a")),
    (5, fill("1", "a", 10, "101")),
    (6, placed("b", 30, Side.SELL)),
    (9, OrderAccepted(cl_ord_id="b")),
    (10, fill("2", "b", 5, "100.5", Side.SELL)),
    (11, OrderCancelled(cl_ord_id="b")),
    (12, placed("c", 10)),
    (13, OrderRejected(cl_ord_id="c", reason="no margin")),
    (14, placed("d", 10)),
]


def test_the_statistics_of_a_group() -> None:
    book = ledger.open("memory://")
    for seconds, event in TOLD:
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=seconds))])
    (one,) = Reports(book, in_memory()).order_statistics("A", strategy="trend")
    assert (one.instrument_id, one.ord_type, one.strategy) == ("X", "market", "trend")
    assert (one.placed, one.filled, one.partly_filled) == (4, 1, 1)
    assert (one.cancelled, one.rejected, one.expired, one.open) == (1, 1, 0, 1)
    assert one.rejected_for == {"no margin": 1}
    assert one.fill_rate == Decimal(15) / Decimal(60)
    assert one.average_time_to_accept == timedelta(seconds=2)
    assert one.average_time_to_fill == timedelta(seconds=4)
    # Bought 10 for 1 more than 100, sold 5 for 0.50 more: (10 * 100 - 5 * 50) / 15 bps.
    assert one.average_slippage_bps == Decimal(50)


def test_nothing_to_average_is_nothing() -> None:
    book = ledger.open("memory://")
    for seconds, event in [*TOLD[:2], TOLD[-1]]:
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=seconds))])
    (one,) = Reports(book, in_memory()).order_statistics("A")
    assert (one.fill_rate, one.average_slippage_bps, one.average_time_to_fill) == (0, None, None)
