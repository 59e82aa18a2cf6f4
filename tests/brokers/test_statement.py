"""What a statement states beside the books: every difference is told, none is edited away."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ledger
from adapters.ingest import ingest
from adapters.statement import Kind, Line, beginning, compare, states_something
from ledger.domain.events import CashDeposited, PositionOpenedMidLife
from tests.brokers.flex import NOW, cash, element, file, read, real, trade

HELD = {"currency": "USD", "assetCategory": "STK", "symbol": "ACME", "conid": "900001",
        "multiplier": "1", "levelOfDetail": "SUMMARY", "position": "100"}  # fmt: skip
MONEY = {"currency": "USD", "startingCash": "0", "endingCash": "-1606"}
BUY = trade(transactionID="1", ibExecID="aa.01")


def held(**values: str) -> str:
    return element("OpenPosition", {**HELD, **values})


def money(**values: str) -> str:
    return element("CashReportCurrency", {**MONEY, **values})


def statement(
    trades: Sequence[str] = (BUY,),
    positions: Sequence[str] | None = (),
    balances: Sequence[str] | None = (),
) -> Any:
    """A report; None leaves a section out."""
    sections = {"Trades": trades, "OpenPositions": positions, "CashReport": balances}
    return read(file({name: rows for name, rows in sections.items() if rows is not None}))


def told(batch: Any, book: ledger.Book | None = None) -> list[Any]:
    """The comparison after ingesting into a book, a new one unless given."""
    book = book or ledger.open("memory://", clock=lambda: NOW)
    ingest(book, batch)
    before = book.store.head()
    lines = compare(book, batch)
    assert book.store.head() == before
    return lines


def differing(lines: list[Line]) -> list[Any]:
    return [(line.name, line.booked, line.stated) for line in lines if not line.agrees]


def test_what_agrees_is_compared_too() -> None:
    lines = told(statement(positions=[held()], balances=[money()]))
    assert [(line.kind, line.booked, line.agrees) for line in lines] == [
        (Kind.POSITION, 100, True),
        (Kind.CASH, -1606, True),
    ]


def test_another_quantity_is_told_with_both_numbers() -> None:
    (line,) = told(statement(positions=[held(position="384")]))
    assert (line.name, line.booked, line.stated, line.difference) == ("ACME", 100, 384, 284)


def test_a_statement_in_mid_life_is_the_likely_cause_and_not_the_only_one() -> None:
    (line,) = told(statement(positions=[held(position="384")]))
    assert line.cause.startswith("unknown opening balance: the likely cause, since the statement ")
    assert "begins in mid-life; or a missing trade or a wrong correction: look before" in line.cause
    assert "284 units" in line.cause
    assert "of ACME is of the booked units alone" in line.cause


def test_an_opening_position_answers_the_difference() -> None:
    batch = statement(positions=[held(position="384")])
    book = ledger.open("memory://", clock=lambda: NOW)
    opening = PositionOpenedMidLife(id="o", instrument_id="IBKR:900001", qty=Decimal(284))
    book.record("U1", opening, occurred_at=beginning(batch))
    assert not differing(told(batch, book))


def test_with_books_from_before_the_opening_is_not_blamed() -> None:
    book = ledger.open("memory://", clock=lambda: NOW)
    ingest(book, read(file({"Trades": [trade(ibExecID="z", dateTime="2026-02-02;10:00:00")]})))
    (line,) = told(statement(positions=[held(position="384")]), book)
    assert line.difference == 184
    assert line.cause == "a trade, transfer or corporate action is missing or differs"


def test_a_row_of_its_own_from_before_is_no_history() -> None:
    early = trade(ibExecID="z", dateTime="2026-02-28;18:00:00")
    (line,) = told(statement([BUY, early], positions=[held(position="384")]))
    assert "mid-life" in line.cause


def test_what_is_not_listed_is_flat() -> None:
    assert differing(told(statement(positions=[]))) == [("ACME", 100, 0)]


@pytest.mark.parametrize(
    "positions",
    [
        None,
        [held(position="many"), held(conid="900002", symbol="GLX", position="0")],
        [held(levelOfDetail="LOT")],
    ],
    ids=["no such section", "a row unread", "lots alone"],
)
def test_a_list_that_is_not_whole_says_nothing_of_the_rest(positions: list[str] | None) -> None:
    assert "ACME" not in {line.name for line in told(statement(positions=positions))}


def test_units_of_a_pair_are_money_and_not_listed() -> None:
    pair = trade(ibExecID="fx", assetCategory="CASH", symbol="EUR.USD", conid="12087792")
    assert not told(statement([pair], positions=[]))


def test_what_is_held_elsewhere_is_not_listed_here() -> None:
    book = ledger.open("memory://", clock=lambda: NOW)
    kind = ledger.InstrumentKind.EQUITY
    for name, venue in (("here", None), ("there", "OTHER")):
        share = ledger.Instrument(
            instrument_id=name, symbol=name, kind=kind, currency="USD", venue=venue
        )
        book.define("U1", share)
        book.fill("U1", exec_id=name, instrument_id=name, side=ledger.Side.BUY,
                  last_qty=Decimal(1), occurred_at=beginning(statement()))  # fmt: skip
    lines = told(statement(positions=[held()]), book)
    assert [line.name for line in lines if not line.agrees] == ["here"]


def test_a_balance_is_told_with_the_opening_that_is_not_booked() -> None:
    (line,) = told(
        statement(positions=None, balances=[money(startingCash="50", endingCash="-1556")])
    )
    assert (line.booked, line.stated) == (-1606, -1556)
    begins = "the statement begins with 50, the books with 0"
    assert line.cause == f"opening balance not booked: {begins}"


def test_an_opening_balance_of_the_books_is_not_missing() -> None:
    batch = statement(positions=None, balances=[money(startingCash="50", endingCash="-1500")])
    book = ledger.open("memory://", clock=lambda: NOW)
    book.record("U1", CashDeposited(id="d", amount=Decimal(50), currency="USD"),
                occurred_at=beginning(batch))  # fmt: skip
    (line,) = told(batch, book)
    assert (line.difference, line.cause) == (56, "a movement of 56 is missing or differs")


def test_the_reports_own_totals_are_named_where_its_rows_do_not_make_them() -> None:
    (line,) = told(
        statement(positions=None, balances=[money(endingCash="-1604", commissions="-4")])
    )
    assert line.cause == "commissions: rows -6, cash report -4"


def test_an_opening_that_is_not_stated_is_unknown() -> None:
    (line,) = told(statement(positions=None, balances=[money(startingCash="", endingCash="1")]))
    assert line.cause.startswith("unknown opening balance")


def test_money_that_is_not_listed_is_stated_as_none() -> None:
    lines = told(statement(positions=None, balances=[money(currency="EUR", endingCash="0")]))
    assert differing(lines) == [("USD", -1606, 0)]


def test_the_base_summary_alone_lists_no_currency() -> None:
    batch = statement(positions=None, balances=[money(currency="BASE_SUMMARY")])
    assert (states_something(batch), told(batch)) == (False, [])


def test_rows_set_aside_are_named_first() -> None:
    (line,) = told(statement([BUY, trade(tradePrice="x")], positions=[held(position="200")]))
    assert line.cause.startswith("1 of its rows were set aside and not booked; else unknown")


def test_what_came_after_the_statement_is_not_held_against_it() -> None:
    book = ledger.open("memory://", clock=lambda: NOW)
    ingest(book, read(file({"Trades": [trade(ibExecID="z", dateTime="2026-03-20;10:00:00")]})))
    assert not differing(told(statement(positions=[held()]), book))


def test_its_own_row_after_its_end_belongs_to_it() -> None:
    late = trade(ibExecID="z", dateTime="2026-03-07;00:30:00")
    assert not differing(told(statement([BUY, late], positions=[held(position="200")])))


def test_again_it_says_the_same() -> None:
    batch = statement(positions=[held(position="384")], balances=[money(startingCash="50")])
    book = ledger.open("memory://", clock=lambda: NOW)
    assert told(batch, book) == told(batch, book)


def test_a_report_that_states_nothing_is_not_compared() -> None:
    batch = read(file({"CashTransactions": [cash()]}))
    assert (states_something(batch), told(batch)) == (False, [])


def test_a_real_statement_in_mid_life(shared: Path) -> None:
    lines = told(real(shared))
    assert differing(lines)[0] == ("MSTR", 4973, 5257)
    assert {line.name for line in lines if not line.agrees} == {"MSTR", "CHF", "USD"}
    assert len(lines) == 46
