"""Disposals, cycles and explanations add up to the results they are told for."""

from __future__ import annotations

from hypothesis import given

from ledger.domain.numbers import ZERO, add, total
from tests.property.state import book_of, holdings
from tests.property.stories import EVERYTHING, TRADING, Story, stories
from tests.property.worlds import ACCOUNT

# A spin-off whose parent is not held realizes what it was said to carry: no disposal tells of it.
TOLD = tuple(move for move in EVERYTHING if move not in {"spin_off", "adjust"})


@given(stories(moves=TOLD, books=("net", "hedge")))
def test_the_gains_of_the_disposals_are_what_was_realized(story: Story) -> None:
    book = book_of(story.facts)
    for key, holding in holdings(book.account(ACCOUNT)).items():
        disposals = book.results(ACCOUNT, *key).disposals
        assert total(one.gain for one in disposals) == holding.realized


@given(stories(moves=TOLD, books=("net", "hedge")))
def test_the_cycles_are_what_was_realized(story: Story) -> None:
    book = book_of(story.facts)
    for key, holding in holdings(book.account(ACCOUNT)).items():
        cycles = book.results(ACCOUNT, *key).cycles
        running = holding.cycle(None).realized_pnl if holding.qty else ZERO
        assert add(total(one.realized_pnl for one in cycles), running) == holding.realized


@given(stories(moves=(*TRADING, "split"), books=("net", "hedge")))
def test_cycles_are_numbered_one_after_the_other(story: Story) -> None:
    book = book_of(story.facts)
    for key, holding in holdings(book.account(ACCOUNT)).items():
        numbers = [one.number for one in book.results(ACCOUNT, *key).cycles]
        assert numbers == list(range(1, holding.cycle_number + (0 if holding.qty else 1)))


@given(stories(books=("net", "hedge")))
def test_the_steps_of_an_explanation_add_up(story: Story) -> None:
    book = book_of(story.facts)
    for key in holdings(book.account(ACCOUNT)):
        steps = book.explain(ACCOUNT, *key)
        assert steps
        assert total(one.realized_change for one in steps) == steps[-1].realized_pnl
        assert total(one.qty_change for one in steps) == steps[-1].net_qty
        assert steps[-1].realized_pnl == book.position(ACCOUNT, *key).realized_pnl
