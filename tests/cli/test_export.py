"""A journal on the command line, read by the program it is for."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import ledger
from ledger.domain.numbers import text
from tests.cli.running import Run
from tests.cli.test_report import LATER
from tests.projections.test_exports import loaded, sums


def test_beancount_reads_it_and_finds_our_cash(books: Run) -> None:
    entries = loaded([books("export", "beancount").out])
    with ledger.open("sqlite:///tradeledger.db") as book:
        cash = {one.currency: one.total for one in book.balances("demo")}
    assert sums(entries, "Assets:Cash") == cash


@pytest.mark.parametrize("form", ["beancount", "hledger"])
def test_a_file_has_what_is_printed(books: Run, form: str) -> None:
    assert books("export", form, "--out", "journal").code == 0
    assert Path("journal").read_text("utf-8") == books("export", form).out


@pytest.mark.parametrize("form", ["beancount", "hledger"])
def test_what_was_known_at_a_number_never_changes(books: Run, form: str) -> None:
    before = books("export", form)
    assert books(*LATER).code == 0
    assert books("export", form, "--known-at", "22").out == before.out
    assert books("export", form).out != before.out
    assert "known at number 22 of 23" in books("export", form, "--known-at", "22").err


def test_parquet_is_what_the_reports_say(books: Run) -> None:
    done = books("export", "parquet", "--out", "tables")
    assert (done.code, done.out.splitlines()[0]) == (0, "tables/position_ledger.parquet: 12 lines")
    shown = books("report", "position-ledger", "--limit", "99", "--json").json["position_ledger"]
    table = pq.read_table("tables/position_ledger.parquet")
    assert [text(one) for one in table["net_qty"].to_pylist()] == [one["net_qty"] for one in shown]
    assert books("export", "parquet", "--out", "tables").code == 2
    books("export", "parquet", "--out", "then", "--known-at", "14")
    assert pq.read_schema("then/fills.parquet").metadata[b"tradeledger.number"] == b"14"


def test_parquet_without_a_folder_or_its_library(
    books: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert books("export", "parquet").code == 2
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = books("export", "parquet", "--out", "tables")
    assert (done.code, "pyarrow" in done.err, Path("tables").exists()) == (2, True, False)


def test_a_file_is_never_overwritten(books: Run) -> None:
    Path("journal").write_text("mine", "utf-8")
    assert books("export", "hledger", "--out", "journal").code == 2
    assert Path("journal").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "args", [("gnucash",), ("hledger", "--account", "nobody"), ("hledger", "--known-at", "23"), ()]
)
def test_what_cannot_be_exported(books: Run, args: tuple[str, ...]) -> None:
    done = books("export", *args)
    assert (done.code, done.out) == (2, "")
