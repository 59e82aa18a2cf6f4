"""Prices that are worked out of costs come out to the digit, of inverse contracts too."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import ledger
from ledger.domain.events import OrderPlaced, OrdType, StopMoved, StopReason
from projections.reports import Reports
from tests.projections.tables import in_memory
from tests.unit.booking import BUY, SELL, at, fill, opened


def test_prices_of_an_inverse_contract_are_those_of_its_fills() -> None:
    book = inverse()
    reports = Reports(book, in_memory())
    (trade,) = reports.trades("A")
    assert (trade.entry_px, trade.exit_px) == (Decimal(49999), Decimal("61001.5"))


def test_a_stop_of_an_inverse_contract_at_the_average_cost_is_at_break_even() -> None:
    book = inverse()
    placed = OrderPlaced(
        cl_ord_id="c", instrument_id="X", side=SELL, order_qty=Decimal(1), ord_type=OrdType.STOP,
        stop_px=Decimal(48000),
    )  # fmt: skip
    move = StopMoved(cl_ord_id="c", stop_px=Decimal(49999), reason=StopReason.MANUAL)
    for nth, event in enumerate((placed, move)):
        book.record("A", event, occurred_at=at(3) + timedelta(milliseconds=nth))
    (metrics,) = Reports(book, in_memory()).trade_metrics("A")
    steps = list(Reports(book, in_memory()).stops("A"))
    assert [(step.avg_cost, step.is_break_even) for step in steps] == [
        (Decimal(49999), False),
        (Decimal(49999), True),
    ]
    assert metrics.break_even_moves == 1


def inverse() -> ledger.Book:
    """One unit of an inverse contract, bought and sold."""
    book = opened(ledger.InstrumentKind.INVERSE)
    for second, one in ((2, fill("1", BUY, "1", "49999")), (9, fill("2", SELL, "1", "61001.5"))):
        book.record("A", one, occurred_at=at(second))
    return book
