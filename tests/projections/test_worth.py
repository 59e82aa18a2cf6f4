"""What accounts are worth, and the identity that ties it to their results."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import (
    AccountOpened,
    CashDeposited,
    FillBooked,
    InstrumentDefined,
    Side,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO
from ledger.domain.prices import Price, PriceKind, Rate
from projections.reports import Reports
from tests.projections.tables import LESS, TOLD, in_memory
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT, INSTRUMENTS
from tests.property.worlds import START as BEGIN

NEAR = Decimal(40).scaleb(-18)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECONDS = st.integers(0, 20)
MARKS = st.lists(st.integers(1, 900), min_size=len(INSTRUMENTS), max_size=len(INSTRUMENTS))


@LESS
@given(arrivals(**TOLD), SECONDS, SECONDS, MARKS, MARKS)
def test_equity_changes_by_results_and_flows_and_nothing_else(
    arrival: Arrival, one: int, two: int, marks: list[int], later: list[int]
) -> None:
    book = arrival.book()
    first, last = (BEGIN + timedelta(seconds=at) for at in sorted((one, two)))
    record(book, first - timedelta(days=1), marks)
    if last > first:
        record(book, last, later)
    for line in Reports(book, in_memory()).worth.check(ACCOUNT, first, last):
        assert line.is_priced
        assert line.difference is not None
        assert abs(line.difference) <= NEAR  # of amounts that were rounded one by one


def record(book: ledger.Book, at: datetime, marks: list[int]) -> None:
    book.record_prices(
        [
            Price(instrument_id=what.instrument_id, px=Decimal(px), at=at, source="test")
            for what, px in zip(INSTRUMENTS, marks, strict=True)
        ]
    )


@LESS
@given(arrivals(**TOLD), MARKS)
def test_a_fault_in_a_step_would_show(arrival: Arrival, marks: list[int]) -> None:
    """The control: what a check does not explain is told."""
    book = arrival.book()
    record(book, BEGIN - timedelta(days=1), marks)
    first, last = BEGIN - timedelta(seconds=1), BEGIN + timedelta(seconds=60)
    for line in Reports(book, in_memory()).worth.check(ACCOUNT, first, last):
        wrong = attrs.evolve(line, fees=line.fees + 1)
        assert wrong.difference is not None
        assert abs(wrong.difference) > NEAR


def traded() -> ledger.Book:
    """Ten shares for 100 in dollars, a contract in euros."""
    book = ledger.open("memory://")
    share = Instrument(instrument_id="S", symbol="S", kind=InstrumentKind.EQUITY, currency="USD")
    future = Instrument(
        instrument_id="F", symbol="F", kind=InstrumentKind.LINEAR, currency="EUR",
        multiplier=Decimal(10),
    )  # fmt: skip
    events: list[Any] = [
        AccountOpened(base_currency="USD", time_zone="America/Chicago"),
        InstrumentDefined(instrument=share),
        InstrumentDefined(instrument=future),
        CashDeposited(id="1", amount=Decimal(5000), currency="USD"),
        fill("1", "S", 10, 100),
        fill("2", "F", 2, 50),
    ]
    for nth, event in enumerate(events):
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=nth))])
    return book


def fill(name: str, what: str, qty: int, px: int) -> FillBooked:
    return FillBooked(
        exec_id=name, instrument_id=what, side=Side.BUY, last_qty=Decimal(qty), last_px=Decimal(px)
    )


def marked(book: ledger.Book, what: str, px: int, at: datetime = START) -> None:
    book.mark(what, Decimal(px), at=at, source="close", kind=PriceKind.SETTLEMENT)


def test_equity_by_currency_and_in_base() -> None:
    book = traded()
    marked(book, "S", 110)
    marked(book, "F", 47)
    book.record_prices([Rate(base="EUR", quote="USD", px=Decimal("1.1"), at=START, source="ECB")])
    worth = Reports(book, in_memory()).worth
    euros, dollars = worth.equity("A")
    assert (dollars.cash, dollars.positions, dollars.equity) == (4000, 1100, 5100)
    assert (euros.cash, euros.positions, euros.in_base) == (0, -60, -66)
    assert euros.rate_source == "ECB"
    total = worth.total("A")
    assert (total.equity, total.is_whole) == (5034, True)


def test_no_mark_no_number_and_no_rate_no_sum() -> None:
    book = traded()
    marked(book, "F", 47)
    worth = Reports(book, in_memory()).worth
    share = next(one for one in worth.positions("A") if one.instrument_id == "S")
    assert (share.value, share.unrealized_pnl, share.why) == (None, None, "no mark is recorded")
    total = worth.total("A")
    assert (total.unpriced, total.unconverted) == (("S",), ("EUR",))
    assert not total.is_whole
    assert total.equity == 4000


def test_a_mark_that_is_too_old_is_none() -> None:
    book = traded()
    marked(book, "S", 110)
    worth = Reports(book, in_memory()).worth
    at, age = START + timedelta(hours=2), timedelta(hours=1)
    share = next(one for one in worth.positions("A", as_of=at, max_age=age) if one.net_qty == 10)
    assert (share.value, share.why) == (None, "the last mark is 2:00:00 old")


def test_what_was_known_is_valued_by_marks_that_were_known() -> None:
    book = traded()
    marked(book, "S", 110)
    book.record_all([ledger.make_fact("A", fill("3", "S", 1, 100), START + timedelta(minutes=1))])
    number = book.store.head()
    worth = Reports(book, in_memory()).worth
    before = worth.equity("A", known_at=number)
    marked(book, "S", 120, START + timedelta(seconds=30))
    book.record_all([ledger.make_fact("A", fill("4", "S", 1, 100), START + timedelta(minutes=2))])
    assert worth.equity("A", known_at=number) == before
    assert worth.equity("A") != before


def test_the_curve_and_the_drawdown() -> None:
    book = traded()
    for days, px in ((0, 110), (1, 120), (2, 90)):
        marked(book, "S", px, START + timedelta(days=days, hours=9))
        marked(book, "F", 50, START + timedelta(days=days, hours=9))
    points = Reports(book, in_memory()).worth.curve("A", date(2026, 1, 5), date(2026, 1, 7))
    assert [point.equity for point in points] == [5100, 5200, 4900]
    assert [point.drawdown for point in points] == [ZERO, ZERO, 300]
    assert points[2].at == datetime(2026, 1, 8, 6, tzinfo=UTC)  # midnight in Chicago
    assert points[0].is_whole  # what is zero needs no rate


def test_an_answer_says_when_all_of_it_was_known_and_comes_out_again() -> None:
    book = traded()
    marked(book, "S", 110)
    worth = Reports(book, in_memory()).worth
    first, known = worth.equity("A"), worth.equity("A").known_at
    marked(book, "S", 120, START + timedelta(seconds=30))
    book.record_all([ledger.make_fact("A", fill("4", "S", 1, 100), START + timedelta(minutes=2))])
    assert worth.equity("A", known_at=known) == first
    assert worth.equity("A", known_at=first.number).lines != first.lines  # the mark came later


def test_units_in_kind_are_a_flow_from_outside() -> None:
    book = traded()
    marked(book, "S", 110)
    marked(book, "F", 50)
    gift = UnitsReceived(
        id="g", instrument_id="S", qty=Decimal(2), reason=UnitsReason.GIFT, basis=Decimal(150)
    )
    book.record_all([ledger.make_fact("A", gift, START + timedelta(minutes=1))])
    worth = Reports(book, in_memory()).worth
    first = START + timedelta(seconds=30)
    (dollars,) = (
        line for line in worth.check("A", first, first + timedelta(minutes=5))
        if line.currency == "USD"
    )  # fmt: skip
    assert (dollars.external, dollars.unrealized_change, dollars.difference) == (150, 70, 0)
