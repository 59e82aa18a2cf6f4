"""A statement that is not what the books are: told in every form, and never booked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import NEW_YORK, Run, recorded

INGEST = ("ingest", "ibkr_flex", "statement.xml", "--account", "demo", *NEW_YORK)


@pytest.fixture
def other(statement: Path) -> Path:
    """The sample, stating 60 more ACME and a cent more of USD."""
    content = statement.read_text("utf-8").replace('position="-40"', 'position="20"')
    statement.write_text(content.replace('endingCash="47042.01"', 'endingCash="47042.02"'))
    return statement


def test_what_agrees_is_said_in_a_word(run: Run, statement: Path) -> None:
    done = run(*INGEST)
    assert done.code == 0
    assert "22 events added, 0 rows set aside, 5 of 5 stated figures agree" in done.out
    assert "differences" not in done.out


def test_a_difference_is_a_finding_with_both_numbers(run: Run, other: Path) -> None:
    done = run(*INGEST)
    assert (done.code, "3 of 5 stated figures agree" in done.out) == (1, True)
    lines = [line.split() for line in done.out.splitlines() if line.startswith(("posit", "cash "))]
    assert [line[:5] for line in lines] == [
        ["position", "ACME", "-40", "20", "60"],
        ["cash", "USD", "47042.01", "47042.02", "0.01"],
    ]
    assert "the statement begins in mid-life" in done.out
    assert "What the books say of ACME is of the booked units alone" in done.out
    assert "nothing is booked for a difference" in done.err


def test_a_difference_in_json(run: Run, other: Path) -> None:
    told = run(*INGEST, "--json").json
    assert told["stated"] == {"figures": 5, "agree": 3}
    position, cash = told["differences"]
    assert (position["booked"], position["stated"], position["difference"]) == ("-40", "20", "60")
    assert (cash["name"], cash["difference"]) == ("USD", "0.01")


def test_nothing_is_booked_for_a_difference(run: Run, statement: Path) -> None:
    run(*INGEST)
    keys = {fact.key for fact in recorded() if fact.event.TOPIC != "statement-recorded/1"}
    content = statement.read_text("utf-8").replace('position="-40"', 'position="20"')
    statement.write_text(content)
    assert run(*INGEST).code == 1
    assert {f.key for f in recorded() if f.event.TOPIC != "statement-recorded/1"} == keys


def test_it_is_found_again_until_it_is_answered(run: Run, other: Path) -> None:
    assert run(*INGEST).code == 1
    assert run(*INGEST).code == 1


def test_a_dry_run_finds_what_then_is_found(run: Run, other: Path) -> None:
    dry, wet = run(*INGEST, "--dry-run", "--json"), run(*INGEST, "--json")
    assert (dry.code, wet.code) == (1, 1)
    assert dry.json["differences"] == wet.json["differences"]


def test_a_dry_run_over_books_that_are_there_counts_them(books: Run, statement: Path) -> None:
    before = recorded()
    assert books(*INGEST, "--dry-run").code == 0
    assert recorded() == before


# ------------------------------------------------------------------- the rules of the account

OPEN = ("open-account", "demo", "--base-currency", "USD", *NEW_YORK)


@pytest.mark.parametrize(
    "rule",
    [
        ("--booking", "average"),
        ("--kind", "cash"),
        ("--crossing", "suspense"),
        ("--fee-rule", "in_cost"),
        ("--base-currency", "EUR"),
    ],
)
def test_a_rule_that_contradicts_an_open_account_is_refused(
    run: Run, statement: Path, rule: tuple[str, str]
) -> None:
    run(*OPEN)
    before = recorded()
    done = run(*INGEST, *rule)
    assert (done.code, recorded()) == (2, before)
    assert f"{rule[0]} {rule[1]}: account demo was opened on " in done.err


def test_the_way_to_another_booking_method_is_said(run: Run, statement: Path) -> None:
    run(*OPEN)
    told = " ".join(run(*INGEST, "--booking", "average").err.split())
    assert "its booking is fifo" in told
    assert "tradeledger record booking average --account demo" in told


def test_a_rule_from_the_configuration_contradicts_too(run: Run, statement: Path) -> None:
    run(*OPEN)
    Path("tradeledger.toml").write_text('[ingest]\nbooking = "average"\n', "utf-8")
    assert run(*INGEST).code == 2


def test_the_rules_the_account_has_may_be_given(run: Run, statement: Path) -> None:
    run(*OPEN, "--booking", "average")
    given = ("--booking", "average", "--kind", "margin", "--crossing", "allow")
    assert run(*INGEST, *given).code == 0


def test_what_nobody_gave_contradicts_nothing(run: Run, statement: Path) -> None:
    run(*OPEN, "--booking", "average", "--kind", "cash")
    assert run(*INGEST).code != 2
