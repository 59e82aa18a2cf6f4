"""Appends and ``eventsourcing``'s recorders write the same rows by the same way."""

from __future__ import annotations

from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from ledger.errors import CorruptEventError
from ledger.store.base import LogStore
from tests.contract.helpers import fill

ID = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def event(stream: UUID | str, version: int, state: bytes = b"\x00\xff") -> StoredEvent:
    return StoredEvent(stream, version, "somebody.Else", state)


def test_what_was_appended_is_a_notification(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(1, "U2"), fill(2)])
    notifications = store.recorder.select_notifications(1, 10)
    assert [n.id for n in notifications] == [o.recorded.number for o in outcomes]
    rows = list(store.rows())
    assert [(n.originator_id, n.originator_version, n.topic, n.state) for n in notifications] == [
        (row.stream, row.version, row.topic, row.state) for row in rows
    ]


def test_what_was_inserted_is_chained(store: LogStore) -> None:
    store.recorder.insert_events([event("A", 0), event(ID, 7), event("A", 5)])
    rows = list(store.rows())
    assert rows[2].prev_hash == rows[0].hash
    assert store.verify(store.digest()).events == 3
    assert store.verify().ok


def test_both_kinds_share_one_order(store: LogStore) -> None:
    store.append([fill(1)])
    assert store.recorder.insert_events([event("A", 1)]) == [2]
    assert store.append([fill(2)])[0].recorded.number == 3
    assert store.verify().ok


def test_appends_after_an_insert_still_know_the_last_time(store: LogStore) -> None:
    first = store.append([fill(1)])[0].recorded
    store.recorder.insert_events([event("A", 1), event("A", 2)])
    assert store.number_at(first.recorded_at) == 1
    assert store.append([fill(2)])[0].recorded.recorded_at > first.recorded_at


def test_a_uuid_comes_back_as_a_uuid(store: LogStore) -> None:
    store.recorder.insert_events([event(ID, 1), event(str(ID), 1)])
    ids = [n.originator_id for n in store.recorder.select_notifications(1, 10)]
    assert ids == [ID, str(ID)]
    assert [e.originator_id for e in store.recorder.select_events(ID)] == [ID]


@pytest.mark.parametrize("version", [-1, 0, 3, 5])
def test_a_stream_only_grows(store: LogStore, version: int) -> None:
    store.recorder.insert_events([event("A", 5)])
    with pytest.raises(IntegrityError):
        store.recorder.insert_events([event("B", 1), event("A", version)])
    assert store.head() == 1


def test_tracking_that_fails_takes_its_events_along(store: LogStore) -> None:
    store.recorder.insert_tracking(Tracking("up", 5))
    with pytest.raises(IntegrityError):
        store.recorder.insert_events([event("A", 1)], tracking=Tracking("up", 5))
    assert store.head() == 0


def test_other_programs_events_are_not_read_as_facts(store: LogStore) -> None:
    store.recorder.insert_events([event("A", 1)])
    with pytest.raises(CorruptEventError, match="another program"):
        next(store.read_all())


def test_a_subscription_sees_appends_as_they_come(store: LogStore) -> None:
    store.append([fill(1)])
    with store.recorder.subscribe(gt=0) as subscription:
        seen = [next(subscription).id]
        store.append([fill(2), fill(3)])
        seen += [next(subscription).id, next(subscription).id]
    assert seen == [1, 2, 3]


def test_a_subscription_to_topics_passes_by_the_others(store: LogStore) -> None:
    store.append([fill(1), fill(2)])
    with store.recorder.subscribe(gt=None, topics=["somebody.Else"]) as subscription:
        store.recorder.insert_events([event("A", 1)])
        assert next(subscription).id == 3
