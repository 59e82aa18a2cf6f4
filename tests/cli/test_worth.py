"""What the books are worth, at marks that a file brought: figures, and what is missing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

import ledger
from adapters.cli import report_columns, worth_columns
from adapters.cli.answers import Column
from adapters.cli.commands.worth import faults
from ledger.domain.numbers import total
from projections.buying_power import PowerTerm
from projections.identity import EquityCheck
from projections.order_statistics import OrderStatistics
from projections.valuation import EquityLine, ValuedPosition
from projections.worth import CurvePoint
from tests.cli.running import Run

MARKS = """instrument,pair,at,px,kind
IBKR:900001,,2026-03-05T21:00:00Z,51.20,settlement
IBKR:900002,,2026-03-05T16:30:00Z,20.50,settlement
IBKR:900003,,2026-03-05T21:00:00Z,10.10,settlement
IBKR:900001,,2026-03-06T21:00:00Z,54.00,settlement
IBKR:900010,,2026-03-05T21:00:00Z,1.08,mid
"""
RATES = "pair,at,px\nEUR/USD,2026-03-05T21:00:00Z,1.08\n"
DAYS = ("--from", "2026-03-05", "--to", "2026-03-06")
DAY = ("--day", "2026-03-06")
ASKED = [("value",), ("equity",), ("curve", *DAYS), ("check", *DAYS)]


@pytest.fixture
def marked(books: Run) -> Run:
    """The sample statement, all of it marked."""
    imported(books, MARKS)
    return books


@pytest.fixture
def valued(marked: Run) -> Run:
    """All of it marked, and a rate for its euros."""
    imported(marked, RATES)
    return marked


def imported(run: Run, text: str) -> None:
    """Record the prices of a text."""
    Path("prices.csv").write_text(text, "utf-8")
    assert run("prices", "import", "prices.csv", "--source", "close").code == 0


def told(run: Run, name: str, *args: str) -> dict[str, Any]:
    """The document of a report."""
    document: dict[str, Any] = run("report", name, *args, "--json").json
    return document


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(ValuedPosition, worth_columns.VALUE), (EquityLine, worth_columns.EQUITY),
     (PowerTerm, worth_columns.POWER), (CurvePoint, worth_columns.CURVE),
     (EquityCheck, worth_columns.CHECK), (OrderStatistics, report_columns.ORDER_STATISTICS)],
)  # fmt: skip
def test_no_field_is_left_out_of_csv(kind: type, shown: tuple[Column, ...]) -> None:
    fields = {field.name for field in attrs.fields(kind)}
    fields |= {name for name, value in vars(kind).items() if isinstance(value, property)}
    spans = {"average_time_to_accept", "average_time_to_fill"}
    assert fields - spans - {"account"} <= {column.name for column in shown}


@pytest.mark.parametrize("args", ASKED, ids=lambda args: args[0])
def test_all_is_fine_with_all_marks_and_rates(valued: Run, args: tuple[str, ...]) -> None:
    assert [valued("report", *args, *form).code for form in ((), ("--json",), ("--csv",))] == [
        0
    ] * 3


@pytest.mark.parametrize("args", ASKED, ids=lambda args: args[0])
def test_without_marks_it_is_a_finding(books: Run, args: tuple[str, ...]) -> None:
    done = books("report", *args)
    assert done.code == 1
    assert any(
        word in done.err for word in ("no mark", "no rate", "not whole", "a mark is missing")
    )


def test_each_position_at_its_mark(marked: Run) -> None:
    found = {row["symbol"]: row for row in told(marked, "value")["value"]}
    assert {name: row["value"] for name, row in found.items()} == {
        "ACME": "-2160", "GLX": "2050", "INTK": "2020", "EUR.USD": "0",
    }  # fmt: skip
    assert (found["ACME"]["mark_px"], found["ACME"]["mark_source"]) == ("54", "close")


def test_a_mark_of_another_kind_or_too_old_is_none(marked: Run) -> None:
    done = marked("report", "value", "--kind", "mid")
    assert (done.code, "ACME has no result at a mark" in done.err) == (1, True)
    aged = ("report", "value", "--as-of", "2026-03-06T22:00:00Z", "--max-age")
    assert "ACME has no result at a mark" not in marked(*aged, "2h").err
    assert "GLX has no result at a mark: the last mark is 1 day" in marked(*aged, "1d").err
    assert marked(*aged, "2d").code == 0


def test_what_is_not_in_the_sum_is_named(marked: Run) -> None:
    done = marked("report", "equity")
    assert (done.code, "not in it: EUR, of which no rate to USD" in done.err) == (1, True)
    assert told(marked, "equity")["total"]["unconverted"] == ["EUR"]


def test_the_sum_is_that_of_the_lines_in_base_currency(valued: Run) -> None:
    document = told(valued, "equity")
    lines = [ledger.parse("in_base", row["in_base"]) for row in document["equity"]]
    assert sum(lines) == ledger.parse("equity", document["total"]["equity"])


def test_the_curve_ends_where_equity_is(valued: Run) -> None:
    points = told(valued, "curve", *DAYS)["curve"]
    equity = told(valued, "equity", "--as-of", "2026-03-07T04:59:59.999999Z")["total"]["equity"]
    assert (len(points), points[-1]["equity"]) == (2, equity)
    higher, lower = (ledger.parse("equity", point["equity"]) for point in points)
    assert ledger.parse("drawdown", points[-1]["drawdown"]) == higher - lower > 0


def test_equity_is_explained_by_results_and_flows(valued: Run) -> None:
    lines = told(valued, "check", *DAYS)["check"]
    assert {line["currency"]: line["difference"] for line in lines} == {"EUR": "0", "USD": "0"}


def test_an_answer_leads_to_itself_whatever_comes_later(valued: Run) -> None:
    before = told(valued, "equity")
    imported(valued, MARKS.replace("54.00", "60.00"))
    assert told(valued, "equity")["equity"] != before["equity"]
    assert told(valued, "equity", "--known-at", before["known_at"]) == before


def test_how_the_orders_fared(run: Run) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("demo", base_currency="USD")
        share = ledger.Instrument(instrument_id="X", symbol="X", currency="USD",
                                  kind=ledger.InstrumentKind.EQUITY)  # fmt: skip
        book.define("demo", share)
        for name, strategy in (("1", "trend"), ("2", None)):
            book.place("demo", cl_ord_id=name, instrument_id="X", side=ledger.Side.BUY,
                       order_qty=Decimal(4), strategy=strategy)  # fmt: skip
        book.fill("demo", exec_id="e", cl_ord_id="1", instrument_id="X", side=ledger.Side.BUY,
                  last_qty=Decimal(1), last_px=Decimal(5))  # fmt: skip
    rows = told(run, "order-statistics")["order_statistics"]
    assert [(row["strategy"], row["fill_rate"]) for row in rows] == [(None, "0"), ("trend", "0.25")]
    (row,) = told(run, "order-statistics", "--strategy", "trend")["order_statistics"]
    assert (row["symbol"], row["placed"], row["partly_filled"], row["open"]) == ("X", 1, 1, 1)


@pytest.mark.parametrize(("left", "is_fault"), [("1E-15", False), ("-2E-15", True)])
def test_what_rounding_leaves_is_no_fault_and_more_is(left: str, is_fault: bool) -> None:
    nothing = dict.fromkeys(("equity_before", "realized_pnl", "unrealized_change", "fees",
                             "funding", "income", "external"), Decimal(0))  # fmt: skip
    line = EquityCheck(
        account="A", currency="USD", **nothing, equity_after=Decimal(left), is_priced=True
    )
    assert bool(list(faults([line]))) is is_fault


def test_marks_are_judged_by_the_closes_of_a_market(valued: Run) -> None:
    sunday = ("--as-of", "2026-03-08", "--calendar", "XNYS")
    why = {row["symbol"]: row["why"] for row in told(valued, "value", *sunday)["value"]}
    assert (why["ACME"], valued("report", "value", *sunday).code) == ("", 1)
    assert why["INTK"].startswith("the last mark is 1 day, 0:00:00 older than the close of")
    more = told(valued, "value", *sunday, "--max-age", "2d")["value"]
    assert not any(row["why"] for row in more)


def test_buying_power_is_the_sum_of_its_terms(valued: Run) -> None:
    shares = ("--initial-margin", "0.5", "--margin", "ACME=0.3")
    done = valued("report", "buying-power", *shares, "--json")
    found = total(ledger.parse("in_base", row["in_base"]) for row in done.json["buying_power"])
    assert (done.code, done.json["total"]["missing"]) == (0, [])
    assert ledger.parse("known", done.json["total"]["known"]) == found
    assert f"buying power: {ledger.text(found)} USD" in done.err
    taken = {row["symbol"]: row["amount"] for row in done.json["buying_power"]
             if row["what"] == "margin"}  # fmt: skip
    assert taken == {"ACME": "-648", "GLX": "-1025", "INTK": "-1010"}


def test_buying_power_that_is_not_known_is_no_number(marked: Run) -> None:
    done = marked("report", "buying-power")
    assert (done.code, "buying power: cannot be told" in done.err) == (1, True)
    assert "missing: margin ACME: no initial margin is declared" in done.err
    assert "missing: cash EUR: no rate of EUR to USD is recorded" in done.err


# ------------------------------------------------------------------------------- snapshots


def test_a_snapshot_comes_out_again_after_more_was_recorded(valued: Run) -> None:
    assert valued("snapshot", "take", *DAY).code == 0
    (taken,) = valued("snapshot", "list", "--json").json["snapshots"]
    imported(valued, MARKS.replace("54.00", "60.00"))
    assert valued("snapshot", "check", *DAY).code == 0
    (again,) = valued("snapshot", "take", *DAY, "--json").json["snapshots"]
    assert again["equity"] != taken["equity"]
    assert valued("snapshot", "list", "--json").json["snapshots"] == [taken, again]


def test_a_snapshot_says_what_it_had_no_mark_of(books: Run, valued: Run) -> None:
    assert "no mark" not in valued("snapshot", "take", *DAY).err
    done = books("snapshot", "take", "--day", "2026-03-04")
    assert "not in the USD of 2026-03-04: ACME, INTK, of which it had no mark" in done.err
    assert "not in the EUR of 2026-03-04: GLX" in books("snapshot", "list").err


def test_a_snapshot_that_was_changed_is_a_finding(valued: Run) -> None:
    assert valued("snapshot", "take", *DAY).code == 0
    with closing(sqlite3.connect("tradeledger.reports.db")) as tables, tables:
        tables.execute("UPDATE snapshots SET told = replace(told, '47042.01', '47042.02')")
    done = valued("snapshot", "check", *DAY)
    assert (done.code, "no" in done.out.split()) == (1, True)


def test_the_same_snapshot_is_kept_once_and_one_of_another_close_beside_it(valued: Run) -> None:
    assert valued("snapshot", "take", *DAY).code == 0
    assert valued("snapshot", "take", *DAY).code == 0
    assert len(valued("snapshot", "list", "--json").json["snapshots"]) == 1
    assert valued("snapshot", "take", *DAY, "--close", "17:00").code == 0
    assert len(valued("snapshot", "list", "--json").json["snapshots"]) == 2


@pytest.mark.parametrize(
    "args",
    [
        ("report", "value", "--max-age", "1d"),
        ("report", "value", "--as-of", "2026-03-06", "--max-age", "soon"),
        ("report", "value", "--kind", "best"),
        ("report", "value", "--calendar", "XNYS"),
        ("report", "equity", "--as-of", "2026-03-06", "--calendar", "NOPE"),
        ("report", "buying-power", "--initial-margin", "half"),
        ("report", "buying-power", "--initial-margin", "-1"),
        ("report", "buying-power", "--margin", "0.5"),
        ("report", "buying-power", "--margin", "NOPE=0.5"),
        ("report", "curve", "--from", "2026-03-06", "--to", "2026-03-05"),
        ("report", "curve", "--from", "2026-03-06T10:00:00Z", "--to", "2026-03-07"),
        ("report", "check", "--from", "2026-03-06", "--to", "2026-03-05"),
        ("report", "check", "--from", "2026-03-06"),
        ("snapshot", "check", "--day", "2026-03-06"),
        ("snapshot", "take", "--day", "2026-02-30"),
        ("snapshot", "take", "--day", "2026-03-06", "--close", "25:00"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked(books: Run, args: tuple[str, ...]) -> None:
    done = books(*args)
    assert (done.code, done.out) == (2, "")
