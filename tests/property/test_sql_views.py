"""What the views say in SQL is what the reports say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from sqlalchemy import text

import ledger
from ledger.domain.events import AccountOpened, Fee, FillBooked, FillBusted, Side
from ledger.domain.instruments import Instrument, InstrumentKind
from projections.reports import Reports
from tests.projections.tables import LESS, TOLD, in_memory
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT


def asked(reports: Reports, engine: Any, view: str) -> list[Any]:
    reports.asking.reach(None)
    with engine.connect() as connection:
        return list(connection.execute(text(f"SELECT * FROM {view}")).mappings())


def days_of(reports: Reports, engine: Any) -> dict[Any, Any]:
    names = ("realized_pnl", "fees", "base_fee_cost", "funding", "income", "net_pnl")
    return {
        (row["day"], row["instrument_id"], row["position_id"], row["currency"]): found
        for row in asked(reports, engine, "v_pnl_daily")
        if any(found := [Decimal(row[name]) for name in names])
    }


@LESS
@given(arrivals(**TOLD))
def test_days_are_those_of_the_report(arrival: Arrival) -> None:
    book, engine = arrival.book(), in_memory()
    reports = Reports(book, engine)
    lines = {
        (one.day.isoformat(), one.instrument_id, one.position_id, one.currency): [
            one.realized_pnl, one.fees, one.base_fee_cost, one.funding, one.income, one.net_pnl,
        ]
        for one in reports.pnl(ACCOUNT)
        if one.instrument_id
    }  # fmt: skip
    assert days_of(reports, engine) == lines


@LESS
@given(arrivals(**TOLD))
def test_trades_are_those_of_the_report(arrival: Arrival) -> None:
    book, engine = arrival.book(), in_memory()
    reports = Reports(book, engine)
    closed = [one for one in reports.trades(ACCOUNT) if one.closed_at is not None]
    found = asked(reports, engine, "v_trades")
    assert len(found) == len(closed)
    for names in ("instrument_id", "position_id", "cycle"):
        assert sorted(row[names] for row in found) == sorted(getattr(o, names) for o in closed)
    fundings = sorted(Decimal(row["funding"]) for row in found)
    assert fundings == sorted(one.funding for one in closed)


def test_a_day_is_that_of_the_accounts_zone_and_of_the_fill() -> None:
    late = datetime(2026, 1, 6, 2, tzinfo=UTC)  # in New York the fifth

    def fill(exec_id: str, side: Side, px: int) -> FillBooked:
        return FillBooked(
            exec_id=exec_id, instrument_id="X", side=side, last_qty=Decimal(1),
            last_px=Decimal(px), currency="USD", fees=(Fee(amount=Decimal(1), currency="USD"),),
        )  # fmt: skip

    with ledger.open("memory://", clock=lambda: late) as book:
        opening = AccountOpened(base_currency="USD", time_zone="America/New_York")
        book.record(ACCOUNT, opening, occurred_at=late)
        what = Instrument(instrument_id="X", symbol="X", kind=InstrumentKind.EQUITY, currency="USD")
        book.define(ACCOUNT, what)
        book.record(ACCOUNT, fill("1", Side.BUY, 10), occurred_at=late)
        book.record(ACCOUNT, fill("2", Side.SELL, 15), occurred_at=late)
        engine = in_memory()
        reports = Reports(book, engine)
        (place,) = days_of(reports, engine)
        assert place[0] == "2026-01-05"
        bust = FillBusted(exec_id="b", exec_ref_id="2", instrument_id="X")
        book.record(ACCOUNT, bust, occurred_at=datetime(2026, 1, 9, tzinfo=UTC))
        (amounts,) = days_of(reports, engine).values()
        assert amounts == [0, 1, 0, 0, 0, -1]
