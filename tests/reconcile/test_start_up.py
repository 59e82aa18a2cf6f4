"""A bot comes up: what it is told, and what it may not take for an answer."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from adapters.reconcile import start_up
from adapters.reconcile.start_up import Action
from ledger.domain.events import (
    OrderAccepted,
    OrderPlaced,
    OrderReplaced,
    OrdType,
    ReplaceRequested,
    Side,
    StopMoved,
)
from ledger.domain.order_status import OrdStatus
from tests.reconcile.parts import NOW, at, booked, fill, opened, order, report

CASH = {"USD": "100000"}


@pytest.fixture
def side(tmp_path):
    with opened(tmp_path) as (book, reports):
        yield book, reports


def come_up(side, batch):
    book, reports = side
    return start_up(book, reports, batch, now=NOW)


def placed(book):
    order_placed = OrderPlaced(
        cl_ord_id="o1", instrument_id="V:X", side=Side.BUY, order_qty=Decimal(10),
        ord_type=OrdType.LIMIT, limit_px=Decimal(40),
    )  # fmt: skip
    booked(book, (order_placed, at(1)), (OrderAccepted(cl_ord_id="o1", order_id="vo1"), at(2)))


def test_nothing_happened(side):
    found = come_up(side, report(balances=CASH, lists_orders=True, lists_positions=True))
    assert found.may_trade
    assert (found.away, found.proposals, found.unsaid) == ((), (), ())


def test_what_happened_while_it_was_away(side):
    placed(side[0])
    filled = (fill("1", "10", "40", cl_ord_id="o1", order_id="vo1"), at(5))
    status = order("vo1", OrdStatus.FILLED, cl_ord_id="o1", cum_qty=Decimal(10))
    batch = report(filled, orders=(status,), balances={"USD": "99600"}, positions={"V:X": "10"},
                   lists_orders=True, lists_positions=True)  # fmt: skip
    found = come_up(side, batch)
    assert [record.event for record in found.away] == [filled[0]]
    assert not found.may_trade
    actions = {one.about.kind.value: one.action for one in found.proposals}
    assert actions["trade.missing_in_ledger"] is Action.INGEST
    assert actions["order.open_here_closed_there"] is Action.ASK_VENUE
    assert actions["position.quantity"] is Action.LOOK


def test_a_report_of_another_account_says_nothing_of_these_books(tmp_path):
    whole = report(balances=CASH, lists_orders=True, lists_positions=True)
    with opened(tmp_path, venue_account="V:1") as side:
        assert come_up(side, attrs.evolve(whole, venue_account="1")).may_trade
        found = come_up(side, attrs.evolve(whole, venue_account="2"))
    assert (found.may_trade, found.outcome.breaks) == (False, ())
    assert found.unsaid == ("the report is of V:2, and account A is the books of V:1",)


def test_an_account_that_the_venue_has_renamed_may_trade_when_it_is_meant(tmp_path):
    whole = report(balances=CASH, lists_orders=True, lists_positions=True)
    renamed = attrs.evolve(whole, venue_account="2")
    with opened(tmp_path, venue_account="V:1") as (book, reports):
        assert start_up(book, reports, renamed, now=NOW, other_account=True).may_trade


def test_an_order_nobody_here_placed(side):
    found = come_up(side, report(orders=(order("strange"),), balances=CASH))
    (proposal,) = found.proposals
    assert proposal.action is Action.ADOPT_ORDER


@pytest.mark.parametrize("covers", [{}, {"sections": ()}, {"missing": ("page 2",)}])
def test_silence_is_not_flat(side, covers):
    placed(side[0])
    booked(side[0], (fill("1"), at(3, -2)))
    found = come_up(side, report(**covers))
    assert not found.may_trade
    words = "; ".join(found.unsaid)
    assert "order o1 is open" in words
    assert "V:X is held" in words
    assert "money" in words


def test_an_order_that_the_venue_has_not_named_yet_is_not_taken_for_stated(side):
    placed(side[0])
    pending = OrderPlaced(cl_ord_id="o2", instrument_id="V:X", side=Side.BUY, order_qty=Decimal(1))
    booked(side[0], (pending, at(3)))
    nameless = order("vo1")  # states no id of ours, as venues do for orders that others sent
    found = come_up(side, report(orders=(nameless,), balances=CASH, lists_positions=True))
    assert found.unsaid == ("order o2 is open in the books: the venue did not speak of it",)
    assert not found.may_trade


def test_a_replaced_order_is_stated_under_any_of_its_ids(side):
    placed(side[0])
    request = ReplaceRequested(cl_ord_id="o1b", orig_cl_ord_id="o1", limit_px=Decimal(41))
    replaced = OrderReplaced(cl_ord_id="o1b", orig_cl_ord_id="o1")
    booked(side[0], (request, at(3)), (replaced, at(4)))
    stated = order("another", cl_ord_id="o1")
    found = come_up(side, report(orders=(stated,), balances=CASH, lists_positions=True))
    assert found.unsaid == ()


def test_a_stop_that_is_kept_with_a_limit_order_is_none_of_the_venues(side):
    placed(side[0])
    booked(side[0], (StopMoved(cl_ord_id="o1", stop_px=Decimal(38)), at(3)))
    stated = order("vo1", cl_ord_id="o1", limit_px=Decimal(40))
    found = come_up(side, report(orders=(stated,), balances=CASH, lists_positions=True))
    assert [one.about.kind.value for one in found.proposals] == []
