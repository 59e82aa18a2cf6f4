"""The terms of an order: quantity, prices and current id, as the accepted changes left them.

Changes are applied in the order in which they happened. Two at one instant follow the chain of
request ids (a replacement of a replacement comes after it), then their keys; never the order
of arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.events import (
    Event,
    OrderPlaced,
    OrderReplaced,
    OrderRestated,
    OrdType,
    Recorded,
    ReplaceRequested,
    Side,
    StopMoved,
    StopReason,
    TargetMoved,
)

STOP_TYPES = frozenset({OrdType.STOP, OrdType.STOP_LIMIT, OrdType.TRAILING_STOP})


class Levels(NamedTuple):
    """A change, and where it left the stop and the target of its order."""

    change: Recorded
    stop_px: Decimal | None
    target_px: Decimal | None


class OrderTerms:
    """What is in force. ``order_qty`` is None while nobody has stated it; ``qty_replaced_at``
    says when a replacement set it, None when placing or a restatement did."""

    __slots__ = (
        "_chain", "_changes", "_followed", "_latest", "_requests", "cl_ord_id", "initial_stop_px",
        "limit_px", "order_qty", "placed", "qty_replaced_at", "stop_px", "target_px",
        "trailing_violations",
    )  # fmt: skip

    def __init__(self) -> None:
        self._changes: dict[str, Recorded] = {}
        self._requests: dict[str, ReplaceRequested] = {}
        self._chain: dict[str, str] = {}  # each replacement's id, and the one that it follows
        self._followed: set[str] = set()
        self._latest: datetime | None = None  # when the last change that was applied happened
        self._start(None)

    def place(self, placed: OrderPlaced) -> None:
        """The order's own words; they come first, whatever the clocks say."""
        self._start(placed)
        if self._changes:
            self._resolve()

    def request(self, request: ReplaceRequested) -> None:
        """What was asked for: it counts once the venue has accepted it."""
        self._requests[request.cl_ord_id] = request
        if request.cl_ord_id in self._chain:  # its answer came first
            self._resolve()

    def change(self, recorded: Recorded) -> None:
        """A replacement, a restatement, or a move of the stop or the target."""
        if recorded.key in self._changes:
            return
        self._changes[recorded.key] = recorded
        is_last = self._latest is None or recorded.occurred_at > self._latest
        if self._keeps_order(recorded.event) and is_last:
            self._apply(recorded)
        else:
            self._resolve()

    def _keeps_order(self, event: Event) -> bool:
        """Whether those before stay in their order: a replacement that others follow on already
        may part two of one instant."""
        if not isinstance(event, OrderReplaced):
            return True
        is_new = event.cl_ord_id not in self._chain and event.cl_ord_id not in self._followed
        self._chain[event.cl_ord_id] = event.orig_cl_ord_id
        self._followed.add(event.orig_cl_ord_id)
        return is_new

    def _start(self, placed: OrderPlaced | None) -> None:
        self.placed = placed
        self.cl_ord_id = placed.cl_ord_id if placed else None
        self.order_qty = placed.order_qty if placed else None
        self.limit_px = placed.limit_px if placed else None
        self.stop_px = placed.stop_px if placed else None
        self.initial_stop_px = self.stop_px
        self.target_px: Decimal | None = None
        self.qty_replaced_at: datetime | None = None
        self.trailing_violations = 0

    def _resolve(self) -> None:
        self._start(self.placed)
        for recorded in self._in_order():
            self._apply(recorded)

    def _apply(self, recorded: Recorded) -> None:
        self._latest = recorded.occurred_at
        match recorded.event:
            case OrderReplaced() as event:
                self._replaced(event, recorded.occurred_at)
            case OrderRestated() as event:
                self._restated(event)
            case StopMoved() as event:
                self._move_stop(event)
            case TargetMoved() as event:
                self.target_px = event.target_px

    def path(self) -> Iterator[Levels]:
        """Where each change left the stop and the target, in the order they are applied in."""
        terms = OrderTerms()
        terms._requests = self._requests
        terms._start(self.placed)
        for recorded in self._in_order():
            terms._apply(recorded)
            yield Levels(recorded, terms.stop_px, terms.target_px)

    def _in_order(self) -> list[Recorded]:
        """The changes by when they happened; only an instant that is shared asks for more."""
        sharing = Counter(recorded.occurred_at for recorded in self._changes.values())

        def place(recorded: Recorded) -> tuple[datetime, int, str]:
            at = recorded.occurred_at
            return at, self._depth(recorded.event) if sharing[at] > 1 else 0, recorded.key

        return sorted(self._changes.values(), key=place)

    def _depth(self, event: Event) -> int:
        """How many replacements led to this one."""
        cl_ord_id = event.cl_ord_id if isinstance(event, OrderReplaced) else ""
        seen: set[str] = set()
        while cl_ord_id in self._chain and cl_ord_id not in seen:
            seen.add(cl_ord_id)
            cl_ord_id = self._chain[cl_ord_id]
        return len(seen)

    def _replaced(self, event: OrderReplaced, at: datetime) -> None:
        """What the venue stated; where it stated nothing, what was asked; else as it was."""
        asked = self._requests.get(event.cl_ord_id)
        self.cl_ord_id = event.cl_ord_id
        qty = _stated(event.order_qty, asked.order_qty if asked else None)
        if qty is not None:
            self.order_qty, self.qty_replaced_at = qty, at
        limit_px = _stated(event.limit_px, asked.limit_px if asked else None)
        self.limit_px = _stated(limit_px, self.limit_px)
        self._set_stop(_stated(event.stop_px, asked.stop_px if asked else None))

    def _restated(self, event: OrderRestated) -> None:
        if event.order_qty is not None:
            self.order_qty, self.qty_replaced_at = event.order_qty, None
        self.limit_px = _stated(event.limit_px, self.limit_px)
        self._set_stop(event.stop_px)

    def _move_stop(self, event: StopMoved) -> None:
        if event.reason is StopReason.TRAILING and self._retreats(event.stop_px):
            self.trailing_violations += 1
        self._set_stop(event.stop_px)

    def _set_stop(self, stop_px: Decimal | None) -> None:
        if stop_px is not None:
            self.stop_px = stop_px
        if self.initial_stop_px is None:
            self.initial_stop_px = stop_px

    def _retreats(self, stop_px: Decimal) -> bool:
        """Whether a trailing stop moves away from the price it should follow.

        A sell stop protects a long and may only rise, a buy stop only fall. A level kept with
        an order that is no stop protects what that order opens, so there it is the other way.
        """
        if self.placed is None or self.stop_px is None:
            return False
        buys = self.placed.side is Side.BUY
        rises = not buys if self.placed.ord_type in STOP_TYPES else buys
        return stop_px < self.stop_px if rises else stop_px > self.stop_px


def _stated(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return first if first is not None else second
