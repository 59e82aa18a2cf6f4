"""What a reconciliation comes to: a verdict, breaks, and the figures of both sides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final

import attrs

from adapters.port import Batch, Control
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Kind
from adapters.reconcile.pairing import Pass
from ledger.domain.numbers import ZERO, subtract

WHATS: Final = ("quantity", "cost", "opening", "movements", "total", "settled")
"""What figures are of: units and cost of a position, then the money of a currency."""


class Verdict(Enum):
    """What may be said of an account."""

    CLEAN = "clean"
    BREAKS = "breaks"
    INCOMPLETE = "incomplete"


@attrs.frozen(kw_only=True)
class Figure:
    """One figure of a position (signed units, signed cost) or of a currency on both sides.

    ``what`` it is, is one of ``WHATS``. ``broker`` is None where the report does not state it.
    ``rounding``: so much money the broker loses when it prints the figure, unsigned.
    """

    name: str
    subject: str
    what: str
    ledger: Decimal
    broker: Decimal | None
    rounding: Decimal = ZERO

    @property
    def agrees(self) -> bool:
        """Whether both are the same, to the digit but for what the broker rounds away; nothing
        stated contradicts nothing."""
        apart = self.difference
        return apart is None or apart.copy_abs() <= self.rounding

    @property
    def difference(self) -> Decimal | None:
        """The broker's figure less ours; None where the broker states none."""
        return None if self.broker is None else subtract(self.broker, self.ledger)


def in_order_of_names(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Figures by what they are of, those of one subject in the order of ``WHATS``."""
    return tuple(sorted(figures, key=lambda one: (one.subject, WHATS.index(one.what))))


@attrs.frozen(kw_only=True)
class Absorbed:
    """A difference that a declared tolerance let pass, and what break it would have been."""

    kind: Kind
    subject: str
    difference: Decimal
    tolerance: Decimal


@attrs.frozen(kw_only=True)
class Outcome:
    """One account and one report. ``as_of`` is the moment compared at, ``known_at`` the log number
    of what the books knew; ``incomplete`` says why nothing may be called reconciled."""

    batch: Batch
    as_of: datetime | None
    business_date: date
    known_at: int
    digest: str
    incomplete: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    matched: dict[Pass, int] = attrs.field(factory=dict)
    positions: tuple[Figure, ...] = ()
    balances: tuple[Figure, ...] = ()
    controls: tuple[Control, ...] = ()
    absorbed: tuple[Absorbed, ...] = ()

    @property
    def account(self) -> str:
        """The ledger's account."""
        return self.batch.account

    @property
    def verdict(self) -> Verdict:
        """Incomplete before all: nothing is said of trades then."""
        if self.incomplete:
            return Verdict.INCOMPLETE
        return Verdict.BREAKS if self.breaks else Verdict.CLEAN
