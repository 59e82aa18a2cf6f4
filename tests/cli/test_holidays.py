"""Ages without holidays: what is told of a break changes, and nothing that is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.nights import OUT, RECONCILE, night, summary
from tests.cli.running import Run, recorded

NYSE = ("--calendar", "XNYS")
PERIOD, LATER = 'toDate="2026-03-06"', 'toDate="2026-04-06"'
GOOD_FRIDAY, EASTER_MONDAY = "2026-04-03", "2026-04-06"


@pytest.fixture
def later(books: Run, other: Path) -> tuple[str, str]:
    """A report with breaks, and the one of a month later that has them, too."""
    content = other.read_text("utf-8")
    assert PERIOD in content
    Path("later.xml").write_text(content.replace(PERIOD, LATER), "utf-8")
    return other.name, "later.xml"


def test_ages_leave_holidays_out_and_say_so(books: Run, later: tuple[str, str]) -> None:
    for report in later:
        books(*RECONCILE, report, *OUT)
    counted = summary()["breaks"]["by_kind"][0]["oldest"]
    assert (counted, summary()["calendar"]) == (21, None)
    books(*RECONCILE, later[1], *OUT, *NYSE)
    assert summary()["breaks"]["by_kind"][0]["oldest"] == counted - 1
    assert summary()["calendar"] == {"name": "XNYS", "left_out": [GOOD_FRIDAY]}
    assert b"Age in business days, XNYS" in night()["report.html"]
    books(*RECONCILE, later[1], *OUT, "--calendar", "XETR")
    assert summary()["calendar"]["left_out"] == [GOOD_FRIDAY, EASTER_MONDAY]


def test_no_fact_depends_on_a_calendar(
    books: Run, later: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.db").write_bytes(Path("tradeledger.db").read_bytes())
    for report in later:
        books(*RECONCILE, report, *OUT)
        books("--store", "sqlite:///other.db", *RECONCILE, report, *OUT, *NYSE)
    plain, by_calendar = recorded(), recorded("other.db")
    assert [(one.key, one.event, one.occurred_at, one.meta) for one in plain] == [
        (one.key, one.event, one.occurred_at, one.meta) for one in by_calendar
    ]


def test_the_same_question_has_the_same_bytes(books: Run, later: tuple[str, str]) -> None:
    for report in later:
        books(*RECONCILE, report, *OUT)
    number = str(len(recorded()))
    for place in ("1", "2"):
        asked = (*RECONCILE, later[1], "--out", place, *NYSE, "--known-at", number)
        assert books(*asked).code == 1
    assert night("1") == night("2")


def test_breaks_are_listed_and_shown_without_holidays(books: Run, later: tuple[str, str]) -> None:
    books(*RECONCILE, later[0], *OUT)
    on = ("--on", EASTER_MONDAY)
    ages = [books("breaks", "--json", *on, *more).json["breaks"] for more in ((), NYSE)]
    assert [{row["age"] for row in rows} for rows in ages] == [{21}, {20}]
    key = ages[0][0]["break_id"]
    assert books("break", "show", key, "--json", *on, *NYSE).json["breaks"][0]["age"] == 20


def test_the_calendar_may_stand_in_the_settings(books: Run, later: tuple[str, str]) -> None:
    settings = "[reconcile]\ncalendar = 'XNYS'\n[breaks]\ncalendar = 'XNYS'\n"
    Path("tradeledger.toml").write_text(settings, "utf-8")
    books(*RECONCILE, later[0], *OUT)
    assert summary()["calendar"]["name"] == "XNYS"
    rows = books("breaks", "--json", "--on", EASTER_MONDAY).json["breaks"]
    assert {row["age"] for row in rows} == {20}


def test_an_exchange_that_nobody_knows_is_refused(books: Run, statement: Path) -> None:
    done = books(*RECONCILE, statement.name, *OUT, "--calendar", "NYSE!")
    assert (done.code, "there is no calendar 'NYSE!'" in done.err) == (2, True)
    assert not Path("night").exists()
