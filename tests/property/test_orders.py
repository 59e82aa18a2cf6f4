"""Laws of orders: what an order is does not depend on how its facts arrived."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.events import (
    CancelPending,
    CancelRejected,
    CancelRequested,
    Contingency,
    Event,
    FillBooked,
    OrderAccepted,
    OrderCalculated,
    OrderCancelled,
    OrderDoneForDay,
    OrderExpired,
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
    StopReason,
    TargetMoved,
    TimeInForce,
)
from ledger.domain.numbers import ZERO, total
from ledger.domain.orders import Order, OrdStatus
from tests.unit.orders_making import accepted, bust, correction, fill, placed, recorded

EXECS = [str(number) for number in range(4)]
REQUESTS = list("RSTU")

quantities = st.integers(1, 12)
quantity_or_none = st.one_of(st.none(), quantities.map(Decimal))
execs, requests = st.sampled_from(EXECS), st.sampled_from(REQUESTS)
origs = st.sampled_from(["X", *REQUESTS])


def _fixed(exec_id: str) -> FillBooked:
    """One content for an id: the store lets no other in."""
    number = int(exec_id)
    return fill(exec_id, 2 + number, str(100 + number))


def _two(kind: Callable[..., Event]) -> st.SearchStrategy[Event]:
    return st.builds(kind, cl_ord_id=requests, orig_cl_ord_id=origs)


def _one(*kinds: Callable[..., Event]) -> st.SearchStrategy[Event]:
    return st.sampled_from([kind(cl_ord_id="X") for kind in kinds])


fills = st.builds(_fixed, execs)
amendments = st.one_of(
    st.builds(bust, execs),
    st.builds(correction, st.sampled_from(["F", "G"]), execs, quantities),
    st.builds(correction, st.sampled_from(["H", "I"]), st.sampled_from(["F", "G"]), quantities),
)
changes = st.one_of(
    st.builds(OrderReplaced, cl_ord_id=requests, orig_cl_ord_id=origs, order_qty=quantity_or_none),
    st.builds(
        ReplaceRequested, cl_ord_id=requests, orig_cl_ord_id=origs, order_qty=quantity_or_none
    ),
    st.builds(
        OrderRestated, cl_ord_id=st.just("X"), order_qty=quantity_or_none, cum_qty=quantity_or_none
    ),
    st.builds(
        StopMoved,
        cl_ord_id=st.just("X"),
        stop_px=quantities.map(Decimal),
        reason=st.just(StopReason.TRAILING),
    ),
    st.builds(TargetMoved, cl_ord_id=st.just("X"), target_px=quantities.map(Decimal)),
)
ends = st.one_of(
    _one(OrderCancelled, OrderExpired, OrderRejected),
    st.builds(OrderCancelled, cl_ord_id=requests, orig_cl_ord_id=origs),
)
talk = st.one_of(
    _one(OrderSubmitted, OrderAccepted, OrderTriggered, OrderSuspended, OrderStopped),
    _one(OrderDoneForDay, OrderCalculated, OutcomeUnknown),
    *(_two(kind) for kind in (CancelPending, ReplacePending, CancelRequested)),
    *(_two(kind) for kind in (CancelRejected, ReplaceRejected)),
    st.just(OrdersLinked(link_id="L", contingency=Contingency.OCO, cl_ord_ids=("X", "W"))),
)
placings = st.builds(
    placed, quantities, tif=st.sampled_from(TimeInForce), hold=st.just(Decimal(10)),
    hold_currency=st.just("USD"),
)  # fmt: skip


def _known(events: list[Event], minutes: list[int]) -> list[Recorded]:
    """Facts with the times they happened at; of two under one key the store keeps one."""
    facts = [recorded(event, minute) for event, minute in zip(events, minutes, strict=False)]
    return list({fact.key: fact for fact in facts}.values())


def _facts(*sorts: st.SearchStrategy[Event]) -> st.SearchStrategy[list[Recorded]]:
    """Some facts at few moments, so that several share one."""
    events = st.lists(st.one_of(*sorts), max_size=10)
    return st.builds(_known, events, st.lists(st.integers(0, 5), min_size=10, max_size=10))


anything = _facts(placings, fills, amendments, changes, ends, talk)
working = _facts(fills, amendments, talk)


@given(anything, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_order(facts, random):
    shuffled = random.sample(facts, len(facts))
    assert Order.fold(shuffled).view() == Order.fold(facts).view()


@given(anything, st.randoms(use_true_random=False))
def test_redelivery_has_no_effect(facts, random):
    again = [*facts, *random.sample(facts, len(facts) // 2)]
    assert Order.fold(again).view() == Order.fold(facts).view()


@given(anything)
def test_history_always_loads_and_its_figures_hang_together(facts):
    view = Order.fold(facts).view()
    asked = view.order_qty if view.order_qty is not None else view.cum_qty
    assert view.leaves_qty in {ZERO, asked - view.cum_qty}
    assert view.leaves_qty >= ZERO <= view.overfill_qty
    assert view.is_open == (view.leaves_qty > ZERO)


@given(st.lists(st.one_of(fills, st.builds(bust, execs)), max_size=10))
def test_cum_is_the_sum_of_the_effective_fills(events):
    order = Order.fold(recorded(event, minute) for minute, event in enumerate(events))
    busted = {event.exec_ref_id for event in events if not isinstance(event, FillBooked)}
    kept = {event.exec_id: event for event in events if isinstance(event, FillBooked)}
    alive = [event for exec_id, event in kept.items() if exec_id not in busted]
    assert order.cum_qty == total([event.last_qty for event in alive])
    assert {event.exec_id for event in order.facts.fills.effective()} == {e.exec_id for e in alive}


@given(st.lists(fills, max_size=10), quantities)
def test_what_is_left_while_alive_is_what_was_asked_less_what_was_executed(events, qty):
    start = [placed(qty), accepted()]
    order = Order.fold(recorded(event, minute) for minute, event in enumerate([*start, *events]))
    assert order.leaves_qty == max(Decimal(qty) - order.cum_qty, ZERO)
    assert order.overfill_qty == max(order.cum_qty - Decimal(qty), ZERO)


@given(working, ends)
def test_nothing_is_left_of_a_dead_order(facts, end):
    order = Order.fold([recorded(placed(), 0), *facts, recorded(end, 9)])
    assert (order.leaves_qty, order.hold_left, order.open_requests) == (ZERO, ZERO, ())


@given(working)
def test_a_confirmed_cancel_shows_whatever_else_happens_while_alive(facts):
    pending = recorded(CancelPending(cl_ord_id="Q", orig_cl_ord_id="X"), 0)
    order = Order.fold([recorded(placed(), 0), pending, *facts])
    assert order.status is OrdStatus.PENDING_CANCEL


def test_negative_control_last_arrival_wins_would_be_noticed():
    """Two restatements disagree: were the last to arrive to win, the folds would differ."""
    early = recorded(OrderRestated(cl_ord_id="X", order_qty=Decimal(5)), 1)
    late = recorded(OrderRestated(cl_ord_id="X", order_qty=Decimal(7)), 2)
    assert early.event != late.event
    assert Order.fold([late, early]).order_qty == Order.fold([early, late]).order_qty == 7
