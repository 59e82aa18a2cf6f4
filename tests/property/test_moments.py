"""A moment in the two times is answered as if nothing else had been told; it never changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import (
    AccountOpened,
    Fact,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
)
from ledger.history import account_at
from tests.property.arrivals import Arrival, arrivals
from tests.property.dice import Dice, rolls
from tests.property.state import ORDERS, account_state, book_of, orders_of
from tests.property.worlds import ACCOUNT, START, moment

FROM_EVER = AccountOpened | InstrumentDefined
WITH_THEIR_FILL = FillBusted | FillCorrected
ARRIVALS = arrivals(books=("net", "hedge"), terse=True)
ASKING = rolls(2)


class Question(NamedTuple):
    """A story told in some way, and a moment in each of the two times."""

    arrival: Arrival
    as_of: datetime
    number: int

    def __repr__(self) -> str:
        seconds = (self.as_of - START).seconds
        return f"{self.arrival!r}, known at {self.number}, as of {seconds}s"


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Any story, told in any way, asked about at any moment."""
    arrival, dice = draw(ARRIVALS), Dice(draw(ASKING))
    return Question(arrival, moment(dice), 1 + dice.below(len(arrival.story.facts)))


def had_effect(fact: Fact, as_of: datetime) -> bool:
    """Whether a fact had taken effect by a moment, however late it was told."""
    event = fact.event
    if isinstance(event, InstrumentDefined) and event.effective_from is not None:
        return event.effective_from <= as_of
    return fact.occurred_at <= as_of or isinstance(event, WITH_THEIR_FILL | FROM_EVER)


def known(book: ledger.Book, ask: Question) -> ledger.Book:
    """A book that was told what was recorded by the moment and had taken effect by it."""
    recorded = book.store.read_all(upto=ask.number)
    facts = [Fact(one.stream, one.key, one.occurred_at, one.event) for one in recorded]
    return book_of([fact for fact in facts if had_effect(fact, ask.as_of)])


@given(questions())
def test_a_past_moment_is_a_replay_of_what_was_known_and_had_happened(ask: Question) -> None:
    book = ask.arrival.book()
    then = account_at(book.store, ACCOUNT, as_of=ask.as_of, known_at=ask.number)
    assert account_state(then) == account_state(known(book, ask).account(ACCOUNT))


@given(questions())
def test_orders_too(ask: Question) -> None:
    book, when = ask.arrival.book(), {"as_of": ask.as_of, "known_at": ask.number}
    assert orders_of(book, ORDERS, **when) == orders_of(known(book, ask))


@given(questions())
def test_an_answer_for_a_number_never_changes(ask: Question) -> None:
    book = book_of(ask.arrival.facts[: ask.number])
    when: dict[str, Any] = {"as_of": ask.as_of, "known_at": book.store.head()}
    before = book.positions(ACCOUNT, **when), book.balances(ACCOUNT, **when)
    book.record_all(ask.arrival.facts[ask.number :])
    assert (book.positions(ACCOUNT, **when), book.balances(ACCOUNT, **when)) == before


@given(questions())
def test_the_present_is_known_at_the_head(ask: Question) -> None:
    book = ask.arrival.book()
    assert book.positions(ACCOUNT, known_at=book.store.head()) == book.positions(ACCOUNT)


@given(questions())
def test_a_knowledge_time_is_the_number_that_was_last_recorded_by_then(ask: Question) -> None:
    book = ledger.open("memory://", clock=three_a_second())
    book.record_all(ask.arrival.facts)
    numbers = {one.recorded_at: one.number for one in book.log(ACCOUNT)}
    assert all(book.store.number_at(at) == number for at, number in numbers.items())


def three_a_second() -> Callable[[], datetime]:
    """A clock by which three facts are learned in the same second."""
    reads = count()
    return lambda: START + timedelta(seconds=next(reads) // 3)


def test_a_bust_of_what_nobody_booked_moves_no_money() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    coin = ledger.Instrument(
        instrument_id="X", symbol="X", kind=ledger.InstrumentKind.INVERSE, currency="BTC"
    )
    with ledger.open("memory://", clock=lambda: at) as book:
        book.record(ACCOUNT, InstrumentDefined(instrument=coin), occurred_at=at)
        bust = FillBusted(exec_id="b", exec_ref_id="1", instrument_id="X")
        book.record(ACCOUNT, bust, occurred_at=at)
        assert book.balances(ACCOUNT) == []
