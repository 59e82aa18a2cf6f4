"""Which steps each position took lately, so that a late fact need not ask the tables for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from ledger.domain.canonical import SortKey

KEPT: Final = 128
"""So many steps of a position are kept at least; late facts are rarely later than that."""

POSITIONS: Final = 256
"""Of so many positions, those that moved last."""

Place = tuple[str, str, str]
"""Account, instrument, position."""

Placed = tuple[SortKey, int]
"""A step: where it stands in canonical order, and the number of its fact."""

_place = itemgetter(0)


class _Latest(NamedTuple):
    """All steps after a place, in canonical order."""

    since: SortKey
    steps: list[Placed]


class Recent:
    """The latest steps of the positions that moved last, by the numbers of their facts."""

    def __init__(self) -> None:
        self._of: dict[Place, _Latest] = {}

    def after(self, position: Place, since: SortKey) -> list[int] | None:
        """The facts of all steps after a place; None where that is not known."""
        known = self._of.get(position)
        if known is None or since < known.since:
            return None
        begin = bisect_right(known.steps, since, key=_place)
        return [fact for _, fact in known.steps[begin:]]

    def tell(self, position: Place, since: SortKey | None, steps: Sequence[Placed]) -> None:
        """These, in canonical order, are all steps after a place; without one they come after
        all that there were."""
        if not steps and since is None:
            return
        known = self._of.pop(position, None)
        if since is None:
            known = known or _Latest(steps[0][0], [])
        elif known is None or since < known.since:
            known = _Latest(since, [])
        else:
            del known.steps[bisect_right(known.steps, since, key=_place) :]
        known.steps.extend(steps)
        self._of[position] = _shortened(known)  # the newest one is the last to leave memory
        if len(self._of) > POSITIONS:
            del self._of[next(iter(self._of))]


def _shortened(latest: _Latest) -> _Latest:
    """Without the older steps, once there are many."""
    if len(latest.steps) <= 2 * KEPT:
        return latest
    gone, kept = latest.steps[:-KEPT], latest.steps[-KEPT:]
    return _Latest(gone[-1][0], kept)
