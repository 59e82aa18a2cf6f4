"""``issues``: what is open, by name, with an exit code."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import ledger
from tests.cli.running import NEW_YORK, Run


def test_books_in_order_have_none(books: Run) -> None:
    done = books("issues")
    assert (done.code, done.out) == (0, "no open issues\n")
    assert books("issues", "--json").json["issues"] == []


def test_what_is_open_is_a_finding(books: Run, statement: Path) -> None:
    content = statement.read_text("utf-8").replace('tradePrice="52"', 'tradePrice="53"')
    statement.write_text(content.replace("proceeds", "formerly"), "utf-8")
    books("ingest", "ibkr_flex", statement.name, "--account", "demo", *NEW_YORK)
    done = books("issues", "--json")
    (issue,) = done.json["issues"]
    assert (done.code, issue["issue"], issue["name"]) == (1, "fill conflict", "ACME")
    assert "last_px 52 booked, 53 seen" in issue["what"]
    assert issue["answer"]


def test_in_csv_and_for_people(books: Run) -> None:
    spoil()
    rows = list(csv.DictReader(io.StringIO(books("issues", "--csv").out)))
    assert [(row["issue"], row["subject"]) for row in rows] == [("unvalued fills", "NEW")]
    told = books("issues", "demo").out
    assert told.splitlines()[0].startswith("issue           name  qty  number  at")
    assert told.splitlines()[-1] == "1 open issue"


def test_of_a_past_moment(books: Run) -> None:
    spoil()
    assert books("issues", "--known-at", "22").code == 0
    assert books("issues", "--as-of", "2026-03-04").code == 0
    assert books("issues").code == 1


def test_of_an_account_that_is_named(books: Run) -> None:
    books("open-account", "other", "--base-currency", "USD")
    spoil()
    codes = [books("issues", *name).code for name in (("other",), ("demo",), (), ("nobody",))]
    assert codes == [0, 1, 2, 2]


def spoil() -> None:
    """Book a fill of an instrument that nobody has defined."""
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.fill("demo", exec_id="e", instrument_id="NEW", side=ledger.Side.BUY,
                  last_qty=Decimal(1), last_px=Decimal(5))  # fmt: skip
