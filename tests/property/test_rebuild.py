"""An order or a position is rebuilt from its own facts, read through the index, no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given

import ledger
from ledger.domain.events import FillBooked, Recorded
from ledger.errors import UnknownOrderError
from ledger.rebuilding import rebuild_order, rebuild_position
from tests.property import model
from tests.property.arrivals import Arrival, arrivals
from tests.property.state import ORDERS, figures_of, holdings
from tests.property.stories import EVERYTHING, Story
from tests.property.worlds import ACCOUNT

ORDERLY = (*EVERYTHING, "order", "order", "order", "fill", "bust")
ELSEWHERE = ("read", "read_all")


class Watched:
    """A store that notes which facts were read by the index, and refuses to read a stream."""

    def __init__(self, store: ledger.EventStore) -> None:
        self.store = store
        self.seen: list[Recorded] = []

    def __getattr__(self, name: str) -> Any:
        if name in ELSEWHERE:
            raise AssertionError(f"{name} reads more than the aggregate's own facts")
        return getattr(self.store, name)

    def refs(self, *what: Any, **upto: Any) -> Iterator[Recorded]:
        for recorded in self.store.refs(*what, **upto):
            self.seen.append(recorded)
            yield recorded


@given(arrivals(books=("net", "hedge"), terse=True))
def test_a_rebuilt_position_is_the_resident_one(arrival: Arrival) -> None:
    account = (book := arrival.book()).account(ACCOUNT)
    for key, holding in holdings(account).items():
        store = Watched(book.store)
        rebuilt = rebuild_position(store, account, key)
        assert figures_of(rebuilt.holding) == figures_of(holding)


@given(arrivals(books=("net", "hedge")))
def test_only_facts_of_its_instrument_are_read(arrival: Arrival) -> None:
    account = (book := arrival.book()).account(ACCOUNT)
    for key in holdings(account):
        store = Watched(book.store)
        rebuild_position(store, account, key)
        assert all(key.instrument_id in _instruments(one) for one in store.seen)


def _instruments(recorded: Recorded) -> set[str | None]:
    event: Any = recorded.event
    defined = getattr(event, "instrument", None)
    named = {getattr(event, "instrument_id", None), getattr(event, "parent_id", None)}
    return named | {defined.instrument_id} if defined else named


@given(arrivals(moves=ORDERLY, terse=True))
def test_a_rebuilt_order_is_the_resident_one(arrival: Arrival) -> None:
    account = (book := arrival.book()).account(ACCOUNT)
    for name in ORDERS:
        if name in account.orders:
            store = Watched(book.store)
            rebuilt = rebuild_order(store, account, name)
            assert rebuilt.view() == account.orders[name].view()


@given(arrivals(moves=ORDERLY, terse=True))
def test_an_order_that_left_memory_is_still_answered_for(arrival: Arrival) -> None:
    book = arrival.book()
    said = {getattr(fact.event, "cl_ord_id", None) for fact in arrival.story.facts}
    for name in ORDERS:
        try:
            assert book.order(ACCOUNT, name).cl_ord_id == name
        except UnknownOrderError:
            assert name not in said


@given(arrivals(moves=ORDERLY, terse=True))
def test_an_order_has_what_its_fills_say(arrival: Arrival) -> None:
    book = arrival.book()
    known = {
        fact.event.cl_ord_id for fact in arrival.story.facts if isinstance(fact.event, FillBooked)
    }
    for name in known - {None}:
        assert name is not None
        order = book.order(ACCOUNT, name)
        assert order.cum_qty == _executed(arrival.story, name)


def _executed(story: Story, cl_ord_id: str) -> object:
    standing = (fill for _, fill, _ in model.effective(story.facts))
    ids = {
        fact.event.exec_id
        for fact in story.facts
        if isinstance(fact.event, FillBooked) and fact.event.cl_ord_id == cl_ord_id
    }
    return sum(fill.last_qty for fill in standing if fill.exec_id in ids)
