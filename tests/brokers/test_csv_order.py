"""Rows without an id: their order is declared, and does not depend on which file they came in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

import ledger
from adapters.brokers.csv_map import load_map, parse
from adapters.ingest import IngestReport, Verdict, ingest
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import AccountKind
from ledger.errors import BadFileError
from tests.brokers.flex import NOW

MAP = """
venue = "B"
time_format = "%Y-%m-%d"
time_zone = "UTC"
{top}
[columns]
time = "date"
kind = "action"
symbol = "symbol"
qty = "quantity"
px = "price"
[constants]
currency = "USD"
[kinds]
BUY = "buy"
SELL = "sell"
[instruments]
kind = "equity"
"""
HEADER = "date,action,symbol,quantity,price\n"
A, B, C = "2022-01-03,BUY,A,10,5\n", "2022-01-03,SELL,A,10,7\n", "2022-01-03,BUY,A,10,9\n"
NEXT = "2022-01-04,BUY,A,1,1\n"
OLDEST = 'order = "oldest_first"'
NEWEST = 'order = "newest_first"'


def read(*files: str, top: str = OLDEST) -> Any:
    columns = load_map("m.toml", MAP.format(top=top).encode())
    pages = [RawPage(name=f"{n}.csv", content=(HEADER + f).encode()) for n, f in enumerate(files)]
    return parse(pages, AccountConfig(account="A"), columns=columns)


def cash_book() -> ledger.Book:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account("A", base_currency="USD", kind=AccountKind.CASH, occurred_at=NOW)
    return book


def told(*files: str, top: str = OLDEST) -> tuple[ledger.Book, list[IngestReport]]:
    book = cash_book()
    return book, [ingest(book, read(file, top=top)) for file in files]


def state(book: ledger.Book) -> tuple[Any, ...]:
    view = book.position("A", "A")
    return (view.net_qty, view.avg_cost, view.realized_pnl, view.suspense_qty)


WHOLE = (10, 9, 20, 0)


@pytest.mark.parametrize("files", list(permutations([A + B, B + C])))
def test_files_that_cut_a_day_make_one_state_in_any_order(files: tuple[str, ...]) -> None:
    book, reports = told(*files)
    assert state(book) == WHOLE
    assert "1 booked of that time not in this file" in reports[1].findings[0].what


@pytest.mark.parametrize("files", list(permutations([A + B, B + C])))
def test_files_that_are_one_report_likewise(files: tuple[str, ...]) -> None:
    book = cash_book()
    ingest(book, read(*files))
    assert state(book) == WHOLE


@pytest.mark.parametrize("files", list(permutations([A + B + C, A + B, A + B + C + NEXT])))
def test_files_that_hold_the_day_from_its_beginning_need_no_finding(files: tuple[str, ...]) -> None:
    book, reports = told(*files)
    assert state(book)[2:] == (20, 0)
    assert not any(report.findings or report.quarantine for report in reports)


def test_a_file_again_adds_nothing() -> None:
    _, reports = told(A + B, B + C, A + B, B + C)
    assert [report.added for report in reports[2:]] == [0, 0]
    assert not any(report.findings for report in reports[2:])


@pytest.mark.parametrize(("first", "second"), [(A, B), (B, A)])
def test_parts_with_nothing_in_common_are_not_put_in_order(first: str, second: str) -> None:
    book, reports = told(first, second)
    assert "which came first is not known" in reports[1].quarantine[0].rule
    assert book.position("A", "A").net_qty + book.position("A", "A").suspense_qty in {10, -10}


def test_the_whole_day_then_answers() -> None:
    book, reports = told(B, A, A + B + C)
    assert (state(book), reports[2].quarantine) == (WHOLE, ())


def test_rows_booked_in_another_order_are_said() -> None:
    _, reports = told(A + B, B + A)
    assert reports[1].counts["changed"] == 2
    assert reports[1].records[-1].verdict is Verdict.CHANGED


def test_a_row_between_two_that_are_neighbours_is_in_doubt() -> None:
    _, reports = told(A + C, A + B + C)
    assert "is in doubt" in reports[1].quarantine[0].rule


def test_other_instruments_do_not_count() -> None:
    other = "2022-01-03,BUY,B,1,1\n"
    book, reports = told(A + other + B, A + B + C)
    assert (state(book), reports[1].findings, reports[1].quarantine) == (WHOLE, (), ())


def test_a_row_that_could_not_be_read_keeps_its_place() -> None:
    book, _ = told(A + B.replace("SELL", "SOLD") + C, A + B + C)
    book, reports = told(A + B.replace("7", "x") + C, A + B + C)
    assert (state(book), reports[1].quarantine) == (WHOLE, ())


def test_a_file_with_its_newest_row_first_is_read_from_its_end() -> None:
    book, _ = told(NEXT + C + B + A, top=NEWEST)
    assert state(book) == (11, state(book)[1], 20, 0)
    assert book.position("A", "A").lots[0].basis == 90


def test_what_is_declared_makes_a_difference() -> None:
    assert state(told(B + A, top=OLDEST)[0]) != state(told(B + A, top=NEWEST)[0])


@pytest.mark.parametrize(("top", "file"), [(OLDEST, NEXT + A), (NEWEST, A + NEXT)])
def test_dates_that_contradict_the_declaration_refuse_the_file(top: str, file: str) -> None:
    with pytest.raises(BadFileError, match="contradict order"):
        read(file, top=top)


def test_dates_of_other_instruments_contradict_it_too() -> None:
    with pytest.raises(BadFileError, match="all its rows"):
        read(NEXT.replace(",A,", ",B,") + A, top=OLDEST)


def test_without_a_declaration_nothing_is_guessed() -> None:
    batch = read(NEXT + B + A, top="")
    assert [row.row for row in batch.quarantine] == ["line 3", "line 4"]
    assert "declare order" in batch.quarantine[0].rule
    assert "run newest first" in batch.quarantine[0].rule
    assert len(batch.records) == 1


def test_without_a_declaration_equal_rows_and_single_ones_are_booked() -> None:
    assert not read(A + A + NEXT, top="").quarantine


def test_zeros_and_spaces_make_no_second_trade() -> None:
    book, reports = told(A, " 2022-01-03".strip() + ",BUY,A,10.00,5.000\n")
    assert (reports[1].added, book.position("A", "A").net_qty) == (0, 10)
    _, reports = told(A, "2022-01-03,BUY,A,11,5\n" + A)
    assert reports[1].added == 1


@pytest.mark.parametrize(
    ("top", "row", "is_aside"),
    [
        ("", "2022-01-03,BUY,A,-5,10\n", True),
        ("", "2022-01-03,SELL,A,-5,10\n", True),
        ("", "2022-01-03,SELL,A,5,10\n", False),
        ('qty_sign = "signed"', "2022-01-03,SELL,A,-5,10\n", False),
        ('qty_sign = "signed"', "2022-01-03,SELL,A,5,10\n", True),
        ('qty_sign = "signed"', "2022-01-03,BUY,A,-5,10\n", True),
    ],
)
def test_a_sign_may_not_contradict_the_word(top: str, row: str, is_aside: bool) -> None:
    batch = read(row, top=top)
    assert [one.field for one in batch.quarantine] == (["qty"] if is_aside else [])
    assert all(one.event.last_qty == 5 for one in batch.records)


AMOUNTS = "time,id,side,qty,px,fee,amount\n"


def amounts(row: str, top: str = "", kind: str = "equity") -> Any:
    text = f"""
venue = "B"
time_format = "%Y-%m-%d"
time_zone = "UTC"
{top}
[columns]
time = "time"
id = "id"
side = "side"
qty = "qty"
px = "px"
fee = "fee"
amount = "amount"
[constants]
kind = "fill"
symbol = "A"
currency = "USD"
[sides]
buy = "buy"
sell = "sell"
[instruments]
kind = "{kind}"
multiplier = "2"
"""
    page = RawPage(name="a.csv", content=(AMOUNTS + row + "\n").encode())
    columns = load_map("m.toml", text.encode())
    return parse([page], AccountConfig(account="A"), columns=columns)


@pytest.mark.parametrize(
    ("row", "top", "finds"),
    [
        ("2022-01-03,1,buy,10,5,1,101", "", False),
        ("2022-01-03,1,buy,10,5,1,-101", "", False),
        ("2022-01-03,1,sell,10,5,1,99", "", False),
        ("2022-01-03,1,buy,10,5,1,", "", False),
        ("2022-01-03,1,buy,10,5,1,100", "", True),
        ("2022-01-03,1,sell,10,5,1,101", "", True),
        ("2022-01-03,1,buy,10,5,1,101.01", 'amount_tolerance = "0.01"', False),
        ("2022-01-03,1,buy,10,5,1,101.02", 'amount_tolerance = "0.01"', True),
        ("2022-01-03,1,buy,10,5,1,100", 'amount_is = "gross"', False),
        ("2022-01-03,1,buy,10,5,1,101", 'amount_is = "gross"', True),
        ("2022-01-03,1,buy,10,5,1,7", 'amount_is = "other"', False),
    ],
)
def test_a_stated_amount_is_compared(row: str, top: str, finds: bool) -> None:
    batch = amounts(row, top)
    assert (bool(batch.findings), len(batch.records)) == (finds, 1)


def test_both_amounts_are_named_and_reported() -> None:
    report = ingest(cash_book(), amounts("2022-01-03,1,buy,10,5,1,100"))
    (finding,) = report.findings
    assert finding.what.startswith("amount 100 stated, 101 made of quantity, price, multiplier")
    assert (finding.file, finding.row) == ("a.csv", "line 2")


def test_what_is_not_paid_in_full_makes_no_amount() -> None:
    assert not amounts("2022-01-03,1,buy,10,5,1,100", kind="linear").findings


def test_an_amount_that_is_no_number_costs_its_row() -> None:
    assert [r.field for r in amounts("2022-01-03,1,buy,10,5,1,x").quarantine] == ["amount"]


@pytest.mark.parametrize("key", ["order", "qty_sign", "amount_is", "amount_tolerance"])
def test_a_word_that_is_not_known_refuses_the_map(key: str) -> None:
    with pytest.raises(BadFileError, match=key):
        read(A, top=f'{key} = "newest"')
