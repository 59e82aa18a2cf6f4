"""Splits that a file tells in two rows: all units before, and all units after, at one time.

Neither row says by itself what happened, and they may stand in either order and in two files of one
report. What they have in common makes them a pair: the instrument, and a time at most a second
apart. A side that has no other, or more than one, is set aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.port import Record
from ledger.domain.events import SplitApplied
from ledger.domain.numbers import text
from ledger.errors import BadRowError

BEFORE: Final = "split_before"
AFTER: Final = "split_after"
SIDES: Final = frozenset({BEFORE, AFTER})
_TOGETHER: Final = timedelta(seconds=1)


class Half(NamedTuple):
    """One side of a split: all units held, before or after, and what they are worth in money."""

    kind: str
    file: str
    row: str
    digest: str
    raw: str
    at: datetime
    instrument_id: str
    qty: Decimal
    worth: Decimal | None
    id: str


def split_of(sides: Sequence[Half], venue: str, scope: str) -> Record:
    """The split of both sides: so many units after for so many before."""
    before, after = sorted(sides, key=lambda half: half.kind == AFTER)
    event = SplitApplied(
        id=before.id,
        instrument_id=before.instrument_id,
        numerator=after.qty,
        denominator=before.qty,
        venue=venue,
        scope=scope,
    )
    at = max(before.at, after.at)
    return Record(event=event, occurred_at=at, row=before.row, digest=before.digest)


def judged(halves: Sequence[Half]) -> Iterator[tuple[list[Half], Exception | None]]:
    """Both sides of each split, and with the reason those that nothing can be made of; a row that
    is in two files of one report counts once."""
    by_instrument: dict[str, list[Half]] = defaultdict(list)
    for half in {one.digest: one for one in reversed(halves)}.values():
        by_instrument[half.instrument_id].append(half)
    for held in by_instrument.values():
        for sides in _together(sorted(held, key=lambda one: (one.at, one.kind))):
            rule = _why_not(sides)
            yield sides, BadRowError("qty", text(sides[0].qty), rule) if rule else None


def _together(halves: Sequence[Half]) -> Iterator[list[Half]]:
    """The sides of one instrument, those of one time together."""
    near: list[Half] = []
    for half in halves:
        if near and half.at - near[-1].at > _TOGETHER:
            yield near
            near = []
        near.append(half)
    if near:
        yield near


def _why_not(sides: Sequence[Half]) -> str:
    """Why sides of one time are no split; empty where they are."""
    if len(sides) == 1:
        return "one side of a split: hand in the file with its other side too, or enter it by hand"
    if len(sides) > 2 or {half.kind for half in sides} != SIDES:
        return f"{len(sides)} sides of splits at one time: enter by hand what happened"
    worth = {half.worth for half in sides} - {None}
    if len(worth) > 1:
        return "the sides of a split are not worth the same: enter by hand what happened"
    return ""
