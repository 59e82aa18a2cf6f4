"""Prices by the book: marks, rates, and rates the other way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import PriceKind, Rate
from ledger.domain.numbers import multiply
from ledger.errors import BadNumberError, BadTextError, NaiveTimeError

CLOSE = datetime(2026, 3, 4, 21, tzinfo=UTC)


@pytest.fixture
def book() -> ledger.Book:
    return ledger.open("memory://")


def rate(base: str, quote: str, px: str, at: datetime = CLOSE) -> Rate:
    return Rate(base=base, quote=quote, px=Decimal(px), at=at, source="ECB")


def test_a_mark_is_recorded(book: ledger.Book) -> None:
    outcome = book.mark("ESZ6", Decimal("5000.25"), at=CLOSE, source="CME", kind=PriceKind.MID)
    assert outcome.price == book.price("ESZ6")
    assert book.price("ESZ6", kind=PriceKind.LAST) is None


def test_an_inverse_is_made_where_nothing_else_is_known(book: ledger.Book) -> None:
    book.record_prices([rate("USD", "JPY", "150")])
    found = book.rate("JPY", "USD")
    assert found is not None
    assert (found.px, found.is_inverted) == (Decimal("0.006666666666666667"), True)


def test_what_was_recorded_goes_before_an_inverse(book: ledger.Book) -> None:
    """Even an older one: what somebody said goes before what we computed."""
    later = CLOSE + timedelta(days=1)
    book.record_prices([rate("EUR", "USD", "1.08"), rate("USD", "EUR", "0.9", later)])
    found = book.rate("EUR", "USD")
    assert found is not None
    assert (found.px, found.is_inverted) == (Decimal("1.08"), False)


def test_nothing_is_made_by_way_of_a_third_currency(book: ledger.Book) -> None:
    book.record_prices([rate("EUR", "USD", "1.08"), rate("USD", "JPY", "150")])
    assert book.rate("EUR", "JPY") is None


@given(st.decimals("1E-17", "1E+17", places=17))
def test_twice_inverted_is_near(px: Decimal) -> None:
    """An inverse is right to half of its last place; and so the product to that times the rate."""
    one = Rate(base="A", quote="B", px=px, at=CLOSE, source="x")
    assert abs(multiply(one.inverse().px, px) - 1) <= px * Decimal("0.5E-18")


def test_an_inverse_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(BadNumberError):
        rate("A", "B", "1E+19").inverse()


@pytest.mark.parametrize(
    ("base", "quote"), [("EUR", "EUR"), ("", "USD"), ("E/R", "USD"), ("EUR", None), (1, "USD")]
)
def test_what_is_no_pair_is_refused(base: str, quote: str) -> None:
    with pytest.raises(BadTextError):
        rate(base, quote, "1")


def test_a_price_needs_a_zone_a_decimal_and_a_kind(book: ledger.Book) -> None:
    with pytest.raises(NaiveTimeError):
        book.mark("ESZ6", Decimal(1), at=CLOSE.replace(tzinfo=None), source="CME")
    with pytest.raises(BadNumberError):
        book.mark("ESZ6", 1, at=CLOSE, source="CME")  # type: ignore[arg-type]
    with pytest.raises(BadTextError):
        book.mark("ESZ6", Decimal(1), at=CLOSE, source="CME", kind="last")  # type: ignore[arg-type]
