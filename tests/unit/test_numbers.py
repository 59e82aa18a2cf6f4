"""The gate for numbers, and the two arithmetics."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.numbers import (
    CARRIED,
    MAX_AFTER,
    MAX_BEFORE,
    add,
    carry,
    check,
    multiply,
    parse,
    quantize,
    ratio,
    text,
    total,
)
from ledger.errors import BadNumberError


def plain(number: int, places: int) -> Decimal:
    """A number with so many places, made without rounding; of its digits as many as may be."""
    digits = abs(number) % 10 ** (MAX_BEFORE + places)
    return Decimal(f"{digits if number > 0 else -digits}E-{places}")


gated = st.builds(plain, st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, MAX_AFTER))


@given(gated)
def test_what_is_written_is_read_back(value: Decimal) -> None:
    assert parse("x", text(value)) == value


@given(gated, gated, gated)
def test_sums_and_products_of_what_passed_are_exact(a: Decimal, b: Decimal, c: Decimal) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    assert Fraction(add(multiply(a, b), c)) == exact


@given(gated, gated, gated.filter(bool))
def test_a_ratio_is_right_to_its_last_place(value: Decimal, part: Decimal, whole: Decimal) -> None:
    exact = Fraction(value) * Fraction(part) / Fraction(whole)
    if abs(exact) < 10**100:
        assert abs(Fraction(ratio(value, part, whole)) - exact) <= Fraction(1, 2 * 10**CARRIED)


@given(gated)
def test_the_callers_context_does_not_matter(value: Decimal) -> None:
    with localcontext() as context:
        context.prec, context.traps[Inexact] = 3, False
        assert quantize(value) == value


@given(gated)
def test_what_passed_once_is_not_changed_by_quantizing(value: Decimal) -> None:
    assert quantize(carry(value)) == value


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5E-18", "0"), ("1.5E-18", "2E-18"), ("2.5E-18", "2E-18"), ("-1.5E-18", "-2E-18")],
)
def test_halves_go_to_the_even_digit(value: str, rounded: str) -> None:
    assert quantize(Decimal(value)) == Decimal(rounded)


def test_minus_zero_becomes_zero() -> None:
    assert str(check("x", Decimal("-0.00"))) == "0"


def test_the_sum_of_nothing_is_zero() -> None:
    assert total([]) == 0


def test_an_error_names_field_text_and_rule() -> None:
    with pytest.raises(BadNumberError, match=r"last_px: 'abc' .* not of the form"):
        parse("last_px", "abc")


def test_an_error_keeps_little_of_a_long_text() -> None:
    with pytest.raises(BadNumberError) as told:
        parse("x", "7" * 10_000)
    assert len(str(told.value)) < 300


def test_an_integer_too_long_to_print_is_refused_as_any_other() -> None:
    with pytest.raises(BadNumberError, match="'int'"):
        check("x", 10**5000)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [1, "1", 1.5, None])
def test_what_is_no_decimal_says_how_to_make_one(number: Any) -> None:
    with pytest.raises(BadNumberError, match="not a Decimal; make one of text: Decimal"):
        check("last_qty", number)
