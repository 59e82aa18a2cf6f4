"""Orders from outside, unknown outcomes, levels, holds and links."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from ledger.domain.events import (
    BreakResolved,
    CancelPending,
    CancelRequested,
    Contingency,
    Event,
    OrderCancelled,
    OrderRejected,
    OrderReplaced,
    OrdersLinked,
    OrdType,
    OutcomeUnknown,
    Recorded,
    ReplaceRequested,
    Side,
    StopMoved,
    StopReason,
    TargetMoved,
)
from ledger.domain.order_terms import OrderTerms
from ledger.domain.orders import Order, OrdStatus, order_ids
from tests.unit.orders_making import accepted, fill, order_of, placed, recorded, view_of

D = Decimal
ASK = CancelRequested(cl_ord_id="Y", orig_cl_ord_id="X")
PENDING_CANCEL = CancelPending(cl_ord_id="Y", orig_cl_ord_id="X")
CANCELLED = OrderCancelled(cl_ord_id="Y", orig_cl_ord_id="X")


# -- outside, unknown --------------------------------------------------------------------------


def test_a_fill_of_an_order_nobody_placed_makes_an_external_order():
    view = view_of(fill("1", 4, side=Side.SELL, order_id="V9"))
    assert (view.is_external, view.instrument_id, view.side) == (True, "ES", Side.SELL)
    assert (view.cl_ord_id, view.order_id, view.order_qty) == ("X", "V9", None)
    assert (view.cum_qty, view.leaves_qty, view.is_open) == (D(4), D(0), False)


def test_an_unknown_outcome_is_no_rejection_and_counts_as_open():
    view = view_of(placed(), OutcomeUnknown(cl_ord_id="X"))
    assert (view.status, view.is_open, view.is_outcome_unknown) == (
        OrdStatus.PENDING_NEW, True, True,
    )  # fmt: skip


@pytest.mark.parametrize("evidence", [accepted(), fill("1", 1), OrderRejected(cl_ord_id="X")])
def test_evidence_settles_an_unknown_outcome(evidence):
    assert not order_of(placed(), OutcomeUnknown(cl_ord_id="X"), evidence).is_outcome_unknown


def test_the_outcome_of_a_cancel_stays_unknown_until_the_cancel_is_answered():
    lost = OutcomeUnknown(cl_ord_id="Y", request="cancel")
    facts = (placed(), accepted(), ASK, lost, fill("1", 1))
    assert order_of(*facts).is_outcome_unknown
    assert not order_of(*facts, PENDING_CANCEL).is_outcome_unknown


def test_an_order_without_facts_is_empty():
    assert (Order().view().cl_ord_id, Order().view().is_open) == ("", False)


# -- levels, holds, links ----------------------------------------------------------------------


def moved(px: str, reason: StopReason = StopReason.TRAILING) -> StopMoved:
    return StopMoved(cl_ord_id="X", stop_px=D(px), reason=reason)


def test_the_stop_follows_its_moves_and_the_initial_one_is_kept():
    view = view_of(placed(ord_type=OrdType.STOP, stop_px=D(95)), moved("97"), moved("98"))
    assert (view.initial_stop_px, view.stop_px) == (D(95), D(98))


def test_a_replacement_moves_the_stop_and_the_limit():
    change = OrderReplaced(cl_ord_id="Y", orig_cl_ord_id="X", stop_px=D(96), limit_px=D(94))
    view = view_of(placed(ord_type=OrdType.STOP_LIMIT, stop_px=D(95), limit_px=D(93)), change)
    assert (view.stop_px, view.limit_px, view.order_qty) == (D(96), D(94), D(10))


@pytest.mark.parametrize(("side", "count"), [(Side.SELL, 1), (Side.BUY, 2)])
def test_a_trailing_stop_that_moves_away_from_the_price_is_counted(side, count):
    start = placed(side=side, ord_type=OrdType.STOP, stop_px=D(95))
    view = view_of(start, moved("97"), moved("96"), moved("98"), moved("90", StopReason.MANUAL))
    assert view.trailing_violations == count


def test_the_target_follows_its_moves():
    assert view_of(placed(), TargetMoved(cl_ord_id="X", target_px=D(120))).target_px == D(120)


def test_the_hold_shrinks_with_what_is_left_and_returns_at_the_end():
    start = placed(hold=D(100), hold_currency="USD")
    assert order_of(start, accepted(), fill("1", 4)).hold_left == D(60)
    assert order_of(start, accepted(), fill("1", 4), CANCELLED).hold_left == D(0)


def test_links_are_kept_by_the_orders_they_name():
    link = OrdersLinked(link_id="L", contingency=Contingency.OCO, cl_ord_ids=("X", "W"))
    assert view_of(placed(), link, link).links == (link,)


def test_a_fact_of_no_concern_to_an_order_changes_nothing():
    other = BreakResolved(break_id="B", how="gone")
    assert view_of(placed(), other) == view_of(placed())


def test_a_fact_names_its_order_by_both_its_ids():
    assert (order_ids(ASK), order_ids(accepted())) == (("Y", "X"), ("X",))


# -- many changes ------------------------------------------------------------------------------


def changes_applied(monkeypatch: pytest.MonkeyPatch, *events: Event) -> int:
    """How many changes are applied while these facts come in, a minute apart."""
    applied: list[Recorded] = []
    apply = OrderTerms._apply

    def counted(terms: OrderTerms, one: Recorded) -> None:
        applied.append(one)
        apply(terms, one)

    monkeypatch.setattr(OrderTerms, "_apply", counted)
    order_of(*events).view()
    return len(applied)


def test_a_stop_that_trails_far_is_applied_move_by_move(monkeypatch):
    moves = [StopMoved(cl_ord_id="X", stop_px=D(nth)) for nth in range(1, 100)]
    assert changes_applied(monkeypatch, placed(), *moves) == 99


def test_an_order_that_is_replaced_often_is_amended_step_by_step(monkeypatch):
    events: list[Event] = [placed(cl_ord_id="0")]
    for nth in range(1, 100):
        ids: Any = {"cl_ord_id": str(nth), "orig_cl_ord_id": str(nth - 1)}
        events += [ReplaceRequested(**ids, limit_px=D(nth)), OrderReplaced(**ids)]
    assert changes_applied(monkeypatch, *events) == 99


def test_replacements_that_arrive_backwards_end_where_they_would_have():
    forward = [
        OrderReplaced(cl_ord_id=new, orig_cl_ord_id=old, limit_px=D(px))
        for old, new, px in (("X", "Z", 1), ("Z", "Y", 2), ("Y", "W", 3))
    ]
    told = [recorded(event, 5, nth) for nth, event in enumerate([placed(), *forward], start=1)]
    for way in permutations(told):
        view = Order.fold(way).view()
        assert (view.cl_ord_id, view.limit_px) == ("W", 3)
