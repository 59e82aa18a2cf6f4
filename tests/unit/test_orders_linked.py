"""What links between orders ask for, and what they show."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.contingencies import (
    ActionKind,
    ContingentAction,
    contingent_actions,
    double_exposure,
)
from ledger.domain.events import (
    Contingency,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    OrdersLinked,
)
from ledger.domain.orders import OrderView
from tests.unit.orders_making import fill, placed, view_of

D = Decimal


def order(name: str, *facts: Event) -> OrderView:
    """An order for ten."""
    return view_of(placed(cl_ord_id=name), *facts)


def live(name: str, executed: int = 0, *facts: Event) -> OrderView:
    """An order for ten that the venue has, part of it executed."""
    fills = [fill(name, executed, cl_ord_id=name)] if executed else []
    return order(name, OrderAccepted(cl_ord_id=name), *fills, *facts)


def asked(contingency: Contingency, *views: OrderView) -> list[tuple[str, str, Decimal | None]]:
    actions = contingent_actions(_link(contingency, *views), _by_id(*views))
    return [(one.kind.value, one.cl_ord_id, one.order_qty) for one in actions]


def exposed(contingency: Contingency, *views: OrderView) -> bool:
    return double_exposure(_link(contingency, *views), _by_id(*views))


def _link(contingency: Contingency, *views: OrderView) -> OrdersLinked:
    ids = tuple(view.cl_ord_ids[0] for view in views)
    return OrdersLinked(link_id="L", contingency=contingency, cl_ord_ids=ids)


def _by_id(*views: OrderView) -> dict[str, OrderView]:
    return {view.cl_ord_ids[0]: view for view in views}


@pytest.mark.parametrize("contingency", list(Contingency))
def test_before_anything_happens_nothing_is_asked(contingency):
    assert asked(contingency, live("A"), order("B"), order("C")) == []


@pytest.mark.parametrize("executed", [4, 10])
def test_an_execution_of_one_cancels_the_other(executed):
    assert asked(Contingency.OCO, live("A"), live("B", executed)) == [("cancel", "A", None)]


def test_the_action_says_whose_state_asks_for_it():
    views = live("A"), live("B", 4)
    assert contingent_actions(_link(Contingency.OCO, *views), _by_id(*views)) == [
        ContingentAction(kind=ActionKind.CANCEL, cl_ord_id="A", because="B")
    ]


def test_what_is_already_cancelled_is_not_asked_for_again():
    gone = live("A", 0, OrderCancelled(cl_ord_id="A"))
    assert asked(Contingency.OCO, gone, live("B", 4)) == []


def test_a_cancelled_leg_leaves_the_other_alone():
    gone = live("A", 0, OrderCancelled(cl_ord_id="A"))
    assert asked(Contingency.OCO, gone, live("B")) == []


def test_both_legs_executed_is_double_exposure():
    assert exposed(Contingency.OCO, live("A", 10), live("B", 10))
    assert not exposed(Contingency.OCO, live("A", 10), live("B"))


def test_a_filled_parent_releases_its_children():
    assert asked(Contingency.OTO, live("P", 10), order("C")) == [("release", "C", D(10))]


def test_a_parent_part_filled_and_cancelled_releases_what_was_executed():
    parent = live("P", 4, OrderCancelled(cl_ord_id="P"))
    assert asked(Contingency.OTO, parent, order("C")) == [("release", "C", D(4))]


def test_a_parent_still_at_work_releases_nothing_yet():
    assert asked(Contingency.OTO, live("P", 4), order("C")) == []


def test_a_parent_that_ended_without_execution_takes_its_children_along():
    parent = live("P", 0, OrderCancelled(cl_ord_id="P"))
    assert asked(Contingency.OTO, parent, order("C")) == [("cancel", "C", None)]


def test_a_child_that_is_out_is_not_released_again():
    assert asked(Contingency.OTO, live("P", 10), live("C")) == []


def test_a_parent_and_its_child_are_no_double_exposure():
    assert not exposed(Contingency.OTO, live("P", 10), live("C", 10))


def test_an_execution_of_one_reduces_the_other():
    assert asked(Contingency.OUO, live("A"), live("B", 4)) == [("reduce", "A", D(6))]


def test_a_reduction_that_was_made_is_not_asked_for_again():
    reduced = OrderReplaced(cl_ord_id="A2", orig_cl_ord_id="A", order_qty=D(6))
    assert asked(Contingency.OUO, live("A", 0, reduced), live("B", 4)) == []


def test_a_reduction_to_nothing_is_a_cancel():
    assert asked(Contingency.OUO, live("A"), live("B", 10)) == [("cancel", "A", None)]


def test_legs_that_share_a_quantity_are_exposed_beyond_it():
    assert not exposed(Contingency.OUO, live("A", 4), live("B", 6))
    assert exposed(Contingency.OUO, live("A", 5), live("B", 6))


def test_the_legs_of_a_bracket_exclude_each_other():
    views = live("P", 10), live("STOP"), live("TARGET", 10)
    assert asked(Contingency.BRACKET, *views) == [("cancel", "STOP", None)]
    assert not exposed(Contingency.BRACKET, *views)
    assert exposed(Contingency.BRACKET, live("P", 10), live("STOP", 10), live("TARGET", 10))


def test_a_bracket_releases_both_legs_with_its_entry():
    views = live("P", 10), order("STOP"), order("TARGET")
    assert [kind for kind, *_ in asked(Contingency.BRACKET, *views)] == ["release", "release"]
