"""Orders that nobody placed, as a broker's own history tells them: only the last are in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import Event, FillBooked, FillBusted, Side
from projections import following
from projections.reports import Reports
from tests.projections.tables import in_memory

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def fill(name: str, order: str, qty: int) -> FillBooked:
    return FillBooked(
        exec_id=name,
        instrument_id="X",
        side=Side.BUY,
        last_qty=Decimal(qty),
        last_px=Decimal(100),
        cl_ord_id=order,
        currency="USD",
    )


def filled(*told: Event) -> dict[str, Decimal]:
    """What was filled of each order."""
    book = ledger.open("memory://")
    book.open_account("A", base_currency="USD", occurred_at=START)
    for seconds, event in enumerate(told, start=1):
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=seconds))])
    return {one.cl_ord_id: one.cum_qty for one in Reports(book, in_memory()).orders("A")}


@pytest.mark.parametrize("remembered", [0, 1, 2])
def test_an_order_has_all_its_fills_whatever_came_between(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(following, "UNPLACED", remembered)
    told = [fill("1", "a", 1), fill("2", "b", 20), fill("3", "c", 300), fill("4", "a", 4000)]
    assert filled(*told) == {"a": 4001, "b": 20, "c": 300}
    bust = FillBusted(exec_id="x", exec_ref_id="1")
    again = [fill("5", "b", 50000), fill("6", "a", 600000)]
    assert filled(*told, bust, *again) == {"a": 604000, "b": 50020, "c": 300}
