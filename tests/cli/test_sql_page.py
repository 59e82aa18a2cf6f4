"""Every query that the documentation shows is one that the tables answer."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from projections.views import VIEWS
from tests.architecture.markdown import blocks
from tests.architecture.sources import ROOT
from tests.cli.running import NEW_YORK, Run

PAGE = (ROOT / "docs" / "how-to" / "ask-in-sql.md").read_text("utf-8")
QUERIES = [block.body for block in blocks(PAGE) if block.language == "sql"]
EMPTY = ("is_open = 1", "v_breaks")  # no order is open, and nothing was reconciled


@pytest.fixture
def tables(run: Run, statement: object) -> str:
    """The tables of the sample statement, under the account that it names itself."""
    assert run("ingest", "ibkr_flex", "statement.xml", *NEW_YORK).code == 0
    assert run("project").code == 0
    return "tradeledger.reports.db"


@pytest.mark.parametrize("query", QUERIES)
def test_the_query_is_answered(tables: str, query: str) -> None:
    with closing(sqlite3.connect(f"file:{tables}?mode=ro", uri=True)) as database:
        rows = database.execute(query).fetchall()
    assert bool(rows) is not any(words in query for words in EMPTY)


def test_every_view_is_shown() -> None:
    assert set(re.findall(r"FROM (v_\w+)", "".join(QUERIES))) == set(VIEWS)


def test_the_query_for_a_dashboard_is_answered(tables: str) -> None:
    (query,) = re.findall(r"`(SELECT recorded_at.*?)`", PAGE, re.DOTALL)
    with closing(sqlite3.connect(tables)) as database:
        rows = database.execute(query.replace("...", "DU1000001")).fetchall()
    assert len(rows) > 1
