"""Reports say what the books say, as of any moment and as known at any number."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import AccountOpened, Fee, FillBooked, InstrumentDefined, Side, make_fact
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO, quantize
from projections.reports import Reports
from tests.projections.tables import LESS, TOLD, in_memory
from tests.property.arrivals import Arrival, arrivals, told
from tests.property.test_read_models import positions_of
from tests.property.worlds import ACCOUNT, START

NEAR = Decimal(2).scaleb(-18)


def reports_of(book: ledger.Book) -> Reports:
    return Reports(book, in_memory())


@LESS
@given(arrivals(**TOLD), st.data())
def test_trades_are_the_cycles_of_the_positions(arrival: Arrival, data: st.DataObject) -> None:
    book = told([fact] for fact in arrival.facts)
    when: dict[str, Any] = {"known_at": data.draw(st.integers(1, book.store.head()))}
    trades = [one for one in reports_of(book).trades(ACCOUNT, **when) if one.is_closed]
    for key in positions_of(book, **when):
        mine = [one for one in trades if (one.instrument_id, one.position_id) == key]
        cycles = book.results(ACCOUNT, *key, **when).cycles
        mine.sort(key=lambda one: one.cycle)
        assert [
            (one.cycle, one.opened_at, one.closed_at, one.funding) for one in mine
        ] == [
            (one.number, one.opened_at, one.closed_at, one.funding) for one in cycles
        ]  # fmt: skip
        for trade, cycle in zip(mine, cycles, strict=True):
            # Of amounts that were rounded before, and shares of a fee that crossed zero.
            assert abs(trade.gross_pnl - cycle.realized_pnl) <= NEAR
            assert abs(trade.fees - cycle.fees) <= NEAR


@LESS
@given(arrivals(**TOLD))
def test_the_days_of_a_position_add_up_to_its_results(arrival: Arrival) -> None:
    book = arrival.book()
    lines = reports_of(book).pnl(ACCOUNT)
    for key in positions_of(book):
        view = book.position(ACCOUNT, *key)
        mine = [one for one in lines if (one.instrument_id, one.position_id) == key]
        settled = [one for one in mine if one.currency == view.currency]
        if view.currency is not None:
            assert sum((one.realized_pnl for one in settled), ZERO) == view.realized_pnl
        in_units = view.instrument.base_currency if view.instrument else None
        for name in ("fees", "funding", "income"):
            sums = {
                currency: sum((getattr(one, name) for one in of_currency), ZERO)
                for currency, of_currency in _by_currency(mine)
            }
            assert {name: one for name, one in sums.items() if one} == {
                currency: one
                for currency, one in getattr(view, name).items()
                if one and not (name == "fees" and currency == in_units)  # they are a cost
            }
        if view.currency is not None:
            cost = sum((one.base_fee_cost for one in settled), ZERO)
            assert cost == quantize(book.account(ACCOUNT).positions[key].holding.base_fee_cost)


def _by_currency(lines: list[Any]) -> Any:
    lines.sort(key=lambda one: one.currency)
    return [(key, list(some)) for key, some in groupby(lines, key=lambda one: one.currency)]


@LESS
@given(arrivals(**TOLD), st.data())
def test_an_answer_for_a_number_never_changes(arrival: Arrival, data: st.DataObject) -> None:
    facts = arrival.facts
    cut = data.draw(st.integers(1, len(facts)))
    book = told([fact] for fact in facts[:cut])
    reports, number = reports_of(book), book.store.head()
    before = everything(reports, number)
    book.record_all(facts[cut:])
    assert everything(reports, number) == before


def everything(reports: Reports, number: int) -> list[Any]:
    asked = (
        reports.position_ledger, reports.balance_ledger, reports.orders, reports.steps,
        reports.fills, reports.trades, reports.trade_metrics, reports.pnl, reports.positions,
        reports.balances, reports.lot_trades, reports.stops, reports.worth.excursions,
    )  # fmt: skip
    return [repr(ask(ACCOUNT, known_at=number)) for ask in asked]


@LESS
@given(arrivals(**TOLD), st.integers(1, 5))
def test_pages_together_are_the_whole_while_more_is_recorded(arrival: Arrival, size: int) -> None:
    facts = arrival.facts
    book = told([facts[: len(facts) // 2]])
    reports = reports_of(book)
    for ask in (reports.position_ledger, reports.balance_ledger, reports.orders):
        number = book.store.head()
        whole = ask(ACCOUNT, known_at=number, limit=10_000).lines
        pages: list[Any] = []
        cursor: str | None = None
        while True:
            page = ask(ACCOUNT, known_at=number, after=cursor, limit=size)
            pages += page.lines
            book.record_all(facts[: len(facts) // 2 + len(pages)])
            cursor = page.next
            if cursor is None:
                break
        assert pages == list(whole)


def test_a_trip_that_begins_and_ends_in_one_fill() -> None:
    """It crosses zero, and a rebate in units takes what it opened."""
    coin = Instrument(
        instrument_id="C", symbol="C", kind=InstrumentKind.SPOT, currency="USD", base_currency="ETH"
    )
    rebate = Fee(amount=Decimal("-0.5"), currency="ETH")
    events = [
        AccountOpened(base_currency="USD"),
        InstrumentDefined(instrument=coin),
        bought("1", Side.BUY, "2"),
        bought("2", Side.SELL, "2.5", rebate),
    ]
    facts = [make_fact(ACCOUNT, one, START + timedelta(seconds=n)) for n, one in enumerate(events)]
    book = told([facts])
    trades = reports_of(book).trades(ACCOUNT)
    assert [(one.cycle, one.is_closed, one.closed_qty) for one in trades] == [
        (1, True, Decimal(2)),
        (2, True, ZERO),
    ]
    assert len(book.results(ACCOUNT, "C").cycles) == 2


def test_such_a_trip_has_the_side_of_its_fill() -> None:
    """A fee in units that is more than was bought leaves them owed, which is another trip."""
    coin = Instrument(
        instrument_id="C", symbol="C", kind=InstrumentKind.SPOT, currency="USD", base_currency="ETH"
    )
    events = [
        AccountOpened(base_currency="USD"),
        InstrumentDefined(instrument=coin),
        bought("1", Side.BUY, "0.003", Fee(amount=Decimal("0.01"), currency="ETH")),
    ]
    facts = [make_fact(ACCOUNT, one, START + timedelta(seconds=n)) for n, one in enumerate(events)]
    trades = reports_of(told([facts])).trades(ACCOUNT)
    assert [(one.side, one.is_closed, one.max_qty) for one in trades] == [
        ("long", True, ZERO),
        ("short", False, Decimal("0.007")),
    ]


def bought(name: str, side: Side, qty: str, *fees: Fee) -> FillBooked:
    return FillBooked(
        exec_id=name, instrument_id="C", side=side, last_qty=Decimal(qty), last_px=Decimal(10),
        fees=fees,
    )  # fmt: skip
