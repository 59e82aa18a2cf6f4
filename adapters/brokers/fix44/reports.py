"""Execution reports (35=8): fills, busts and corrections, and the order's state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final

from adapters.brokers.fix44.dialect import SIDES, Dialect, price_is_per_unit
from adapters.brokers.fix44.fees import fees
from adapters.brokers.fix44.instruments import instrument_id, price_currency
from adapters.brokers.fix44.message import NO_IDS, Message, timestamp
from adapters.linking import EXECUTION
from adapters.port import StatedOrder
from adapters.sharing import shared
from ledger.domain.events import (
    Event,
    Fee,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    Liquidity,
)
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError


class Says(Enum):
    """What a report is about."""

    FILL = "fill"
    BUST = "bust"
    CORRECTION = "correction"
    ORDER = "order"


TYPES: Final = {
    "1": Says.FILL, "2": Says.FILL, "F": Says.FILL, "G": Says.CORRECTION, "H": Says.BUST,
    **dict.fromkeys("03456789ABCDEIL", Says.ORDER),
}  # fmt: skip
"""ExecType (150)."""

TRANSACTIONS: Final = {"0": None, "1": Says.BUST, "2": Says.CORRECTION, "3": Says.ORDER}
"""ExecTransType (20), which FIX 4.2 has and later versions have not."""

STATES: Final = {
    "0": OrdStatus.NEW, "1": OrdStatus.PARTIALLY_FILLED, "2": OrdStatus.FILLED,
    "3": OrdStatus.DONE_FOR_DAY, "4": OrdStatus.CANCELED, "5": OrdStatus.NEW,
    "6": OrdStatus.PENDING_CANCEL, "7": OrdStatus.STOPPED, "8": OrdStatus.REJECTED,
    "9": OrdStatus.SUSPENDED, "A": OrdStatus.PENDING_NEW, "B": OrdStatus.CALCULATED,
    "C": OrdStatus.EXPIRED, "D": OrdStatus.NEW, "E": OrdStatus.PENDING_REPLACE,
}  # fmt: skip
"""OrdStatus (39). 5 (replaced, FIX 4.2) and D (accepted for bidding) are orders that work."""

LEG, WHOLE = "2", "3"
LEGS: Final = {"": False, "1": False, LEG: False, WHOLE: True}
_WHOLE: Final = (
    "the sum of a multileg trade: its legs are booked, and this log has none for its order"
)


def says(message: Message) -> Says:
    """What the report is about; ``BadRowError`` for a type that is not known."""
    kind = message.one_of("150", TYPES)
    told = message.one_of("20", TRANSACTIONS) if message.has("20") else None
    return told or kind


def is_whole(message: Message) -> bool:
    """Whether it is the sum of a multileg trade (442=3), which its legs tell too."""
    value = message.text("442")
    if value not in LEGS:
        raise BadRowError("442", value, "unknown: neither single, leg nor whole")
    return LEGS[value]


def is_ours(told: Message, account: str, named: Sequence[str]) -> bool:
    """Whether a report, or the side of one, is the account's, in a log that names these;
    ``BadRowError`` for one that names none among several."""
    if told.has("1"):
        return told.text("1") == account
    if len(named) > 1:
        raise BadRowError("1", "", "names no account, in a log of several")
    return not named or named[0] == account


def require_no_fills(message: Message) -> None:
    """``BadRowError`` for a report of an order that tells fills in a group: they are not read."""
    if says(message) is Says.ORDER and message.text("1362") not in {"", "0"}:
        rule = f"fills of order {message.text('37')}, told in a report of its state, are not read"
        raise BadRowError("1362", message.text("1362"), f"{rule}: enter them by hand")


class Reports:
    """Reads reports of one account; knows which request replaced which order."""

    def __init__(self, dialect: Dialect, messages: Sequence[Message]) -> None:
        self._dialect = dialect
        self._replaced: dict[tuple[str, str], str] = {}
        self._with_legs: set[tuple[str, str]] = set()
        self._first: dict[tuple[str, ...], int] = {}
        self._sent: dict[tuple[str, ...], tuple[str, int]] = {}
        self._by_id: dict[tuple[str, str], dict[tuple[str, ...], Message]] = {}
        self._amended = {_sender_and(one, "19") for one in messages if one.has("19")}
        self._repeated = {_sent_as(one) for one in messages if one.is_repeated}
        for message in messages:
            self._count(message)
            order_id = str(message.values.get("37", ""))
            if message.has("11", "41") and str(message.values["41"]).upper() not in NO_IDS:
                self._replaced[order_id, message.values["11"]] = message.values["41"]
            if message.values.get("442") == LEG:
                self._with_legs.update(f for f in message.fields if f[0] in {"37", "820"})

    def _count(self, message: Message) -> None:
        if not message.has("17"):
            return
        number, told, named = place(message), _told(message), _sender_and(message, "17")
        if named in self._amended:
            self._by_id.setdefault(named, {})[told] = message
        if self._repeated and (sent := _sent_as(message)) in self._repeated:
            self._sent[sent] = min(told_at(message), self._sent.get(sent, told_at(message)))
        if number is not None:
            self._first[told] = min(number, self._first.get(told, number))

    def sequence(self, message: Message) -> int | None:
        """The place inside one instant: the number (34) under which the execution was told first,
        which is the venue's order of telling. One sent again (97) has a later number."""
        return self._first.get(_told(message), place(message))

    def first_told_at(self, message: Message) -> tuple[str, int]:
        """When what a report says was sent first: one sent again (43, 97) is no later word on its
        order or fill, which others may have changed since."""
        own = told_at(message)
        return self._sent.get(_sent_as(message), own) if message.is_repeated else own

    def amended_at(self, message: Message) -> datetime:
        """When a bust or correction was told: several of one fill take effect in that order. 60 may
        be the fill's own time."""
        return timestamp("52", self.first_told_at(message)[0])

    def scope(self, message: Message) -> str:
        """Where the execution's id is unique, and the id of the one it amends. The trade date is
        told (75), or that of the one amended, if the log has one of its id, or the UTC date of the
        transaction (60)."""
        named = self._first_named(message)
        traded_on = named.day_or_none("75") or named.utc("60").date()
        return self._dialect.scope(message, traded_on)

    def amended_on_some_day(self, message: Message, venue: str) -> tuple[Identity, ...]:
        """What a bust or correction names that has no trade date, and is not in the log once: an
        execution of the sender and the order, to be looked for among what is booked."""
        named = self._first_named(message)
        if named.has("75") or not (named.has("19") and message.has("37")):
            return ()
        if self._by_id.get(_sender_and(named, "19")):
            return ()
        sender = self.scope(message).rpartition(":")[0]
        return (Identity(venue, sender, EXECUTION, named.text("19"), message.text("37")),)

    def _first_named(self, message: Message) -> Message:
        """The message at the beginning of a chain of amendments, as far as the log holds it."""
        named, seen = message, {id(message)}
        while named.has("19") and not named.has("75"):
            originals = [*self._by_id.get(_sender_and(named, "19"), {}).values()]
            if len(originals) != 1 or id(originals[0]) in seen:
                break
            (named,) = originals
            seen.add(id(named))
        return named

    def event(self, message: Message) -> Event | None:
        """The fact that a report tells; None when it tells only of the order."""
        message.require_single()
        kind = says(message)
        if kind is Says.ORDER:
            return None
        if kind is Says.CORRECTION and not message.decimal("32"):
            kind = Says.BUST
        if self.is_told_by_legs(message, message.text("37")):
            return None
        price_is_per_unit(message)
        made = {Says.FILL: self._fill, Says.BUST: self._bust, Says.CORRECTION: self._correction}
        return made[kind](message)

    def is_told_by_legs(self, message: Message, order_id: str) -> bool:
        """Whether it sums up legs (442) that are booked; ``BadRowError`` when there are none."""
        if not is_whole(message):
            return False
        if self._with_legs.isdisjoint({("37", order_id), ("820", message.text("880"))}):
            raise BadRowError("442", WHOLE, _WHOLE)
        return True

    def _fill(self, message: Message) -> FillBooked:
        qty = message.decimal("32")
        return FillBooked(
            exec_id=message.required("17"),
            instrument_id=instrument_id(message, self._dialect.venue),
            side=message.one_of("54", SIDES),
            last_qty=qty,
            last_px=message.decimal("31"),
            currency=price_currency(message, self._dialect.currency_of(message)),
            venue=self._dialect.venue,
            scope=self.scope(message),
            cl_ord_id=self.cl_ord_id(message),
            order_id=message.order_id("37") or None,
            fees=self._fees(message, qty),
            seq=self.sequence(message),
            trade_id=message.text("1003") or message.text("880") or None,
            settl_date=message.day_or_none("64"),
            liquidity=liquidity(message),
        )

    def _bust(self, message: Message) -> FillBusted:
        return FillBusted(
            exec_id=message.required("17"),
            exec_ref_id=message.required("19"),
            venue=self._dialect.venue,
            scope=self.scope(message),
            instrument_id=instrument_id(message, self._dialect.venue),
            cl_ord_id=self.cl_ord_id(message),
            reason=message.text("58") or "cancelled by the venue (150=H)",
        )

    def _correction(self, message: Message) -> FillCorrected:
        qty = message.decimal("32")
        return FillCorrected(
            exec_id=message.required("17"),
            exec_ref_id=message.required("19"),
            last_qty=qty,
            last_px=message.decimal("31"),
            fees=self._fees(message, qty) if message.has("12") or message.has("136") else None,
            side=message.one_of("54", SIDES),
            venue=self._dialect.venue,
            scope=self.scope(message),
            instrument_id=instrument_id(message, self._dialect.venue),
            cl_ord_id=self.cl_ord_id(message),
        )

    def _fees(self, message: Message, qty: Decimal) -> tuple[Fee, ...]:
        default, negative = self._dialect.currency_of(message), self._dialect.negative_charges
        return fees(message, qty, default, negative=negative)

    def cl_ord_id(self, message: Message) -> str | None:
        """Our id of the order (11): the first of its chain of replacements, as far as told. Each
        of the chain is pointed to the first, so that an order replaced all day is walked once."""
        order_id, named = message.text("37"), message.text("11")
        seen: set[str] = set()
        while named not in seen and (order_id, named) in self._replaced:
            seen.add(named)
            named = self._replaced[order_id, named]
        if named not in seen:
            self._replaced.update(((order_id, one), named) for one in seen)
        return named or None

    def order(self, message: Message) -> StatedOrder | None:
        """The order as the report leaves it, by our id where the venue has none of it; None when
        that is not said (37, 38)."""
        ours = self.cl_ord_id(message)
        named = message.order_id("37") or (ours or "" if message.has("37") else "")
        if not named or not message.has("38", "14"):
            return None
        cum_qty, status = message.decimal("14"), message.one_of("39", STATES)
        if status is OrdStatus.NEW and cum_qty:
            status = OrdStatus.PARTIALLY_FILLED
        return StatedOrder(
            order_id=named,
            instrument_id=instrument_id(message, self._dialect.venue),
            side=message.one_of("54", SIDES),
            qty=message.decimal("38"),
            cum_qty=cum_qty,
            status=status,
            cl_ord_id=ours,
            leaves_qty=message.decimal_or_none("151"),
            limit_px=message.decimal_or_none("44"),
            stop_px=message.decimal_or_none("99"),
            avg_px=message.decimal_or_none("6") if cum_qty else None,
            updated_at=message.utc("60") if message.has("60") else None,
        )


def told_at(message: Message) -> tuple[str, int]:
    """The order in which reports were sent: time, then number."""
    return message.sent_at, place(message) or 0


def place(message: Message) -> int | None:
    """The message's number (34), if it is one."""
    written = str(message.values.get("34", ""))
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 18 else None


def _sender_and(message: Message, tag: str) -> tuple[str, str]:
    return str(message.values.get("49", "")), str(message.values.get(tag, ""))


def _told(message: Message) -> tuple[str, ...]:
    """What tells an execution apart in a log: sender, kind, day and id."""
    on = shared(str(message.values.get("75") or message.values.get("60", ""))[:8])
    names = (message.values.get(tag, "") for tag in ("49", "35", "17"))
    return (on, *map(str, names))


def _sent_as(message: Message) -> tuple[str, ...]:
    """What tells one report, which may be sent again, from the others: trade reports of one
    execution have ids of their own (571)."""
    return (*_told(message), str(message.values.get("571", "")))


def liquidity(message: Message) -> Liquidity | None:
    """851, else whether the order was the aggressor (1057); None where neither is told."""
    if message.has("851"):
        return {"1": Liquidity.MAKER, "2": Liquidity.TAKER}.get(message.text("851"))
    return {"Y": Liquidity.TAKER, "N": Liquidity.MAKER}.get(message.text("1057"))


def further_ids(message: Message, venue: str, scope: str) -> tuple[Identity, ...]:
    """The execution's and the order's further ids (527, 198)."""
    named = (("secondary-execution", "527"), ("secondary-order", "198"))
    return tuple(
        Identity(venue, scope, kind, message.text(tag)) for kind, tag in named if message.has(tag)
    )


class Newest:
    """Of each order the state that was sent last."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[tuple[str, int], StatedOrder]] = {}

    def add(self, sent: tuple[str, int], order: StatedOrder) -> None:
        """One more state, and when it was sent."""
        known = self._last.get(order.order_id)
        if known is None or sent >= known[0]:
            self._last[order.order_id] = sent, order

    def orders(self) -> list[StatedOrder]:
        """Those states, in the order of their ids."""
        return [order for _, (_, order) in sorted(self._last.items())]
