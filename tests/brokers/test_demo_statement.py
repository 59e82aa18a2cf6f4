"""The shipped sample agrees with itself, and holds what it promises."""

from __future__ import annotations

from collections import Counter

from adapters.brokers.ibkr_flex import parse
from adapters.demo import CONFIG, statement
from ledger.domain.events import FeeCharged, FillBooked, FillBusted
from tests.golden.ibkr_flex import compare


def test_positions_and_cash_are_the_stated_ones():
    lines = list(compare(statement().content, "statement.xml"))
    assert len(lines) == 5
    assert all(line.agrees for line in lines)


def test_the_totals_it_states_are_its_rows():
    batch = parse([statement()], CONFIG)
    assert all(control.agrees for control in batch.coverage.controls)


def test_it_holds_what_makes_books_hard():
    batch = parse([statement()], CONFIG)
    kinds = Counter(type(record.event) for record in batch.records)
    assert (kinds[FillBooked], kinds[FillBusted]) == (8, 1)
    fills = [record.event for record in batch.records if isinstance(record.event, FillBooked)]
    assert any(fee.currency != fill.currency for fill in fills for fee in fill.fees)
    assert any(isinstance(r.event, FeeCharged) and r.is_weak for r in batch.records)
    assert not batch.quarantine


def test_its_last_trade_is_late():
    records = parse([statement()], CONFIG).records
    times = [r.occurred_at for r in records if isinstance(r.event, FillBooked)]
    assert times[-1] < max(times)
