"""Facts about orders may be skimmed: what that leaves out is read, and refused, when asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import (
    TOPICS,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    Recorded,
    StopMoved,
    StopReason,
    make_fact,
)
from ledger.domain.skimmed import Skimmed, kind_of, whole
from ledger.errors import CorruptEventError, UnknownTopicError
from ledger.store.base import LogStore
from ledger.store.codec import Codec
from ledger.store.memory import MemoryStore
from ledger.store.recorders import Writer
from tests.contract.helpers import HAPPENED, Clock, fill, order

TIME = "2026-03-02T14:31:00.000000Z"


def told(store: LogStore, *events: Any) -> None:
    store.append([make_fact("U1", event, HAPPENED) for event in events])


def stored(store: LogStore, topic: str, state: bytes) -> None:
    """A row as somebody else might have written it."""
    with store.log.writing():
        writer = Writer(store.log)
        store.log.add([writer.tip.seal("U1", None, topic, state, f"k{state!r}", TIME, TIME)])


def test_a_skimmed_fact_is_the_fact_when_read(store: LogStore) -> None:
    store.append([order("c1"), fill(1, cl_ord_id="c1")])
    told(
        store,
        OrderAccepted(cl_ord_id="c1", order_id="v1"),
        StopMoved(cl_ord_id="c1", stop_px=Decimal(99), reason=StopReason.TRAILING),
        OrderCancelled(cl_ord_id="c1"),
    )
    facts = list(store.skim("U1"))
    assert [type(fact) for fact in facts] == [Skimmed, Recorded, Skimmed, Skimmed, Skimmed]
    assert [whole(fact) for fact in facts] == list(store.read("U1"))
    for fact, recorded in zip(facts, store.read("U1"), strict=True):
        told_of = (fact.number, fact.version, fact.occurred_at, fact.hash, kind_of(fact))
        assert told_of == (*(recorded[i] for i in (0, 2, 4, 9)), type(recorded.event))
    placed = facts[0]
    assert isinstance(placed, Skimmed)
    assert (placed.cl_ord_id, placed.order_qty) == ("c1", Decimal(1))


def test_a_part_of_a_stream_can_be_skimmed(store: LogStore) -> None:
    store.append([order(f"c{n}") for n in range(6)])
    assert [fact.number for fact in store.skim("U1", after=2, upto=5)] == [3, 4, 5]


def test_what_names_two_orders_is_read_whole(store: LogStore) -> None:
    told(store, OrderCancelled(cl_ord_id="c2", orig_cl_ord_id="c1"))
    assert list(store.skim("U1")) == list(store.read("U1"))


@pytest.mark.parametrize(
    "state", [b"", b"{", b"[]", b"{}", b'{"cl_ord_id":7}', b'{"cl_ord_id":"c","order_qty":"NaN"}']
)
def test_a_broken_body_stops_who_skims(store: LogStore, state: bytes) -> None:
    stored(store, OrderPlaced.TOPIC, state)
    with pytest.raises(CorruptEventError):
        list(store.skim("U1"))


def test_damage_out_of_sight_stops_who_asks_for_the_order(store: LogStore) -> None:
    store.append([order("good")])
    stored(store, OrderPlaced.TOPIC, b'{"cl_ord_id":"bad","order_qty":"1","side":"sideways"}')
    book = ledger.Book(store, Clock())
    assert book.order("U1", "good").cl_ord_id == "good"
    with pytest.raises(CorruptEventError, match="order-placed/1"):
        book.order("U1", "bad")
    with pytest.raises(CorruptEventError, match="order-placed/1"):
        book.open_orders("U1")


def test_a_topic_this_version_does_not_know_is_not_skimmed() -> None:
    known = {topic: kind for topic, kind in TOPICS.items() if kind is not OrderPlaced}
    store = MemoryStore(Clock(), codec=Codec(known))
    stored(store, OrderPlaced.TOPIC, b'{"cl_ord_id":"c1","order_qty":"1"}')
    with pytest.raises(UnknownTopicError, match="order-placed/1"):
        list(store.skim("U1"))
