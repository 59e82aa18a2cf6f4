"""Numbers, dates and times as reports write them: read as declared, or refused quickly."""

from __future__ import annotations

import time
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text import UNREADABLE, formatted_moment, iso_moment, moment, number_reader

BAD_NUMBERS = ["NaN", "Infinity", "1E+999999", "１２", "1_000", "9" * 41, "", " 1", "1.", "−5",
               "+1", "(5.00)", "1,5", "0x10", "9" * 5_000_000]  # fmt: skip
READERS = {
    "plain": number_reader(),
    "continental": number_reader(decimal=",", thousands="."),
    "grouped": number_reader(thousands=",", strip="$"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("number", BAD_NUMBERS, ids=lambda text: text[:12])
def test_a_bad_number_is_refused_in_time(reader, number):
    if (reader, number) == ("continental", "1,5"):
        pytest.skip("a comma is the decimal here")
    began = time.perf_counter()
    with pytest.raises(UNREADABLE):
        READERS[reader]("qty", number)
    assert time.perf_counter() - began < 0.5


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**9, min_value=0))
def test_a_grouped_number_is_the_number(value):
    assert READERS["grouped"]("px", f"{value:,f}") == value


@pytest.mark.parametrize("text", ["1.2345,6", "12.34,5", "1,234.5", "1..000"])
def test_a_number_grouped_wrongly_is_refused(text):
    with pytest.raises(UNREADABLE):
        READERS["continental"]("px", text)


def test_a_declared_comma_is_the_decimal():
    assert READERS["continental"]("px", "-1.234,50") == Decimal("-1234.50")


@pytest.mark.parametrize(
    "text",
    ["02/03/2026", "20260302;1015", "2026-03-02;25:00:00", "2026-02-30", "2026-03-02 10:15:00 PST",
     "2026-0302", "", "2026-03-02;10:15:60", "２０２６-03-02", "1969-12-31", "2200-01-01",
     "0001-01-01", "2026-03-02;10:15:00 -9900"],
)  # fmt: skip
def test_a_time_that_is_not_plain_is_refused(text):
    with pytest.raises(UNREADABLE):
        moment("dateTime", text, UTC)


@pytest.mark.parametrize(
    "text",
    ["20260302;101500", "2026-03-02;10:15:00", "2026-03-02, 10:15:00", "20260302 101500",
     "2026-03-02T10:15:00Z", "2026-03-02;05:15:00 EST", "20260302;151500 +0500"],
)  # fmt: skip
def test_the_shapes_of_real_files_are_one_moment(text):
    assert moment("dateTime", text, UTC).isoformat() == "2026-03-02T10:15:00+00:00"


def test_the_hour_that_comes_twice_is_the_first():
    read = moment("dateTime", "2024-11-03;01:30:00", ZoneInfo("America/New_York"))
    assert read.isoformat() == "2024-11-03T05:30:00+00:00"


@pytest.mark.parametrize("text", ["2020-01-01", "2020-01-01T14:30:00.1234567Z", "2020-W01-1",
                                  "2020-01-01T24:00:00Z", "1900-01-01T00:00:00"])  # fmt: skip
def test_an_iso_time_is_whole(text):
    with pytest.raises(UNREADABLE):
        iso_moment("ts", text, UTC)


@pytest.mark.parametrize("text", ["２0/01/2020", "2020-01-01", "01/01/0001"])
def test_a_declared_format_is_kept_to(text):
    with pytest.raises(UNREADABLE):
        formatted_moment("time", text, "%d/%m/%Y", ZoneInfo("Asia/Tokyo"))
