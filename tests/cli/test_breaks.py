"""Breaks on the command line: listed, looked into, and worked off by signed steps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.domain.events import (
    BalanceAdjusted,
    BreakAdjusted,
    CashDeposited,
    PositionAdjusted,
    StatedBalance,
    StatedPosition,
)
from tests.cli.nights import OUT, RECONCILE
from tests.cli.running import Ran, Run, recorded
from tests.reconcile.nights import Nights, day, fee, fill

STORE, TABLES = "sqlite:///tradeledger.db", "sqlite:///tradeledger.reports.db"
SIGNED = ("--who", "A. Smith", "--reason", "letter of 3 March")
ON = ("--on", "2026-03-09")


def night(nth: int, *, balance: str = "90.5", qty: str = "12") -> None:
    """A run over one more day, with the balance and the position that a broker states."""
    nights = Nights.again(STORE, TABLES)
    stated = {
        "balances": (StatedBalance(currency="USD", ending=Decimal(balance)),),
        "positions": (StatedPosition(instrument_id="V:X", qty=Decimal(qty)),),
    }
    told = [(fill("x", fees=fee("1")), day(0))]
    nights.run(nights.batch(nth, told, days=nth + 1, **stated))  # type: ignore[arg-type]
    nights.reports.asking.runner.engine.dispose()
    nights.book.store.close()


@pytest.fixture
def broken(run: Run) -> Run:
    """The program, in a folder whose books differ from what was reported on a Monday: the fee of a
    fill, a position and a balance."""
    nights = Nights.begin(STORE, TABLES)
    deposit = CashDeposited(id="d", amount=Decimal(140), currency="USD", venue="V")
    nights.booked(deposit, day(-3))
    nights.booked(fill("before", last_qty=Decimal(1)), day(-3))
    nights.booked(fill("x", last_qty=Decimal(10), last_px=Decimal(5)), day(0))
    nights.reports.asking.runner.engine.dispose()
    nights.book.store.close()
    night(0)
    return run


def keys(run: Run, *more: str) -> dict[str, str]:
    """The key of each break, by its kind."""
    return {one["kind"]: one["break_id"] for one in run("breaks", "--json", *more).json["breaks"]}


def key(run: Run, kind: str) -> str:
    return keys(run, "--all")[kind]


POSITION, BALANCE, FEE = "position.quantity", "cash.balance", "trade.fee"

# ----------------------------------------------------------------------------------- list


def test_breaks_are_listed_the_worst_first(broken: Run) -> None:
    done = broken("breaks", "--json", *ON)
    assert done.code == 1
    shown = [(one["kind"], one["severity"], one["age"]) for one in done.json["breaks"]]
    assert shown == [(POSITION, "critical", 5), (BALANCE, "high", 5), (FEE, "medium", 5)]
    assert "3 breaks to look at" in broken("breaks").out


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        (("--kind", "trade"), {FEE}),
        (("--kind", "trade.fee"), {FEE}),
        (("--kind", "trade.f"), set()),
        (("--severity", "high"), {POSITION, BALANCE}),
        (("--known-at", "3"), set()),
    ],
)
def test_only_some_are_asked_for(broken: Run, option: tuple[str, str], shown: set[str]) -> None:
    assert keys(broken, *option).keys() == shown


def test_none_to_look_at_is_fine(broken: Run) -> None:
    done = broken("breaks", "--kind", "order")
    assert (done.code, "no breaks to look at" in done.out) == (0, True)


def test_a_list_in_csv(broken: Run) -> None:
    lines = broken("breaks", "--csv", *ON).out.splitlines()
    assert lines[0].startswith("break_id,severity,kind,subject,ledger_value,broker_value,age,")
    assert len(lines) == 4


# ------------------------------------------------------------------------------- one break


def test_a_break_is_shown_with_its_life(broken: Run) -> None:
    found = key(broken, FEE)
    broken("break", "explain", found, "--who", "me", "--note", "comes tomorrow")
    told = broken("break", "show", found[:6], "--json").json
    assert [one["step"] for one in told["steps"]] == ["break-opened", "break-explained"]
    assert told["steps"][1]["what"] == "comes tomorrow"
    evidence = [one["evidence"] for one in told["evidence"]]
    assert evidence[0] == "report: V t/1 V0"
    assert "reference: A/V//fill/x/" in evidence
    assert broken("break", "show", found, "--known-at", "3").code == 2


def test_evidence_that_is_older_than_the_values_says_so(broken: Run) -> None:
    found = key(broken, "cash.balance")
    assert "the evidence is of" not in broken("break", "show", found).err
    night(1, balance="91")
    told = broken("break", "show", found).err
    assert "the evidence is of 2026-03-02, when the break was first seen" in told
    assert "the values are of 2026-03-03" in told


@pytest.mark.parametrize(
    ("name", "told"),
    [("abc", "give at least 6 characters"), ("abcdefg", "no such break in account A")],
)
def test_a_name_that_is_none_is_refused(broken: Run, name: str, told: str) -> None:
    done = broken("break", "show", name)
    assert (done.code, told in " ".join(done.err.split())) == (2, True)


def say(run: Run, step: str, kind: str, *more: str) -> Ran:
    return run("break", step, key(run, kind), *more)


def test_steps_are_signed_facts_and_once(broken: Run) -> None:
    explained = ("--who", "me", "--note", "comes tomorrow")
    assert say(broken, "explain", FEE, *explained).code == 0
    before = recorded()
    assert before[-1].event.who == "me"  # type: ignore[attr-defined]
    done = say(broken, "explain", FEE, *explained)
    assert (done.code, "recorded already" in done.out, recorded()) == (0, True, before)
    assert say(broken, "explain", FEE, "--who", " ", "--note", "n").code == 2


def test_a_waived_break_is_not_to_look_at_until_its_day(broken: Run) -> None:
    for kind in (POSITION, BALANCE, FEE):
        assert say(broken, "waive", kind, "--until", "2026-03-03", *SIGNED).code == 0
    assert broken("breaks", "--on", "2026-03-02").code == 0
    night(1)
    assert broken("breaks", "--on", "2026-03-03").code == 0
    night(2)
    done = broken("breaks", "--json")
    assert (done.code, {one["status"] for one in done.json["breaks"]}) == (1, {"open"})


def test_a_waiver_that_has_run_out_is_none_before_any_run_says_so(broken: Run) -> None:
    for kind in (POSITION, BALANCE, FEE):
        assert say(broken, "waive", kind, "--until", "2026-03-03", *SIGNED).code == 0
    done = broken("breaks", "--json", "--on", "2026-03-04")
    assert (done.code, {one["status"] for one in done.json["breaks"]}) == (1, {"open"})
    assert {one["waived_until"] for one in done.json["breaks"]} == {"2026-03-03"}
    shown = broken("break", "show", key(broken, FEE), "--json", "--on", "2026-03-04")
    assert shown.json["breaks"][0]["status"] == "open"


def test_a_waiver_of_years_is_said(broken: Run) -> None:
    done = say(broken, "waive", FEE, "--until", "2126-03-03", *SIGNED)
    assert (done.code, "more than a year ahead" in done.err) == (0, True)
    assert say(broken, "waive", FEE, "--until", "9000-03-03", *SIGNED).code == 2


def test_an_adjustment_of_years_ahead_is_refused(broken: Run) -> None:
    done = say(broken, "adjust", BALANCE, "--adopt", "--yes", "--at", "2126-03-03", *SIGNED)
    assert (done.code, "is it the right year?" in done.err) == (2, True)


def test_a_waiver_that_is_over_is_refused(broken: Run) -> None:
    before = recorded()
    done = say(broken, "waive", FEE, "--until", "2020-01-01", *SIGNED)
    assert (done.code, recorded()) == (2, before)
    assert "give that day or a later one" in done.err


def test_a_step_that_a_break_cannot_take_is_refused(broken: Run) -> None:
    assert say(broken, "reopen", FEE, *SIGNED).code == 2
    night(1, balance="140")
    assert say(broken, "waive", FEE, "--until", "2026-03-03", *SIGNED).code == 0
    assert say(broken, "reopen", FEE, *SIGNED).code == 0
    assert say(broken, "reopen", FEE, *SIGNED).code == 0  # the same act again has no effect


def test_a_resolved_break_is_only_reopened(broken: Run) -> None:
    night(1, qty="11")
    assert POSITION not in keys(broken)
    done = say(broken, "explain", POSITION, "--who", "me", "--note", "n")
    assert (done.code, "is resolved" in done.err) == (2, True)
    assert say(broken, "adjust", POSITION, "--adopt", *SIGNED).code == 2
    assert say(broken, "reopen", POSITION, *SIGNED).code == 0
    assert POSITION in keys(broken)


# --------------------------------------------------------------------------------- adjust


def test_an_adjustment_is_shown_before_it_is_booked(broken: Run) -> None:
    before = recorded()
    done = say(broken, "adjust", BALANCE, "--adopt", *SIGNED)
    assert (done.code, recorded()) == (0, before)
    assert "adjusted, 5.5 USD: would be recorded" in done.out
    told = say(broken, "adjust", BALANCE, "--adopt", "--json", *SIGNED).json
    assert (told["dry_run"], told["facts"][0]["number"]) == (True, None)


def test_a_balance_that_is_adopted_agrees_the_next_night(broken: Run) -> None:
    done = say(broken, "adjust", BALANCE, "--adopt", "--yes", *SIGNED)
    assert done.code == 0, done.err
    booked, step = recorded()[-2:]
    assert isinstance(booked.event, BalanceAdjusted)
    assert (booked.event.amount, booked.event.who) == (Decimal("5.5"), "A. Smith")
    assert isinstance(step.event, BreakAdjusted)
    assert step.event.keys == (booked.key,)
    again = say(broken, "adjust", BALANCE, "--adopt", "--yes", *SIGNED)
    assert (again.code, recorded()[-1]) == (0, step)
    night(0)
    assert BALANCE not in keys(broken)
    night(1)
    assert BALANCE not in keys(broken)


OTHERS = ("--who", "B. Jones", "--reason", "letter of 4 March")


@pytest.mark.parametrize("between", ["", "explain", "waive"])
def test_what_is_adjusted_is_not_adjusted_again_before_a_run(broken: Run, between: str) -> None:
    yes = ("--adopt", "--yes")
    assert say(broken, "adjust", BALANCE, *yes, "--at", "2026-03-05", *SIGNED).code == 0
    if between == "explain":
        assert say(broken, "explain", BALANCE, "--who", "me", "--note", "n").code == 0
    if between == "waive":
        assert say(broken, "waive", BALANCE, "--until", "2026-03-09", *SIGNED).code == 0
    before = recorded()
    done = say(broken, "adjust", BALANCE, *yes, *OTHERS)
    assert (done.code, recorded()) == (2, before)
    assert "was adjusted by A. Smith" in done.err


@pytest.mark.parametrize("kind", ["cash.balance", "position.quantity"])
def test_what_was_answered_otherwise_is_not_adjusted_before_a_run(broken: Run, kind: str) -> None:
    nights = Nights.again(STORE, TABLES)
    deposit = CashDeposited(id="late", amount=Decimal("55.5"), currency="USD", venue="V")
    nights.booked(deposit, day(0))
    nights.booked(fill("late", last_qty=Decimal(1), last_px=Decimal(50)), day(0))
    nights.book.store.close()
    before = recorded()
    done = say(broken, "adjust", kind, "--adopt", "--yes", *SIGNED)
    assert (done.code, recorded()) == (2, before)
    assert "the books of then have moved by" in done.err


def test_what_was_answered_in_the_evening_of_its_day_is_not_adjusted_before_a_run(
    books: Run, other: Path
) -> None:
    books(*RECONCILE, other.name, *OUT)
    evening = ("--amount", "12.5", "--currency", "USD", "--at", "2026-03-06T20:00:00-05:00")
    assert books("record", "adjustment", *evening, *SIGNED).code == 0
    done = books("break", "adjust", key(books, BALANCE), "--adopt", "--yes", *SIGNED)
    assert (done.code, "the books of then have moved by 12.5" in done.err) == (2, True)


def test_a_waived_break_whose_books_moved_is_adjusted_after_its_waiver_and_a_run(
    broken: Run,
) -> None:
    yes = ("--adopt", "--yes", *SIGNED)
    assert say(broken, "waive", BALANCE, "--until", "2026-03-09", *SIGNED).code == 0
    nights = Nights.again(STORE, TABLES)
    nights.booked(CashDeposited(id="late", amount=Decimal(1), currency="USD", venue="V"), day(0))
    nights.book.store.close()
    night(0)
    done = say(broken, "adjust", BALANCE, *yes)
    assert (done.code, "'tradeledger break reopen'" in done.err) == (2, True)
    assert say(broken, "reopen", BALANCE, *SIGNED).code == 0
    night(0)
    assert say(broken, "adjust", BALANCE, *yes).code == 0


def test_an_adjustment_that_was_taken_back_may_be_made_again(broken: Run) -> None:
    assert say(broken, "adjust", BALANCE, "--adopt", "--yes", *SIGNED).code == 0
    back = ("--amount", "-5.5", "--currency", "USD", "--at", "2026-03-02", *SIGNED)
    assert broken("record", "adjustment", *back).code == 0
    assert say(broken, "reopen", BALANCE, *SIGNED).code == 0
    assert say(broken, "adjust", BALANCE, "--adopt", "--yes", *OTHERS).code == 0


def test_a_position_is_adopted_at_its_average_cost(broken: Run) -> None:
    assert say(broken, "adjust", POSITION, "--adopt", "--yes", *SIGNED).code == 0
    event = recorded()[-2].event
    assert isinstance(event, PositionAdjusted)
    assert (event.qty, event.basis) == (Decimal(1), Decimal(5))
    night(0)
    assert POSITION not in keys(broken)


def test_the_cost_of_units_can_be_given(broken: Run) -> None:
    given = ("--adopt", "--yes", "--basis", "7", "--at", "2026-03-01")
    assert say(broken, "adjust", POSITION, *given, *SIGNED).code == 0
    booked = recorded()[-2]
    assert booked.event.basis == Decimal(7)  # type: ignore[attr-defined]
    assert booked.occurred_at.isoformat() == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "at"), [((), "2026-03-06T05:00:00"), (("--at", "2026-03-05"), "2026-03-05T05:00:00")]
)
def test_the_day_of_an_adjustment_is_one_of_the_accounts_zone(
    books: Run, other: Path, given: tuple[str, ...], at: str
) -> None:
    books(*RECONCILE, other.name, *OUT)
    args = ("break", "adjust", key(books, BALANCE), "--adopt", "--yes", *given, *SIGNED)
    assert books(*args).code == 0
    assert recorded()[-2].occurred_at.isoformat() == f"{at}+00:00"


def test_a_break_without_an_adjustment_says_what_to_do(broken: Run) -> None:
    done = say(broken, "adjust", FEE, "--adopt", "--yes", *SIGNED)
    assert done.code == 2
    assert "has no adjustment; ingest the report that tells the fee" in " ".join(done.err.split())
    assert say(broken, "adjust", BALANCE, "--yes", *SIGNED).code == 2


def test_of_a_fee_that_is_booked_otherwise_the_money_can_be_corrected(broken: Run) -> None:
    done = say(broken, "adjust", FEE, "--adopt", *SIGNED)
    assert "'tradeledger record adjustment' corrects the money" in " ".join(done.err.split())


def test_of_two_steps_at_once_the_second_is_refused_whole(broken: Run) -> None:
    told = broken("breaks", "--json", "--kind", BALANCE).json["breaks"][0]
    taken = f"{told['break_id']}:{told['number']}.0"
    nights = Nights.again(STORE, TABLES)
    deposit = CashDeposited(id="d2", amount=Decimal(1), currency="EUR")
    nights.book.record("A", deposit, occurred_at=day(0), key=taken)
    nights.reports.asking.runner.engine.dispose()
    nights.book.store.close()
    before = recorded()
    done = say(broken, "adjust", BALANCE, "--adopt", "--yes", *SIGNED)
    assert (done.code, recorded()) == (75, before)
    assert "somebody else has taken a step" in done.err
