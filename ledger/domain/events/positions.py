"""Positions: what changes a holding other than a fill."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from ledger.domain.events.base import Event, Identity
from ledger.domain.events.executions import NET
from ledger.domain.gates import Positive, gated
from ledger.domain.numbers import ZERO

ALL_BOOKS = ""
"""The ``position_id`` of what concerns every book of an instrument."""


class Leg(Enum):
    """Which side of a transfer a fact is."""

    OUT = "out"
    IN = "in"


class UnitsReason(Enum):
    """Why units came or went without a trade."""

    INCOME = "income"
    GIFT = "gift"
    AIRDROP = "airdrop"
    DONATION = "donation"
    PAYMENT = "payment"
    OTHER = "other"


class PositionEvent(Event):
    """A fact about one position, keyed by the venue's id for it."""

    __slots__ = ()

    id: str
    venue: str
    scope: str
    instrument_id: str
    position_id: str

    def identity(self) -> Identity:
        """Venue, scope and id; the kind is the topic's name."""
        return Identity(self.venue, self.scope, self.TOPIC.partition("/")[0], self.id)

    def subject(self) -> str:
        """The instrument."""
        return self.instrument_id


@gated
class LotCarried:
    """A lot that travels with a transfer: signed quantity and total basis, and where it began."""

    qty: Decimal
    basis: Decimal
    opened_at: datetime
    exec_id: str
    label: str | None = None


@gated
class PositionOpenedMidLife(PositionEvent):
    """The books begin while a position is open: signed quantity, and its total basis if known.

    The basis has the sign of the quantity for linear instruments: what a long cost, less what
    a short brought.
    """

    TOPIC: ClassVar[str] = "position-opened-mid-life/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("instrument_id", "position_id", "qty", "cost_basis")

    id: str
    instrument_id: str
    qty: Decimal
    cost_basis: Decimal | None = None
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class PositionTransferred(PositionEvent):
    """One leg of a transfer of units; ``qty`` is unsigned. The receiving leg carries the lots,
    and whether what they cost is known."""

    TOPIC: ClassVar[str] = "position-transferred/1"
    CONTENT: ClassVar[tuple[str, ...]] = (
        "leg", "instrument_id", "position_id", "qty", "counterparty",
    )  # fmt: skip

    id: str
    leg: Leg
    instrument_id: str
    qty: Positive
    counterparty: str
    lots: tuple[LotCarried, ...] = ()
    unknown_basis: bool = False
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None

    def identity(self) -> Identity:
        """One id, two legs: ``id/out`` and ``id/in``."""
        return Identity(self.venue, self.scope, "position-transferred", self.id, self.leg.value)


@gated
class SplitApplied(PositionEvent):
    """``numerator`` new units for ``denominator`` old ones. With ``whole``, the fraction left
    over is paid out at ``cash_in_lieu_px`` (per new unit). It concerns every book of the
    instrument, unless it names one."""

    TOPIC: ClassVar[str] = "split-applied/1"

    id: str
    instrument_id: str
    numerator: Positive
    denominator: Positive
    whole: bool = False
    cash_in_lieu_px: Decimal | None = None
    venue: str = ""
    scope: str = ""
    position_id: str = ALL_BOOKS
    seq: int | None = None


@gated
class SymbolChanged(PositionEvent):
    """The instrument trades under another symbol; the position stays where it is."""

    TOPIC: ClassVar[str] = "symbol-changed/1"

    id: str
    instrument_id: str
    symbol: str
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class SpinOffReceived(PositionEvent):
    """Units of a new instrument for units held; ``basis_share`` (0..1) of the parent's basis
    moves to them. ``basis`` is that amount, computed when the fact was recorded."""

    TOPIC: ClassVar[str] = "spin-off-received/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("instrument_id", "parent_id", "position_id", "qty")

    id: str
    instrument_id: str
    parent_id: str
    qty: Positive
    basis: Decimal = ZERO
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class OptionExpired(PositionEvent):
    """An option ran out worthless: what is held of it closes at zero. ``qty`` is unsigned."""

    TOPIC: ClassVar[str] = "option-expired/1"

    id: str
    instrument_id: str
    qty: Positive
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class OptionExercised(PositionEvent):
    """An option was exercised, or ``assigned``: it closes at zero, its premium realized; the
    delivery of the underlying is a fill of its own at the strike. ``qty`` is unsigned."""

    TOPIC: ClassVar[str] = "option-exercised/1"

    id: str
    instrument_id: str
    qty: Positive
    assigned: bool = False
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class UnitsReceived(PositionEvent):
    """Units came without a trade. ``basis`` is their total fair value, which is income."""

    TOPIC: ClassVar[str] = "units-received/1"

    id: str
    instrument_id: str
    qty: Positive
    reason: UnitsReason
    basis: Decimal | None = None
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    label: str | None = None
    seq: int | None = None


@gated
class UnitsDelivered(PositionEvent):
    """Units went without a trade; ``value`` is their total fair value, realized against basis."""

    TOPIC: ClassVar[str] = "units-delivered/1"

    id: str
    instrument_id: str
    qty: Positive
    reason: UnitsReason
    value: Decimal
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None


@gated
class PositionAdjusted(PositionEvent):
    """A reasoned correction by hand: signed quantity and basis, with who ordered it."""

    TOPIC: ClassVar[str] = "position-adjusted/1"

    id: str
    instrument_id: str
    qty: Decimal
    basis: Decimal
    reason: str
    who: str
    venue: str = ""
    scope: str = ""
    position_id: str = NET
    seq: int | None = None
