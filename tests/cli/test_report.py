"""Reports from the tables of the read models: forms, times, pages, and a page of HTML."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

import ledger
from adapters.cli import report_columns as columns
from adapters.cli.answers import Column
from adapters.cli.worth_columns import EXCURSIONS
from ledger.domain.events import OrderReplaced, PositionOpenedMidLife
from projections.excursions import Excursion
from projections.lines import BalanceLine, OrderLine, PositionLine, StepLine
from projections.lot_trades import LotTrade
from projections.pnl import PnlLine
from projections.stops import StopStep
from projections.trade_metrics import TradeMetrics
from projections.trades import Trade
from tests.cli.running import Run
from tests.cli.test_questions import no_number_is_a_fraction

REPORTS = [
    ("position-ledger",), ("balance-ledger",), ("orders",), ("order", "IBKR:70001"), ("fills",),
    ("steps",), ("trades",), ("lot-trades",), ("metrics",), ("stops",), ("pnl",),
]  # fmt: skip
LATER = ("record", "deposit", "--amount", "5", "--currency", "USD", "--at", "2026-03-03",
         "--who", "ann", "--reason", "topped up")  # fmt: skip
LATE_FILL: dict[str, Any] = {
    "exec_id": "late-1",
    "instrument_id": "IBKR:900001",
    "side": ledger.Side.BUY,
    "last_qty": Decimal(5),
    "last_px": Decimal(49),
}


def section(run: Run, name: str, *args: str) -> list[dict[str, str]]:
    """The rows of a report."""
    rows: list[dict[str, str]] = run("report", name, *args, "--json").json[name.replace("-", "_")]
    return rows


@pytest.mark.parametrize("args", REPORTS, ids=" ".join)
def test_every_report_has_three_forms(books: Run, args: tuple[str, ...]) -> None:
    document = books("report", *args, "--json").json
    assert (document["known_at_number"], document["account"]) == (22, "demo")
    assert no_number_is_a_fraction(document)
    written = books("report", *args, "--csv").out
    assert len(list(csv.DictReader(io.StringIO(written)))) == len(
        document[args[0].replace("-", "_")]
    )
    assert books("report", *args).code == 0


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(PositionLine, columns.POSITION_LEDGER), (BalanceLine, columns.BALANCE_LEDGER),
     (OrderLine, columns.ORDERS), (StepLine, columns.STEPS), (Trade, columns.TRADES),
     (TradeMetrics, columns.METRICS), (PnlLine, columns.PNL), (LotTrade, columns.LOT_TRADES),
     (StopStep, columns.STOPS), (Excursion, EXCURSIONS)],
)  # fmt: skip
def test_no_field_is_left_out_of_csv(kind: type, shown: tuple[Column, ...]) -> None:
    fields = {field.name for field in attrs.fields(kind)}
    fields |= {name for name, value in vars(kind).items() if isinstance(value, property)}
    spans = {"time_to_accept", "time_to_fill", "holding_time", "average_holding_time"}
    assert fields - spans - {"account"} <= {column.name for column in shown}


@pytest.mark.parametrize("args", REPORTS, ids=" ".join)
def test_an_answer_for_a_number_never_changes(books: Run, args: tuple[str, ...]) -> None:
    forms = ["--json", "--csv"]
    before = [books("report", *args, "--known-at", "22", form).out for form in forms]
    with ledger.open("sqlite:///tradeledger.db") as book:
        at = next(iter(book.log("demo", known_at=6))).occurred_at
        book.fill("demo", **LATE_FILL, occurred_at=at)
    assert books(*LATER).code == 0
    assert [books("report", *args, "--known-at", "22", form).out for form in forms] == before


def test_a_late_fill_changes_what_happened_and_adds_to_what_was_recorded(books: Run) -> None:
    before = section(books, "steps", "--instrument", "ACME")
    recorded = section(books, "position-ledger", "--instrument", "ACME")
    with ledger.open("sqlite:///tradeledger.db") as book:
        at = next(one.occurred_at for one in book.log("demo") if one.number == 6)
        book.fill("demo", **LATE_FILL, occurred_at=at)
    after = section(books, "steps", "--instrument", "ACME")
    assert (len(after), after[-1]["net_qty"]) == (len(before) + 1, "-35")
    assert after[:-1] != before
    again = section(books, "position-ledger", "--instrument", "ACME")
    assert (again[:-1], again[-1]["quantity_change"]) == (recorded, "5")
    assert again[-1]["is_late"] is True


# ------------------------------------------------------------------------------------ which


@pytest.mark.parametrize("name", ["position-ledger", "balance-ledger", "orders"])
@pytest.mark.parametrize("size", ["1", "3", "100"])
def test_pages_together_are_the_whole(books: Run, name: str, size: str) -> None:
    whole = section(books, name)
    found: list[dict[str, str]] = []
    cursor: tuple[str, ...] = ()
    while True:
        page = books("report", name, "--limit", size, *cursor, "--json").json
        found += page[name.replace("-", "_")]
        if page["next"] is None:
            break
        cursor = ("--after", page["next"])
    assert found == whole


def test_where_the_next_page_begins_is_told_beside_a_table(books: Run) -> None:
    told = books("report", "orders", "--limit", "1").err
    assert "there is more: --known-at 22 --after 7:0" in told
    assert "there is more" not in books("report", "orders").err


@pytest.mark.parametrize(
    ("args", "key", "values"),
    [
        (("fills", "--instrument", "INTK"), "symbol", {"INTK"}),
        (("position-ledger", "--instrument", "IBKR:900001"), "symbol", {"ACME"}),
        (("balance-ledger", "--currency", "EUR"), "currency", {"EUR"}),
        (("balance-ledger", "--entry", "fee"), "entry", {"fee"}),
        (("trades", "--closed"), "is_closed", {True}),
        (("trades", "--open"), "is_closed", {False}),
        (("orders", "--closed"), "is_open", {False}),
        (("orders", "--open"), "is_open", set()),
        (("orders", "--strategy", "none of ours"), "strategy", set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_which_lines(books: Run, args: tuple[str, ...], key: str, values: set[object]) -> None:
    assert {row[key] for row in section(books, *args)} == values


def test_a_span_of_recording_leaves_its_end_out(books: Run) -> None:
    every = section(books, "balance-ledger")
    cut = every[len(every) // 2]["recorded_at"]
    early = section(books, "balance-ledger", "--until", cut)
    late = section(books, "balance-ledger", "--since", cut)
    assert early
    assert early + late == every


def test_as_of_a_day_nothing_is_later(books: Run) -> None:
    for name in ("steps", "fills"):
        rows = section(books, name, "--as-of", "2026-03-02T20:00:00Z")
        assert max(row["at"] for row in rows) == "2026-03-02T20:00:00Z"


def test_the_close_decides_the_day(books: Run) -> None:
    days = [
        {row["day"] for row in section(books, "pnl", "--instrument", "ACME", *close)}
        for close in ((), ("--close", "10:00"))
    ]
    assert days == [{"2026-03-02", "2026-03-04"}, {"2026-03-03", "2026-03-05"}]


def test_an_order_is_found_under_any_of_its_ids(books: Run) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.place(
            "demo",
            cl_ord_id="first",
            instrument_id="IBKR:900001",
            side=ledger.Side.BUY,
            order_qty=Decimal(5),
            ord_type=ledger.OrdType.LIMIT,
            limit_px=Decimal(40),
        )
        done = OrderReplaced(cl_ord_id="second", orig_cl_ord_id="first", order_qty=Decimal(6))
        book.record("demo", done)
    assert len(section(books, "order", "first")) == 2
    assert section(books, "order", "second") == section(books, "order", "first")


@pytest.mark.parametrize(
    "args",
    [
        ("position-ledger", "--as-of", "2026-03-04"),
        ("balance-ledger", "--as-of", "2026-03-04"),
        ("orders", "--after", "x"),
        ("orders", "--limit", "0"),
        ("orders", "--instrument", "NOPE"),
        ("order", "nope"),
        ("pnl", "--close", "25:00"),
        ("pnl", "--close", "17:00+01:00"),
        ("pnl", "--known-at", "23"),
        ("pnl", "--account", "nobody"),
        ("pnl", "--out", "page.html", "--json"),
        ("positions",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked(books: Run, args: tuple[str, ...]) -> None:
    done = books("report", *args)
    assert (done.code, done.out) == (2, "")


# ------------------------------------------------------------------------------------ a page


@pytest.mark.parametrize("name", ["pnl", "trades"])
def test_a_page_stands_alone(books: Run, name: str) -> None:
    assert books("report", name, "--out", "page.html", "--as-of", "2026-03-05").code == 0
    page = Path("page.html").read_text("utf-8")
    assert not re.search("https?:|<script|<link|<img|@import|url[(]|src=", page)
    for told in ("demo", "number 22, recorded 20", "2026-03-05T23:59:59.999999Z", "ACME", "totals"):
        assert told in page


def test_a_page_for_a_number_has_the_same_bytes(books: Run) -> None:
    books("report", "pnl", "--known-at", "22", "--out", "one.html")
    books(*LATER)
    books("report", "pnl", "--known-at", "22", "--out", "two.html")
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


def test_a_page_is_never_overwritten(books: Run) -> None:
    Path("page.html").write_text("mine", "utf-8")
    assert books("report", "pnl", "--out", "page.html").code == 2
    assert Path("page.html").read_text("utf-8") == "mine"


def test_what_a_name_says_is_no_markup(run: Run) -> None:
    name = "<b>&'x'</b>"
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account(name, base_currency="USD")
    assert run("report", "pnl", "--out", "page.html").code == 0
    page = Path("page.html").read_text("utf-8")
    assert name not in page
    assert "&lt;b&gt;&amp;&#x27;x&#x27;&lt;/b&gt;" in page


def test_the_sums_of_the_days_are_the_totals(books: Run) -> None:
    document = books("report", "pnl", "--json").json
    for total in document["totals"]:
        mine = [row for row in document["pnl"] if row["currency"] == total["currency"]]
        for name in ("realized_pnl", "fees", "net_pnl", "income"):
            assert sum(ledger.parse(name, row[name]) for row in mine) == ledger.parse(
                name, total[name]
            )


@pytest.mark.parametrize(
    "name", [("trades",), ("lot-trades",), ("pnl",), ("metrics",), ("pnl", "--instrument", "ACME")]
)
def test_results_on_an_unknown_cost_say_so(books: Run, name: tuple[str, ...]) -> None:
    told = "results of ACME are on a cost that is unknown in part and counted as 0"
    assert told not in books("report", *name).err
    books("record", "opening-position", "ACME", "--qty", "5", "--basis", "unknown",
          "--at", "2026-03-01", "--who", "A. Smith", "--reason", "letter")  # fmt: skip
    assert told in books("report", *name).err
    assert told not in books("report", *name, "--known-at", "22").err
    assert told not in books("report", *name, "--as-of", "2026-02-28").err


def test_two_books_of_an_instrument_on_an_unknown_cost_are_said_once(books: Run) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        (account,) = book.store.streams()
        for name in ("long", "short"):
            held = PositionOpenedMidLife(
                id=name, instrument_id="IBKR:900001", qty=Decimal(5), position_id=name
            )
            book.record(account, held)
    assert books("report", "metrics").err.count("results of ACME are on a cost") == 1


def test_a_page_of_results_on_an_unknown_cost_says_so(books: Run) -> None:
    books("record", "opening-position", "ACME", "--qty", "5", "--basis", "unknown",
          "--at", "2026-03-01", "--who", "A. Smith", "--reason", "letter")  # fmt: skip
    books("report", "trades", "--out", "page.html")
    assert "results of ACME are on a cost" in Path("page.html").read_text("utf-8")
    assert "results of ACME" not in books("report", "trades", "--instrument", "GLX").err


def test_what_a_page_tells_leads_on_while_more_is_recorded(books: Run) -> None:
    whole = section(books, "orders")
    page = books("report", "orders", "--limit", "2")
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.fill("demo", **LATE_FILL, cl_ord_id="IBKR:70001")
    told = page.err.partition("there is more: ")[2].split()
    assert section(books, "orders", *told) == whole[2:]
