"""Passes two to four: executions that share no key, paired one to one, never as a set.

What the first pass left on either side is paired by the order and what was traded, then by what
was traded and when, in the order of time, then by sums: one row here for several there. Each
execution is used once, so a thousand fills that look the same stay a thousand.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final, NamedTuple

from adapters.reconcile.executions import Execution
from ledger.domain.numbers import ONE, ZERO, add, multiply, ratio, subtract, total

WINDOW: Final = timedelta(minutes=1)
"""So far apart may two clocks see one execution."""

_ROUNDED: Final = Decimal("0.00005")
_MOST: Final = 1_000
"""More executions of one day and instrument on a side are not tried for sums."""


class Pass(IntEnum):
    """What made a match."""

    KEY = 1
    ORDER = 2
    ECONOMIC = 3
    SUMS = 4
    REVERSAL = 5


class Match(NamedTuple):
    """Executions of the books and of the broker that are the same; nearly always one of each."""

    by: Pass
    here: tuple[Execution, ...]
    there: tuple[Execution, ...]


class Pairing:
    """What is left on both sides, fewer with each pass."""

    def __init__(
        self, here: Iterable[Execution], there: Iterable[Execution], window: timedelta = WINDOW
    ) -> None:
        self.here = sorted(here, key=_time)
        self.there = sorted(there, key=_time)
        self.matches: list[Match] = []
        self._window = window

    def run(self) -> None:
        """All passes."""
        self._by_order()
        self._by_content()
        self._by_sums()

    # -- one to one ---------------------------------------------------------------------

    def _by_order(self) -> None:
        """The same order, or the same id of the trade, and the same trade."""
        held: dict[Hashable, deque[Execution]] = defaultdict(deque)
        for one in self.here:
            for name in _names(one):
                held[name, _content(one)].append(one)
        self._take(Pass.ORDER, lambda one: (held[name, _content(one)] for name in _names(one)))

    def _by_content(self) -> None:
        """The same trade at the same time, as far as clocks agree."""
        held: dict[Hashable, deque[Execution]] = defaultdict(deque)
        for one in self.here:
            held[_content(one)].append(one)

        def near(one: Execution) -> Iterator[deque[Execution]]:
            waiting = held[_content(one)]
            while waiting and one.moment - waiting[0].moment > self._window:
                waiting.popleft()
            if waiting and waiting[0].moment - one.moment <= self._window:
                yield waiting

        self._take(Pass.ECONOMIC, near)

    def _take(
        self, by: Pass, candidates: Callable[[Execution], Iterable[deque[Execution]]]
    ) -> None:
        """Pair each execution there with the first one here that waits for it."""
        used: set[int] = set()
        left = []
        for one in self.there:
            found = _first(candidates(one), used)
            if found is None:
                left.append(one)
            else:
                used.add(id(found))
                self.matches.append(Match(by, (found,), (one,)))
        self.there = left
        self.here = [one for one in self.here if id(one) not in used]

    # -- one to many --------------------------------------------------------------------

    def _by_sums(self) -> None:
        """One row for several executions of an order, or of a day where no order is told."""
        for group in (_order_group, _day_group):
            self._sum_up(group, whole=self.there, parts=self.here, there_is_whole=True)
            self._sum_up(group, whole=self.here, parts=self.there, there_is_whole=False)

    def _sum_up(
        self,
        group: Callable[[Execution], Hashable | None],
        *,
        whole: Sequence[Execution],
        parts: Sequence[Execution],
        there_is_whole: bool,
    ) -> None:
        grouped: dict[Hashable, list[Execution]] = defaultdict(list)
        for one in parts:
            name = group(one)
            if name is not None:
                grouped[name].append(one)
        used: set[int] = set()
        for one in whole:
            waiting = grouped.get(group(one), [])
            found = _run_that_makes(one, waiting) if 1 < len(waiting) <= _MOST else ()
            if found:
                used.update(map(id, found), [id(one)])
                grouped[group(one)] = [part for part in waiting if id(part) not in used]
                sides = (found, (one,)) if there_is_whole else ((one,), found)
                self.matches.append(Match(Pass.SUMS, *sides))
        self.here = [one for one in self.here if id(one) not in used]
        self.there = [one for one in self.there if id(one) not in used]


def _time(one: Execution) -> tuple[str, str, str]:
    return one.at, one.key, one.where


def _names(one: Execution) -> list[str]:
    """What the venue or we call the order, or the venue the trade."""
    found = [("trade ", one.trade_id), ("order ", one.order_id), ("order ", one.cl_ord_id)]
    return [kind + name for kind, name in found if name]


def _content(one: Execution) -> tuple[str, str, str, str]:
    return one.instrument_id, one.side, one.qty, one.px


def _first(queues: Iterable[deque[Execution]], used: set[int]) -> Execution | None:
    """The first execution that waits and was not taken from another queue."""
    for queue in queues:
        while queue:
            found = queue.popleft()
            if id(found) not in used:
                return found
    return None


def _order_group(one: Execution) -> Hashable | None:
    name = one.order_id or one.cl_ord_id
    return (name, one.instrument_id, one.side) if name else None


def _day_group(one: Execution) -> Hashable:
    return one.day, one.instrument_id, one.side


def _run_that_makes(one: Execution, parts: Sequence[Execution]) -> tuple[Execution, ...]:
    """Two or more executions in a row whose quantities and money make this one's."""
    wanted, first, made = Decimal(one.qty), 0, ZERO
    for last, part in enumerate(parts):
        made = add(made, Decimal(part.qty))
        while made > wanted:
            made = subtract(made, Decimal(parts[first].qty))
            first += 1
        run = tuple(parts[first : last + 1])
        if made == wanted and len(run) > 1 and _is_average(one, run):
            return run
    return ()


def _is_average(one: Execution, parts: Sequence[Execution]) -> bool:
    """Whether the one's price is the parts' average, rounded to four decimals at the least."""
    if not one.px or not all(part.px for part in parts):
        return False
    px, qty = Decimal(one.px), Decimal(one.qty)
    money = total([multiply(Decimal(part.qty), Decimal(part.px)) for part in parts])
    return subtract(ratio(money, ONE, qty), px).copy_abs() <= _ROUNDED
