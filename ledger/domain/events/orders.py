"""Orders: what we asked, and what the venue said of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from ledger.domain.events.base import Event, Identity
from ledger.domain.events.executions import NET, Side
from ledger.domain.gates import Positive, Unsigned, gated


class OrdType(Enum):
    """FIX 40."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    MARKET_IF_TOUCHED = "market_if_touched"
    LIMIT_IF_TOUCHED = "limit_if_touched"
    JOIN_BID = "join_bid"
    JOIN_ASK = "join_ask"


class TimeInForce(Enum):
    """FIX 59."""

    DAY = "day"
    GTC = "gtc"
    GTD = "gtd"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


class Intent(Enum):
    """What an order is meant to do to the position."""

    ENTRY = "entry"
    EXIT = "exit"
    ADD_ON = "add_on"
    PROTECT = "protect"


class StopReason(Enum):
    """Why a stop stands where it stands."""

    INITIAL = "initial"
    BREAK_EVEN = "break_even"
    TRAILING = "trailing"
    MANUAL = "manual"
    POLICY = "policy"


class Contingency(Enum):
    """FIX 1385: how linked orders depend on each other."""

    OCO = "oco"
    OTO = "oto"
    OUO = "ouo"
    BRACKET = "bracket"


class OrderEvent(Event):
    """A fact about one order, named by ``cl_ord_id``; a request carries its own id."""

    __slots__ = ()

    cl_ord_id: str

    def subject(self) -> str:
        """The order."""
        return self.cl_ord_id


@gated
class OrderPlaced(OrderEvent):
    """We sent an order (FIX 35=D). Prices by type: limit, stop, or a trailing offset or percent.

    ``hold`` (with ``hold_currency``) is what the order reserves of the free balance; a market
    order's is the caller's estimate. ``decision_px`` is the price at which it was decided.
    """

    TOPIC: ClassVar[str] = "order-placed/1"

    cl_ord_id: str
    instrument_id: str
    side: Side
    order_qty: Positive
    ord_type: OrdType = OrdType.MARKET
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None
    trail_offset: Positive | None = None
    trail_percent: Positive | None = None
    tif: TimeInForce = TimeInForce.DAY
    expire_time: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    position_id: str = NET
    strategy: str | None = None
    intent: Intent | None = None
    decision_px: Decimal | None = None
    hold: Unsigned | None = None
    hold_currency: str | None = None

    def identity(self) -> Identity:
        """Our own id for the order (FIX 11)."""
        return Identity("", "", "order", self.cl_ord_id)


@gated
class OrderSubmitted(OrderEvent):
    """The order left for the venue; nothing was heard yet."""

    TOPIC: ClassVar[str] = "order-submitted/1"

    cl_ord_id: str


@gated
class OrderAccepted(OrderEvent):
    """The venue took the order (FIX 150=0) and calls it ``order_id`` (FIX 37)."""

    TOPIC: ClassVar[str] = "order-accepted/1"
    CONTENT: ClassVar[tuple[str, ...]] = ("cl_ord_id", "order_id")

    cl_ord_id: str
    order_id: str | None = None


@gated
class OrderRejected(OrderEvent):
    """The venue refused the order (FIX 150=8)."""

    TOPIC: ClassVar[str] = "order-rejected/1"

    cl_ord_id: str
    reason: str = ""


@gated
class ReplaceRequested(OrderEvent):
    """We asked to amend (FIX 35=G); nothing changes until ``OrderReplaced``.

    ``cl_ord_id`` is the request's own id, ``orig_cl_ord_id`` the last one not rejected.
    """

    TOPIC: ClassVar[str] = "replace-requested/1"

    cl_ord_id: str
    orig_cl_ord_id: str
    order_qty: Unsigned | None = None
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None

    def identity(self) -> Identity:
        """The request's id is drawn from the same space as the orders'."""
        return Identity("", "", "order", self.cl_ord_id)


@gated
class ReplacePending(OrderEvent):
    """The venue has the replace request in hand (FIX 150=E)."""

    TOPIC: ClassVar[str] = "replace-pending/1"

    cl_ord_id: str
    orig_cl_ord_id: str


@gated
class OrderReplaced(OrderEvent):
    """The amendment is in force (FIX 150=5) under the request's id; absent fields stayed."""

    TOPIC: ClassVar[str] = "order-replaced/1"

    cl_ord_id: str
    orig_cl_ord_id: str
    order_qty: Unsigned | None = None
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None
    order_id: str | None = None


@gated
class ReplaceRejected(OrderEvent):
    """The amendment was refused (FIX 35=9); the order is what it last was."""

    TOPIC: ClassVar[str] = "replace-rejected/1"

    cl_ord_id: str
    orig_cl_ord_id: str
    reason: str = ""


@gated
class CancelRequested(OrderEvent):
    """We asked to cancel (FIX 35=F)."""

    TOPIC: ClassVar[str] = "cancel-requested/1"

    cl_ord_id: str
    orig_cl_ord_id: str
    reason: str = ""

    def identity(self) -> Identity:
        """The request's id is drawn from the same space as the orders'."""
        return Identity("", "", "order", self.cl_ord_id)


@gated
class CancelPending(OrderEvent):
    """The venue has the cancel request in hand (FIX 150=6)."""

    TOPIC: ClassVar[str] = "cancel-pending/1"

    cl_ord_id: str
    orig_cl_ord_id: str


@gated
class CancelRejected(OrderEvent):
    """The cancel was refused (FIX 35=9)."""

    TOPIC: ClassVar[str] = "cancel-rejected/1"

    cl_ord_id: str
    orig_cl_ord_id: str
    reason: str = ""


@gated
class OrderCancelled(OrderEvent):
    """The rest was withdrawn (FIX 150=4), asked for (``orig_cl_ord_id``) or not."""

    TOPIC: ClassVar[str] = "order-cancelled/1"

    cl_ord_id: str
    orig_cl_ord_id: str | None = None
    reason: str = ""


@gated
class OrderExpired(OrderEvent):
    """Its time in force ran out (FIX 150=C)."""

    TOPIC: ClassVar[str] = "order-expired/1"

    cl_ord_id: str


@gated
class OrderDoneForDay(OrderEvent):
    """No more executions today (FIX 150=3); a DAY order leaves nothing."""

    TOPIC: ClassVar[str] = "order-done-for-day/1"

    cl_ord_id: str


@gated
class OrderCalculated(OrderEvent):
    """The venue has computed the order's settlement (FIX 150=B); nothing more will fill."""

    TOPIC: ClassVar[str] = "order-calculated/1"

    cl_ord_id: str


@gated
class OrderStopped(OrderEvent):
    """A guarantee of execution (FIX 150=7): ``guaranteed_qty`` is no execution yet."""

    TOPIC: ClassVar[str] = "order-stopped/1"

    cl_ord_id: str
    guaranteed_qty: Unsigned | None = None
    guaranteed_px: Decimal | None = None


@gated
class OrderRestated(OrderEvent):
    """The venue states the order anew (FIX 150=D): renewal of a GTC order, an unsolicited
    change, a corporate action. Absent fields stayed; ``cum_qty`` is given when a split
    re-expressed what was filled before."""

    TOPIC: ClassVar[str] = "order-restated/1"

    cl_ord_id: str
    order_qty: Unsigned | None = None
    cum_qty: Unsigned | None = None
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None
    reason: str = ""


@gated
class OrderTriggered(OrderEvent):
    """The stop was touched (FIX 150=L); the order works from here."""

    TOPIC: ClassVar[str] = "order-triggered/1"

    cl_ord_id: str


@gated
class OrderSuspended(OrderEvent):
    """The order is out of the market for now (FIX 150=9)."""

    TOPIC: ClassVar[str] = "order-suspended/1"

    cl_ord_id: str
    reason: str = ""


@gated
class OutcomeUnknown(OrderEvent):
    """A request got no answer in time. That is not a rejection: the order may be live."""

    TOPIC: ClassVar[str] = "outcome-unknown/1"

    cl_ord_id: str
    request: str = ""


@gated
class StopMoved(OrderEvent):
    """The stop level was moved. ``inputs`` are the figures the rule used, as name and value."""

    TOPIC: ClassVar[str] = "stop-moved/1"

    cl_ord_id: str
    stop_px: Decimal
    reason: StopReason = StopReason.MANUAL
    inputs: tuple[tuple[str, str], ...] = ()
    instrument_id: str | None = None
    position_id: str = NET


@gated
class TargetMoved(OrderEvent):
    """The profit target was moved."""

    TOPIC: ClassVar[str] = "target-moved/1"

    cl_ord_id: str
    target_px: Decimal
    reason: str = ""
    instrument_id: str | None = None
    position_id: str = NET


@gated
class OrdersLinked(Event):
    """Orders that depend on each other; ``cl_ord_ids`` begins with the parent, if there is one."""

    TOPIC: ClassVar[str] = "orders-linked/1"

    link_id: str
    contingency: Contingency
    cl_ord_ids: tuple[str, ...]

    def identity(self) -> Identity:
        """The link's own id."""
        return Identity("", "", "link", self.link_id)

    def subject(self) -> str:
        """The link."""
        return self.link_id
