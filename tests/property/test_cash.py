"""Cash is conserved: every currency is what the facts moved, and every entry balances."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from hypothesis import given

import ledger
from ledger.domain.events import Booking, Crossing
from ledger.domain.instruments import InstrumentKind, Settles
from ledger.domain.numbers import ZERO, add
from tests.property import model
from tests.property.state import book_of, holdings
from tests.property.stories import CASH, TRADING, Story, stories
from tests.property.worlds import ACCOUNT, INSTRUMENTS, ON_MARGIN, policies

NEAR = Fraction(1, 10**15)
LEVERED = tuple(one for one in ON_MARGIN if one.settles is Settles.REALIZED)
DIRECT = tuple(one for one in INSTRUMENTS if one.base_currency is None)


def moved(book: ledger.Book) -> dict[str, Fraction]:
    found = {name: Fraction(amount) for name, amount in book.account(ACCOUNT).totals().items()}
    return {currency: amount for currency, amount in found.items() if amount}


def in_order(story: Story, instrument_id: str) -> list[model.FillBooked]:
    """The fills that stand, by time; the caller sees to it that no two share an instant."""
    found = [one for one in model.effective(list(story.facts)) if one[1].last_qty]
    found.sort(key=lambda one: one[0].occurred_at)
    return [fill for _, fill, _ in found if fill.instrument_id == instrument_id]


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
    units = model.held(story.facts)
    traded = {one.instrument_id: one for one in story.instruments}
    for _, fill, fees in model.effective(list(story.facts)):
        taken = model.in_units(traded[fill.instrument_id], fees)
        units[fill.instrument_id, fill.position_id] -= taken
    for key, holding in holdings(book_of(story.facts).account(ACCOUNT)).items():
        assert Fraction(add(holding.qty, holding.suspense_qty)) == units[key]


@given(
    stories(moves=("fill",), opened=policies(booking=Booking.FIFO, crossing=Crossing.ALLOW),
            instruments=DIRECT, how_many=1)
)  # fmt: skip
def test_fifo_realizes_what_a_plain_queue_does(story: Story) -> None:
    assert_realizes(story, model.fifo_realized)


@given(
    stories(moves=("fill",), opened=policies(booking=Booking.AVERAGE, crossing=Crossing.ALLOW),
            instruments=DIRECT, how_many=1)
)  # fmt: skip
def test_average_realizes_what_a_plain_pool_does(story: Story) -> None:
    assert_realizes(story, model.average_realized)


def assert_realizes(story: Story, realized: object) -> None:
    times = [fact.occurred_at for fact in story.facts if isinstance(fact.event, model.FillBooked)]
    if len(set(times)) < len(times):
        return
    (instrument,) = story.instruments
    fills = [(fill, instrument) for fill in in_order(story, instrument.instrument_id)]
    ours = book_of(story.facts).position(ACCOUNT, instrument.instrument_id).realized_pnl
    assert abs(Fraction(ours) - realized(fills)) < NEAR  # type: ignore[operator]


@given(stories())
def test_every_entry_balances_in_every_commodity(story: Story) -> None:
    for entry in book_of(story.facts).journal(ACCOUNT):
        assert entry.imbalance() == {}


@given(stories())
def test_the_cash_postings_are_the_balances(story: Story) -> None:
    book, posted = book_of(story.facts), defaultdict(lambda: ZERO)
    for entry in book.journal(ACCOUNT):
        for posting in entry.postings:
            if posting.account == "cash":
                posted[posting.commodity] = add(posted[posting.commodity], posting.amount)
    totals = book.account(ACCOUNT).totals()
    assert {c: a for c, a in posted.items() if a} == {c: a for c, a in totals.items() if a}


def test_the_model_knows_every_kind() -> None:
    assert {one.kind for one in INSTRUMENTS} == set(InstrumentKind)
