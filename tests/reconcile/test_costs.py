"""What positions cost on both sides: a law for the two fee rules, then what is compared and why."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters.port import Batch, CostMeaning
from adapters.reconcile import Cause, Outcome
from adapters.reconcile.costs import Costs
from adapters.reconcile.kinds import Kind
from adapters.statement import Comparison
from ledger.domain.events import (
    AccountOpened,
    Booking,
    FeeRule,
    FillBooked,
    InstrumentDefined,
    PositionOpenedMidLife,
    Side,
    SplitApplied,
    StatedPosition,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument, InstrumentKind
from tests.reconcile.nights import Nights, day
from tests.reconcile.nights import fill as ten_units
from tests.reconcile.parts import ACCOUNT, DAY, NOW, at, booked, fee, fill, opened, report, told

WITH, BEFORE = CostMeaning(with_fees=True), CostMeaning(with_fees=False)
BUY, SELL = Side.BUY, Side.SELL
HOUR = timedelta(hours=1)


def stated(qty: str, cost: str | None, *facts: Any, meaning: CostMeaning | None = WITH,
           **covers: Any) -> Batch:  # fmt: skip
    """A report of one position with its cost."""
    one = StatedPosition(
        instrument_id="V:X", qty=Decimal(qty), cost_basis=None if cost is None else Decimal(cost)
    )
    return attrs.evolve(report(*facts, cost=meaning, **covers), positions=(one,))


# ------------------------------------------------------------------------------------ laws

FILLS = st.lists(
    st.builds(
        fill,
        st.just("x"),
        st.integers(1, 9).map(str),
        st.integers(1, 99).map(str),
        side=st.sampled_from([BUY, SELL]),
        fees=st.lists(st.sampled_from(["0.35", "1", "-0.02"]).map(fee), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


def account(book: ledger.Book, rule: FeeRule, booking: Booking, fills: list[FillBooked]) -> None:
    book.record(rule.value, AccountOpened(base_currency="USD", fee_rule=rule, booking=booking),
                occurred_at=DAY)  # fmt: skip
    defined = Instrument(instrument_id="V:X", symbol="X", kind=InstrumentKind.EQUITY,
                         currency="USD")  # fmt: skip
    book.record(rule.value, InstrumentDefined(instrument=defined), occurred_at=DAY)
    for nth, one in enumerate(fills):
        book.record(rule.value, changed(one, exec_id=str(nth)), occurred_at=at(1 + nth))


def compared(book: ledger.Book, rule: FeeRule, meaning: CostMeaning) -> list[Decimal]:
    """What ours is said to be, in an account of this rule, beside a cost of this meaning."""
    qty = book.position(rule.value, "V:X").net_qty
    batch = attrs.evolve(stated(str(qty), "0", meaning=meaning), account=rule.value)
    comparison = Comparison(book, batch, book.store.head())
    costs = Costs(comparison, batch, comparison.lines(), book.store, at(24))
    return [one.booked for one in costs.found]


@given(FILLS, st.sampled_from([Booking.FIFO, Booking.LIFO, Booking.AVERAGE]))
def test_the_fee_rule_of_the_account_does_not_matter(fills, booking):
    with closing(ledger.open("memory://", clock=lambda: NOW)) as book:
        for rule in FeeRule:
            account(book, rule, booking, fills)
        for meaning, rule in ((WITH, FeeRule.IN_COST), (BEFORE, FeeRule.EXPENSED)):
            position = book.position(rule.value, "V:X")
            same = [position.cost_basis] if position.net_qty else []
            assert [compared(book, one, meaning) for one in FeeRule] == [same, same]


# --------------------------------------------------------------------------------- stories


@pytest.fixture
def side(tmp_path):
    with opened(tmp_path) as (book, reports):
        yield book, reports


def run(side: Any, batch: Batch, **how: Any) -> Outcome:
    book, reports = side
    return told(book, reports, batch, **how)


def cost_of(outcome: Outcome) -> list[tuple[str, bool]]:
    """What ours was said to be, and whether it agreed."""
    return [(str(one.ledger), one.agrees) for one in outcome.positions if one.what == "cost"]


def test_a_cost_in_the_venues_sense_agrees(side):
    booked(side[0], (fill("1", fees=(fee("1"),)), at(1, -3)))
    for meaning, cost in ((WITH, "501"), (BEFORE, "500")):
        outcome = run(side, stated("10", cost, meaning=meaning))
        assert (outcome.breaks, cost_of(outcome)) == ((), [(cost, True)])


def test_another_cost_is_a_break_in_money_of_the_instrument(side):
    booked(side[0], (fill("1", fees=(fee("1"),)), at(1, -3)))
    (found,) = run(side, stated("10", "521.50")).breaks
    assert (found.kind, found.cause, found.reference) == (
        Kind.POSITION_COST, Cause.UNKNOWN, "cost")  # fmt: skip
    assert (found.ledger_value, found.broker_value) == ("501", "521.5")
    assert (found.difference, found.unit, found.currency) == (Decimal("20.5"), "USD", "USD")
    assert found.evidence == ("ledger: open lots of 1", "broker: stated cost of X")
    assert "disallowed" in found.note


def test_a_short_costs_less_than_nothing(side):
    booked(side[0], (fill("1", side=SELL, fees=(fee("1"),)), at(1, -3)))
    assert run(side, stated("-10", "-499")).breaks == ()
    (found,) = run(side, stated("-10", "-501")).breaks
    assert (found.difference, found.cause) == (Decimal(-2), Cause.UNKNOWN)


def test_a_tolerance_is_told_with_what_it_let_pass(side):
    booked(side[0], (fill("1"), at(1, -3)))
    outcome = run(side, stated("10", "500.02"), tolerances={"USD": Decimal("0.02")})
    (let_pass,) = outcome.absorbed
    assert (outcome.breaks, let_pass.kind) == ((), Kind.POSITION_COST)
    assert (let_pass.subject, let_pass.difference) == ("V:X", Decimal("0.02"))


@pytest.mark.parametrize(("cost", "agrees"), [("500.01", True), ("500.011", False)])
def test_what_the_venue_rounds_away_is_no_break(side, cost, agrees):
    booked(side[0], (fill("1"), at(1, -3)))
    meaning = CostMeaning(with_fees=True, rounding=Decimal("0.01"))
    outcome = run(side, stated("10", cost, meaning=meaning))
    assert (not outcome.breaks, cost_of(outcome)) == (agrees, [("500", agrees)])


@pytest.mark.parametrize(
    ("qty", "cost", "meaning"),
    [
        ("10", "9", None),
        ("10", None, WITH),
        ("11", "9", WITH),
        ("10", "9", CostMeaning(with_fees=True, methods=frozenset({Booking.AVERAGE}))),
    ],
    ids=["no meaning", "not stated", "other units", "another method"],
)
def test_what_is_not_of_one_definition_is_not_compared(side, qty, cost, meaning):
    booked(side[0], (fill("1"), at(1, -3)))
    outcome = run(side, stated(qty, cost, meaning=meaning))
    assert cost_of(outcome) == []
    assert Kind.POSITION_COST not in {one.kind for one in outcome.breaks}


def test_charges_in_another_currency_are_in_no_cost_of_ours(side):
    booked(side[0], (fill("1", fees=(fee("1", "EUR"),)), at(1)))
    assert cost_of(run(side, stated("10", "501"))) == []
    assert cost_of(run(side, stated("10", "500", meaning=BEFORE))) == [("500", True)]


@pytest.mark.parametrize(
    ("sold", "how"),
    [
        (False, "the report states it, and the books agree"),
        (True, "nothing is held any more, on either side"),
    ],
)
def test_it_is_gone_when_it_agrees_or_nothing_is_held(sold, how):
    nights = Nights.begin()
    nights.booked(ten_units("x"), day(-3))
    coverage = {"cost": WITH, "lists_positions": True}
    nights.run(nights.batch(0, positions=stated("10", "51").positions, coverage=coverage))
    assert nights.status() == {"position.cost": "open"}
    sale = [(ten_units("y", side=SELL), day(1) + HOUR)] if sold else []
    for event, when in sale:
        nights.booked(event, when)
    left = () if sold else stated("10", "50").positions
    life = nights.run(nights.batch(1, sale, positions=left, coverage=coverage))
    assert [(one.kind, one.how) for one in life.resolved] == [("position.cost", how)]


# ---------------------------------------------------------------------------------- causes


def why(side: Any, batch: Batch) -> Cause:
    found = run(side, batch).breaks
    return next(one.cause for one in found if one.kind is Kind.POSITION_COST)


def test_charges_on_one_side_alone_are_the_cause(side):
    booked(side[0], (fill("1", fees=(fee("1"),)), at(1, -3)))
    assert why(side, stated("10", "500")) is Cause.FEES_IN_COST


def test_a_broken_trade_is_the_cause_and_one_that_comes_to_nothing_is_not(side):
    booked(side[0], (fill("1"), at(1)))
    assert why(side, stated("10", "510", (fill("1", px="51"), at(1)))) is Cause.OTHER_BREAKS
    assert why(side, stated("10", "510", (fill("1"), at(1, -1)))) is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (PositionOpenedMidLife(id="o", instrument_id="V:X", qty=Decimal(10)),
         Cause.OPENING_UNKNOWN),
        (SplitApplied(id="s", instrument_id="V:X", numerator=Decimal(2), denominator=Decimal(1)),
         Cause.CORPORATE_ACTION),
    ],
)  # fmt: skip
def test_what_moved_units_otherwise_may_be_the_cause(side, event, cause):
    first = [] if cause is Cause.OPENING_UNKNOWN else [(fill("1"), at(1, -3))]
    booked(side[0], *first, (event, at(2, -3)))
    qty = side[0].position(ACCOUNT, "V:X").net_qty
    assert why(side, stated(str(qty), "7")) is cause
