"""Laws of the numbers and of the stream, without a connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transport.errors import VenueRefusedError
from adapters.transport.fix.counting import Counting, Turn
from adapters.transport.fix.wire import Heard, Splitter
from tests.brokers.fix import FILL, sent

MESSAGES = [sent({**FILL, "34": str(number), "58": "8=FI" * number}) for number in range(1, 6)]


def message(number: int, **tags: str) -> Heard:
    told = {tag.removeprefix("t"): value for tag, value in tags.items()}
    return Heard(b"", {"35": "8", "34": str(number), **told})


@given(st.lists(st.integers(1, 12), max_size=20))
def test_nothing_is_missing_once_all_was_sent_again(numbers):
    count = Counting()
    for number in numbers:
        count.take(message(number, t43="Y"))
    seen = {*numbers}
    assert all(number in seen for number in range(1, count.expected))
    assert count.is_open is any(number >= count.expected for number in seen)
    turns = [count.take(message(number, t43="Y")) for number in range(count.expected, 13)]
    assert (count.expected, count.is_open, {*turns} - {Turn.NEXT}) == (13, False, set())


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_gap_fill_stands_for_what_it_passes_over(number, more):
    count = Counting(expected=number, ahead=number + more)
    count.take(message(number, t35="4", t123="Y", t36=str(number + more)))
    assert (count.expected, count.is_open) == (number + more, True)


@pytest.mark.parametrize(
    "bad",
    [
        message(4), message(4, t35="A", t141="Y"), message(5, t35="A", t141="Y"),
        message(5, t35="4", t123="Y", t36="5"), message(5, t35="4", t123="Y"),
        message(9, t35="4", t36="4"), message(5, t34="x"), message(5, t34=""), message(5, t34="-1"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused_and_changes_nothing(bad):
    count = Counting(expected=5)
    with pytest.raises(VenueRefusedError):
        count.take(bad)
    assert count == Counting(expected=5)


def test_a_fresh_session_may_begin_anew():
    count = Counting()
    assert count.take(message(1, t35="A", t141="Y")) is Turn.NEXT


@given(st.lists(st.integers(1, 80)), st.text(" |\x01\nFIX.", max_size=9))
def test_a_stream_says_the_same_however_it_is_cut(sizes, noise):
    stream, splitter, found = noise.encode() + b"".join(MESSAGES), Splitter(), []
    for size in [*sizes, len(stream)]:
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert [(one.raw, one.fault) for one in found] == [(one, "") for one in MESSAGES]
