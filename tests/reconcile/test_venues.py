"""Two venues in one account: each break of a figure keeps its own life."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.port import CostMeaning
from adapters.reconcile.life import Life
from ledger.domain.events import CashDeposited, StatedBalance, StatedPosition
from tests.reconcile.nights import Nights, day, fill


@pytest.fixture
def nights() -> Nights:
    begun = Nights.begin()
    begun.booked(CashDeposited(id="d", amount=Decimal(100), currency="USD", venue="V"), day(-3))
    return begun


def night(nights: Nights, nth: int, venue: str, ending: str) -> Life:
    stated = StatedBalance(currency="USD", ending=Decimal(ending))
    return nights.run(nights.batch(nth, balances=(stated,), venue=venue))


def seen(nights: Nights) -> dict[str, tuple[str, str, int]]:
    """What is known of each break, by its reference."""
    return {
        one.reference: (one.status, one.broker_value, one.seen_on.day) for one in nights.known()
    }


def test_each_venues_break_keeps_its_own_life(nights: Nights) -> None:
    night(nights, 0, "V", "101")
    night(nights, 0, "W", "90")
    assert seen(nights) == {"balance": ("open", "101", 2), "balance at W": ("open", "90", 2)}
    night(nights, 1, "W", "80")
    night(nights, 1, "V", "100")
    assert seen(nights) == {"balance": ("resolved", "101", 2), "balance at W": ("open", "80", 3)}
    night(nights, 2, "W", "100")
    night(nights, 2, "V", "99")
    assert seen(nights) == {"balance": ("open", "99", 4), "balance at W": ("resolved", "80", 3)}


def test_what_was_said_of_one_is_not_said_of_the_other(nights: Nights) -> None:
    (first,) = night(nights, 0, "V", "101").states.values()
    (other,) = night(nights, 0, "W", "101").states.values()
    assert first.break_id != other.break_id
    assert first.is_new
    assert other.is_new


def test_one_venue_has_plain_keys_alone(nights: Nights) -> None:
    for nth, ending in enumerate(("101", "102", "100", "103")):
        night(nights, nth, "W", ending)
    assert list(seen(nights)) == ["balance"]


def test_positions_and_costs_likewise(nights: Nights) -> None:
    nights.booked(fill("x"), day(-3))
    coverage = {"cost": CostMeaning(with_fees=True)}
    for venue in ("V", "W"):
        for qty, cost in (("10", "51"), ("11", "51")):
            stated = StatedPosition(instrument_id="V:X", qty=Decimal(qty), cost_basis=Decimal(cost))
            nights.run(nights.batch(0, positions=(stated,), venue=venue, coverage=coverage))
    assert sorted(seen(nights)) == ["cost", "cost at W", "position", "position at W"]


def test_the_same_night_at_its_number_has_the_same_keys(nights: Nights) -> None:
    night(nights, 0, "V", "101")
    batch = nights.batch(
        0, balances=(StatedBalance(currency="USD", ending=Decimal(90)),), venue="W"
    )
    before = nights.outcome(batch)
    nights.run(batch)
    assert [one.break_id for one in nights.outcome(batch).breaks] == [
        one.break_id for one in before.breaks
    ]


def test_an_earlier_statement_of_the_other_venue_is_not_where_both_parted(nights: Nights) -> None:
    agreed = StatedBalance(currency="USD", ending=Decimal(100))
    other = nights.batch(-1, balances=(agreed,), venue="W").statement()
    assert other is not None
    nights.booked(other, day(0))
    batch = nights.batch(1, balances=(StatedBalance(currency="USD", ending=Decimal(90)),))
    (found,) = nights.outcome(batch).breaks
    assert found.parted_after is None
