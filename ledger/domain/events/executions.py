"""Executions: fills, and what later became of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from ledger.domain.events.base import Difference, Event, Identity
from ledger.domain.gates import Positive, Unsigned, gated
from ledger.domain.numbers import negate

NET = "net"


class Side(Enum):
    """FIX 54."""

    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell_short"

    @property
    def is_buy(self) -> bool:
        """Whether the position grows."""
        return self is Side.BUY


class FeeKind(Enum):
    """What a charge is for."""

    COMMISSION = "commission"
    EXCHANGE = "exchange"
    CLEARING = "clearing"
    REGULATORY = "regulatory"
    TAX = "tax"
    WITHHOLDING_TAX = "withholding_tax"
    BORROW = "borrow"
    OTHER = "other"


class Liquidity(Enum):
    """FIX 851."""

    MAKER = "maker"
    TAKER = "taker"


@gated
class Fee:
    """A charge that came with a fill: positive is charged, negative is a rebate."""

    amount: Decimal
    currency: str
    kind: FeeKind = FeeKind.COMMISSION


@gated
class LotSelector:
    """Which open lots a trade by hand means; every given field must fit (SPECIFIC booking)."""

    exec_id: str | None = None
    unit_cost: Decimal | None = None
    opened_on: date | None = None
    label: str | None = None
    qty: Positive | None = None


@gated
class FillBooked(Event):
    """One execution (FIX 150=F). ``last_qty`` is unsigned; the sign is the side's.

    ``gross_trade_amt`` (FIX 381, unsigned) is given when the money is stated and is not what
    quantity, price and multiplier make; it then is the value, and ``last_px`` may be absent.
    ``seq`` is the venue's own order inside one instant, ``position_id`` the book under hedging.
    """

    TOPIC: ClassVar[str] = "fill-booked/1"
    CONTENT: ClassVar[tuple[str, ...]] = (
        "instrument_id", "side", "last_qty", "last_px", "currency", "gross_trade_amt",
    )  # fmt: skip

    exec_id: str
    instrument_id: str
    side: Side
    last_qty: Positive
    last_px: Decimal | None = None
    currency: str | None = None
    venue: str = ""
    scope: str = ""
    revision: str = ""
    position_id: str = NET
    cl_ord_id: str | None = None
    order_id: str | None = None
    gross_trade_amt: Unsigned | None = None
    fees: tuple[Fee, ...] = ()
    lots: tuple[LotSelector, ...] = ()
    label: str | None = None
    seq: int | None = None
    trade_id: str | None = None
    settl_date: date | None = None
    liquidity: Liquidity | None = None
    by_hand: bool = False

    def identity(self) -> Identity:
        """The fill's key: venue, scope, id and revision."""
        return Identity(self.venue, self.scope, "fill", self.exec_id, self.revision)

    def subject(self) -> str:
        """The instrument."""
        return self.instrument_id

    @property
    def signed_qty(self) -> Decimal:
        """Quantity with the position's sign: positive for a buy."""
        return self.last_qty if self.side is Side.BUY else negate(self.last_qty)


@gated
class FillBusted(Event):
    """The venue undid an execution (FIX 150=H). ``exec_ref_id`` (FIX 19) is the fill's id,
    or that of its latest correction; instrument and order are what the venue said, if it did."""

    TOPIC: ClassVar[str] = "fill-busted/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("exec_ref_id", "ref_revision")

    exec_id: str
    exec_ref_id: str
    venue: str = ""
    scope: str = ""
    revision: str = ""
    ref_revision: str = ""
    instrument_id: str | None = None
    position_id: str = NET
    cl_ord_id: str | None = None
    reason: str | None = None

    def identity(self) -> Identity:
        """A bust's own key; kind ``bust``, since some venues repeat the fill's id on it."""
        return Identity(self.venue, self.scope, "bust", self.exec_id, self.revision)

    def refers_to(self) -> Identity:
        """The key of the execution that is undone."""
        return Identity(self.venue, self.scope, "fill", self.exec_ref_id, self.ref_revision)

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""


@gated
class FillCorrected(Event):
    """The venue amended an execution (FIX 150=G): quantity and price are the new absolute ones.

    A price that is not told stays as it was, and so do the fees unless ``fees`` is given, which
    then replaces them. A correction to nothing is a bust.
    """

    TOPIC: ClassVar[str] = "fill-corrected/1"
    CONTENT: ClassVar[tuple[str, ...]] = (
        "exec_ref_id", "ref_revision", "last_qty", "last_px", "side", "gross_trade_amt",
    )  # fmt: skip

    exec_id: str
    exec_ref_id: str
    last_qty: Positive
    last_px: Decimal | None = None
    gross_trade_amt: Unsigned | None = None
    fees: tuple[Fee, ...] | None = None
    side: Side | None = None
    venue: str = ""
    scope: str = ""
    revision: str = ""
    ref_revision: str = ""
    instrument_id: str | None = None
    position_id: str = NET
    cl_ord_id: str | None = None

    def identity(self) -> Identity:
        """A correction takes a place among the fills' ids: a later one may correct it in turn."""
        return Identity(self.venue, self.scope, "fill", self.exec_id, self.revision)

    def refers_to(self) -> Identity:
        """The key of the execution, or correction, that is amended."""
        return Identity(self.venue, self.scope, "fill", self.exec_ref_id, self.ref_revision)

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""


@gated
class FillConflict(Event):
    """The same execution id came again with other content; the booked one stands."""

    TOPIC: ClassVar[str] = "fill-conflict/1"

    exec_id: str
    digest: str
    venue: str = ""
    scope: str = ""
    revision: str = ""
    instrument_id: str | None = None
    differing: tuple[Difference, ...] = ()

    def identity(self) -> Identity:
        """The fill's key and a digest of the other content, so that a repeat is the same fact."""
        return Identity(self.venue, self.scope, "conflict", self.exec_id, self.digest)

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""


@gated
class FillSighted(Event):
    """The same execution on another channel, or more of it; it moves nothing."""

    TOPIC: ClassVar[str] = "fill-sighted/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("exec_id", "channel")

    exec_id: str
    channel: str
    venue: str = ""
    scope: str = ""
    revision: str = ""
    instrument_id: str | None = None
    cl_ord_id: str | None = None
    order_id: str | None = None
    trade_id: str | None = None
    settl_date: date | None = None
    liquidity: Liquidity | None = None

    def identity(self) -> Identity:
        """One sighting a channel."""
        return Identity(self.venue, self.channel, "sighting", self.exec_id, self.revision)

    def subject(self) -> str:
        """The instrument, when known."""
        return self.instrument_id or ""
