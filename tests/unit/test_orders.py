"""What an order's facts make of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.domain.events import (
    CancelPending,
    CancelRejected,
    CancelRequested,
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
    ReplacePending,
    ReplaceRejected,
    ReplaceRequested,
    TimeInForce,
)
from ledger.domain.orders import Order, OrdStatus
from tests.unit.orders_making import (
    accepted,
    bust,
    correction,
    fill,
    in_turn,
    order_of,
    placed,
    recorded,
    view_of,
)

D = Decimal
ASK = CancelRequested(cl_ord_id="Y", orig_cl_ord_id="X")
PENDING_CANCEL = CancelPending(cl_ord_id="Y", orig_cl_ord_id="X")
CANCELLED = OrderCancelled(cl_ord_id="Y", orig_cl_ord_id="X")


def replaced(cl_ord_id: str, orig: str, qty: int | None = None, **fields: Any) -> OrderReplaced:
    order_qty = D(qty) if qty is not None else None
    return OrderReplaced(cl_ord_id=cl_ord_id, orig_cl_ord_id=orig, order_qty=order_qty, **fields)


# -- status ------------------------------------------------------------------------------------

DONE_FOR_DAY, SUSPENDED = OrderDoneForDay(cl_ord_id="X"), OrderSuspended(cl_ord_id="X")
STOPPED = OrderStopped(cl_ord_id="X", guaranteed_qty=D(4), guaranteed_px=D(101))


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ((), OrdStatus.PENDING_NEW),
        ((OrderSubmitted(cl_ord_id="X"),), OrdStatus.PENDING_NEW),
        ((OrderRejected(cl_ord_id="X"),), OrdStatus.REJECTED),
        ((accepted(),), OrdStatus.NEW),
        ((accepted(), OrderTriggered(cl_ord_id="X")), OrdStatus.NEW),
        ((fill("1", 4),), OrdStatus.PARTIALLY_FILLED),
        ((accepted(), fill("1", 4), OrderExpired(cl_ord_id="X")), OrdStatus.EXPIRED),
        ((accepted(), fill("1", 4), CANCELLED), OrdStatus.CANCELED),
        ((accepted(), fill("1", 4), SUSPENDED), OrdStatus.SUSPENDED),
        ((accepted(), SUSPENDED, STOPPED), OrdStatus.STOPPED),
        ((accepted(), STOPPED, fill("1", 10)), OrdStatus.FILLED),
        ((fill("1", 10), OrderCalculated(cl_ord_id="X")), OrdStatus.CALCULATED),
        ((OrderCalculated(cl_ord_id="X"), DONE_FOR_DAY), OrdStatus.DONE_FOR_DAY),
        ((fill("1", 10), PENDING_CANCEL), OrdStatus.PENDING_CANCEL),
        (
            (accepted(), PENDING_CANCEL, ReplacePending(cl_ord_id="Z", orig_cl_ord_id="X")),
            OrdStatus.PENDING_CANCEL,
        ),
        (
            (accepted(), DONE_FOR_DAY, ReplacePending(cl_ord_id="Z", orig_cl_ord_id="X")),
            OrdStatus.PENDING_REPLACE,
        ),
    ],
)
def test_of_the_states_that_hold_the_one_of_highest_precedence_shows(facts, status):
    assert order_of(placed(), *facts).status is status


def test_every_status_has_a_name_and_a_precedence():
    assert all(status.fix_name and status.precedence for status in OrdStatus)


def test_a_request_we_sent_is_open_but_changes_no_status():
    view = view_of(placed(), accepted(), ASK)
    assert (view.status, view.open_requests) == (OrdStatus.NEW, (("Y", "cancel", False),))


def test_a_pending_cancel_survives_a_partial_fill():
    view = view_of(placed(), accepted(), ASK, PENDING_CANCEL, fill("1", 4))
    assert (view.status, view.leaves_qty) == (OrdStatus.PENDING_CANCEL, D(6))


def test_a_rejected_cancel_leaves_the_order_as_it_was():
    refused = CancelRejected(cl_ord_id="Y", orig_cl_ord_id="X")
    view = view_of(placed(), accepted(), ASK, PENDING_CANCEL, fill("1", 4), refused)
    assert (view.status, view.open_requests) == (OrdStatus.PARTIALLY_FILLED, ())


def test_the_end_answers_every_request():
    unsolicited = OrderCancelled(cl_ord_id="X")
    view = view_of(placed(), ReplacePending(cl_ord_id="Z", orig_cl_ord_id="X"), unsolicited)
    assert (view.status, view.open_requests) == (OrdStatus.CANCELED, ())


def test_a_suspended_order_works_again_when_the_venue_says_so():
    assert order_of(placed(), accepted(), SUSPENDED, accepted()).status is OrdStatus.NEW


def test_the_refusal_of_what_was_asked_of_an_unknown_order_reads_rejected():
    assert order_of(CancelRejected(cl_ord_id="Y", orig_cl_ord_id="X")).status is OrdStatus.REJECTED


# -- executions --------------------------------------------------------------------------------


def test_a_late_fill_after_the_cancel_moves_cum_and_stays_cancelled():
    view = view_of(placed(), accepted(), CANCELLED, fill("1", 4))
    assert (view.status, view.cum_qty, view.leaves_qty) == (OrdStatus.CANCELED, D(4), D(0))


def test_a_late_fill_that_completes_a_cancelled_order_fills_it():
    assert order_of(placed(), accepted(), CANCELLED, fill("1", 10)).status is OrdStatus.FILLED


def test_a_fill_after_a_rejection_is_kept_and_nothing_is_left():
    view = view_of(placed(), OrderRejected(cl_ord_id="X"), fill("1", 4))
    assert (view.cum_qty, view.leaves_qty, view.is_open) == (D(4), D(0), False)


def test_a_bust_reopens_what_a_fill_closed():
    view = view_of(placed(), accepted(), fill("1", 4), fill("2", 6), bust("1"))
    assert (view.status, view.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, D(4))


def test_a_bust_that_arrives_before_its_fill_waits_for_it():
    view = view_of(placed(), accepted(), bust("1"), fill("1", 4))
    assert (view.status, view.cum_qty) == (OrdStatus.NEW, D(0))


def test_a_correction_of_a_correction_gives_the_figures_in_force():
    chain = (correction("F", "1", 9, "100"), correction("H", "F", 9, "120"))
    view = view_of(placed(), fill("1", 8, "110"), *chain)
    assert (view.cum_qty, view.avg_px, view.last_qty) == (D(9), D(120), D(9))


def test_the_average_price_is_weighted_by_quantity():
    assert order_of(placed(), fill("1", 1, "100"), fill("2", 9, "110")).avg_px == D(109)


@pytest.mark.parametrize("facts", [(), (fill("1", 4, None),), (fill("1", 4), fill("2", 1, None))])
def test_without_all_prices_there_is_no_average(facts):
    assert order_of(placed(), *facts).avg_px is None


def test_an_overfill_is_kept_and_leaves_nothing():
    view = view_of(placed(), fill("1", 12))
    assert (view.cum_qty, view.overfill_qty, view.leaves_qty) == (D(12), D(2), D(0))


def test_the_same_fill_again_changes_nothing():
    facts = in_turn(placed(), accepted(), fill("1", 4))
    assert Order.fold([*facts, facts[-1], facts[-1]]).view() == Order.fold(facts).view()


def test_a_guarantee_is_no_execution():
    view = view_of(placed(), accepted(), STOPPED)
    assert (view.cum_qty, view.guaranteed_qty, view.guaranteed_px) == (D(0), D(4), D(101))


# -- replacements ------------------------------------------------------------------------------


def test_a_replacement_counts_from_its_acceptance():
    asked = ReplaceRequested(cl_ord_id="Y", orig_cl_ord_id="X", order_qty=D(12))
    pending = ReplacePending(cl_ord_id="Y", orig_cl_ord_id="X")
    before = view_of(placed(), accepted(), asked, pending)
    after = view_of(placed(), accepted(), asked, pending, replaced("Y", "X"))
    assert (before.order_qty, before.cl_ord_id) == (D(10), "X")
    assert (after.order_qty, after.cl_ord_id) == (D(12), "Y")


def test_what_the_venue_states_goes_before_what_was_asked():
    asked = ReplaceRequested(cl_ord_id="Y", orig_cl_ord_id="X", order_qty=D(12))
    assert order_of(placed(), asked, replaced("Y", "X", 11)).order_qty == D(11)


def test_a_refused_replacement_reverts_to_the_last_accepted():
    refused = ReplaceRejected(cl_ord_id="Z", orig_cl_ord_id="Y")
    pending = ReplacePending(cl_ord_id="Z", orig_cl_ord_id="Y")
    view = view_of(placed(), accepted(), replaced("Y", "X", 8), pending, refused)
    assert (view.cl_ord_id, view.order_qty, view.status) == ("Y", D(8), OrdStatus.NEW)


def test_several_replacements_may_be_outstanding():
    one, two = (ReplacePending(cl_ord_id=name, orig_cl_ord_id="X") for name in "YZ")
    view = view_of(placed(), accepted(), one, two, replaced("Y", "X", 8))
    assert (view.status, view.order_qty) == (OrdStatus.PENDING_REPLACE, D(8))
    assert [request.cl_ord_id for request in view.open_requests] == ["Z"]


def test_the_ids_of_the_chain_are_all_kept():
    view = view_of(placed(), replaced("Y", "X", 8), replaced("Z", "Y", 7), ASK)
    assert (view.cl_ord_id, view.cl_ord_ids) == ("Z", ("X", "Y", "Z"))


def test_an_accepted_increase_reopens_a_filled_order():
    view = view_of(placed(), fill("1", 10), replaced("Y", "X", 12))
    assert (view.status, view.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, D(2))


def test_a_replacement_below_what_was_executed_means_filled():
    view = view_of(placed(), fill("1", 8), replaced("Y", "X", 7))
    assert (view.status, view.order_qty, view.overfill_qty) == (OrdStatus.FILLED, D(8), D(0))


def test_an_execution_after_the_reduction_is_an_overfill():
    view = view_of(placed(), fill("1", 7), replaced("Y", "X", 7), fill("2", 1))
    assert (view.order_qty, view.overfill_qty) == (D(7), D(1))


def test_of_two_replacements_at_one_instant_the_later_in_the_chain_is_in_force():
    chain = [recorded(replaced("A", "X", 8), 2), recorded(replaced("Z", "A", 7), 2)]
    backwards = [recorded(replaced("Z", "X", 8), 2), recorded(replaced("A", "Z", 7), 2)]
    start = in_turn(placed())
    assert Order.fold([*start, *chain]).order_qty == Order.fold([*start, *backwards]).order_qty == 7


# -- days and restatements ---------------------------------------------------------------------


@pytest.mark.parametrize(("tif", "leaves"), [(TimeInForce.DAY, D(0)), (TimeInForce.GTC, D(6))])
def test_done_for_the_day_leaves_what_the_time_in_force_keeps(tif, leaves):
    view = view_of(placed(tif=tif), accepted(), fill("1", 4), DONE_FOR_DAY)
    assert (view.status, view.leaves_qty) == (OrdStatus.DONE_FOR_DAY, leaves)


def test_a_restatement_renews_an_order_done_for_the_day():
    facts = (accepted(), fill("1", 4), DONE_FOR_DAY, OrderRestated(cl_ord_id="X"))
    view = view_of(placed(tif=TimeInForce.GTC), *facts)
    assert (view.status, view.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, D(6))


def test_an_execution_of_the_next_day_renews_an_order_of_several_days():
    facts = (accepted(), DONE_FOR_DAY, fill("1", 4))
    assert order_of(placed(tif=TimeInForce.GTC), *facts).status is OrdStatus.PARTIALLY_FILLED
    assert order_of(placed(), *facts).status is OrdStatus.DONE_FOR_DAY


SPLIT = OrderRestated(cl_ord_id="X", order_qty=D(20), cum_qty=D(8), reason="split 2:1")


def test_a_split_re_expresses_what_was_filled():
    view = view_of(placed(), fill("1", 4, "100"), SPLIT)
    assert (view.cum_qty, view.leaves_qty, view.avg_px) == (D(8), D(12), D(50))


def test_fills_after_the_split_count_as_they_are():
    view = view_of(placed(), fill("1", 4, "100"), SPLIT, fill("2", 8, "60"))
    assert (view.cum_qty, view.avg_px) == (D(16), D(55))


def test_a_bust_after_the_split_takes_what_the_fill_counts_today():
    facts = (fill("1", 1), fill("2", 3), SPLIT, bust("1"))
    assert order_of(placed(), *facts).cum_qty == D(6)


def test_a_fill_that_arrives_after_the_split_but_happened_before_is_in_the_stated_figure():
    facts = in_turn(placed(), fill("1", 3), fill("2", 1), SPLIT)
    late = [facts[0], facts[1], facts[3], facts[2]]
    assert Order.fold(late).cum_qty == Order.fold(facts).cum_qty == D(8)


def test_a_stated_figure_without_fills_is_believed_but_has_no_average():
    view = view_of(OrderRestated(cl_ord_id="X", order_qty=D(20), cum_qty=D(8)))
    assert (view.cum_qty, view.leaves_qty, view.avg_px) == (D(8), D(12), None)
