"""Reconciliation: what a statement said, and the life of each break."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from ledger.domain.events.base import Event, Identity
from ledger.domain.gates import gated
from ledger.domain.numbers import ZERO


class BreakEvent(Event):
    """A step in the life of one break, named by its stable ``break_id``."""

    __slots__ = ()

    break_id: str

    def subject(self) -> str:
        """The break."""
        return self.break_id


@gated
class BreakOpened(BreakEvent):
    """Books and broker differ: what, by how much, and both sides as text."""

    TOPIC: ClassVar[str] = "break-opened/1"

    break_id: str
    kind: str
    severity: str
    instrument_id: str | None = None
    currency: str | None = None
    ledger_value: str = ""
    broker_value: str = ""
    business_date: date | None = None
    evidence: tuple[str, ...] = ()


@gated
class BreakSeenAgain(BreakEvent):
    """The same difference on another business date."""

    TOPIC: ClassVar[str] = "break-seen-again/1"

    break_id: str
    business_date: date
    ledger_value: str = ""
    broker_value: str = ""


@gated
class BreakExplained(BreakEvent):
    """Somebody said why."""

    TOPIC: ClassVar[str] = "break-explained/1"

    break_id: str
    note: str
    who: str
    until: date | None = None


@gated
class BreakAdjusted(BreakEvent):
    """The books were adjusted for it, by the facts under these keys."""

    TOPIC: ClassVar[str] = "break-adjusted/1"

    break_id: str
    keys: tuple[str, ...]
    who: str
    reason: str


@gated
class BreakResolved(BreakEvent):
    """The difference is gone, by itself or by a decision."""

    TOPIC: ClassVar[str] = "break-resolved/1"

    break_id: str
    how: str
    who: str = ""


@gated
class BreakReopened(BreakEvent):
    """The difference came back."""

    TOPIC: ClassVar[str] = "break-reopened/1"

    break_id: str
    reason: str = ""
    who: str = ""


@gated
class BreakWaived(BreakEvent):
    """It need not be looked at until then."""

    TOPIC: ClassVar[str] = "break-waived/1"

    break_id: str
    who: str
    reason: str
    until: date | None = None


@gated
class StatedPosition:
    """One position line of a statement: signed quantity, and its total basis if stated."""

    instrument_id: str
    qty: Decimal
    cost_basis: Decimal | None = None


@gated
class StatedBalance:
    """One cash line of a statement; ``opening`` is the balance its period began with.

    ``rounding``: so much money the venue may lose when it prints each of them; unsigned.
    """

    currency: str
    ending: Decimal
    opening: Decimal | None = None
    settled: Decimal | None = None
    rounding: Decimal = ZERO


@gated
class QuarantinedRow:
    """A row of a report that was set aside: where it stands, why, its SHA-256 and its text."""

    row: str
    reason: str
    digest: str
    file: str = ""
    raw: str = ""


@gated
class StatementRecorded(Event):
    """A broker's statement as an observation beside the books; it moves nothing.

    ``quarantined`` are the first of its rows that were set aside, ``quarantined_count`` all.
    """

    TOPIC: ClassVar[str] = "statement-recorded/1"

    venue: str
    statement_id: str
    digest: str
    covers_from: datetime | None = None
    covers_to: datetime | None = None
    positions: tuple[StatedPosition, ...] = ()
    balances: tuple[StatedBalance, ...] = ()
    quarantined: tuple[QuarantinedRow, ...] = ()
    quarantined_count: int = 0

    def identity(self) -> Identity:
        """The venue's statement and the digest of what it said."""
        return Identity(self.venue, "", "statement", self.statement_id, self.digest)

    def subject(self) -> str:
        """The statement."""
        return self.statement_id
