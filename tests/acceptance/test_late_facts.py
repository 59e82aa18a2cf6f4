"""What a late fact costs is counted in facts folded again, not in seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import Fact, FillBooked, FillBusted, Side, make_fact
from ledger.domain.positions import PositionKey
from tests.property.state import figures_of

START = datetime(2026, 1, 5, tzinfo=UTC)
NET = PositionKey("X", "net")
MANY = 100_000


def fills(count: int) -> list[Fact]:
    """Fills a second apart that grow a position and cut it down again."""
    return [
        make_fact(
            "A",
            FillBooked(
                exec_id=f"e{n}",
                instrument_id="X",
                side=Side.BUY if n % 3 else Side.SELL,
                last_qty=Decimal(2 if n % 3 else 1),
                last_px=Decimal(100 + n % 7),
            ),
            START + timedelta(seconds=n),
        )
        for n in range(count)
    ]


def book(booking: ledger.Booking = ledger.Booking.AVERAGE) -> ledger.Book:
    opened = ledger.open("memory://", clock=lambda: START)
    opened.open_account("A", base_currency="USD", booking=booking)
    kind = ledger.InstrumentKind.EQUITY
    opened.define("A", ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD"))
    return opened


@pytest.mark.parametrize("booking", [ledger.Booking.AVERAGE, ledger.Booking.FIFO])
def test_a_fill_late_by_100_folds_at_most_1100_again(booking: ledger.Booking) -> None:
    told, late = fills(6_000), 5_900
    ours = book(booking)
    ours.record_all([*told[:late], *told[late + 1 :]])
    position = ours.account("A").positions[NET]
    before = position.refolded
    ours.record_all([told[late]])
    assert 100 <= position.refolded - before <= 1_100


def test_a_fill_in_order_folds_nothing_again() -> None:
    ours = book()
    ours.record_all(fills(2_000))
    assert ours.account("A").positions[NET].refolded == 0


def test_a_bust_long_ago_is_read_from_the_store_and_right() -> None:
    told = fills(6_000)
    bust = make_fact("A", FillBusted(exec_id="b", exec_ref_id="e10"), START + timedelta(days=1))
    ours, other = book(), book()
    ours.record_all(told)
    ours.record_all([bust])
    other.record_all([*told, bust])
    assert figures(ours) == figures(other)


def figures(ours: ledger.Book) -> object:
    return figures_of(ours.account("A").positions[NET].holding)


@pytest.mark.slow
def test_100_000_fills_backwards_in_one_batch_are_folded_a_bounded_number_of_times() -> None:
    ours, other = book(), book()
    told = fills(MANY)
    ours.record_all(told[::-1])
    other.record_all(told)
    assert figures(ours) == figures(other)
    assert ours.account("A").positions[NET].refolded <= 2 * MANY


def test_backwards_in_several_batches_is_right_too() -> None:
    ours, other, told = book(), book(), fills(5_000)
    for start in range(4_000, -1, -1_000):
        ours.record_all(told[start : start + 1_000][::-1])
    other.record_all(told)
    assert figures(ours) == figures(other)
