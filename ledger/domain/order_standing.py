"""Where an order stands: the latest fact of each sort that the venue reported of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ledger.domain.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderCalculated,
    OrderCancelled,
    OrderDoneForDay,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderStopped,
    OrderSubmitted,
    OrderSuspended,
    OrderTriggered,
    Recorded,
    ReplaceRejected,
)
from ledger.domain.order_status import OrdStatus

# The venue's words that show it has, or had, the order.
_ACKNOWLEDGES = (
    *(OrderAccepted, OrderReplaced, OrderRestated, OrderTriggered, OrderStopped),
    *(OrderSuspended, OrderDoneForDay, OrderCalculated),
)
_ENDS: tuple[type[Event], ...] = (OrderCancelled, OrderExpired, OrderRejected)
_REASONED = (OrderRejected, OrderCancelled)
_END_STATES = {OrderCancelled: OrdStatus.CANCELED, OrderExpired: OrdStatus.EXPIRED}
_STOPS = frozenset({*_ENDS, OrderDoneForDay, OrderCalculated})
_STATES = frozenset({*_END_STATES, OrderDoneForDay, OrderCalculated, OrderStopped, OrderSuspended})
# What puts an order back to work after a halt, when it happened later.
_LIFTS: dict[type[Event], tuple[type[Event], ...]] = {
    OrderDoneForDay: (OrderRestated, OrderAccepted),
    OrderCalculated: (OrderRestated, OrderAccepted),
    OrderSuspended: (OrderRestated, OrderAccepted, OrderTriggered),
}


class OrderStanding:
    """Reports that say how an order stands; of two of one sort the later one counts."""

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest: dict[type[Event], Recorded] = {}

    def keep(self, recorded: Recorded) -> None:
        """Take in a report; at one instant the key decides, not the arrival."""
        kind = type(recorded.event)
        kept = self.latest.get(kind)
        if kept is None or _moment(kept) < _moment(recorded):
            self.latest[kind] = recorded

    @property
    def is_dead(self) -> bool:
        """Rejected, cancelled or expired: nothing revives it."""
        return not self.latest.keys().isdisjoint(_ENDS)

    @property
    def is_plain(self) -> bool:
        """Whether no report puts the order in a state of its own."""
        return self.latest.keys().isdisjoint(_STATES)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the venue has shown that it has, or had, the order."""
        return not self.latest.keys().isdisjoint(_ACKNOWLEDGES)

    def is_done(self, multi_day: bool) -> bool:
        """Whether nothing more will execute: dead, calculated, or, unless it lives for several
        days, done for the day."""
        if self.latest.keys().isdisjoint(_STOPS):
            return False
        done = not multi_day and self.stands(OrderDoneForDay, multi_day, None)
        return done or self.is_dead or self.stands(OrderCalculated, multi_day, None)

    @property
    def reason(self) -> str:
        """Why it was rejected or cancelled, in the venue's words; empty if it was not, or without
        a word."""
        for end in _REASONED:
            told = self.latest.get(end)
            reason: str = getattr(told.event, "reason", "") if told is not None else ""
            if reason:
                return reason
        return ""

    @property
    def is_nowhere(self) -> bool:
        """Whether all the venue said is that it will not do what was asked with it."""
        return bool(self.latest) and self.latest.keys() <= {CancelRejected, ReplaceRejected}

    def stands(self, halt: type[Event], multi_day: bool, filled_at: datetime | None) -> bool:
        """Whether a halt still holds: nothing that lifts it has happened since."""
        halted = self.latest.get(halt)
        if halted is None:
            return False
        lifts = _LIFTS[halt]
        if multi_day and halt is OrderDoneForDay:
            # No more executions that day: what happened later belongs to another day.
            lifts = (*lifts, *_ENDS)
            if filled_at is not None and filled_at > halted.occurred_at:
                return False
        since = (self.latest[lift].occurred_at for lift in lifts if lift in self.latest)
        return all(at <= halted.occurred_at for at in since)

    def states(self, multi_day: bool, filled_at: datetime | None) -> Iterator[OrdStatus]:
        """The states the reports put the order in."""
        if self.latest.keys().isdisjoint(_STATES):
            return
        if self.stands(OrderDoneForDay, multi_day, filled_at):
            yield OrdStatus.DONE_FOR_DAY
        if self.stands(OrderCalculated, multi_day, filled_at):
            yield OrdStatus.CALCULATED
        if self.is_dead:
            yield from (state for end, state in _END_STATES.items() if end in self.latest)
            return
        if OrderStopped in self.latest:
            yield OrdStatus.STOPPED
        if self.stands(OrderSuspended, multi_day, filled_at):
            yield OrdStatus.SUSPENDED

    def heard_at(self, filled_at: datetime | None) -> datetime | None:
        """When the venue last said anything of the order, its executions included."""
        reports = (fact for kind, fact in self.latest.items() if kind is not OrderSubmitted)
        times = [fact.occurred_at for fact in reports]
        return max([*times, filled_at] if filled_at else times, default=None)


def _moment(recorded: Recorded) -> tuple[datetime, str]:
    return recorded.occurred_at, recorded.key
