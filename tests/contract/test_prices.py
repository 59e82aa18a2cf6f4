"""Marks and rates in every kind of store."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.domain.prices import Price, PriceKind, Rate
from ledger.errors import (
    BadTextError,
    NaiveTimeError,
    StoreClosedError,
    StoreError,
    UnknownNumberError,
)
from ledger.store.base import LogStore
from ledger.store.port import PriceOutcome
from tests.contract.helpers import START, Clock, fill

CLOSE = START + timedelta(hours=7)


def mark(px: int | str = 5000, **given: Any) -> Price:
    """A settlement price of one instrument; everything is the same unless given."""
    fields: dict[str, Any] = {
        "instrument_id": "ESZ6", "at": CLOSE, "source": "CME", "kind": PriceKind.SETTLEMENT,
    }  # fmt: skip
    return Price(px=Decimal(px), **fields | given)


def rate(px: str = "1.08", base: str = "EUR", quote: str = "USD", **given: Any) -> Rate:
    fields: dict[str, Any] = {"at": CLOSE, "source": "ECB"}
    return Rate(base=base, quote=quote, px=Decimal(px), **fields | given)


def numbers(outcomes: list[PriceOutcome]) -> list[int]:
    return [outcome.price.number for outcome in outcomes]


def test_prices_have_a_sequence_of_their_own(store: LogStore) -> None:
    store.append([fill(1), fill(2)])
    assert numbers(store.record_prices([mark(1), rate()])) == [1, 2]
    assert store.head() == 2


def test_what_comes_back_is_what_was_told(store: LogStore) -> None:
    [outcome] = store.record_prices([mark("-37.630000000000000001", source="Börse")])
    found = store.price("ESZ6")
    assert found == outcome.price
    assert (found.px, found.source) == (Decimal("-37.630000000000000001"), "Börse")


def test_the_same_again_is_known(store: LogStore) -> None:
    store.record_prices([mark("5000")])
    [outcome] = store.record_prices([mark("5000.00")])
    assert (outcome.is_new, outcome.price.number) == (False, 1)
    assert store.log.price_head().number == 1


def test_another_figure_restates_and_both_are_kept(store: LogStore) -> None:
    outcomes = store.record_prices([mark(1), mark(2), mark(3)])
    assert [one.restates for one in outcomes] == [0, 1, 2]
    assert [one.px for one in store.prices()] == [1, 2, 3]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_restated_figure_told_again_is_known(store: LogStore, at_once: bool) -> None:
    """Else an old report, sent again, would take back what a later one has corrected."""
    told = [mark(1), mark(2), mark(1), mark(2)]
    for some in [told] if at_once else [[one] for one in told]:
        store.record_prices(some)
    assert [one.px for one in store.prices()] == [1, 2]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_restated_figure_can_be_reinstated(store: LogStore, at_once: bool) -> None:
    told = [mark(1), mark(2), mark(1), mark(1)]
    for some in [told] if at_once else [[one] for one in told]:
        outcomes = store.record_prices(some, reinstate=True)
    assert (outcomes[-1].is_new, outcomes[-1].price.number) == (False, 3)
    assert [one.px for one in store.prices()] == [1, 2, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"instrument_id": "NQZ6"},
        {"kind": PriceKind.MID},
        {"source": "elsewhere"},
        {"at": CLOSE + timedelta(microseconds=1)},
    ],
    ids=lambda one: next(iter(one)),
)
def test_another_identity_restates_nothing(store: LogStore, other: dict[str, Any]) -> None:
    assert [one.restates for one in store.record_prices([mark(1), mark(2, **other)])] == [0, 0]


def test_a_restated_price_does_not_change_what_was_known(store: LogStore) -> None:
    store.record_prices([mark(1)])
    store.append([fill(1)])
    first = store.price("ESZ6")
    store.record_prices([mark(2)])
    assert store.price("ESZ6", known_at=1) == first
    assert store.price("ESZ6") != first


def test_the_latest_up_to_a_moment_holds(store: LogStore) -> None:
    days = [CLOSE + timedelta(days=day) for day in range(3)]
    store.record_prices([mark(day, at=at) for day, at in enumerate(days)][::-1])
    held = [store.price("ESZ6", as_of=at - timedelta(hours=1)) for at in days]
    assert [one and one.px for one in held] == [None, 0, 1]


def test_an_instrument_may_be_called_like_a_pair(store: LogStore) -> None:
    store.record_prices([rate("1.08"), mark(7, instrument_id="EUR/USD")])
    found, quoted = store.price("EUR/USD"), store.rate("EUR", "USD")
    assert found is not None
    assert quoted is not None
    assert (found.px, quoted.px) == (7, Decimal("1.08"))


def test_nothing_known_is_none_and_not_zero(store: LogStore) -> None:
    assert store.price("ESZ6") is None
    assert store.rate("EUR", "USD") is None


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 5000])
def test_a_name_that_nobody_can_record_has_no_price(store: LogStore, name: str) -> None:
    store.record_prices([mark(1)])
    assert store.price(name) is None
    assert not list(store.prices(name))


def test_a_question_needs_a_zone(store: LogStore) -> None:
    store.record_prices([mark(1)])
    for when in ("as_of", "known_at"):
        with pytest.raises(NaiveTimeError):
            store.price("ESZ6", **{when: datetime(2026, 3, 2)})  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize("number", [-1, 1])
def test_a_number_that_is_none_of_the_log_is_refused(store: LogStore, number: int) -> None:
    with pytest.raises(UnknownNumberError):
        store.price("ESZ6", known_at=number)


def test_a_number_without_a_time_knows_what_the_one_before_it_did(store: LogStore) -> None:
    """Events of other programs have no times."""
    store.append([fill(1)])
    store.record_prices([mark(1)])
    store.recorder.insert_events([StoredEvent("other", 1, "topic", b"state")])
    assert store.price("ESZ6", known_at=2) is None


def test_prices_come_after_events_and_events_after_prices(store: LogStore, clock: Clock) -> None:
    clock.step = timedelta(0)
    store.record_prices([mark(1)])
    event = store.append([fill(1)])[0].recorded.recorded_at
    [again] = store.record_prices([mark(2)])
    assert (event, again.price.recorded_at) == (
        START + timedelta(microseconds=1),
        START + timedelta(microseconds=2),
    )


def test_they_are_read_in_pages(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.prices.PAGE", 3)
    store.record_prices([mark(n, instrument_id=f"I{n % 2}") for n in range(10)])
    assert [one.number for one in store.prices()] == list(range(1, 11))
    assert [one.number for one in store.prices("I1", after=2)] == [4, 6, 8, 10]
    assert [one.number for one in store.prices(after=2, limit=4)] == [3, 4, 5, 6]


def test_rates_are_listed_by_their_pair(store: LogStore) -> None:
    store.record_prices([rate("1.08"), rate("0.92", "USD", "EUR"), mark(1)])
    assert [one.number for one in store.rates("EUR", "USD")] == [1]


def test_a_dry_run_answers_and_writes_nothing(store: LogStore) -> None:
    outcomes = store.record_prices([mark(1), mark(1)], dry_run=True)
    assert [one.is_new for one in outcomes] == [True, False]
    assert store.price("ESZ6") is None


def test_all_or_nothing(store: LogStore) -> None:
    """What no store could keep is refused before anything is written."""
    with pytest.raises(BadTextError):
        store.record_prices([mark(1), mark(1, instrument_id="é" * 1001)])
    assert store.price("ESZ6") is None


def test_a_rate_made_of_another_is_not_recorded(store: LogStore) -> None:
    with pytest.raises(BadTextError, match="made of another"):
        store.record_prices([rate().inverse()])


def test_what_is_no_price_is_refused(store: LogStore) -> None:
    with pytest.raises(BadTextError, match="neither"):
        store.record_prices([Decimal(1)])  # type: ignore[list-item]


def test_with_events_it_stands_or_falls(store: LogStore) -> None:
    with suppress(ZeroDivisionError), store.exclusive():
        store.append([fill(1)])
        store.record_prices([mark(1)])
        store.append([fill(2)])
        raise ZeroDivisionError
    assert (store.head(), list(store.prices())) == (0, [])
    with store.exclusive():
        store.record_prices([mark(1)])
        store.append([fill(1)])
        store.record_prices([mark(2)])
    assert (store.head(), store.log.price_head().number) == (1, 2)
    assert store.verify(store.digest()).ok


def test_no_price_is_recorded_inside_an_append(store: LogStore) -> None:
    store.append([fill(1)])

    def revise(*_: object) -> list[Any]:
        store.record_prices([mark(1)])
        return []

    with pytest.raises(StoreError, match="append is going on"):
        store.append([fill(1)], revise=revise)


def test_many_at_once(store: LogStore) -> None:
    many = [mark(n % 7, at=CLOSE + timedelta(seconds=n)) for n in range(2500)]
    assert all(one.is_new for one in store.record_prices(many))
    assert not any(one.is_new for one in store.record_prices(many))
    assert store.verify(store.digest()).prices == 2500


def test_a_closed_store_has_no_prices(store: LogStore) -> None:
    store.close()
    for call in (lambda: store.price("ESZ6"), lambda: store.record_prices([mark(1)])):
        with pytest.raises(StoreClosedError):
            call()
