"""What an order holds: each fact in its place, none refused, none dependent on arrival."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from ledger.domain.events import (
    CancelPending,
    CancelRejected,
    CancelRequested,
    Event,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCalculated,
    OrderCancelled,
    OrderDoneForDay,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrdersLinked,
    OrderStopped,
    OrderSubmitted,
    OrderSuspended,
    OrderTriggered,
    OutcomeUnknown,
    Recorded,
    ReplacePending,
    ReplaceRejected,
    ReplaceRequested,
    StopMoved,
    TargetMoved,
)
from ledger.domain.order_fills import OrderFills
from ledger.domain.order_requests import CANCEL, REPLACE, OrderRequests
from ledger.domain.order_standing import OrderStanding
from ledger.domain.order_terms import OrderTerms

NO_REQUESTS: Final = OrderRequests()


def order_ids(event: Event) -> tuple[str, ...]:
    """The ids by which a fact names one order: its own, and the one it follows on.

    >>> order_ids(OrderCancelled(cl_ord_id="c2", orig_cl_ord_id="c1"))
    ('c2', 'c1')
    """
    names = (getattr(event, "cl_ord_id", None), getattr(event, "orig_cl_ord_id", None))
    return tuple(name for name in names if name)


class OrderFacts:
    """The facts of one order, sorted by what they say; :class:`ledger.domain.orders.Order`
    derives everything else from them, and sorts them when it is first asked."""

    __slots__ = (
        "fills", "ids", "links", "order_id", "placed_at", "requests", "standing", "terms",
    )  # fmt: skip

    def __init__(self) -> None:
        self.terms = OrderTerms()
        self.fills = OrderFills()
        self.requests = NO_REQUESTS  # as of most orders
        self.standing = OrderStanding()
        self.links: dict[str, OrdersLinked] = {}
        self.placed_at: datetime | None = None
        self.ids: set[str] = set()
        self.order_id: tuple[datetime, str, str] | None = None

    def evolve(self, recorded: Recorded) -> None:
        """Take in one fact that names this order. Nothing is ever refused here."""
        take = _TAKE.get(type(recorded.event))
        if take is not None:
            take(self, recorded, recorded.event)

    def _take_placed(self, recorded: Recorded, event: OrderPlaced) -> None:
        if self.placed_at is None or recorded.occurred_at < self.placed_at:
            self.placed_at = recorded.occurred_at
            self.terms.place(event)
        self.ids.add(event.cl_ord_id)

    def _take_accepted(self, recorded: Recorded, event: OrderAccepted | OrderReplaced) -> None:
        self.ids.add(event.cl_ord_id)
        self.standing.keep(recorded)
        if event.order_id is not None:
            told = (recorded.occurred_at, recorded.key, event.order_id)
            if self.order_id is None or self.order_id < told:
                self.order_id = told

    def _take_report(self, recorded: Recorded, event: Any) -> None:
        self.ids.add(event.cl_ord_id)
        self.standing.keep(recorded)

    def _take_replaced(self, recorded: Recorded, event: OrderReplaced) -> None:
        self._take_accepted(recorded, event)
        self._name(event)
        self._own_requests().answer(event.cl_ord_id)
        self.terms.change(recorded)

    def _take_refusal(self, recorded: Recorded, event: CancelRejected | ReplaceRejected) -> None:
        self._name(event)
        self.standing.keep(recorded)
        self._own_requests().answer(event.cl_ord_id)

    def _take_cancelled(self, recorded: Recorded, event: OrderCancelled) -> None:
        self.standing.keep(recorded)
        self._name(event)
        if event.orig_cl_ord_id is not None:
            self._own_requests().answer(event.cl_ord_id)

    def _take_restated(self, recorded: Recorded, event: OrderRestated) -> None:
        self._take_report(recorded, event)
        self.terms.change(recorded)
        if event.cum_qty is not None:
            self.fills.restate(recorded)

    def _take_replace_request(self, _: Recorded, event: ReplaceRequested) -> None:
        self._name(event)
        self._own_requests().send(event.cl_ord_id, REPLACE)
        self.terms.request(event)

    def _take_cancel_request(self, _: Recorded, event: CancelRequested) -> None:
        self._name(event)
        self._own_requests().send(event.cl_ord_id, CANCEL)

    def _take_pending(self, _: Recorded, event: ReplacePending | CancelPending) -> None:
        self._name(event)
        kind = REPLACE if type(event) is ReplacePending else CANCEL
        self._own_requests().confirm(event.cl_ord_id, kind)

    def _take_unknown(self, recorded: Recorded, event: OutcomeUnknown) -> None:
        self.ids.add(event.cl_ord_id)
        self._own_requests().lose(recorded)

    def _take_move(self, recorded: Recorded, event: StopMoved | TargetMoved) -> None:
        self.ids.add(event.cl_ord_id)
        self.terms.change(recorded)

    def _take_link(self, _: Recorded, event: OrdersLinked) -> None:
        self.links[event.link_id] = event

    def _take_fill(self, recorded: Recorded, event: FillBooked) -> None:
        if event.cl_ord_id is not None:
            self.ids.add(event.cl_ord_id)
        self.fills.add(recorded)

    def _take_amendment(self, recorded: Recorded, _: FillBusted | FillCorrected) -> None:
        """It belongs where its fill is; what else it calls the order is no id of this one."""
        self.fills.amend(recorded)

    def _own_requests(self) -> OrderRequests:
        if self.requests is NO_REQUESTS:
            self.requests = OrderRequests()
        return self.requests

    def _name(self, event: Event) -> None:
        self.ids.update(order_ids(event))


_TAKE: dict[type[Event], Callable[[OrderFacts, Recorded, Any], None]] = {
    OrderPlaced: OrderFacts._take_placed,
    OrderAccepted: OrderFacts._take_accepted,
    OrderReplaced: OrderFacts._take_replaced,
    OrderCancelled: OrderFacts._take_cancelled,
    OrderRestated: OrderFacts._take_restated,
    ReplaceRequested: OrderFacts._take_replace_request,
    CancelRequested: OrderFacts._take_cancel_request,
    ReplacePending: OrderFacts._take_pending,
    CancelPending: OrderFacts._take_pending,
    ReplaceRejected: OrderFacts._take_refusal,
    CancelRejected: OrderFacts._take_refusal,
    OutcomeUnknown: OrderFacts._take_unknown,
    StopMoved: OrderFacts._take_move,
    TargetMoved: OrderFacts._take_move,
    OrdersLinked: OrderFacts._take_link,
    FillBooked: OrderFacts._take_fill,
    FillBusted: OrderFacts._take_amendment,
    FillCorrected: OrderFacts._take_amendment,
}
_REPORTS: tuple[type[Event], ...] = (
    *(OrderSubmitted, OrderRejected, OrderExpired, OrderDoneForDay, OrderCalculated),
    *(OrderStopped, OrderTriggered, OrderSuspended),
)
_TAKE.update(dict.fromkeys(_REPORTS, OrderFacts._take_report))
