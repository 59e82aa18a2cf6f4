"""A holding adds up, whatever happened to it."""

from __future__ import annotations

from hypothesis import assume, given

from ledger.domain.events import Booking, Crossing
from ledger.domain.holding import Holding
from ledger.domain.numbers import ZERO, add, subtract, total
from tests.property import model
from tests.property.closing import closed_stories
from tests.property.state import book_of, holdings
from tests.property.stories import CASH, TRADING, Story, stories
from tests.property.worlds import ACCOUNT, PLAIN


def holdings_of(story: Story) -> list[Holding]:
    return list(holdings(book_of(story.facts).account(ACCOUNT)).values())


@given(stories(books=("net", "hedge")))
def test_results_and_basis_come_from_the_money_of_the_fills(story: Story) -> None:
    assume(not model.pays_cash_in_lieu(story.facts))
    flows = model.flows(story.facts)
    for key, holding in holdings(book_of(story.facts).account(ACCOUNT)).items():
        came_in_kind = subtract(holding.in_kind, holding.suspense_flow)
        traded = add(flows[key], add(holding.basis, holding.base_fee_cost))
        assert holding.realized == add(traded, came_in_kind)


@given(
    closed_stories(
        moves=(*TRADING, *CASH), fixed={"crossing": Crossing.ALLOW}, books=("net", "hedge")
    )
)
def test_what_is_flat_has_realized_exactly_its_cash_flows(story: Story) -> None:
    flows = model.flows(story.facts)
    for key, holding in holdings(book_of(story.facts).account(ACCOUNT)).items():
        if not holding.qty and not holding.suspense_qty:
            assert holding.realized == add(flows[key], holding.base_fee_cost)


@given(stories())
def test_the_lots_are_the_position(story: Story) -> None:
    for holding in holdings_of(story):
        lots = holding.lot_list()
        assert total(lot.qty for lot in lots) == holding.qty
        assert total(lot.basis for lot in lots) == holding.basis
        assert total(lot.charges for lot in lots) == holding.charges


@given(stories())
def test_all_lots_are_on_the_side_of_the_position(story: Story) -> None:
    for holding in holdings_of(story):
        assert all(
            lot.qty and (lot.qty > ZERO) is (holding.qty > ZERO) for lot in holding.lot_list()
        )


@given(stories())
def test_what_is_flat_carries_no_basis(story: Story) -> None:
    for holding in holdings_of(story):
        assert holding.qty or (holding.basis, holding.charges) == (ZERO, ZERO)


@given(stories(fixed={"crossing": Crossing.SUSPENSE}))
def test_nothing_is_short_where_none_may_be(story: Story) -> None:
    brought_short = {"position-opened-mid-life/1", "position-transferred/1", "position-adjusted/1"}
    if not brought_short & {fact.event.TOPIC for fact in story.facts}:
        assert all(holding.qty >= ZERO for holding in holdings_of(story))


@given(stories(fixed={"crossing": Crossing.ALLOW}, moves=TRADING, books=("net", "hedge")))
def test_crossing_leaves_nothing_in_suspense(story: Story) -> None:
    if story.opened.booking in PLAIN:
        assert all(not holding.suspense_qty for holding in holdings_of(story))


def test_every_booking_method_is_drawn_from() -> None:
    assert set(PLAIN) < set(Booking)
