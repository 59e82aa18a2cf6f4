"""Answers as frames of other people's libraries: every figure as exact as it was."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from projections.answers import Answer
from projections.columns import kinds_of
from projections.errors import ExtraMissingError
from projections.reports import Reports
from tests.projections.tables import LESS, TOLD, in_memory
from tests.projections.test_parquet import FIGURES, Figures
from tests.projections.test_worth import marked, traded
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT

LIBRARIES = {"polars": "polars", "pandas": "pandas", "arrow": "pyarrow"}
EACH = pytest.mark.parametrize("name", LIBRARIES)


def columns(answer: Answer[Any], name: str) -> dict[str, list[Any]]:
    """The columns of an answer's frame, as lists of Python's values."""
    frame = getattr(answer, name)()
    if name == "arrow":
        return {one: frame.column(one).to_pylist() for one in frame.column_names}
    if name == "polars":
        return {one: frame[one].to_list() for one in frame.columns}
    return {one: frame[one].astype(object).where(frame[one].notna(), None).tolist()
            for one in frame.columns}  # fmt: skip


def same(answer: Answer[Any], name: str) -> None:
    """Every simple value is in the frame as it was, and no number is a binary fraction."""
    found, rows = columns(answer, name), answer.rows()
    for column, kind in kinds_of(type(answer[0])).items():
        values = found[column]
        assert not [value for value in values if isinstance(value, float)]
        if kind is Decimal:
            values = [None if value is None else Decimal(value) for value in values]
        if kind in {Decimal, str, int, bool, date} or column.endswith("at"):
            assert values == [row[column] for row in rows]


ASKED = (
    *("position_ledger", "balance_ledger", "orders", "steps", "trades", "pnl", "trade_metrics"),
    *("order_statistics", "positions", "balances", "worth.positions", "worth.equity"),
)


@settings(LESS, max_examples=12)  # each asks everything of each library
@given(arrivals(**TOLD))
def test_every_report_is_a_frame(arrival: Arrival) -> None:
    reports = Reports(arrival.book(), in_memory())
    for name in ASKED:
        answer: Answer[Any] = attrgetter(name)(reports)(ACCOUNT)
        for library in LIBRARIES if answer else ():
            same(answer, library)


@EACH
@given(lines=st.lists(FIGURES, min_size=1, max_size=4))
def test_no_digit_is_lost_however_extreme(name: str, lines: list[Figures]) -> None:
    same(Answer(lines=lines, number=1), name)


@EACH
def test_a_column_in_which_nothing_is_known(name: str) -> None:
    lines = [Figures(one=Decimal(1), other=None)] * 3
    assert columns(Answer(lines=lines, number=1), name)["other"] == [None] * 3


@EACH
def test_an_answer_without_lines(name: str) -> None:
    nothing: Answer[Figures] = Answer(lines=[], number=0)
    assert columns(nothing, name) == {}


def test_decimals_stay_decimals() -> None:
    import polars
    import pyarrow

    answer = Answer(lines=[Figures(one=Decimal("0.1"), other=Decimal(10**19))], number=1)
    assert dict(answer.polars().schema) == dict.fromkeys(("one", "other"), polars.Decimal(38, 18))
    assert set(answer.arrow().schema.types) == {pyarrow.decimal128(38, 18)}
    assert [type(value) for value in answer.pandas()["one"]] == [Decimal]


@attrs.frozen(kw_only=True)
class Nested:
    """A line that has more than single values."""

    kind: ledger.AccountKind
    fees: dict[str, Decimal]


@pytest.mark.parametrize("name", ["polars", "arrow"])
def test_what_is_no_single_value_is_told_as_text(name: str) -> None:
    line = Nested(kind=ledger.AccountKind.CASH, fees={"USD": Decimal("0.10")})
    found = columns(Answer(lines=[line], number=1), name)
    assert found == {"kind": ["cash"], "fees": ['{"USD": "0.1"}']}


@EACH
def test_a_library_that_is_not_there_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, LIBRARIES[name], None)
    book = traded()
    marked(book, "S", 110)
    answer = Reports(book, in_memory()).worth.equity("A")
    with pytest.raises(ExtraMissingError, match=f"{LIBRARIES[name]} is not installed"):
        getattr(answer, name)()
