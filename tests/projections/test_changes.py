"""The stream of changes: whole and in order, however often its reader is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine

import ledger
from ledger.reading import Reader
from projections.changes import Entry
from projections.database import connect
from projections.errors import BadCursorError
from projections.lines import BalanceLine, PositionLine
from projections.reports import Reports
from projections.runner import Runner
from tests.projections.history import told
from tests.projections.tables import in_memory


@pytest.fixture(scope="module")
def store() -> ledger.EventStore:
    return told("memory://", 2_500, ["A"])


@pytest.fixture(scope="module")
def engine(store: ledger.EventStore) -> Iterator[Engine]:
    """Tables that have come as far as the store."""
    engine = connect("sqlite://")
    Runner(store, engine).catch_up()
    yield engine
    engine.dispose()


def test_ten_thousand_entries_over_fifty_reconnects() -> None:
    store, engine, chance = told("memory://", 26_500, ["A"]), in_memory(), Random(5)
    whole = list(reports(store, engine).changes.after("A"))
    assert len(whole) > 10_000
    seen: list[Entry] = []
    for _ in range(50):
        again = reports(store, engine)
        stream = again.changes.after("A", again.changes.kept("reader"))
        seen += islice(stream, chance.randrange(400))
        if seen:
            again.changes.keep("reader", seen[-1].cursor)
    seen += reports(store, engine).changes.after("A", seen[-1].cursor)
    assert seen == whole
    assert is_in_order(whole)


def test_what_is_recorded_meanwhile_comes_next() -> None:
    store = told("memory://", 400, ["A"])
    found = reports(store, in_memory())
    first = list(found.changes.after("A"))
    source = told("memory://", 700, ["A"])
    news = list(source.read_all(after=400))
    store.append([fact_of(one) for one in news])
    assert [*first, *found.changes.after("A", first[-1].cursor)] == list(found.changes.after("A"))
    assert {one.line.number for one in found.changes.after("A", first[-1].cursor)} <= {
        one.number for one in news
    }


def test_a_reader_that_goes_on_by_number_alone_would_miss_some(
    store: ledger.EventStore, engine: Engine
) -> None:
    """The control: one event makes several entries."""
    whole = list(reports(store, engine).changes.after("A"))
    together = [one for one, two in pairwise(whole) if one.line.number == two.line.number]
    assert len(together) > 100


def test_since_a_time_and_so_many(store: ledger.EventStore, engine: Engine) -> None:
    found = reports(store, engine)
    whole = list(found.changes.after("A"))
    at = whole[700].line.recorded_at
    assert list(found.changes.after("A", since=at)) == [
        one for one in whole if one.line.recorded_at >= at
    ]
    assert list(found.changes.after("A", limit=3)) == whole[:3]
    assert {type(one.line) for one in whole} == {BalanceLine, PositionLine}


@pytest.mark.parametrize("cursor", ["", "7", "7:1", "7:x:1", "7:1:1:1", "-1:0:0"])
def test_a_cursor_that_nobody_gave_is_refused(
    store: ledger.EventStore, engine: Engine, cursor: str
) -> None:
    with pytest.raises(BadCursorError, match="no cursor of changes"):
        list(reports(store, engine).changes.after("A", cursor))


def reports(store: ledger.EventStore, engine: Engine) -> Reports:
    return Reports(Reader(store), engine)


def is_in_order(entries: list[Entry]) -> bool:
    places = [tuple(map(int, one.cursor.split(":"))) for one in entries]
    return places == sorted(set(places))


def fact_of(recorded: Any) -> Any:
    return ledger.make_fact("A", recorded.event, recorded.occurred_at)
