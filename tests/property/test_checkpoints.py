"""Saved states change no answer: with one after nearly every fact, every question about every
moment is answered as by a store that has none and replays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.accounts import Account
from ledger.domain.events import (
    Event,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderCancelled,
    OrderPlaced,
    Side,
    SplitApplied,
)
from ledger.domain.saved import save_account, save_position
from ledger.store.base import LogStore
from ledger.store.checkpoints import REDUCER
from tests.property.arrivals import Arrival, arrivals
from tests.property.state import account_state, holdings, state_of
from tests.property.stories import EVERYTHING
from tests.property.worlds import ACCOUNT

ORDERLY = (*EVERYTHING, "order", "order", "fill", "bust")
SMALL = {
    "ledger.store.checkpoints.EVERY": 2,
    "ledger.store.checkpoints.BYTES_PER_FACT": 10**9,
    "ledger.history.CHUNK": 3,
    "ledger.history.FEW": 1,
    "ledger.domain.positions.POINT_EVERY": 3,
    "ledger.domain.positions.FLAT_EVERY": 2,
    "ledger.domain.positions.KEEP": 2,
    "ledger.domain.resident_orders.RECENT": 1,
}


@contextmanager
def small() -> Iterator[None]:
    """Saved states every two facts, and hardly any fact resident."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(name, value)
        yield


@contextmanager
def never() -> Iterator[None]:
    """No saved states at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.store.checkpoints.EVERY", 10**9)
        yield


def saved_and_plain(arrival: Arrival) -> tuple[ledger.Book, ledger.Book]:
    """The same history twice: with saved states, in a book opened anew, and without any."""
    told = arrival.book()
    again = ledger.Book(told.store, told.clock)
    with never():
        plain = arrival.book()
    return again, plain


def open_orders(account: Account) -> list[Any]:
    """The views of the open orders, by id."""
    return sorted((one.view() for one in account.orders.open()), key=lambda one: one.cl_ord_id)


def figures(account: Account) -> dict[Any, Any]:
    """All that is compared."""
    held = [(one.currency, one.held) for one in account.balances() if one.held]
    return account_state(account) | {"orders": open_orders(account), "held": held}


def saved_states(book: ledger.Book) -> int:
    """How many states a book's store has saved."""
    store = book.store
    assert isinstance(store, LogStore)
    return len(store.log.spans(ACCOUNT, REDUCER, gt=0))


@given(arrivals(moves=ORDERLY, books=("net", "hedge")))
def test_a_book_opened_anew_goes_on_as_if_it_had_never_closed(arrival: Arrival) -> None:
    with small():
        told = arrival.book()
        told.account(ACCOUNT)
        again = ledger.Book(told.store, told.clock)
        assert state_of(again) == state_of(told)
        assert figures(again.account(ACCOUNT)) == figures(told.account(ACCOUNT))


@given(arrivals(moves=ORDERLY, books=("net", "hedge")), st.data())
def test_what_comes_after_opening_anew_finds_its_place(
    arrival: Arrival, data: st.DataObject
) -> None:
    """Also what is late by more than the saved states reach."""
    cut = data.draw(st.integers(0, len(arrival.facts)))
    first, rest = arrival.facts[:cut], arrival.facts[cut:]
    with small():
        book = Arrival(arrival.story, [[fact] for fact in first]).book()
        book.account(ACCOUNT)
        again = ledger.Book(book.store, book.clock)
        for fact in rest:
            again.account(ACCOUNT)
            again.record_all([fact])
        resident = figures(again.account(ACCOUNT))
    with never():
        plain = Arrival(arrival.story, [arrival.facts]).book()
        assert resident == figures(plain.account(ACCOUNT))


@given(arrivals(moves=ORDERLY, books=("net", "hedge"), max_moves=24), st.data())
def test_the_past_is_answered_as_by_a_replay(arrival: Arrival, data: st.DataObject) -> None:
    with small():
        saved, plain = saved_and_plain(arrival)
        saved.account(ACCOUNT)
        for _ in range(6):
            when = moment(arrival, saved, data)
            ours = saved.at(ACCOUNT, **when)
            with never():
                replayed = plain.at(ACCOUNT, **when)
            assert figures(ours) == figures(replayed)
            for key in holdings(replayed):
                assert saved.position(ACCOUNT, *key, **when) == replayed.view(key)


def moment(arrival: Arrival, book: ledger.Book, data: st.DataObject) -> dict[str, Any]:
    """A moment in one of the two times, or in both."""
    times: list[datetime] = sorted({fact.occurred_at for fact in arrival.facts})
    known_at = data.draw(st.none() | st.integers(1, book.store.head()))
    as_of = data.draw(st.none() | st.sampled_from(times))
    return {"known_at": known_at or book.store.head(), "as_of": as_of}


@given(arrivals(moves=ORDERLY, books=("net",)))
def test_there_are_saved_states_in_these_tests(arrival: Arrival) -> None:
    with small():
        book = arrival.book()
        account = book.account(ACCOUNT)
        if account.version > 10:
            assert saved_states(book)


@given(arrivals(moves=ORDERLY, books=("net", "hedge")))
def test_what_is_saved_again_is_the_same(arrival: Arrival) -> None:
    """A restored account saves the state it was restored from."""
    with small():
        book = arrival.book()
        account = book.account(ACCOUNT)
        found = book.store.checkpoints.find(ACCOUNT, account.number)
        if found is not None:
            restored = book.store.checkpoints.account(ACCOUNT, found.span.number)
            assert save_account(restored) == found.body.account
            for key, position in restored.positions.items():
                assert save_position(position).holding.lots == tuple(account_lots(restored, key))


def account_lots(account: Account, key: Any) -> Any:
    return account.positions[key].holding.lots


def bought(exec_id: str, cl_ord_id: str | None = None) -> FillBooked:
    return FillBooked(
        exec_id=exec_id,
        instrument_id="X",
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(100),
        cl_ord_id=cl_ord_id,
        currency="USD",
    )


@pytest.mark.parametrize("place", ["X", None])
@pytest.mark.parametrize("cut", range(2, 7))
@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_what_waits_for_a_fill_that_left_memory_or_never_came_is_not_forgotten(
    place: str | None, cut: int, order: tuple[int, ...]
) -> None:
    told: list[Event] = [
        OrderPlaced(cl_ord_id="o", instrument_id="X", side=Side.BUY, order_qty=Decimal(1)),
        bought("1"),
        bought("2"),
    ]
    chain: list[Event] = [
        bought("3", "o"),
        FillCorrected(exec_id="c", exec_ref_id="3", last_qty=Decimal(1), instrument_id=place),
        FillBusted(exec_id="b", exec_ref_id="c", instrument_id=place),
    ]
    at = datetime(2026, 1, 5, tzinfo=UTC)
    told += [chain[n] for n in order]
    facts = [ledger.make_fact(ACCOUNT, event, at) for event in told]
    with small():
        book = ledger.open("memory://")
        book.open_account(ACCOUNT, base_currency="USD", occurred_at=at)
        for fact in facts[:cut]:
            book.record_all([fact])
        book.account(ACCOUNT)  # saves its state
        again = ledger.Book(book.store, book.clock)
        for fact in facts[cut:]:
            again.open_orders(ACCOUNT)
            again.record_all([fact])
        assert [(one.cl_ord_id, one.cum_qty) for one in again.open_orders(ACCOUNT)] == [("o", 0)]
        assert again.position(ACCOUNT, "X").net_qty == 2


def test_a_position_older_than_many_changes_of_its_instrument_is_read_whole() -> None:
    """A token that is rebased every day has more splits than facts stay in memory."""
    at = datetime(2026, 1, 5, tzinfo=UTC)
    with small():
        book = ledger.open("memory://")
        book.open_account(ACCOUNT, base_currency="USD", occurred_at=at)
        for nth in range(6):
            split = SplitApplied(
                id=str(nth), instrument_id="X", numerator=Decimal(2), denominator=Decimal(1)
            )
            book.record(ACCOUNT, split, occurred_at=at + timedelta(days=nth + 2))
        book.record(ACCOUNT, bought("1"), occurred_at=at + timedelta(days=1))
        assert book.position(ACCOUNT, "X").net_qty == 2**6


def test_an_order_whose_end_was_told_before_its_placing_has_ended() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    told: list[Event] = [
        OrderCancelled(cl_ord_id="o"),
        bought("1"),
        OrderPlaced(cl_ord_id="o", instrument_id="X", side=Side.BUY, order_qty=Decimal(1)),
    ]
    with small():
        book = ledger.open("memory://")
        book.open_account(ACCOUNT, base_currency="USD", occurred_at=at)
        for second, event in enumerate(told, start=1):
            again = ledger.Book(book.store, book.clock)
            again.account(ACCOUNT)  # saves its state
            again = ledger.Book(book.store, book.clock)
            again.account(ACCOUNT)
            again.record(ACCOUNT, event, occurred_at=at + timedelta(seconds=second))
        assert ledger.Book(book.store, book.clock).open_orders(ACCOUNT) == []
