"""What a person enters by hand: signed, once, tried first, and never into what was not opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashWithdrawn,
    Event,
    PositionAdjusted,
    PositionOpenedMidLife,
)
from tests.cli.running import NEW_YORK, Ran, Run, recorded

SIGNED = ("--who", "A. Smith", "--reason", "the broker's letter of 3 March")
AT = ("--at", "2026-03-01")
EUR5 = ("--amount", "5", "--currency", "EUR")
ACTS: dict[str, tuple[str, ...]] = {
    "opening-position": ("ACME", "--qty", "60", "--basis", "3000"),
    "position-adjustment": ("ACME", "--qty", "-1", "--basis", "-50"),
    "deposit": EUR5,
    "withdrawal": EUR5,
    "adjustment": ("--amount", "-0.01", "--currency", "USD"),
    "booking": ("average", "--at", "2026-03-09"),
}
FACTS: dict[str, type[Event]] = {
    "opening-position": PositionOpenedMidLife,
    "position-adjustment": PositionAdjusted,
    "deposit": CashDeposited,
    "withdrawal": CashWithdrawn,
    "adjustment": BalanceAdjusted,
}
EVERY = pytest.mark.parametrize("act", ACTS)


def enter(run: Run, act: str, *more: str) -> Ran:
    return run("record", act, *AT, *SIGNED, *ACTS[act], *more)


def last() -> Any:
    return recorded()[-1]


@EVERY
def test_an_act_is_one_fact_signed_with_who_and_why(books: Run, act: str) -> None:
    assert enter(books, act).code == 0
    facts = recorded()
    assert len(facts) == 23
    assert (facts[-1].meta.actor, facts[-1].meta.source.row) == (SIGNED[1], SIGNED[3])  # type: ignore[union-attr]
    assert isinstance(facts[-1].event, FACTS.get(act, Event))


@EVERY
def test_the_same_act_again_has_no_effect(books: Run, act: str) -> None:
    enter(books, act)
    before = recorded()
    done = enter(books, act)
    assert (done.code, recorded()) == (0, before)
    assert "recorded already as number 23" in done.out


@EVERY
def test_an_act_can_be_tried(books: Run, act: str) -> None:
    before = recorded()
    done = enter(books, act, "--dry-run")
    assert (done.code, recorded()) == (0, before)
    assert "would be recorded" in done.out


@EVERY
@pytest.mark.parametrize("left_out", ["--who", "--reason", "--at"])
def test_an_act_is_not_recorded_unsigned(books: Run, act: str, left_out: str) -> None:
    given = [*AT, *SIGNED, *(part for part in ACTS[act] if part not in {"--at", "2026-03-09"})]
    place = given.index(left_out)
    done = books("record", act, *given[:place], *given[place + 2 :])
    assert (done.code, len(recorded())) == (2, 22)


@EVERY
def test_an_act_in_json(books: Run, act: str) -> None:
    told = enter(books, act, "--json").json
    assert (told["account"], told["dry_run"], told["is_new"]) == ("demo", False, True)
    assert (told["facts"][0]["number"], told["facts"][0]["who"]) == (23, "A. Smith")


@EVERY
def test_an_account_that_was_never_opened_is_not_begun_by_an_act(run: Run, act: str) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.define("bot", share("ACME"))
    done = enter(run, act)
    assert (done.code, len(recorded())) == (2, 1)
    assert "account bot was never opened; 'tradeledger open-account bot' opens it" in done.err


def share(symbol: str) -> ledger.Instrument:
    kind = ledger.InstrumentKind.EQUITY
    return ledger.Instrument(instrument_id=symbol, symbol=symbol, kind=kind, currency="USD")


def test_two_equal_acts_have_an_id_each(books: Run) -> None:
    enter(books, "deposit", "--id", "letter 1")
    enter(books, "deposit", "--id", "letter 2")
    assert [fact.event.id for fact in recorded()[-2:]] == ["letter 1", "letter 2"]  # type: ignore[attr-defined]


def test_an_id_that_is_taken_is_not_taken_again(books: Run) -> None:
    enter(books, "deposit", "--id", "letter 1")
    done = enter(books, "deposit", "--id", "letter 1", "--amount", "6")
    assert (done.code, len(recorded())) == (2, 23)
    assert "amount 5 booked, 6 now" in done.err


def test_what_an_act_does_is_seen_at_once(books: Run) -> None:
    enter(books, "adjustment")
    assert "USD       47042.00  0.00  47042.00" in books("balances").out


def test_a_day_is_its_first_moment_in_the_zone_of_the_account(books: Run) -> None:
    enter(books, "deposit")
    assert last().occurred_at.isoformat() == "2026-03-01T05:00:00+00:00"
    enter(books, "withdrawal", "--zone", "UTC")
    assert last().occurred_at.isoformat() == "2026-03-01T00:00:00+00:00"


def test_a_time_is_that_time(books: Run) -> None:
    enter(books, "deposit", "--at", "2026-03-02T10:00:00-05:00")
    assert last().occurred_at.isoformat() == "2026-03-02T15:00:00+00:00"


def test_an_unknown_basis_is_marked(books: Run) -> None:
    enter(books, "opening-position", "--basis", "unknown")
    assert last().event.cost_basis is None
    held = books("positions", "--json").json["positions"]
    assert [row["note"] for row in held if row["symbol"] == "ACME"] == ["cost unknown"]


@pytest.mark.parametrize(
    ("act", "wrong", "told"),
    [
        ("opening-position", ("--qty", "0"), "--qty 0 opens nothing"),
        ("opening-position", ("--basis", "-5"), "has the sign of its quantity"),
        ("opening-position", ("--qty", "many"), "--qty: 'many' is not a number"),
        ("opening-position", ("--basis", "dear"), "--basis: 'dear' is not a number"),
        ("opening-position", ("--at", "yesterday"), "write a day"),
        ("deposit", ("--amount", "-5"), "below zero"),
        ("booking", ("--at", "2026-03-03"), "ACME, IBKR:900001 in demo was not flat"),
        ("booking", ("--at", "2026-03-03", "--dry-run"), "ACME, IBKR:900001 in"),
        ("booking", ("--instrument", "NOPE"), "no instrument NOPE in account demo"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    books: Run, act: str, wrong: tuple[str, ...], told: str
) -> None:
    done = enter(books, act, *wrong)
    assert (done.code, len(recorded())) == (2, 22)
    assert told in " ".join(done.err.split())


@pytest.mark.parametrize("act", ["opening-position", "position-adjustment"])
def test_an_unknown_instrument_is_refused(books: Run, act: str) -> None:
    rest = ACTS[act][1:]
    done = books("record", act, *AT, *SIGNED, "NOPE", *rest)
    assert (done.code, "no instrument NOPE in account demo" in done.err) == (2, True)


def test_another_booking_method_is_in_force_then(books: Run, statement: Path) -> None:
    enter(books, "booking")
    again = ("ingest", "ibkr_flex", statement.name, "--account", "demo")
    assert books(*again, "--booking", "average").code == 0
    assert books(*again, "--booking", "fifo").code == 2


def test_an_act_about_one_instrument_changes_no_rule_of_the_account(
    books: Run, statement: Path
) -> None:
    enter(books, "booking", "--instrument", "ACME")
    again = ("ingest", "ibkr_flex", statement.name, "--account", "demo")
    assert books(*again, "--booking", "fifo").code == 0


# ------------------------------------------------------------- a real difference, and its answer

ETAX = "fixtures/interactive_brokers/opensteuerauszug/eTax_report_anonymised_2025.xml"


def test_a_real_statement_in_mid_life_is_answered_by_a_signed_act(run: Run, shared: Path) -> None:
    ingest = ("ingest", "ibkr_flex", str(shared / ETAX), *NEW_YORK, "--json")
    found = {one["name"]: one for one in run(*ingest).json["differences"]}
    mstr = found["MSTR"]
    assert (mstr["booked"], mstr["stated"], mstr["difference"]) == ("4973", "5257", "284")
    assert {name for name in found if found[name]["kind"] == "cash"} == {"CHF", "USD"}
    opening = ("MSTR", "--qty", mstr["difference"], "--basis", "unknown", "--at", "2025-01-01")
    assert run("record", "opening-position", *opening, *SIGNED).code == 0
    again = run(*ingest)
    assert (again.code, again.json["added"]) == (1, 0)
    assert "MSTR" not in {one["name"] for one in again.json["differences"]}
    issues = run("issues", "--json").json["issues"]
    assert ("unknown basis", "MSTR") in {(one["issue"], one["name"]) for one in issues}


@EVERY
@pytest.mark.parametrize("option", ["--who", "--reason"])
@pytest.mark.parametrize("said", ["", "  "])
def test_a_signature_that_says_nothing_is_refused(
    books: Run, act: str, option: str, said: str
) -> None:
    done = enter(books, act, option, said)
    assert (done.code, len(recorded())) == (2, 22)
    assert f"{option} is empty" in done.err


@pytest.mark.parametrize("act", ["deposit", "withdrawal", "adjustment"])
def test_no_money_is_no_act(books: Run, act: str) -> None:
    done = enter(books, act, "--amount", "0")
    assert (done.code, len(recorded())) == (2, 22)
    assert "--amount 0 moves nothing" in done.err


def test_a_slip_in_the_year_is_refused(books: Run) -> None:
    before = recorded()
    money = ("--amount", "5", "--currency", "USD", "--at", "2126-03-05")
    done = books("record", "deposit", *money, "--who", "me", "--reason", "r")
    assert (done.code, recorded()) == (2, before)
    assert "is it the right year?" in done.err


def test_a_correction_of_nothing_is_refused(books: Run) -> None:
    assert enter(books, "position-adjustment", "--qty", "0", "--basis", "0").code == 2
    assert enter(books, "position-adjustment", "--qty", "0", "--basis", "1").code == 0


@pytest.mark.parametrize("act", ["deposit", "withdrawal", "adjustment"])
def test_a_currency_that_is_a_slip_of_case_is_refused(books: Run, act: str) -> None:
    done = enter(books, act, "--currency", "usd")
    assert (done.code, len(recorded())) == (2, 22)
    assert "no such currency, but USD" in done.err


def test_a_currency_that_is_new_is_none(books: Run) -> None:
    assert enter(books, "deposit", "--currency", "CHF").code == 0
    assert enter(books, "deposit", "--currency", "chf").code == 2
