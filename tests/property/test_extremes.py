"""Whatever passed the gates can be folded: no number, time or order of facts locks an account."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.events import (
    FACTS,
    AccountOpened,
    Event,
    Fact,
    FillBooked,
    PositionEvent,
    make_fact,
)
from ledger.domain.events.cash import CashEvent
from ledger.domain.gates import changed
from tests.property.state import book_of, state_of
from tests.property.worlds import ACCOUNT
from tests.unit.facts_by_type import Leaves, any_of

MOST = Decimal("99999999999999999999.999999999999999999")
LEAST = Decimal("1E-18")
POSITIVE = [MOST, Decimal("1E19"), Decimal(3), Decimal(1), Decimal("0.7"), LEAST]
UNSIGNED = [*POSITIVE, Decimal(0)]
SIGNED = [*UNSIGNED, *(one.copy_negate() for one in POSITIVE)]

moments = st.sampled_from(
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 5, 0, 0, 1, tzinfo=UTC),
        datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
)
# Few texts, so that the facts are about the same orders, fills and instruments.
LEAVES: Leaves = {
    str: st.sampled_from(["X", "Y", "net"]),
    Decimal: st.sampled_from(SIGNED),
    "Positive": st.sampled_from(POSITIVE),
    "Unsigned": st.sampled_from(UNSIGNED),
    datetime: moments,
    date: st.sampled_from([date.min, date(2026, 1, 6), date.max]),
    bool: st.booleans(),
    int: st.sampled_from([-(2**63), 0, 1, 2**63]),
}


ZONES = {"X": "UTC", "Y": "America/New_York", "net": "Pacific/Apia"}


def as_fact(event: Event, at: datetime) -> Fact:
    """The fact that says so, at a moment; an account is opened in a zone that there is."""
    if isinstance(event, AccountOpened):
        event = changed(event, time_zone=ZONES[event.time_zone])
    return make_fact(ACCOUNT, event, at)


# The facts that move positions and cash calculate: they come three times as often.
MOVING = [fact for fact in FACTS if issubclass(fact, PositionEvent | CashEvent | FillBooked)]
events = st.one_of([any_of(fact, LEAVES) for fact in (*FACTS, *MOVING, *MOVING)])
facts = st.lists(st.builds(as_fact, events, moments), min_size=1, max_size=12)


@given(facts)
def test_what_passed_the_gates_can_be_folded_and_asked(told: list[Fact]) -> None:
    book = book_of(told)
    state_of(book)
    for position in book.positions(ACCOUNT):
        book.explain(ACCOUNT, position.instrument_id, position.position_id)
    for entry in book.journal(ACCOUNT):
        assert entry.imbalance() == {}


@given(facts)
def test_extremes_give_the_same_state_one_by_one(told: list[Fact]) -> None:
    at_once, one_by_one = book_of(told), book_of([])
    for fact in told:
        one_by_one.record_all([fact])
    assert state_of(one_by_one) == state_of(at_once)
