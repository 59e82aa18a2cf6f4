"""A reader that remembers says what the book says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters.reconcile.remembering import Remembering
from ledger.domain.events import CashDeposited, make_fact
from ledger.errors import UnknownAccountError

AT = datetime(2026, 3, 2, tzinfo=UTC)
COUNT = 12


@pytest.fixture(scope="module")
def book():
    with ledger.open("memory://") as book:
        for nth in range(COUNT):
            paid = CashDeposited(id=str(nth), currency="USD", amount=Decimal(1))
            book.record_all([make_fact("A", paid, AT + timedelta(days=nth % 5))])
        yield book


ASKED = st.tuples(st.integers(1, COUNT), st.none() | st.integers(0, 5))


@given(st.lists(ASKED, min_size=1, max_size=30))
def test_it_says_what_the_book_says(book, questions):
    reader = Remembering(book.store)
    for number, days in questions:
        when = {"as_of": None if days is None else AT + timedelta(days=days), "known_at": number}
        assert reader.balances("A", **when) == book.balances("A", **when)


def test_a_state_is_folded_once(book):
    reader = Remembering(book.store)
    assert reader.at("A", known_at=3) is reader.at("A", known_at=3)
    assert reader.at("A", known_at=3) is not reader.at("A", known_at=4)


def test_it_knows_what_is_new(book):
    reader = Remembering(book.store)
    before = reader.at("A").version
    paid = CashDeposited(id="new", currency="USD", amount=Decimal(1))
    book.record_all([make_fact("A", paid, AT)])
    assert reader.at("A").version == before + 1


def test_an_unknown_account_is_one(book):
    with pytest.raises(UnknownAccountError):
        Remembering(book.store).at("B", known_at=1)
