"""A row that was set aside is an open issue until it is booked, or somebody signs for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.domain.events import StatementRecorded
from tests.cli.running import Run, recorded
from tests.cli.test_ingest import HEADER, MAP, ROW

INGEST = ("ingest", "csv", "fills.csv", "--map", MAP)
BAD = ROW.replace("buy", "bought").replace("e1", "e2")
SIGNED = ("--at", "2026-03-05", "--who", "A. Smith", "--reason", "entered by hand, letter 7")


@pytest.fixture
def aside(run: Run) -> Run:
    """A store with one row booked and one set aside."""
    Path("fills.csv").write_text(HEADER + ROW + BAD, "utf-8")
    assert run(*INGEST).code == 1
    return run


def issues(run: Run) -> list[Any]:
    done = run("issues", "--json")
    assert done.code == (1 if done.json["issues"] else 0)
    return done.json["issues"]


def stated() -> StatementRecorded:
    """The only statement on record."""
    (found,) = [one.event for one in recorded() if isinstance(one.event, StatementRecorded)]
    return found


def test_it_is_listed_with_its_place_and_reason(aside: Run) -> None:
    (issue,) = issues(aside)
    assert issue["issue"] == "row set aside"
    assert issue["what"].startswith("fills.csv line 3: side: 'bought': not declared under sides")


def test_its_text_is_on_record(aside: Run) -> None:
    statement = stated()
    assert (statement.quarantined_count, statement.quarantined[0].raw) == (1, BAD.strip())


def test_the_same_report_again_adds_nothing(aside: Run) -> None:
    before = recorded()
    assert aside(*INGEST).code == 1
    assert (recorded(), len(issues(aside))) == (before, 1)


def test_a_report_that_still_cannot_be_read_closes_nothing(aside: Run) -> None:
    Path("fills.csv").write_text(HEADER + BAD, "utf-8")
    aside(*INGEST)
    assert len(issues(aside)) == 1


def test_a_later_report_that_books_it_closes_it(aside: Run) -> None:
    Path("map.toml").write_text(
        Path(MAP).read_text("utf-8").replace('buy = "buy"', 'buy = "buy"\nbought = "buy"'), "utf-8"
    )
    Path("again.csv").write_text(HEADER + BAD, "utf-8")
    assert aside("ingest", "csv", "again.csv", "--map", "map.toml").code == 0
    assert issues(aside) == []


def test_a_signed_answer_closes_it_once(aside: Run) -> None:
    name = issues(aside)[0]["name"]
    assert aside("record", "answer", name, *SIGNED).code == 0
    assert issues(aside) == []
    before = recorded()
    assert aside("record", "answer", name, *SIGNED).code == 0
    assert recorded() == before


@pytest.mark.parametrize("row", ["", "zz", "0" * 64])
def test_an_answer_to_no_row_is_refused(aside: Run, row: str) -> None:
    before = recorded()
    assert aside("record", "answer", row, *SIGNED).code == 2
    assert recorded() == before


def test_of_many_rows_the_first_are_kept_and_all_are_counted(run: Run) -> None:
    bad = "".join(BAD.replace("e2", f"e{number}") for number in range(150))
    Path("fills.csv").write_text(HEADER + ROW + bad, "utf-8")
    run(*INGEST)
    found = issues(run)
    assert (len(found), found[-1]["what"].partition(" ")[0]) == (101, "50")


def test_a_long_row_is_cut_to_what_can_be_kept(run: Run) -> None:
    Path("fills.csv").write_text(HEADER + BAD.replace("o1", "o\t" * 3000), "utf-8")
    run(*INGEST, "--account", "A", "--base-currency", "USD")
    statement = stated()
    assert len(statement.quarantined[0].raw) == 2000
