"""Booking methods and fee rules say when a gain is counted, not how much is gained."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.events import (
    AccountOpened,
    Booking,
    Crossing,
    Fact,
    FeeRule,
    FillBooked,
    Side,
    make_fact,
)
from ledger.domain.holding import Holding
from ledger.domain.numbers import subtract
from ledger.domain.positions import PositionKey
from ledger.domain.views import net_realized
from tests.property.closing import closed_stories
from tests.property.state import book_of, holdings
from tests.property.stories import Story, stories
from tests.property.worlds import (
    ACCOUNT,
    INSTRUMENTS,
    PLAIN,
    START,
    definitions,
)

MOVES = ("fill", "fill", "close", "bust", "correct", "late_fee")
IN_MONEY = ("USD", "EUR", "BTC", "BNB")
# HIFO and LOFO rank by cost with charges: in cost they take other lots, until all are taken.
BY_TIME = (Booking.FIFO, Booking.LIFO, Booking.AVERAGE)
# No fees in units: what they take leaves at each method's own cost.
CLOSED = closed_stories(moves=MOVES, currencies=IN_MONEY, books=("net", "hedge"))


def kept(story: Story, **how: Any) -> dict[PositionKey, Holding]:
    """The holdings of a story whose account was opened in another way."""
    opened = AccountOpened(base_currency="USD", crossing=Crossing.ALLOW, **how)
    facts = [make_fact(ACCOUNT, opened, START), *story.facts[1:]]
    return holdings(book_of(facts).account(ACCOUNT))


def nets(story: Story, kept: dict[PositionKey, Holding]) -> list[Decimal]:
    """The net results, position by position."""
    traded = {one.instrument_id: one for one in story.instruments}
    return [net_realized(one, traded[key.instrument_id]) for key, one in sorted(kept.items())]


def results(story: Story, booking: Booking) -> dict[PositionKey, Decimal]:
    """What each position realized under a method."""
    return {key: one.realized for key, one in kept(story, booking=booking).items()}


@given(CLOSED)
def test_all_methods_realize_the_same_when_flat(story: Story) -> None:
    first, *others = (results(story, one) for one in PLAIN)
    assert all(other == first for other in others)


@given(CLOSED, st.sampled_from(PLAIN))
def test_both_fee_rules_net_the_same_when_flat(story: Story, booking: Booking) -> None:
    in_cost = kept(story, booking=booking, fee_rule=FeeRule.IN_COST)
    expensed = kept(story, booking=booking, fee_rule=FeeRule.EXPENSED)
    assert nets(story, in_cost) == nets(story, expensed)


@given(stories(moves=MOVES, currencies=IN_MONEY), st.sampled_from(BY_TIME))
def test_the_rules_differ_only_by_the_charges_of_what_is_held(
    story: Story, booking: Booking
) -> None:
    in_cost = kept(story, booking=booking, fee_rule=FeeRule.IN_COST)
    expensed = kept(story, booking=booking, fee_rule=FeeRule.EXPENSED)
    held = [in_cost[key].charges for key in sorted(in_cost)]
    pairs = zip(nets(story, in_cost), nets(story, expensed), held, strict=True)
    for one, other, charges in pairs:
        assert subtract(one, other) == charges


@given(stories(moves=MOVES), st.sampled_from(PLAIN), st.sampled_from(FeeRule))
def test_no_method_changes_what_is_held(story: Story, booking: Booking, rule: FeeRule) -> None:
    quantities = {k: one.qty for k, one in kept(story, booking=booking, fee_rule=rule).items()}
    assert quantities == {k: one.qty for k, one in kept(story).items()}


def test_the_methods_do_differ_while_something_is_held() -> None:
    story = Story(AccountOpened(base_currency="USD"), (), tuple(two_buys_and_a_sale()))
    assert list(results(story, Booking.FIFO).values()) == [Decimal(20)]
    assert list(results(story, Booking.LIFO).values()) == [Decimal(10)]


def two_buys_and_a_sale() -> list[Fact]:
    equity = next(one for one in INSTRUMENTS if one.instrument_id == "EQUITY")
    trades = [(Side.BUY, 100), (Side.BUY, 110), (Side.SELL, 120)]
    fills = [
        FillBooked(
            exec_id=str(n), instrument_id="EQUITY", side=side, last_qty=Decimal(1),
            last_px=Decimal(px),
        )
        for n, (side, px) in enumerate(trades)
    ]  # fmt: skip
    opened = make_fact(ACCOUNT, AccountOpened(base_currency="USD"), START)
    told = [make_fact(ACCOUNT, one, START + timedelta(seconds=n)) for n, one in enumerate(fills)]
    return [opened, *definitions((equity,)), *told]
