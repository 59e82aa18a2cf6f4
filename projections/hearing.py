"""Hearing: what the fold of one position tells while one fact is taken in.

A fact in order is one step. A late one, a bust or a correction has the position folded again
from some restart point, and each step from there on is told again, changed or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.canonical import Entry, SortKey
from ledger.domain.events import FeeCharged
from ledger.domain.holding import Holding
from ledger.domain.numbers import ZERO, add, quantize, subtract
from ledger.domain.watching import Cycle, Disposal, Issue
from projections.types import amount_text

# Past the generated constructors, which take as long as the rest of a tuple's making.
_new = tuple.__new__

Money = Mapping[str, Decimal]
NO_MONEY: Money = {}


class Figures(NamedTuple):
    """Where a position stood, as it is reported."""

    qty: Decimal
    cost: Decimal
    realized: Decimal
    base_fees: Decimal
    fees: Money
    funding: Money
    income: Money


class Passage(NamedTuple):
    """From where to where a position came, as text: quantity, cost and realized result, what
    changed and what they are then."""

    begin: Figures
    end: Figures
    changes: tuple[str, str, str]
    qty: str
    cost: str
    realized: str


def passage(begin: Figures, end: Figures) -> Passage:
    """What changed between two places where a position stood."""
    changes = (
        change_text(begin.qty, end.qty),
        change_text(begin.cost, end.cost),
        change_text(begin.realized, end.realized),
    )
    return Passage(
        begin, end, changes, amount_text(end.qty), amount_text(end.cost), amount_text(end.realized)
    )


def change_text(old: Decimal, new: Decimal) -> str:
    """By how much an amount changed, as text; the same object did not."""
    return "0" if new is old else amount_text(subtract(new, old))


class Step(NamedTuple):
    """One effective fact of a position: what it changed, and where the position stood then."""

    entry: Entry
    before: Figures
    after: Figures
    closed: Decimal
    proceeds: Decimal
    basis: Decimal
    cycle: int
    ended: Sequence[Cycle]
    carried: tuple[Decimal, Decimal]
    """Basis and charges of what was held then, with all decimals that the fold carries on."""
    begun_fees: Decimal | None
    """Of a cycle that this step began: the fees, in settlement money, that came before it."""


class Charge(NamedTuple):
    """One more fee of a fill that was told before."""

    entry: Entry
    fee: FeeCharged


class Heard:
    """What was told of one position since it was last :meth:`cleared <clear>`. ``was`` is where
    it stood then, ``now`` where it stands."""

    def __init__(self) -> None:
        self._rewind(Holding())
        self.clear()

    def clear(self) -> None:
        """Forget what was told, not where the position stands."""
        self.was = self.now
        self.steps: dict[int, Step] = {}
        self.charges: list[Charge] = []
        self.again_since: SortKey | None = None
        """The place from which on steps were told again; None if all are new."""

    def _rewind(self, holding: Holding) -> None:
        self._raw = (holding.basis, holding.charges, holding.realized, holding.base_fee_cost)
        self.now = Figures(
            holding.qty,
            quantize(add(holding.basis, holding.charges)),
            quantize(holding.realized),
            quantize(holding.base_fee_cost),
            holding.fees.copy(),
            holding.funding.copy(),
            holding.income.copy(),
        )
        self._closed = self._proceeds = self._basis = ZERO
        self._cycle = holding.cycle_number
        self._ended: list[Cycle] = []

    def rewound(self, holding: Holding, since: SortKey) -> None:
        """The fold went back; what comes after that place is told again."""
        self._rewind(holding)
        self.again_since = since if self.again_since is None else min(since, self.again_since)

    def step(self, entry: Entry, holding: Holding) -> None:
        """An entry was folded."""
        before, number, cycle = self.now, entry.recorded.number, holding.cycle_number
        after = self.now = self._figures(holding, before)
        begun_fees = None if cycle == self._cycle else holding.cycle_from[1]
        closed = (self._closed, self._proceeds, self._basis)
        told = (entry, before, after, *closed, cycle, tuple(self._ended), self._raw[:2], begun_fees)
        self.steps.pop(number, None)
        self.steps[number] = _new(Step, told)
        self._closed = self._proceeds = self._basis = ZERO
        self._cycle = cycle
        self._ended.clear()

    def _figures(self, holding: Holding, before: Figures) -> Figures:
        """The figures now; what did not change is taken from before."""
        basis, charges, realized, base_fees = self._raw
        cost = before.cost
        if holding.basis is not basis or holding.charges is not charges:
            cost = quantize(add(holding.basis, holding.charges))
        raw = (holding.basis, holding.charges, holding.realized, holding.base_fee_cost)
        self._raw = raw
        figures = (
            holding.qty,
            cost,
            before.realized if raw[2] is realized else quantize(raw[2]),
            before.base_fees if raw[3] is base_fees else quantize(raw[3]),
            before.fees if holding.fees == before.fees else holding.fees.copy(),
            before.funding if holding.funding == before.funding else holding.funding.copy(),
            before.income if holding.income == before.income else holding.income.copy(),
        )
        return _new(Figures, figures)

    def disposal(self, disposal: Disposal) -> None:
        """Units were closed."""
        self._closed = add(self._closed, disposal.qty)
        self._proceeds = add(self._proceeds, disposal.proceeds)
        self._basis = add(self._basis, disposal.basis)

    def cycle(self, cycle: Cycle) -> None:
        """The position went flat."""
        self._ended.append(cycle)

    def issue(self, issue: Issue) -> None:
        """Issues are told by ``book.results``."""

    def charged(self, entry: Entry, fee: FeeCharged) -> None:
        """A fill has one more fee."""
        self.charges.append(Charge(entry, fee))
        fees = dict(self.now.fees)
        fees[fee.currency] = add(fees.get(fee.currency, ZERO), fee.amount)
        self.now = self.now._replace(fees=fees)


def grown(before: Money, after: Money) -> Money:
    """What was added to sums by currency, where anything was."""
    if before is after:
        return NO_MONEY
    changes = {
        currency: subtract(after.get(currency, ZERO), before.get(currency, ZERO))
        for currency in sorted({*before, *after})
    }
    return {currency: change for currency, change in changes.items() if change}
