"""The books do not depend on the order of arrival, on repeats or on where they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import Fact
from ledger.history import account_at, rebuild_position
from tests.property.state import account_state, figures_of, holdings, state_of
from tests.property.stories import TRADING, Story, stories
from tests.property.worlds import ACCOUNT, START

_file = count()


def told(batches: Iterable[Sequence[Fact]], url: str = "memory://") -> ledger.Book:
    """A book that was told facts batch by batch."""
    book = ledger.open(url, clock=lambda: START)
    for batch in batches:
        book.record_all(list(batch))
    return book


class Arrival(NamedTuple):
    """A story, and its facts in another order, some told twice, in batches of any size."""

    story: Story
    batches: list[list[Fact]]

    def __repr__(self) -> str:
        order = [[self.story.facts.index(fact) for fact in batch] for batch in self.batches]
        return f"{self.story!r}\n  told as {order}"

    def book(self, url: str = "memory://") -> ledger.Book:
        return told(self.batches, url)


@st.composite
def arrivals(draw: st.DrawFn, **how: Any) -> Arrival:
    story = draw(stories(**how))
    again = draw(st.lists(st.sampled_from(story.facts), max_size=3))
    shuffled = draw(st.permutations([*story.facts, *again]))
    cuts = draw(st.lists(st.integers(0, len(shuffled)), max_size=3).map(sorted))
    edges = [0, *cuts, len(shuffled)]
    batches = [shuffled[low:high] for low, high in pairwise(edges)]
    return Arrival(story, batches)


HEDGED: dict[str, Any] = {"books": ("net", "hedge")}
TERSE: dict[str, Any] = HEDGED | {"terse": True}


@given(arrivals(**HEDGED))
def test_any_order_and_any_repeat_give_the_same_books(arrival: Arrival) -> None:
    assert state_of(arrival.book()) == state_of(told([arrival.story.facts]))


@given(arrivals(**TERSE))
def test_so_it_is_when_amendments_do_not_say_what_they_concern(arrival: Arrival) -> None:
    assert state_of(arrival.book()) == state_of(told([arrival.story.facts]))


@given(arrival=arrivals(**TERSE))
def test_so_it_is_in_a_file(arrival: Arrival, tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.getbasetemp()}/{next(_file)}.db"
    with arrival.book(url) as book:
        assert state_of(book) == state_of(told([arrival.story.facts]))


@given(arrivals(**TERSE))
def test_one_fact_at_a_time_is_all_at_once(arrival: Arrival) -> None:
    flat = [fact for batch in arrival.batches for fact in batch]
    assert state_of(told([fact] for fact in flat)) == state_of(told([flat]))


@given(arrivals(**TERSE))
def test_the_resident_account_is_the_one_folded_anew(arrival: Arrival) -> None:
    book = arrival.book()
    assert account_state(book.account(ACCOUNT)) == account_state(account_at(book.store, ACCOUNT))


@given(arrivals(**TERSE))
def test_the_resident_position_is_the_one_rebuilt(arrival: Arrival) -> None:
    book = arrival.book()
    account = book.account(ACCOUNT)
    for key, holding in holdings(account).items():
        rebuilt = rebuild_position(book.store, account, key)
        assert figures_of(rebuilt.holding) == figures_of(holding)


@given(arrivals(moves=(*TRADING, "split", "rebook"), max_moves=24, how_many=1))
def test_so_it_is_when_facts_leave_memory(arrival: Arrival) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("POINT_EVERY", 4), ("FLAT_EVERY", 2), ("KEEP", 6), ("PENDING", 3)):
            patch.setattr(f"ledger.domain.positions.{name}", size)
        flat = [fact for batch in arrival.batches for fact in batch]
        state = account_state(told([fact] for fact in flat).account(ACCOUNT))
    assert state == account_state(told([arrival.story.facts]).account(ACCOUNT))
