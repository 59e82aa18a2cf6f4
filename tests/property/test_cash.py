"""Cash is conserved: every currency is what the facts moved, and every entry balances."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import Booking, Crossing, FillBooked
from ledger.domain.instruments import InstrumentKind, Settles
from ledger.domain.numbers import ZERO, add
from tests.property import model
from tests.property.arrivals import Arrival, arrivals
from tests.property.state import book_of, holdings
from tests.property.stories import CASH, TRADING, Story, stories
from tests.property.worlds import ACCOUNT, INSTRUMENTS, ON_MARGIN

NEAR = Fraction(1, 10**15)
LEVERED = tuple(one for one in ON_MARGIN if one.settles is Settles.REALIZED)
DIRECT = tuple(one for one in INSTRUMENTS if one.base_currency is None)


def moved(book: ledger.Book) -> dict[str, Fraction]:
    found = {name: Fraction(amount) for name, amount in book.account(ACCOUNT).totals().items()}
    return {currency: amount for currency, amount in found.items() if amount}


def in_order(story: Story, instrument_id: str) -> list[FillBooked]:
    """The fills that stand, by time, in a story of which no two facts share a moment."""
    found = sorted(model.effective(list(story.facts)), key=lambda one: one[0].occurred_at)
    return [fill for _, fill, _ in found if fill.instrument_id == instrument_id]


def lone_trades(booking: Booking) -> st.SearchStrategy[Story]:
    """Fills of one instrument, each at a moment of its own."""
    fixed = {"booking": booking, "crossing": Crossing.ALLOW}
    moves = ("fill", "fill", "close")
    return stories(moves=moves, fixed=fixed, instruments=DIRECT, how_many=1, apart=True)


@given(stories(moves=(*TRADING, *CASH), books=("net", "hedge")))
def test_a_balance_is_what_the_facts_moved(story: Story) -> None:
    book = book_of(story.facts)
    expected = model.cash_without_results(list(story.facts), story.instruments)
    margin = {one.instrument_id: one.currency for one in story.instruments if one in LEVERED}
    for key, holding in holdings(book.account(ACCOUNT)).items():
        if key.instrument_id in margin:
            expected[margin[key.instrument_id]] += Fraction(holding.realized)
    assert moved(book) == {name: amount for name, amount in expected.items() if amount}


@given(stories(moves=TRADING, books=("net", "hedge")))
def test_position_and_suspense_are_the_fills_that_stand(story: Story) -> None:
    units = model.held(story.facts, story.instruments)
    for key, holding in holdings(book_of(story.facts).account(ACCOUNT)).items():
        assert Fraction(add(holding.qty, holding.suspense_qty)) == units[key]


@given(lone_trades(Booking.FIFO))
def test_fifo_realizes_what_a_plain_queue_does(story: Story) -> None:
    assert_realizes(story, model.fifo_realized)


@given(lone_trades(Booking.AVERAGE))
def test_average_realizes_what_a_plain_pool_does(story: Story) -> None:
    assert_realizes(story, model.average_realized)


def assert_realizes(story: Story, realized: object) -> None:
    (instrument,) = story.instruments
    fills = [(fill, instrument) for fill in in_order(story, instrument.instrument_id)]
    ours = book_of(story.facts).position(ACCOUNT, instrument.instrument_id).realized_pnl
    assert abs(Fraction(ours) - realized(fills)) < NEAR  # type: ignore[operator]


@given(arrivals(terse=True))
def test_every_entry_balances_in_every_commodity(arrival: Arrival) -> None:
    for entry in arrival.book().journal(ACCOUNT):
        assert entry.imbalance() == {}


@given(arrivals(terse=True))
def test_the_cash_postings_are_the_balances(arrival: Arrival) -> None:
    book = arrival.book()
    posted: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in book.journal(ACCOUNT):
        for posting in entry.postings:
            if posting.account == "cash":
                posted[posting.commodity] = add(posted[posting.commodity], posting.amount)
    totals = book.account(ACCOUNT).totals()
    assert {c: a for c, a in posted.items() if a} == {c: a for c, a in totals.items() if a}


def test_the_model_knows_every_kind() -> None:
    assert {one.kind for one in INSTRUMENTS} == set(InstrumentKind)
