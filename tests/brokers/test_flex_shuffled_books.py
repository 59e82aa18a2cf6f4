"""The same statement in another order and in parts gives the same books, whatever the method."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import settings

import ledger
from adapters.ingest import ingest
from adapters.port import Batch
from ledger.domain.events import AccountOpened, Booking
from tests.brokers.flex import NOW, real

OPENED = datetime(2025, 1, 1, tzinfo=NOW.tzinfo)
# 50 where Hypothesis looks hard (CI), 5 elsewhere.
SHUFFLES = settings().max_examples // 10


def books(batch: Batch, booking: Booking, parts: int, seed: int | None) -> list[tuple[object, ...]]:
    """What the books say after ingesting the batch in parts, shuffled when a seed is given."""
    records = list(batch.records)
    if seed is not None:
        random.Random(seed).shuffle(records)
    with ledger.open("memory://", clock=lambda: NOW) as book:
        opening = AccountOpened(base_currency="CHF", booking=booking)
        book.record(batch.account, opening, occurred_at=OPENED)
        for part in range(parts):
            ingest(book, attrs.evolve(batch, records=tuple(records[part::parts])))
        held = [
            (v.instrument_id, v.net_qty, v.cost_basis, v.realized_pnl, sorted(v.fees.items()))
            for v in book.positions(batch.account)
        ]
        cash = [(v.currency, v.total) for v in book.balances(batch.account)]
    return sorted(held) + sorted(cash)


@pytest.mark.parametrize("booking", [Booking.FIFO, Booking.AVERAGE])
def test_order_and_parts_change_nothing(shared: Path, booking: Booking) -> None:
    batch = real(shared)
    straight = books(batch, booking, 1, None)
    for seed in range(SHUFFLES):
        assert books(batch, booking, 7, seed) == straight


def test_the_methods_do_differ(shared: Path) -> None:
    batch = real(shared)
    assert books(batch, Booking.FIFO, 1, None) != books(batch, Booking.AVERAGE, 1, None)
