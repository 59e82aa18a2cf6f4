"""What holds for every value that is written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.cells import printable
from adapters.cli.answers import Column, Kind, plain
from adapters.cli.figures import amount, quantity
from adapters.cli.moments import moment, rfc3339
from adapters.cli.output import csv_cell
from ledger.domain.numbers import parse

NUMBERS = st.decimals(min_value=-(10**20) + 1, max_value=10**20 - 1, places=18, allow_nan=False)
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31),  # noqa: DTZ001
                     timezones=st.just(UTC))  # fmt: skip


@given(NUMBERS)
def test_a_decimal_comes_back_from_its_text(value: Decimal) -> None:
    assert parse("value", plain(value)) == value


@given(NUMBERS)
def test_a_number_is_never_disarmed(value: Decimal) -> None:
    assert csv_cell(value, Column("net_qty", Kind.NUMBER)) == plain(value)


@given(st.text())
def test_no_text_begins_like_a_formula(value: str) -> None:
    assert not csv_cell(value, Column("symbol")).startswith(("=", "+", "-", "@"))


@given(st.text())
def test_nothing_steers_a_terminal(value: str) -> None:
    assert printable(value).isprintable()


@given(NUMBERS)
def test_a_figure_for_people_is_near_and_says_when_it_is_not_the_number(value: Decimal) -> None:
    for shown, unit in ((amount(value, "USD"), "0.01"), (quantity(value), "0.00000001")):
        error = abs(Decimal(shown.text) - value)
        assert error * 2 <= Decimal(unit)
        assert shown.is_rounded == bool(error)


@given(TIMES)
def test_a_time_is_read_as_it_was_written(value: datetime) -> None:
    assert moment("--as-of", rfc3339(value), None) == value
