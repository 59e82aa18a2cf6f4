"""What a fold tells those who watch it: disposals, closed cycles, and parts without a lot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ledger.domain.canonical import Entry, SortKey
from ledger.domain.lots import Lot, Shortfall
from ledger.domain.numbers import ZERO, add, subtract

if TYPE_CHECKING:
    from ledger.domain.events import FeeCharged
    from ledger.domain.holding import Holding


class Disposal(NamedTuple):
    """One reduction: what was closed, at what value, against which slices of lots.

    ``proceeds`` is the flow of the closing part (negative when a short was covered), ``basis``
    and ``charges`` what the slices carried, ``closing_charges`` the closing side's fees under
    ``in_cost``. ``gain = proceeds - basis``.
    """

    key: str
    at: datetime
    exec_id: str
    qty: Decimal
    proceeds: Decimal
    basis: Decimal
    charges: Decimal
    closing_charges: Decimal
    slices: tuple[Lot, ...]

    @property
    def gain(self) -> Decimal:
        """Gross gain: proceeds less the basis that left."""
        return subtract(self.proceeds, self.basis)

    @property
    def net_gain(self) -> Decimal:
        """Gain after the charges that the fee rule put into cost and proceeds."""
        return subtract(self.gain, add(self.charges, self.closing_charges))


class Cycle(NamedTuple):
    """One trip from flat to flat (or still open): its own results, in settlement currency."""

    number: int
    opened_at: datetime | None
    closed_at: datetime | None
    realized_pnl: Decimal
    fees: Decimal
    base_fee_cost: Decimal
    funding: Decimal

    @property
    def net_realized_pnl(self) -> Decimal:
        """Gross realized less fees and cost of base-currency fees, plus funding."""
        charged = add(self.fees, self.base_fee_cost)
        return add(subtract(self.realized_pnl, charged), self.funding)


class Issue(NamedTuple):
    """A part of a fill that found no units to close: found, missing and why."""

    key: str
    at: datetime
    exec_id: str
    found: Decimal
    missing: Decimal
    why: Shortfall


class Watcher(Protocol):
    """Who wants to hear, during a fold, what happened on the way."""

    def step(self, entry: Entry, holding: Holding) -> None:
        """An entry was folded; the holding is as it is after it."""

    def disposal(self, disposal: Disposal) -> None:
        """Units were closed against lots."""

    def cycle(self, cycle: Cycle) -> None:
        """The position went flat."""

    def issue(self, issue: Issue) -> None:
        """A fill, or part of it, found nothing to close."""

    def rewound(self, holding: Holding, since: SortKey) -> None:
        """The fold went back to where this was the holding; what comes after that place is told
        again."""

    def charged(self, entry: Entry, fee: FeeCharged) -> None:
        """A fill that was told before has one more fee, which changed nothing but a total."""


class Record:
    """A watcher that keeps what it heard."""

    def __init__(self) -> None:
        self.disposals: list[Disposal] = []
        self.cycles: list[Cycle] = []
        self.issues: list[Issue] = []

    def step(self, entry: Entry, holding: Holding) -> None:
        """Steps are not kept."""

    def disposal(self, disposal: Disposal) -> None:
        """Keep it."""
        self.disposals.append(disposal)

    def cycle(self, cycle: Cycle) -> None:
        """Keep it."""
        self.cycles.append(cycle)

    def issue(self, issue: Issue) -> None:
        """Keep it."""
        self.issues.append(issue)

    def rewound(self, holding: Holding, since: SortKey) -> None:
        """Whoever records a fold records all of it."""

    def charged(self, entry: Entry, fee: FeeCharged) -> None:
        """Fees are not kept."""


def added(before: Iterable[Issue], after: Iterable[Issue]) -> list[Issue]:
    """The issues of one fold that another did not have, or had for fewer units."""
    missing = {issue.key: issue.missing.copy_abs() for issue in before}
    return [one for one in after if one.missing.copy_abs() > missing.get(one.key, ZERO)]
