"""The books do not depend on the order of arrival, on repeats or on where they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ledger.history import account_at
from ledger.rebuilding import rebuild_position
from tests.property.arrivals import Arrival, arrivals, told
from tests.property.state import account_state, figures_of, folder, holdings, state_of
from tests.property.stories import TRADING
from tests.property.worlds import ACCOUNT

HEDGED: dict[str, Any] = {"books": ("net", "hedge")}
TERSE: dict[str, Any] = HEDGED | {"terse": True}


@given(arrivals(**HEDGED))
def test_any_order_and_any_repeat_give_the_same_books(arrival: Arrival) -> None:
    assert state_of(arrival.book()) == state_of(told([arrival.story.facts]))


@given(arrivals(**TERSE))
def test_so_it_is_when_amendments_do_not_say_what_they_concern(arrival: Arrival) -> None:
    assert state_of(arrival.book()) == state_of(told([arrival.story.facts]))


@given(arrivals(**TERSE))
def test_so_it_is_in_a_file(arrival: Arrival) -> None:
    with folder() as path, arrival.book(f"sqlite:///{path}/books.db") as book:
        assert state_of(book) == state_of(told([arrival.story.facts]))


@given(arrivals(**TERSE))
def test_one_fact_at_a_time_is_all_at_once(arrival: Arrival) -> None:
    one_by_one = ([fact] for fact in arrival.facts)
    assert state_of(told(one_by_one)) == state_of(told([arrival.facts]))


@given(arrivals(**TERSE))
def test_the_resident_account_is_the_one_folded_anew(arrival: Arrival) -> None:
    book = arrival.book()
    assert account_state(book.account(ACCOUNT)) == account_state(account_at(book.store, ACCOUNT))


@given(arrivals(**TERSE))
def test_the_resident_position_is_the_one_rebuilt(arrival: Arrival) -> None:
    book = arrival.book()
    account = book.account(ACCOUNT)
    for key, holding in holdings(account).items():
        rebuilt = rebuild_position(book.store, account, key)
        assert figures_of(rebuilt.holding) == figures_of(holding)


@given(arrivals(moves=(*TRADING, "split", "rebook"), max_moves=32, how_many=1))
def test_so_it_is_when_facts_leave_memory(arrival: Arrival) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("POINT_EVERY", 4), ("FLAT_EVERY", 2), ("KEEP", 6), ("PENDING", 3)):
            patch.setattr(f"ledger.domain.positions.{name}", size)
        state = account_state(told([fact] for fact in arrival.facts).account(ACCOUNT))
    assert state == account_state(told([arrival.story.facts]).account(ACCOUNT))
