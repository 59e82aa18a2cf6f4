"""What a reconciliation comes to: a verdict, breaks, and the figures of both sides."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import attrs

from adapters.port import Batch, Control
from adapters.reconcile.breaks import Break
from adapters.reconcile.pairing import Pass


class Verdict(Enum):
    """What may be said of an account."""

    CLEAN = "clean"
    BREAKS = "breaks"
    INCOMPLETE = "incomplete"


@attrs.frozen(kw_only=True)
class Figure:
    """One position (signed units) or balance on both sides; ``broker`` is None where the report
    does not state it, ``what`` is what is compared: quantity, cost, total, settled."""

    name: str
    subject: str
    what: str
    ledger: Decimal
    broker: Decimal | None

    @property
    def agrees(self) -> bool:
        """Whether both are the same, to the digit; nothing stated contradicts nothing."""
        return self.broker is None or self.ledger == self.broker


@attrs.frozen(kw_only=True)
class Absorbed:
    """A difference that a declared tolerance let pass."""

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
