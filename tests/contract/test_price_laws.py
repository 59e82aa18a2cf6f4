"""Laws of prices: whatever comes in whatever order, the answers are those of a plain list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.prices import AnyPrice, Price, PriceKind, Rate, Subject
from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from tests import postgres as servers
from tests.contract.helpers import START, Clock, fill

MOMENTS: Final = [START + timedelta(hours=hours) for hours in (-2, -1, 0, 1)]
SUBJECTS: Final = (Subject("instrument", "EUR/USD"), Subject("rate", "EUR/USD"))
Steps = list[list[AnyPrice] | None]


def made(subject: Subject, px: Decimal, at: datetime, source: str, kind: PriceKind) -> AnyPrice:
    if subject.about == "rate":
        base, quote = subject.name.split("/")
        return Rate(base=base, quote=quote, px=px, at=at, source=source, kind=kind)
    return Price(instrument_id=subject.name, px=px, at=at, source=source, kind=kind)


PRICES = st.builds(
    made,
    st.sampled_from(SUBJECTS),
    st.sampled_from([Decimal("1.1"), Decimal("1.10"), Decimal(2)]),
    st.sampled_from(MOMENTS),
    st.sampled_from(["a", "b"]),
    st.sampled_from(PriceKind),
)
STEPS: st.SearchStrategy[Steps] = st.lists(
    st.one_of(st.none(), st.lists(PRICES, max_size=4)), max_size=8
)
"""Prices recorded together, or an event."""


@contextmanager
def memory(_: servers.Place) -> Iterator[LogStore]:
    yield MemoryStore(Clock())


@contextmanager
def sqlite(_: servers.Place) -> Iterator[LogStore]:
    with TemporaryDirectory() as folder, SQLiteStore(Path(folder) / "a.db", Clock()) as store:
        yield store


@contextmanager
def postgres(place: servers.Place) -> Iterator[LogStore]:
    url = place.prepared()
    with PostgresStore(url, Clock()) as store:
        yield store
    place.drop(url)


Make = Callable[[servers.Place], AbstractContextManager[LogStore]]
KINDS: Final[dict[Make, int]] = {memory: 150, sqlite: 40, postgres: 8}


def told(store: LogStore, steps: Steps) -> Iterator[int]:
    """Record everything; after every step the last number of the log."""
    for place, step in enumerate(steps):
        if step is None:
            store.append([fill(place)])
        else:
            store.record_prices(step)
        yield store.head()


def listed(store: LogStore) -> list[AnyPrice]:
    return list(store.prices())


def asked(
    store: LogStore, subject: Subject, kind: PriceKind | None, **when: datetime | int | None
) -> int:
    """The number of the price that holds; 0 if none does."""
    how: dict[str, object] = {"kind": kind, **when}
    found: AnyPrice | None = (
        store.rate("EUR", "USD", **how)  # type: ignore[arg-type]
        if subject.about == "rate"
        else store.price(subject.name, **how)  # type: ignore[arg-type]
    )
    return found.number if found is not None else 0


def expected(
    known: list[AnyPrice], subject: Subject, kind: PriceKind | None, as_of: datetime | None
) -> int:
    """The same from a list."""
    fitting = [
        (one.at, one.number)
        for one in known
        if one.subject == subject
        and (kind is None or one.kind is kind)
        and (as_of is None or one.at <= as_of)
    ]
    return max(fitting)[1] if fitting else 0


def by_time(prices: list[AnyPrice], moment: datetime) -> list[AnyPrice]:
    return [one for one in prices if one.recorded_at is not None and one.recorded_at <= moment]


QUESTIONS: Final = list(product(SUBJECTS, (None, *PriceKind), (None, *MOMENTS)))


@pytest.mark.parametrize("make", KINDS)
def test_the_answers_are_those_of_a_list(make: Make, place: servers.Place) -> None:
    @settings(max_examples=KINDS[make], deadline=None)
    @given(STEPS)
    def holds(steps: Steps) -> None:
        with make(place) as store:
            check_against_a_list(store, steps)

    holds()


def check_against_a_list(store: LogStore, steps: Steps) -> None:
    seen = {0: answers(store, 0)}
    for head in told(store, steps):
        if head not in seen:  # an event was recorded: what it knew, it knows for ever
            seen[head] = answers(store, head)
    prices = listed(store)
    assert [one.number for one in prices] == list(range(1, len(prices) + 1))
    events = {0: None} | {one.number: one.recorded_at for one in store.read_all()}
    for subject, of, as_of in QUESTIONS:
        assert asked(store, subject, of, as_of=as_of) == expected(prices, subject, of, as_of)
        for number, moment in events.items():
            known = by_time(prices, moment) if moment else []
            answer = expected(known, subject, of, as_of)
            assert asked(store, subject, of, as_of=as_of, known_at=number) == answer
            if moment:
                assert asked(store, subject, of, as_of=as_of, known_at=moment) == answer
    assert {number: answers(store, number) for number in seen} == seen
    assert store.verify(store.digest()).ok


def answers(store: LogStore, number: int) -> list[int]:
    return [
        asked(store, subject, kind, as_of=as_of, known_at=number)
        for subject, kind, as_of in QUESTIONS
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(PRICES, max_size=12), st.randoms())
def test_whatever_order_prices_come_in_the_same_ones_hold(
    prices: list[AnyPrice], random: object
) -> None:
    """Of prices that do not restate each other and do not tie."""
    unlike = list({(one.subject, one.at): one for one in prices}.values())
    mixed = list(unlike)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = MemoryStore(Clock()), MemoryStore(Clock())
    one.record_prices(unlike)
    for price in mixed:
        other.record_prices([price])
    for subject, kind, as_of in QUESTIONS:
        number, again = (asked(store, subject, kind, as_of=as_of) for store in (one, other))
        assert figure(one, number) == figure(other, again)


def figure(store: LogStore, number: int) -> tuple[object, ...]:
    """What a price says, whenever it was recorded."""
    if not number:
        return ()
    [price] = store.prices(after=number - 1, limit=1)
    return price.subject, price.kind, price.source, price.at, price.px


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_events_and_prices_share_one_clock(steps: Steps) -> None:
    store = MemoryStore(Clock(timedelta(0)))
    times: list[datetime] = []
    for place, step in enumerate(steps):
        if step is None:
            times += [one.recorded.recorded_at for one in store.append([fill(place)])]
        else:
            new = [one.price.recorded_at for one in store.record_prices(step) if one.is_new]
            times += [time for time in new if time is not None]
    assert times == sorted(set(times))
