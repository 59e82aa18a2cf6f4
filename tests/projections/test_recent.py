"""The latest steps of positions: what is kept in memory is what the tables have, or nothing."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given

from ledger.domain.canonical import EVER, SortKey
from projections.recent import KEPT, POSITIONS, Placed, Recent

PLACE = ("A", "X", "")
Tellings = list[tuple[int | None, int]]


def key(moment: int) -> SortKey:
    return EVER + timedelta(seconds=moment), "1", ""


def tellings() -> st.SearchStrategy[Tellings]:
    """From where steps are told again (None: they are new), and how many."""
    since = st.none() | st.integers(0, 600)
    return st.lists(st.tuples(since, st.integers(0, 60)), max_size=30)


class Model:
    """All steps there are."""

    def __init__(self, before: int) -> None:
        self.steps: list[Placed] = [(key(moment), -moment) for moment in range(before)]
        self.facts = 0

    def tell(self, since: int | None, count: int) -> list[Placed]:
        """Steps after a moment, in place of those that were there."""
        if since is not None:
            self.steps = [step for step in self.steps if step[0] <= key(since)]
        last = self.steps[-1][0][0] if self.steps else EVER
        begin = last if since is None else max(last, key(since)[0])
        told: list[Placed] = []
        for place in range(1, count + 1):
            self.facts += 1
            told.append(((begin + timedelta(seconds=place), "1", ""), self.facts))
        self.steps += told
        return told

    def after(self, since: SortKey) -> list[int]:
        return [fact for place, fact in self.steps if place > since]


@given(st.integers(0, 5), tellings())
def test_what_is_remembered_is_all_there_is(before: int, told: Tellings) -> None:
    model, recent = Model(before), Recent()
    for since, count in told:
        steps = model.tell(since, count)
        recent.tell(PLACE, None if since is None else key(since), steps)
        for moment in range(0, 700, 7):
            known = recent.after(PLACE, key(moment))
            assert known is None or known == model.after(key(moment))


def test_the_latest_ones_are_known_and_the_older_ones_forgotten() -> None:
    model, recent = Model(0), Recent()
    for _ in range(3 * KEPT):
        recent.tell(PLACE, None, model.tell(None, 1))
    assert recent.after(PLACE, key(2 * KEPT)) == list(range(2 * KEPT + 1, 3 * KEPT + 1))
    for moment in range(3 * KEPT):
        assert recent.after(PLACE, key(moment)) in (None, model.after(key(moment)))
    assert recent.after(PLACE, key(1)) is None


def test_positions_that_did_not_move_for_long_are_forgotten() -> None:
    recent = Recent()
    for number in range(POSITIONS + 1):
        recent.tell(("A", str(number), ""), None, [(key(1), number)])
    assert recent.after(("A", "0", ""), key(1)) is None
    assert recent.after(("A", "1", ""), key(1)) == []


def test_nothing_is_known_of_what_was_never_told() -> None:
    recent = Recent()
    recent.tell(PLACE, None, [])
    assert recent.after(PLACE, key(1)) is None
