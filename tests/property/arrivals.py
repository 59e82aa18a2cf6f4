"""Ways to tell a book a story: in any order, some of it twice, in batches of any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

import ledger
from ledger.domain.events import Fact
from tests.property.dice import Dice, rolls
from tests.property.stories import Story, stories
from tests.property.worlds import START

TELLING = rolls(48)


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

    @property
    def facts(self) -> list[Fact]:
        """The facts in the order they were told in."""
        return [fact for batch in self.batches for fact in batch]

    def __repr__(self) -> str:
        order = [[self.story.facts.index(fact) for fact in batch] for batch in self.batches]
        return f"{self.story!r}\n  told as {order}"

    def book(self, url: str = "memory://") -> ledger.Book:
        """A book that was told the story this way."""
        return told(self.batches, url)


def arrivals(**how: Any) -> st.SearchStrategy[Arrival]:
    """Any story, told in any way."""
    return _arrivals(stories(**how))


@st.composite
def _arrivals(draw: st.DrawFn, told: st.SearchStrategy[Story]) -> Arrival:
    story, dice = draw(told), Dice(draw(TELLING))
    again = [dice.pick(story.facts) for _ in range(dice.below(4))]
    shuffled = dice.shuffled([*story.facts, *again])
    cuts = sorted(dice.below(len(shuffled) + 1) for _ in range(dice.below(4)))
    edges = [0, *cuts, len(shuffled)]
    return Arrival(story, [shuffled[low:high] for low, high in pairwise(edges)])
