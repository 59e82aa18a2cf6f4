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
from tests.property import model
from tests.property.state import book_of, holdings
from tests.property.stories import Story, stories
from tests.property.worlds import (
    ACCOUNT,
    INSTRUMENTS,
    PLAIN,
    SECONDS,
    START,
    definitions,
    policies,
)

MOVES = ("fill", "fill", "bust", "correct", "late_fee")
END = START + timedelta(seconds=SECONDS + 1)
IN_MONEY = ("USD", "EUR", "BTC", "BNB")


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


@st.composite
def closed_stories(draw: st.DrawFn) -> Story:
    """Trading without fees in units, all closed at the end."""
    how: dict[str, Any] = {"currencies": IN_MONEY, "books": ("net", "hedge")}
    story = draw(stories(moves=MOVES, opened=policies(), **how))
    return story._replace(facts=(*story.facts, *closing(story)))


def closing(story: Story) -> list[Fact]:
    """Fills that end every position, whatever is held."""
    found = []
    for (instrument_id, position_id), held in sorted(model.held(story.facts).items()):
        qty = Decimal(held.numerator) / Decimal(held.denominator)
        if qty:
            fill = FillBooked(
                exec_id=f"close {instrument_id} {position_id}",
                instrument_id=instrument_id,
                position_id=position_id,
                side=Side.SELL if qty > 0 else Side.BUY,
                last_qty=abs(qty),
                last_px=Decimal("101.07"),
            )
            found.append(make_fact(ACCOUNT, fill, END))
    return found


@given(closed_stories())
def test_all_methods_realize_the_same_when_flat(story: Story) -> None:
    assert all(results(story, one) == results(story, Booking.FIFO) for one in PLAIN)


@given(closed_stories(), st.sampled_from(PLAIN))
def test_both_fee_rules_net_the_same_when_flat(story: Story, booking: Booking) -> None:
    in_cost = kept(story, booking=booking, fee_rule=FeeRule.IN_COST)
    expensed = kept(story, booking=booking, fee_rule=FeeRule.EXPENSED)
    assert nets(story, in_cost) == nets(story, expensed)


@given(stories(moves=MOVES, currencies=IN_MONEY), st.sampled_from(PLAIN))
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
