"""A real statement, told once, told again, and told in any order and in parts."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

import ledger
from adapters.brokers import ibkr_flex
from adapters.ingest import ingest
from adapters.port import AccountConfig, Batch, RawPage
from ledger.domain.events import CashEvent, FillBooked
from tests.property.state import account_state

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ETAX = "fixtures/interactive_brokers/opensteuerauszug/eTax_report_anonymised_2025.xml"
PARTS = 7
SHUFFLES = 50 if os.environ.get("CI", "").lower() in {"1", "true"} else 4
METHODS = (ledger.Booking.FIFO, ledger.Booking.AVERAGE)


@pytest.fixture(scope="module")
def batch(shared: Path) -> Batch:
    page = RawPage(name="eTax", content=(shared / ETAX).read_bytes())
    return ibkr_flex.parse([page], AccountConfig())


def opened(batch: Batch, booking: ledger.Booking) -> ledger.Book:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account(batch.account, base_currency="CHF", booking=booking)
    return book


def state(book: ledger.Book, batch: Batch) -> dict[Any, Any]:
    return account_state(book.account(batch.account))


@pytest.fixture(scope="module", params=METHODS, ids=lambda booking: booking.value)
def told_at_once(request: pytest.FixtureRequest, batch: Batch) -> tuple[ledger.Booking, Any]:
    book = opened(batch, request.param)
    ingest(book, batch)
    return request.param, state(book, batch)


def test_all_trades_are_in(batch: Batch) -> None:
    book = opened(batch, ledger.Booking.FIFO)
    ingest(book, batch)
    trades = [one for one in book.log(batch.account) if isinstance(one.event, FillBooked)]
    assert len(trades) == 671


def test_no_cash_row_is_in_twice(batch: Batch) -> None:
    book = opened(batch, ledger.Booking.FIFO)
    ingest(book, batch)
    rows = [
        one.meta.source.row
        for one in book.log(batch.account)
        if isinstance(one.event, CashEvent) and one.meta.source is not None
    ]
    assert rows
    assert len(rows) == len(set(rows))


def test_the_same_statement_again_adds_nothing(batch: Batch) -> None:
    book = opened(batch, ledger.Booking.FIFO)
    first = ingest(book, batch)
    again = ingest(book, batch)
    assert (first.added > 671, again.added) == (True, 0)


@pytest.mark.parametrize("seed", range(SHUFFLES))
def test_parts_in_another_order_give_the_same_books(
    batch: Batch, told_at_once: tuple[ledger.Booking, Any], seed: int
) -> None:
    booking, expected = told_at_once
    book = opened(batch, booking)
    for part in shuffled(batch, random.Random(seed)):
        ingest(book, part)
    assert state(book, batch) == expected


def shuffled(batch: Batch, chance: random.Random) -> list[Batch]:
    """The batch in parts, its records dealt out in no order."""
    records = list(batch.records)
    chance.shuffle(records)
    return [attrs.evolve(batch, records=tuple(records[n::PARTS])) for n in range(PARTS)]


def test_another_price_would_be_noticed(
    batch: Batch, told_at_once: tuple[ledger.Booking, Any]
) -> None:
    booking, expected = told_at_once
    book = opened(batch, booking)
    records = list(batch.records)
    place = next(n for n, one in enumerate(records) if isinstance(one.event, FillBooked))
    event: Any = records[place].event
    dearer = attrs.evolve(event, gross_trade_amt=None, last_px=event.last_px + 1)
    records[place] = attrs.evolve(records[place], event=dearer)
    ingest(book, attrs.evolve(batch, records=tuple(records)))
    assert state(book, batch) != expected
