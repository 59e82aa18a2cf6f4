"""Large appends: written before they end, and still whole or not at all."""

from __future__ import annotations

import pytest

from ledger.domain.events import Fact, FillSighted, Recorded, make_fact
from ledger.errors import BadTextError
from ledger.store import sqlite
from ledger.store.base import LogStore
from ledger.store.port import AlreadyAppended, Appended
from tests.contract.helpers import HAPPENED, fill

MANY = 2_500


@pytest.fixture(autouse=True)
def fed_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "FEED_FROM", 1_000)


def many() -> list[Fact]:
    return [fill(n) for n in range(MANY)]


def sighting(fact: Fact, recorded: Recorded) -> list[Fact]:
    event = FillSighted(exec_id=str(recorded.number), channel="statement", venue="IBKR")
    return [make_fact(fact.stream, event, HAPPENED)]


def test_large_appends_in_one_transaction(store: LogStore) -> None:
    with store.exclusive():
        for first in (0, 100, 200):
            store.append([fill(n) for n in range(first, first + 100)])
        store.append([fill("one more")])
    assert store.head() == 301
    assert store.verify().ok


def test_a_large_append_answers_for_each_fact_and_has_every_key(store: LogStore) -> None:
    store.append([fill(7)])
    facts = [*many(), fill(3), fill(MANY - 1)]
    outcomes = store.append(facts, revise=sighting)
    known = [n for n, one in enumerate(outcomes) if isinstance(one, AlreadyAppended)]
    assert known == [7, MANY, MANY + 1]
    assert store.head() == MANY + 3
    assert store.by_key([fact.key for fact in facts]).keys() == {fact.key for fact in facts}
    assert store.verify().ok
    assert all(isinstance(one, AlreadyAppended) for one in store.append(many()))


def test_a_large_append_that_fails_at_its_end_leaves_nothing_and_may_be_repeated(
    store: LogStore,
) -> None:
    with pytest.raises(BadTextError):
        store.append([*many(), fill("bad")._replace(key="a\nb")], revise=sighting)
    assert (store.head(), store.by_key([fill(1).key])) == (0, {})
    assert all(isinstance(one, Appended) for one in store.append(many(), revise=sighting))
    assert store.verify().ok


def test_a_large_dry_run_answers_the_same_and_writes_nothing(store: LogStore) -> None:
    outcomes = store.append([*many(), fill(3)], revise=sighting, dry_run=True)
    assert [isinstance(one, Appended) for one in outcomes] == [True] * MANY + [False]
    assert store.head() == 0


def test_the_hashes_that_are_answered_are_those_that_are_kept(store: LogStore) -> None:
    outcomes = store.append([fill(1), fill(2, "U2"), fill(3), fill(4, "U2")])
    assert [outcome.recorded for outcome in outcomes] == list(store.read_all())
