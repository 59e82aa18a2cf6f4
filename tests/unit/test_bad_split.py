"""A recorded split whose ratio is none must not keep the account from loading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import SplitApplied

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(("new", "old"), [(1, 0), (0, 1), (-1, 1)])
def test_a_ratio_that_is_none_moves_nothing(new: int, old: int) -> None:
    book = ledger.open("memory://", clock=lambda: START)
    book.open_account("A", base_currency="USD")
    book.fill(
        "A",
        exec_id="1",
        instrument_id="X",
        side=ledger.Side.BUY,
        last_qty=Decimal(3),
        last_px=Decimal(10),
        occurred_at=START,
    )
    split = SplitApplied(
        id="s", instrument_id="X", numerator=Decimal(new), denominator=Decimal(old)
    )
    book.record("A", split, occurred_at=START + timedelta(days=1))
    assert book.position("A", "X").net_qty == 3
