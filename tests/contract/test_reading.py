"""What was appended is found again: by stream, number, key, time and by what it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.events import (
    FeeCharged,
    FillBusted,
    OrderPlaced,
    OrdersLinked,
    SpinOffReceived,
    make_fact,
)
from ledger.domain.events.orders import Contingency, OrderReplaced
from ledger.errors import CorruptEventError, NaiveTimeError, StoreError, UnknownTopicError
from ledger.store import base
from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.recorders import Writer
from tests.contract.helpers import HAPPENED, START, Clock, fill, order


def numbers(records: Any) -> list[int]:
    return [recorded.number for recorded in records]


@pytest.fixture
def filled(store: LogStore) -> LogStore:
    """Ten fills, in turn of two accounts: odd numbers are U1's, even ones U2's."""
    store.append([fill(n, f"U{1 + (n + 1) % 2}") for n in range(1, 11)])
    return store


def test_an_empty_store_has_nothing(store: LogStore) -> None:
    assert (store.head(), store.version("U1"), store.streams()) == (0, 0, [])
    assert list(store.read("U1")) == list(store.read_all()) == []
    assert store.number_at(START) == 0


def test_a_stream_is_read_by_version_and_number(filled: LogStore) -> None:
    assert numbers(filled.read("U1")) == [1, 3, 5, 7, 9]
    assert numbers(filled.read("U1", after=2)) == [5, 7, 9]
    assert numbers(filled.read("U1", after=1, upto=7)) == [3, 5, 7]
    assert numbers(filled.read("U1", upto=8)) == [1, 3, 5, 7]


def test_the_log_is_read_by_number(filled: LogStore) -> None:
    assert numbers(filled.read_all(after=3, upto=6)) == [4, 5, 6]


def test_pages_join_without_a_seam(filled: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in range(1, 7):
        monkeypatch.setattr(base, "PAGE", page)
        assert numbers(filled.read_all()) == list(range(1, 11))
        assert numbers(filled.read("U2", upto=8)) == [2, 4, 6, 8]
        assert numbers(filled.refs("U1", "instrument", "ESZ6", upto=7)) == [1, 3, 5, 7]
        assert filled.verify().ok


def test_a_reader_does_not_hold_up_a_writer(
    filled: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PAGE", 3)
    seen = []
    for recorded in filled.read_all():
        seen.append(recorded.number)
        if recorded.number < 15:
            filled.append([fill(f"n{recorded.number}")])
    assert seen == list(range(1, 25))


def test_streams_and_their_versions(filled: LogStore) -> None:
    filled.append([fill(1, "a"), fill(1, "ä"), fill(1, "Z")])
    assert filled.streams() == ["U1", "U2", "Z", "a", "ä"]
    assert [filled.version(name) for name in ("U1", "a", "none")] == [5, 1, 0]


def test_facts_are_found_by_key(filled: LogStore) -> None:
    keys = [fill(3).key, fill(4, "U2").key, "no such key", "a\x00b"]
    found = filled.by_key(keys)
    assert {key: recorded.number for key, recorded in found.items()} == {keys[0]: 3, keys[1]: 4}
    assert filled.by_key([]) == {}


# ---------------------------------------------------------------------------------- known at


def test_a_moment_resolves_to_the_last_number_recorded_by_then(filled: LogStore) -> None:
    second = timedelta(seconds=1)
    moments = [START - second, START, START + second / 2, START + 4 * second, START + 99 * second]
    assert [filled.number_at(moment) for moment in moments] == [0, 1, 1, 5, 10]


def test_a_moment_has_a_zone(store: LogStore) -> None:
    with pytest.raises(NaiveTimeError):
        store.number_at(datetime(2026, 1, 1))  # noqa: DTZ001


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(-2, 130))
def test_number_at_is_a_count(steps: list[int], seconds: int) -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for id, step in enumerate(steps):
        clock.step = timedelta(seconds=step)
        store.append([fill(id)])
    moment = START + timedelta(seconds=seconds)
    assert store.number_at(moment) == sum(r.recorded_at <= moment for r in store.read_all())


# -------------------------------------------------------------------------------------- refs


def test_an_order_s_events_are_found_by_every_id_it_had(store: LogStore) -> None:
    replaced = OrderReplaced(cl_ord_id="c2", orig_cl_ord_id="c1")
    linked = OrdersLinked(link_id="l", contingency=Contingency.OCO, cl_ord_ids=("c1", "c3"))
    facts = [order("c1"), make_fact("U1", replaced, HAPPENED), make_fact("U1", linked, HAPPENED)]
    store.append([*facts, order("c3"), fill(1, cl_ord_id="c2"), order("c1", "U2")])
    assert numbers(store.refs("U1", "order", "c1")) == [1, 2, 3]
    assert numbers(store.refs("U1", "order", "c2")) == [2, 5]
    assert numbers(store.refs("U2", "order", "c1")) == [6]


def test_an_instrument_s_events_include_a_spin_off_s_parent(store: LogStore) -> None:
    event = SpinOffReceived(id="s", instrument_id="NEW", parent_id="ESZ6", qty=Decimal(1))
    store.append([fill(1), make_fact("U1", event, HAPPENED)])
    assert numbers(store.refs("U1", "instrument", "ESZ6")) == [1, 2]
    assert numbers(store.refs("U1", "instrument", "NEW")) == [2]


def test_a_fill_s_events_are_found_by_its_key(store: LogStore) -> None:
    bust = FillBusted(exec_id="b", exec_ref_id="000001", venue="IBKR")
    fee = FeeCharged(id="f", amount=Decimal(1), currency="USD", venue="IBKR", exec_id="000001")
    facts = [fill(1), fill(2), make_fact("U1", bust, HAPPENED), make_fact("U1", fee, HAPPENED)]
    store.append(facts)
    assert numbers(store.refs("U1", "exec", facts[0].key)) == [1, 3, 4]


def test_refs_are_caught_up_whenever_they_are_asked(store: LogStore) -> None:
    for n in range(1, 4):
        store.append([order(f"c{n}"), fill(n, cl_ord_id="c1")])
        assert len(list(store.refs("U1", "order", "c1"))) == n + 1


def test_the_index_of_refs_may_be_dropped(filled: LogStore) -> None:
    before = list(filled.refs("U1", "instrument", "ESZ6"))
    filled.rebuild_refs()
    assert list(filled.refs("U1", "instrument", "ESZ6")) == before != []


def test_an_index_that_is_dropped_by_another_is_done_without(filled: LogStore) -> None:
    before = list(filled.refs("U1", "instrument", "ESZ6"))
    upto = before[-1].number
    with filled.log.writing():
        filled.log.clear_refs()
    for _ in range(2):
        assert list(filled.refs("U1", "instrument", "ESZ6", upto=upto)) == before != []


def test_refs_can_leave_out_topics(filled: LogStore) -> None:
    filled.append([order("c9")])
    every = list(filled.refs("U1", "instrument", "ESZ6"))
    fills = list(filled.refs("U1", "instrument", "ESZ6", but={OrderPlaced.TOPIC}))
    assert [one for one in every if not isinstance(one.event, OrderPlaced)] == fills
    assert len(every) == len(fills) + 1


def test_pages_that_grow_join_without_a_seam(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.base.FIRST_PAGE", 2)
    monkeypatch.setattr("ledger.store.base.PAGE", 5)
    store.append([fill(n) for n in range(30)])
    for count in range(31):
        assert numbers(store.read("U1", upto=count)) == list(range(1, count + 1))
        assert numbers(store.read("U1", after=count)) == list(range(count + 1, 31))


def test_refs_of_an_unknown_kind_are_refused(store: LogStore) -> None:
    with pytest.raises(StoreError, match="symbol"):
        store.refs("U1", "symbol", "ES")


# ------------------------------------------------------------------------- what cannot be read


def foreign(store: LogStore, topic: str, state: bytes, key: str | None = None) -> None:
    """A row as a newer version, or another program, might have written it."""
    time = "2026-03-02T14:31:00.000000Z" if key else None
    with store.log.writing():
        writer = Writer(store.log)
        store.log.add([writer.tip.seal("U1", None, topic, state, key, time, time)])


def test_an_unknown_topic_stops_the_reader(store: LogStore) -> None:
    store.append([fill(1)])
    foreign(store, "fill-teleported/1", b"{}", key="k")
    with pytest.raises(UnknownTopicError, match="fill-teleported/1"):
        list(store.read("U1"))
    with pytest.raises(UnknownTopicError):
        store.refs("U1", "order", "c1")
    assert store.verify().ok


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b'{"exec_id":"1"}', b"\xff\xfe"])
def test_a_broken_body_stops_the_reader(store: LogStore, state: bytes) -> None:
    foreign(store, "fill-booked/1", state, key="k")
    with pytest.raises(CorruptEventError):
        list(store.read_all())


def test_another_program_s_event_is_no_fact(store: LogStore) -> None:
    foreign(store, "order-expired/1", b'{"cl_ord_id":"c1"}')
    with pytest.raises(CorruptEventError, match="another program"):
        list(store.read("U1"))
    assert list(store.refs("U1", "order", "c1")) == []
