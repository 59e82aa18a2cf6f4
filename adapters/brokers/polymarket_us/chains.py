"""Ledgers that state what was before and after: each entry must begin where the last one ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import attrs

from ledger.domain.numbers import subtract

State = tuple[Decimal, ...]


@attrs.frozen
class Step:
    """One entry: its id, its time, the state it found and the state it left."""

    id: str
    at: datetime
    before: State
    after: State


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Entries by time, each once; of one instant in the order in which one ends where the next
    begins. The venue's order of a page may be the newest first, and its last one comes again."""
    instants: dict[datetime, dict[str, Step]] = defaultdict(dict)
    for step in steps:
        instants[step.at].setdefault(step.id, step)
    ordered: list[Step] = []
    for at in sorted(instants):
        ordered += _linked([*instants[at].values()], ordered[-1].after if ordered else None)
    return ordered


def jumps(ordered: list[Step]) -> Iterator[tuple[Step, State]]:
    """The entries that do not begin where the one before ended, with the difference."""
    for last, step in pairwise(ordered):
        if step.before != last.after:
            yield step, tuple(map(subtract, step.before, last.after))


def _linked(steps: list[Step], after: State | None) -> list[Step]:
    """The entries of one instant as one chain, if there is one (an Euler path: each entry leads
    from a state to a state, and all are passed once); where it breaks, the next part follows."""
    waiting: dict[State, list[Step]] = defaultdict(list)
    for step in sorted(steps, key=_by_id, reverse=True):
        waiting[step.before].append(step)
    chained: list[Step] = []
    for start in _starts(steps, after):
        if waiting.get(start):
            chained += _trail(waiting, start)
    return chained


def _starts(steps: list[Step], after: State | None) -> Iterator[State]:
    """Where a chain may begin: at the end of the one before, else where more begin than end."""
    if after is not None:
        yield after
    surplus = Counter(step.before for step in steps)
    surplus.subtract(step.after for step in steps)
    ordered = sorted(steps, key=_by_id)
    yield from (step.before for step in ordered if surplus[step.before] > 0)
    yield from (step.before for step in ordered)


def _trail(waiting: dict[State, list[Step]], start: State) -> list[Step]:
    """All entries that can be reached, in Hierholzer's order; each is taken out of the waiting."""
    path: list[Step] = []
    stack: list[tuple[State, Step | None]] = [(start, None)]
    while stack:
        state, step = stack[-1]
        if waiting.get(state):
            following = waiting[state].pop()
            stack.append((following.after, following))
            continue
        stack.pop()
        if step is not None:
            path.append(step)
    return path[::-1]


def _by_id(step: Step) -> str:
    return step.id
