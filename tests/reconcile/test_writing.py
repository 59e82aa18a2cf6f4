"""The files of a report: laws for whatever they are told, then a few lines one can read."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given

from adapters.cells import guarded, printable
from adapters.reconcile.executions import Execution
from adapters.reconcile.kinds import Kind, Severity
from adapters.reconcile.pairing import Match, Pass
from adapters.reconcile.writing import WRITERS, Matches
from adapters.reconcile.writing.tables import BREAKS
from tests.architecture.sources import ROOT
from tests.reconcile.reported import TEXTS, one_break, reports, shuffled

SCHEMA = json.loads((ROOT / "docs/reference/reconcile-summary.schema.json").read_text("utf-8"))
SHAPED = fastjsonschema.compile(SCHEMA)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd", "div",
    "table", "thead", "tbody", "tr", "th", "td", "br", "small",
}  # fmt: skip
SAMPLE = re.compile(
    r'tradeledger_reconcile_[a-z_]+\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"'
    r'(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\} -?\d+'
)


class Tags(HTMLParser):
    """What a page is made of: its tags, their attributes, its texts."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def execution(key: str, where: Any) -> Execution:
    return Execution(key, key, "", "", "", "I", "buy", "1", "2", "", "t", "", where)


# ------------------------------------------------------------------------------ for all files


@pytest.mark.parametrize("name", WRITERS)
def test_equal_input_has_equal_bytes_in_whatever_order_it_was_found(name):
    @given(reports())
    def law(report):
        assert WRITERS[name](report) == WRITERS[name](shuffled(report))

    law()


# ----------------------------------------------------------------------------------- summary


@given(reports())
def test_the_summary_has_the_published_shape(report):
    SHAPED(json.loads(WRITERS["summary.json"](report)))


@given(reports())
def test_the_summary_has_no_field_that_is_not_published(report):
    require_known(json.loads(WRITERS["summary.json"](report)), SCHEMA)


def require_known(value: Any, schema: dict[str, Any]) -> None:
    """Every field of every object is one of the schema's."""
    shape = next((one for one in schema.get("oneOf", ()) if one != {"type": "null"}), schema)
    if isinstance(value, dict) and "properties" in shape:
        assert value.keys() == shape["properties"].keys() == set(shape["required"])
        for name, inner in value.items():
            require_known(inner, shape["properties"][name])
    if isinstance(value, list):
        for inner in value:
            require_known(inner, shape["items"])


@given(reports(incomplete=True))
def test_of_an_incomplete_report_nothing_is_said_of_breaks(report):
    told = json.loads(WRITERS["summary.json"](report))
    assert (told["verdict"], told["breaks"], told["matched"]) == ("incomplete", None, None)
    assert b"_breaks" not in WRITERS["metrics.prom"](report)
    assert WRITERS["breaks.csv"](report).count(b"\n") == 1
    assert b"<h2>Breaks</h2>" not in WRITERS["report.html"](report)


@given(reports(incomplete=False))
def test_every_break_is_counted_once(report):
    told = json.loads(WRITERS["summary.json"](report))["breaks"]
    kinds, lines = told["by_kind"], [*told["ageing"].values()]
    assert told["total"] == sum(one["breaks"] for one in kinds) == len(report.outcome.breaks)
    assert told["open"] == sum(one["open"] for one in kinds)
    assert told["open"] == sum(sum(ages.values()) for ages in lines)


# --------------------------------------------------------------------------------------- CSV


@pytest.mark.parametrize("name", ["breaks.csv", "positions.csv", "cash.csv"])
def test_no_cell_is_calculated(name):
    @given(reports())
    def law(report):
        lines = WRITERS[name](report).decode().splitlines()
        cells = [cell for row in csv.reader(lines) for cell in row]
        assert not [one for one in cells if one.startswith(("=", "+", "@", "\t", "\r"))]
        minus = [one for one in cells if one.startswith("-")]
        assert all(re.fullmatch(r"-\d+(\.\d+)?", one) for one in minus)

    law()


def cell(told: str) -> str:
    return guarded(printable(told)) if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", told) else told


@given(reports(incomplete=False))
def test_a_break_reads_back_as_it_was_written(report):
    rows = list(csv.DictReader(io.StringIO(WRITERS["breaks.csv"](report).decode(), newline="")))
    assert [row["break_id"] for row in rows] == [line.found.break_id for line in report.lines]
    assert [row["note"] for row in rows] == [cell(line.found.note) for line in report.lines]


def test_the_worst_come_first_and_numbers_stay_numbers():
    (row,) = csv.DictReader(io.StringIO(WRITERS["breaks.csv"](one_break()).decode()))
    assert tuple(row) == BREAKS
    shown = [row[name] for name in ("severity", "ledger_value", "difference", "unit", "age")]
    assert shown == ["high", "-1", "3", "USD", "0"]


@pytest.mark.parametrize("name", ["positions.csv", "cash.csv"])
def test_only_what_is_stated_agrees(name):
    @given(reports())
    def law(report):
        rows = list(csv.DictReader(io.StringIO(WRITERS[name](report).decode())))
        assert not [row for row in rows if (row["broker"] == "") is not (row["agrees"] == "")]

    law()


def test_a_match_of_several_is_one_line():
    file = io.StringIO()
    Matches(file).take(
        Match(Pass.SUMS, (execution("1", 7), execution("2", 8)), (execution("=3", "row 4"),))
    )
    assert file.getvalue().splitlines()[1] == "sums,I,buy,1,2,t,1 + 2,7 + 8,'=3,row 4"


# -------------------------------------------------------------------------------------- HTML


@given(reports())
def test_a_page_is_made_of_our_tags_alone(report):
    page = Tags(WRITERS["report.html"](report))
    assert page.tags <= TAGS
    assert page.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}


@given(TEXTS)
def test_a_page_shows_every_text_as_it_is(subject):
    page = Tags(WRITERS["report.html"](one_break(subject=subject)))
    assert printable(subject) in page.cells or not subject


def test_a_page_needs_nothing_from_elsewhere():
    page = WRITERS["report.html"](one_break())
    assert not re.search(rb"https?:|src=|href=|url\(|@import|<script", page)
    assert b"default-src 'none'" in page


def test_a_page_shows_both_sides_the_age_and_the_digest():
    page = Tags(WRITERS["report.html"](one_break(age=7))).cells
    assert {"-1", "2", "3 USD", "7, since 2026-03-06", f"number 1, digest {'f' * 64}"} <= {*page}


# ----------------------------------------------------------------------------------- metrics


@given(reports())
def test_every_line_of_the_metrics_is_one_that_prometheus_reads(report):
    lines = WRITERS["metrics.prom"](report).decode().split("\n")
    assert lines.pop() == ""
    wrong = [one for one in lines if not one.startswith("# ") and not SAMPLE.fullmatch(one)]
    assert not wrong


@given(reports())
def test_no_series_is_told_twice(report):
    lines = WRITERS["metrics.prom"](report).decode().split("\n")[:-1]
    series = [one.rpartition(" ")[0] for one in lines if not one.startswith("#")]
    assert len(series) == len({*series})


@pytest.mark.parametrize(("status", "open_ones", "age"), [("open", 1, 3), ("waived", 0, 0)])
def test_what_is_waived_rings_no_bell(status, open_ones, age):
    told = WRITERS["metrics.prom"](one_break(status=status, age=3)).decode()
    labels = 'account="A",parser="p"'
    assert f'reconcile_breaks{{{labels},severity="high"}} {open_ones}\n' in told
    assert f"oldest_break_business_days{{{labels}}} {age}\n" in told
    assert f"business_date_seconds{{{labels}}} 1772755200\n" in told


# ------------------------------------------------------------------------------- what it means


@pytest.mark.parametrize(
    ("kind", "status", "least", "fails"),
    [
        (Kind.CASH_BALANCE, "open", Severity.LOW, True),
        (Kind.CASH_BALANCE, "explained", Severity.HIGH, True),
        (Kind.CASH_BALANCE, "adjusted", Severity.HIGH, True),
        (Kind.CASH_BALANCE, "open", Severity.CRITICAL, False),
        (Kind.CASH_BALANCE, "waived", Severity.LOW, False),
        (Kind.CASH_BALANCE, "resolved", Severity.LOW, False),
        (Kind.PRICE, "open", Severity.CRITICAL, True),
        (Kind.FEE, "open", Severity.MEDIUM, True),
        (Kind.SETTLE_DATE, "open", Severity.MEDIUM, False),
    ],
)
def test_what_fails_a_run(kind, status, least, fails):
    assert one_break(kind, status).is_failing(least) is fails
