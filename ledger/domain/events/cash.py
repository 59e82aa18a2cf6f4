"""Cash: charges, income and money moved. Signs are the account's: positive came in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from ledger.domain.events.base import Event, Identity
from ledger.domain.events.executions import NET, FeeKind
from ledger.domain.gates import Unsigned, gated


class CashEvent(Event):
    """A cash fact, keyed by the venue's id for the movement."""

    __slots__ = ()

    id: str
    venue: str
    scope: str

    def identity(self) -> Identity:
        """Venue, scope and id; the kind is the topic's name, since ids repeat across kinds."""
        return Identity(self.venue, self.scope, self.TOPIC.partition("/")[0], self.id)


@gated
class FeeCharged(CashEvent):
    """A charge by itself: positive ``amount`` is charged, negative a rebate.

    ``exec_id`` (with ``exec_scope`` and ``exec_revision``) ties it to a fill of the same venue
    and is reversed with that fill when it is busted. A fee row by which the venue gives back a
    busted fill's fee names the fee in ``reverses``: it is kept and does not count again.
    """

    TOPIC: ClassVar[str] = "fee-charged/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("amount", "currency", "exec_id", "instrument_id")

    id: str
    amount: Decimal
    currency: str
    kind: FeeKind = FeeKind.COMMISSION
    venue: str = ""
    scope: str = ""
    exec_id: str | None = None
    exec_scope: str = ""
    exec_revision: str = ""
    instrument_id: str | None = None
    position_id: str = NET
    cl_ord_id: str | None = None
    reverses: str | None = None
    description: str = ""

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""

    def refers_to(self) -> Identity | None:
        """The key of the fill it was charged for."""
        if self.exec_id is None:
            return None
        return Identity(self.venue, self.exec_scope, "fill", self.exec_id, self.exec_revision)


@gated
class FundingPaid(CashEvent):
    """Funding of a perpetual: positive was received, negative paid."""

    TOPIC: ClassVar[str] = "funding-paid/1"

    id: str
    amount: Decimal
    currency: str
    instrument_id: str
    venue: str = ""
    scope: str = ""
    position_id: str = NET

    def subject(self) -> str:
        """The instrument."""
        return self.instrument_id


@gated
class InterestPaid(CashEvent):
    """Interest on a balance: positive was received, negative paid."""

    TOPIC: ClassVar[str] = "interest-paid/1"

    id: str
    amount: Decimal
    currency: str
    venue: str = ""
    scope: str = ""
    description: str = ""


@gated
class DividendPaid(CashEvent):
    """A dividend or payment in lieu: positive was received, negative owed on a short."""

    TOPIC: ClassVar[str] = "dividend-paid/1"

    id: str
    amount: Decimal
    currency: str
    instrument_id: str
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    in_lieu: bool = False
    ex_date: date | None = None
    description: str = ""

    def subject(self) -> str:
        """The instrument."""
        return self.instrument_id


@gated
class CashDeposited(CashEvent):
    """Money came in from outside; ``amount`` is positive."""

    TOPIC: ClassVar[str] = "cash-deposited/1"

    id: str
    amount: Unsigned
    currency: str
    venue: str = ""
    scope: str = ""
    description: str = ""


@gated
class CashWithdrawn(CashEvent):
    """Money went out; ``amount`` is positive."""

    TOPIC: ClassVar[str] = "cash-withdrawn/1"

    id: str
    amount: Unsigned
    currency: str
    venue: str = ""
    scope: str = ""
    description: str = ""


@gated
class CashTransferred(CashEvent):
    """One leg of a transfer between accounts: positive came in, negative went out."""

    TOPIC: ClassVar[str] = "cash-transferred/1"

    id: str
    amount: Decimal
    currency: str
    counterparty: str
    venue: str = ""
    scope: str = ""


@gated
class BalanceAdjusted(CashEvent):
    """A reasoned correction by hand: signed, with who ordered it."""

    TOPIC: ClassVar[str] = "balance-adjusted/1"

    id: str
    amount: Decimal
    currency: str
    reason: str
    who: str
    venue: str = ""
    scope: str = ""


@gated
class TradeSettled(CashEvent):
    """A fill's money and units changed hands on ``settl_date``."""

    TOPIC: ClassVar[str] = "trade-settled/1"

    id: str
    exec_id: str
    settl_date: date
    venue: str = ""
    scope: str = ""
    exec_scope: str = ""
    exec_revision: str = ""
    instrument_id: str | None = None

    def refers_to(self) -> Identity:
        """The key of the fill that settled."""
        return Identity(self.venue, self.exec_scope, "fill", self.exec_id, self.exec_revision)

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""


@gated
class VariationMarginPaid(CashEvent):
    """Daily cash of a future that settles by variation: positive was received."""

    TOPIC: ClassVar[str] = "variation-margin-paid/1"

    id: str
    amount: Decimal
    currency: str
    instrument_id: str
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    settl_px: Decimal | None = None

    def subject(self) -> str:
        """The instrument."""
        return self.instrument_id
