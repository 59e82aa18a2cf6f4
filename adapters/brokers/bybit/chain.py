"""The transaction log's balances as a chain: what a coin's row leaves is what the next one finds.

Rows of one millisecond are in no order that the log tells, so they are taken together: what they
find and what they leave must be the same balances but for one at each end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from adapters.port import Control
from adapters.rows import Row
from ledger.domain.numbers import add, subtract, text, total


class Link(NamedTuple):
    """One row's part of its coin's chain: when, by how much, what was there after it."""

    coin: str
    at: str
    change: Decimal
    after: Decimal
    file: str
    row: Row

    @property
    def before(self) -> Decimal:
        """What the row found."""
        return subtract(self.after, self.change)


class Break(NamedTuple):
    """Where a balance jumps, and by how much, in words."""

    link: Link
    what: str


def link(row: Row, file: str) -> Link:
    """The row's link; ``BadRowError`` and kin when it tells no balance."""
    at = row.millis("transactionTime").isoformat(timespec="microseconds")
    return Link(
        row.required("currency"), at, row.decimal("change"), row.decimal("cashBalance"), file, row
    )


def walk(links: Iterable[Link]) -> tuple[list[Control], list[Break]]:
    """A control for each coin, the last balance beside the first one and all changes, and the
    places where the chain is broken."""
    by_coin: dict[str, list[Link]] = defaultdict(list)
    for one in {(one.row.digest, one.coin): one for one in links}.values():
        by_coin[one.coin].append(one)
    controls: list[Control] = []
    breaks: list[Break] = []
    for coin, held in sorted(by_coin.items()):
        in_order = sorted(held, key=lambda one: (one.at, one.row.digest))
        moments = [list(group) for _, group in groupby(in_order, key=lambda one: one.at)]
        first = _ends(moments[0])[0]
        made = add(first, total(one.change for one in in_order))
        last = _ends(moments[-1])[1]
        controls.append(Control(name="cash balance", currency=coin, stated=last, rows=made))
        breaks += _breaks(moments)
    return controls, breaks


def _ends(moment: list[Link]) -> tuple[Decimal, Decimal]:
    """What the first row of a moment finds, and the last one leaves."""
    found = Counter(one.before for one in moment)
    left = Counter(one.after for one in moment)
    begins = sorted((found - left).elements())
    # Rows that come back to where they began have no ends of their own.
    begin = begins[0] if begins else moment[0].before
    ends = sorted((left - found).elements())
    return begin, ends[0] if ends else begin


def _breaks(moments: list[list[Link]]) -> Iterator[Break]:
    before: Decimal | None = None
    for moment in moments:
        gaps = Counter(one.before for one in moment) - Counter(one.after for one in moment)
        begin, end = _ends(moment)
        found = {begin} if gaps else {one.before for one in moment}
        is_loop = not gaps and (before is None or before in found)
        if gaps.total() > 1:
            yield Break(moment[0], f"{moment[0].coin}: rows of one time do not make a chain")
        elif before is not None and before not in found:
            jump = text(subtract(begin, before))
            told = f"{text(before)} and the next one finds {text(begin)}: {jump} is not explained"
            yield Break(moment[0], f"{moment[0].coin}: the row before leaves {told}")
        before = before if is_loop else end
