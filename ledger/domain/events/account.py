"""The account: what it is, what it may do, what it trades."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import ClassVar

from ledger.domain.events.base import Event, Identity
from ledger.domain.gates import Unsigned, gated
from ledger.domain.instruments import Instrument


class AccountKind(Enum):
    """Cash accounts cannot be short; margin accounts can."""

    CASH = "cash"
    MARGIN = "margin"


class Booking(Enum):
    """Which lot a reduction takes (lot relief)."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    AVERAGE = "average"
    STRICT = "strict"
    STRICT_WITH_SIZE = "strict_with_size"
    SPECIFIC = "specific"


class Crossing(Enum):
    """What happens to the part of a fill that closes more than is held."""

    ALLOW = "allow"
    SUSPENSE = "suspense"
    REFUSE = "refuse"


class FeeRule(Enum):
    """Whether a fill's fees belong to its cost or stand beside it."""

    IN_COST = "in_cost"
    EXPENSED = "expensed"


@gated
class AccountOpened(Event):
    """The books of one account begin, under these rules.

    Without ``crossing``, a cash account keeps the unmatched part in suspense and a margin
    account goes through zero. ``venue_account`` is the account at a venue whose books these are,
    as "VENUE:ID", so that a report of another one can be told; None: nobody said.
    """

    TOPIC: ClassVar[str] = "account-opened/1"

    base_currency: str
    kind: AccountKind = AccountKind.MARGIN
    booking: Booking = Booking.FIFO
    crossing: Crossing | None = None
    fee_rule: FeeRule = FeeRule.EXPENSED
    time_zone: str = "UTC"
    venue_account: str | None = None

    def identity(self) -> Identity:
        """An account opens once."""
        return Identity("", "", "account", "opened")


@gated
class BookingMethodChanged(Event):
    """Another booking method from here on, for one instrument or for the account."""

    TOPIC: ClassVar[str] = "booking-method-changed/1"

    booking: Booking
    instrument_id: str | None = None

    def subject(self) -> str:
        """The instrument, or the whole account."""
        return self.instrument_id or ""


@gated
class InstrumentDefined(Event):
    """What an instrument is from ``effective_from`` on (from ever, when absent)."""

    TOPIC: ClassVar[str] = "instrument-defined/1"

    instrument: Instrument
    effective_from: datetime | None = None

    def identity(self) -> Identity:
        """One definition an instrument and moment."""
        since = self.effective_from.isoformat() if self.effective_from else ""
        return Identity("", "", "instrument", self.instrument.instrument_id, since)

    def subject(self) -> str:
        """The instrument."""
        return self.instrument.instrument_id


@gated
class LimitsSet(Event):
    """What an order may at most be; an absent limit is none. Each setting replaces the last."""

    TOPIC: ClassVar[str] = "limits-set/1"

    max_order_qty: Unsigned | None = None
    max_position_qty: Unsigned | None = None
    max_open_orders: int | None = None
    who: str = ""


@gated
class AccountSuspended(Event):
    """No new orders until resumed; facts from outside are still booked."""

    TOPIC: ClassVar[str] = "account-suspended/1"

    reason: str
    who: str = ""


@gated
class AccountResumed(Event):
    """Orders may be placed again."""

    TOPIC: ClassVar[str] = "account-resumed/1"

    reason: str = ""
    who: str = ""
