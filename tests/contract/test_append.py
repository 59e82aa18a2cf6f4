"""An append answers for every fact whether it was new, a repeat or a conflict."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from ledger.domain.events import Fact, FillSighted, Meta, Recorded, Source, make_fact
from ledger.errors import (
    BadTextError,
    ConflictError,
    NaiveTimeError,
    StaleStreamError,
    StoreClosedError,
    StoreError,
    UnknownTopicError,
)
from ledger.store.base import LogStore
from ledger.store.port import AlreadyAppended, Appended, Conflict
from tests.contract.helpers import HAPPENED, START, Clock, fill, order


def kinds(outcomes: Iterable[object]) -> list[type]:
    return [type(outcome) for outcome in outcomes]


# ------------------------------------------------------------------------------- three answers


def test_a_new_fact_is_appended(store: LogStore) -> None:
    [outcome] = store.append([fill(1)])
    assert isinstance(outcome, Appended)
    assert list(store.read_all()) == [outcome.recorded]


def test_the_same_fact_again_is_already_appended(store: LogStore) -> None:
    [first] = store.append([fill(1)])
    [again] = store.append([fill(1)])
    assert again == AlreadyAppended(first.recorded)
    assert store.head() == 1


def test_the_same_content_at_another_time_is_the_same(store: LogStore) -> None:
    store.append([fill(1)])
    [again] = store.append([fill(1)._replace(occurred_at=HAPPENED + timedelta(hours=1))])
    assert kinds([again]) == [AlreadyAppended]
    assert again.recorded.occurred_at == HAPPENED


def test_an_absent_field_is_unknown_and_not_different(store: LogStore) -> None:
    store.append([fill(1)])
    assert kinds(store.append([fill(1, currency=None)])) == [AlreadyAppended]


def test_other_content_is_a_conflict_and_the_first_stands(store: LogStore) -> None:
    [first] = store.append([fill(1)])
    [outcome] = store.append([fill(1, last_qty=Decimal(3))])
    assert isinstance(outcome, Conflict)
    assert outcome.differing == (("last_qty", "2", "3"),)
    assert list(store.read("U1")) == [first.recorded]


def test_repeats_inside_a_batch_are_answered_one_by_one(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(1), fill(2), fill(1, last_qty=Decimal(9)), fill(2)])
    assert kinds(outcomes) == [Appended, AlreadyAppended, Appended, Conflict, AlreadyAppended]
    assert [outcome.recorded.number for outcome in outcomes] == [1, 1, 2, 1, 2]


def test_an_empty_append_writes_nothing(store: LogStore) -> None:
    assert store.append([]) == []
    assert store.head() == 0


# ---------------------------------------------------------------------- what the envelope says


def test_versions_are_gapless_by_stream_and_numbers_in_the_log(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(1, "U2"), fill(2), fill(2, "U2")])
    places = [(o.recorded.number, o.recorded.stream, o.recorded.version) for o in outcomes]
    assert places == [(1, "U1", 1), (2, "U2", 1), (3, "U1", 2), (4, "U2", 2)]


def test_an_event_follows_the_hash_of_the_one_before_it(store: LogStore) -> None:
    first, other, second = (o.recorded for o in store.append([fill(1), fill(1, "U2"), fill(2)]))
    assert first.prev_hash == other.prev_hash == "0" * 64
    assert second.prev_hash == first.hash


def test_recorded_at_is_the_clock_s_word(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(2)])
    assert [o.recorded.recorded_at for o in outcomes] == [START, START + timedelta(seconds=1)]


def test_recorded_at_always_moves_on(store: LogStore, clock: Clock) -> None:
    store.append([fill(1)])
    clock.now, clock.step = START - timedelta(days=1), timedelta(0)
    times = [o.recorded.recorded_at for o in store.append([fill(2), fill(3)])]
    assert times == [START + timedelta(microseconds=1), START + timedelta(microseconds=2)]


def test_a_repeat_does_not_read_the_clock(store: LogStore, clock: Clock) -> None:
    store.append([fill(1)])
    before = clock.now
    store.append([fill(1)])
    assert clock.now == before


def test_occurred_at_is_kept_in_utc(store: LogStore) -> None:
    there = HAPPENED.astimezone(timezone(timedelta(hours=-5)))
    [outcome] = store.append([fill(1)._replace(occurred_at=there)])
    assert outcome.recorded.occurred_at.tzinfo is UTC
    assert outcome.recorded == next(store.read_all())


def test_who_and_why_come_back(store: LogStore) -> None:
    meta = Meta(actor="ops", causation_id="c", source=Source(adapter="ibkr", row="Größe 7"))
    store.append([fill(1, meta=meta), fill(2)])
    assert [recorded.meta for recorded in store.read("U1")] == [meta, Meta()]


# ------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"key": ""}, BadTextError),
        ({"key": "a\x00b"}, BadTextError),
        ({"key": "\ud800"}, BadTextError),
        ({"stream": ""}, BadTextError),
        ({"stream": "U1\n"}, BadTextError),
        ({"occurred_at": datetime(2026, 1, 1)}, NaiveTimeError),  # noqa: DTZ001
        ({"occurred_at": datetime(1969, 1, 1, tzinfo=UTC)}, NaiveTimeError),
        ({"event": object()}, UnknownTopicError),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_whole_batch(
    store: LogStore, wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        store.append([fill(1), fill(2)._replace(**wrong)])
    assert store.head() == 0


def test_a_closed_store_says_so(store: LogStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreClosedError):
        store.append([fill(1)])
    with pytest.raises(StoreClosedError):
        store.head()


# ------------------------------------------------------------------------- versions to hold to


def test_a_command_decided_at_the_present_version_is_written(store: LogStore) -> None:
    store.append([fill(1)], expected={"U1": 0})
    assert kinds(store.append([fill(2)], expected={"U1": 1})) == [Appended]


@pytest.mark.parametrize("expected", [{"U1": 0}, {"U1": 2}, {"U1": 1, "U2": 5}])
def test_a_command_decided_at_another_version_is_stale(
    store: LogStore, expected: dict[str, int]
) -> None:
    store.append([fill(1)])
    with pytest.raises(StaleStreamError, match="decide again"):
        store.append([fill(2)], expected=expected)
    assert store.head() == 1


def test_a_broker_s_word_is_never_stale(store: LogStore) -> None:
    store.append([fill(1)])
    assert kinds(store.append([fill(2)])) == [Appended]


def test_a_command_whose_answer_was_lost_is_no_stale_one(store: LogStore) -> None:
    store.append([order("c1")], expected={"U1": 0})
    assert kinds(store.append([order("c1")], expected={"U1": 0})) == [AlreadyAppended]


def test_after_a_lost_answer_the_retry_finds_everything(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut() -> None:
        raise ConnectionError

    monkeypatch.setattr(store.log, "ring", cut)  # the first thing that happens after the commit
    with pytest.raises(ConnectionError):
        store.append([fill(1), fill(2)])
    monkeypatch.undo()
    assert kinds(store.append([fill(1), fill(2)])) == [AlreadyAppended] * 2


# ---------------------------------------------------------------------------- ways to append


def test_all_or_nothing_refuses_a_conflict(store: LogStore) -> None:
    store.append([fill(1)])
    with pytest.raises(ConflictError, match="last_qty 2, not 3"):
        store.append([fill(2), fill(1, last_qty=Decimal(3))], all_or_nothing=True)
    assert store.head() == 1


def test_all_or_nothing_lets_repeats_pass(store: LogStore) -> None:
    store.append([fill(1)])
    assert kinds(store.append([fill(1), fill(2)], all_or_nothing=True)) == [
        AlreadyAppended,
        Appended,
    ]


def test_a_dry_run_answers_the_same_and_writes_nothing(store: LogStore, clock: Clock) -> None:
    store.append([fill(1)])
    facts, now = [fill(2), fill(1), fill(2), fill(1, last_qty=Decimal(3))], clock.now
    tried = store.append(facts, dry_run=True)
    assert store.head() == 1
    clock.now = now
    assert store.append(facts) == tried


def sighting(fact: Fact, recorded: Recorded) -> list[Fact]:
    """What ingest makes of a repeat: the same fill, seen on another channel."""
    event = FillSighted(exec_id=str(recorded.number), channel="statement", venue="IBKR")
    return [make_fact(fact.stream, event, HAPPENED)]


def test_revise_is_asked_for_every_known_key(store: LogStore) -> None:
    store.append([fill(1)])
    asked: list[tuple[Fact, int]] = []

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        asked.append((fact, recorded.number))
        return []

    facts = [fill(1), fill(2), fill(2), fill(1, last_qty=Decimal(3))]
    store.append(facts, revise=revise)
    assert asked == [(facts[0], 1), (facts[2], 2), (facts[3], 1)]


def test_what_revise_returns_is_appended_but_not_answered(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(1)], revise=sighting)
    assert len(outcomes) == 2
    assert [type(r.event).__name__ for r in store.read_all()] == ["FillBooked", "FillSighted"]


def test_what_revise_returns_is_written_once(store: LogStore) -> None:
    for _ in range(3):
        store.append([fill(1), fill(1)], revise=sighting)
    assert store.head() == 2


def test_a_dry_run_also_revises_and_writes_nothing(store: LogStore) -> None:
    store.append([fill(1)])
    store.append([fill(1)], revise=sighting, dry_run=True)
    assert store.head() == 1


def test_when_revise_fails_nothing_is_written(store: LogStore) -> None:
    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        raise KeyError(fact.key)

    with pytest.raises(KeyError):
        store.append([fill(1), fill(1)], revise=revise)
    assert store.head() == 0


def test_revise_may_read_the_store(store: LogStore) -> None:
    store.append([fill(1)])
    seen: list[Recorded] = []

    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        seen.extend(store.refs("U1", "exec", fact.key))
        return []

    store.append([fill(1)], revise=revise)
    assert [recorded.number for recorded in seen] == [1]


def test_revise_may_not_append(store: LogStore) -> None:
    def revise(fact: Fact, recorded: Recorded) -> list[Fact]:
        store.append([fill(7)])
        return []

    with pytest.raises(StoreError, match="return facts from revise"):
        store.append([fill(1), fill(1)], revise=revise)
    assert store.head() == 0
