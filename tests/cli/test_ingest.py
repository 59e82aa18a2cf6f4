"""Ingesting: once, openly, and only what was meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import ledger
from adapters import demo
from adapters.brokers.ibkr_flex import parse
from adapters.cli.opening import prepare
from adapters.ingest import ingest
from ledger.domain.events import AccountOpened, Booking, FillBooked
from tests.architecture.sources import ROOT
from tests.cli.running import NEW_YORK, Run, recorded

MAP = str(ROOT / "adapters" / "brokers" / "csv_map" / "fills.toml")
HEADER = "seq,ts,exec_id,order_id,account,symbol,side,qty,price,fee,currency\n"
ROW = "1,2026-03-02T10:00:00Z,e1,o1,CSV1,X,buy,2,10.50,0.10,USD\n"


def opened() -> AccountOpened:
    return next(r.event for r in recorded() if isinstance(r.event, AccountOpened))


def test_a_report_counts_once(books: Run, statement: Path) -> None:
    before = recorded()
    done = books("ingest", "ibkr_flex", statement.name, "--account", "demo", "--json")
    assert (done.code, done.json["added"], recorded()) == (0, 0, before)


def test_a_dry_run_says_every_row_and_makes_no_store(run: Run, statement: Path) -> None:
    done = run("ingest", "ibkr_flex", statement.name, "--dry-run", "--json")
    assert (done.code, len(done.json["rows"]), done.json["added"]) == (0, 21, 22)
    assert not Path("tradeledger.db").exists()


def test_a_dry_run_adds_nothing_to_a_store(run: Run, statement: Path) -> None:
    run("open-account", "other", "--base-currency", "USD")
    before = recorded()
    assert run("ingest", "ibkr_flex", statement.name, "--dry-run").code == 0
    assert recorded() == before


def test_a_dry_run_promises_what_then_happens(run: Run, statement: Path) -> None:
    args = ("ingest", "ibkr_flex", statement.name, "--json")
    assert run(*args, "--dry-run").json["counts"] == run(*args).json["counts"]


def test_an_account_is_opened_and_that_is_said(run: Run, statement: Path) -> None:
    done = run("ingest", "ibkr_flex", statement.name, "--booking", "average", *NEW_YORK)
    assert "opened account DU1000001: kind margin, base currency USD, booking average" in done.err
    assert (opened().booking, opened().time_zone) == (Booking.AVERAGE, "America/New_York")


def test_an_account_reports_in_the_currency_that_its_statement_names(
    run: Run, statement: Path
) -> None:
    told = statement.read_text("utf-8").replace('currency="USD" name', 'currency="CHF" name')
    statement.write_text(told, "utf-8")
    assert "base currency CHF" in run("ingest", "ibkr_flex", statement.name, "--dry-run").err
    asked = run("ingest", "ibkr_flex", statement.name, "--dry-run", "--base-currency", "GBP")
    assert "base currency GBP" in asked.err


def test_that_it_was_opened_is_in_the_answer_itself(run: Run, statement: Path) -> None:
    assert (
        "DU1000001: account opened, 22 events added"
        in run("ingest", "ibkr_flex", "statement.xml").out
    )
    told = run("ingest", "ibkr_flex", "statement.xml", "--account", "B", "--json").json
    assert (told["opened"], told["rules"]["booking"], told["rules"]["kind"]) == (
        True,
        "fifo",
        "margin",
    )


def test_an_open_account_is_not_opened_again(books: Run, statement: Path) -> None:
    again = books("ingest", "ibkr_flex", statement.name, "--account", "demo", "--json")
    assert (again.json["opened"], again.json["rules"], "opened account" in again.err) == (
        False,
        None,
        False,
    )


def test_facts_without_an_opening_are_said(run: Run, statement: Path) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.fill(
            "demo", exec_id="e1", instrument_id="X", side=ledger.Side.BUY, last_qty=Decimal(1)
        )
    done = run("ingest", "ibkr_flex", statement.name, "--account", "demo")
    assert "opened account demo" in done.err
    assert "held 1 fact and was never opened until now" in done.err


def test_who_opens_first_by_other_rules_is_told(folder: Path, statement: Path) -> None:
    batch = parse([demo.statement()], demo.CONFIG)
    with ledger.open("memory://") as book:
        opening = prepare(book, batch, None, how(booking="average"), {})
        book.open_account("demo", base_currency="USD")
        ingest(opening, batch)
        assert (opening.is_new, opening.contradiction) == (False, "booking fifo")
        mine = prepare(book, batch, None, how(), {})
        assert (mine.is_new, mine.contradiction) == (False, "")


def how(**given: str) -> dict[str, str | None]:
    rules = {"base_currency": None, "kind": "margin", "booking": "fifo", "crossing": None}
    return {**rules, "fee_rule": "expensed", **given}


def test_the_accounts_zone_holds_for_the_next_report(run: Run, statement: Path) -> None:
    run("open-account", "DU1000001", "--base-currency", "USD", *NEW_YORK)
    run("ingest", "ibkr_flex", statement.name)
    fill = next(r for r in recorded() if isinstance(r.event, FillBooked))
    assert fill.occurred_at.isoformat() == "2026-03-02T15:15:00+00:00"


def test_another_zone_than_the_accounts_is_refused(run: Run, statement: Path) -> None:
    run("open-account", "DU1000001", "--base-currency", "USD", *NEW_YORK)
    before = recorded()
    done = run("ingest", "ibkr_flex", statement.name, "--zone", "UTC")
    assert (done.code, recorded()) == (2, before)
    assert "--zone UTC: the account was opened in America/New_York" in " ".join(done.err.split())
    assert run("ingest", "ibkr_flex", statement.name, *NEW_YORK).code == 0


def test_another_zone_than_the_accounts_is_taken_when_it_is_meant(
    run: Run, statement: Path
) -> None:
    run("open-account", "DU1000001", "--base-currency", "USD", *NEW_YORK)
    done = run("ingest", "ibkr_flex", statement.name, "--zone", "UTC", "--other-zone")
    note = "note: times are read in UTC, as asked; the account was opened in America/New_York"
    assert (done.code, note in done.err) == (0, True)


def test_a_report_of_another_account_is_refused_until_it_is_meant(
    run: Run, statement: Path
) -> None:
    args = ("ingest", "ibkr_flex", statement.name, "--account", "main")
    assert run(*args).code == 0
    assert opened().venue_account == "IBKR:DU1000001"
    text = statement.read_text("utf-8").replace("DU1000001", "DU2000002")
    Path("other.xml").write_text(text, "utf-8")
    before = recorded()
    done = run("ingest", "ibkr_flex", "other.xml", "--account", "main")
    assert (done.code, recorded()) == (2, before)
    told = "of IBKR:DU2000002, and account main is the books of IBKR:DU1000001; nothing was"
    assert told in " ".join(done.err.split())
    night = ("reconcile", "ibkr_flex", "other.xml", "--account", "main", "--out", "out")
    assert run(*night).code == 2
    assert not Path("out").exists()
    assert run("ingest", "ibkr_flex", "other.xml", *args[3:], "--other-account").code == 0
    assert run(*night, "--other-account").code == 0


def test_whose_books_an_account_is_can_be_said_when_it_is_opened(run: Run, statement: Path) -> None:
    opening = ("open-account", "main", "--base-currency", "USD", "--venue-account")
    assert run(*opening, "DU3").code == 2
    assert run(*opening, "IBKR:DU3").code == 0
    assert run("accounts", "--json").json["accounts"][0]["venue_account"] == "IBKR:DU3"
    assert run("ingest", "ibkr_flex", statement.name, "--account", "main").code == 2


def test_whose_books_an_open_account_is_cannot_be_added_which_is_said(run: Run) -> None:
    opening = ("open-account", "main", "--base-currency", "USD")
    assert run(*opening).code == 0
    done = run(*opening, "--venue-account", "IBKR:DU3")
    assert (done.code, "other accounts are not refused" in done.err) == (0, True)
    assert run(*opening[:1], "new", *opening[2:], "--venue-account", "IBKR:DU3").err == ""


def test_an_account_that_a_csv_file_opens_has_the_zone_of_its_map(run: Run) -> None:
    text = Path(MAP).read_text("utf-8").replace('"UTC"', '"Europe/Zurich"')
    Path("zurich.toml").write_text(text, "utf-8")
    Path("fills.csv").write_text(HEADER + ROW, "utf-8")
    assert run("ingest", "csv", "fills.csv", "--map", "zurich.toml").code == 0
    assert opened().time_zone == "Europe/Zurich"
    assert run("ingest", "csv", "fills.csv", "--map", "zurich.toml", *NEW_YORK).code == 2


def test_a_weak_id_is_said_also_when_it_is_booked(run: Run) -> None:
    Path("fills.csv").write_text(HEADER + ROW.replace("e1", ""), "utf-8")
    assert (
        "1 of 2 records are new by an id made from content"
        in run("ingest", "csv", "fills.csv", "--map", MAP).err
    )
    Path("fills.csv").write_text(HEADER + ROW, "utf-8")
    assert "made from content" not in run("ingest", "csv", "fills.csv", "--map", MAP).err


def test_opening_answers_in_json(run: Run) -> None:
    args = ("open-account", "A", "--base-currency", "USD", "--json")
    told = run(*args).json
    assert (told["opened"], told["accounts"][0]["base_currency"]) == (True, "USD")
    assert run(*args).json["opened"] is False


def test_a_zone_that_nobody_gave_is_said(run: Run, statement: Path) -> None:
    assert "read as UTC" in run("ingest", "ibkr_flex", statement.name).err


def test_an_open_account_has_the_rules_it_was_opened_by(run: Run) -> None:
    args = ("open-account", "A", "--base-currency", "USD")
    assert run(*args).out == "A: opened\n"
    assert run(*args).out == "A: open already\n"
    assert run(*args, "--kind", "cash").code == 2


def test_opening_can_be_tried(run: Run) -> None:
    assert run("open-account", "A", "--base-currency", "USD", "--dry-run").code == 0
    assert not Path("tradeledger.db").exists()


def test_other_content_is_a_finding(books: Run, statement: Path) -> None:
    content = statement.read_text("utf-8")
    statement.write_text(content.replace('quantity="60"', 'quantity="61"'), "utf-8")
    done = books("ingest", "ibkr_flex", statement.name, "--account", "demo", *NEW_YORK)
    assert done.code == 1
    assert "last_qty: 60 booked, 61 here" in done.out


def test_a_csv_file_by_its_map(run: Run, folder: Path) -> None:
    Path("fills.csv").write_text(HEADER + ROW, "utf-8")
    done = run("ingest", "csv", "fills.csv", "--map", MAP, "--json")
    assert (done.code, done.json["account"], done.json["counts"]["new"]) == (0, "CSV1", 2)
    assert "read as UTC" not in done.err


def test_a_csv_row_that_cannot_be_read_is_named(run: Run, folder: Path) -> None:
    Path("fills.csv").write_text(HEADER + ROW + ROW.replace("e1", "e2").replace("10.50", "x"))
    done = run("ingest", "csv", "fills.csv", "--map", MAP, "--json")
    row = done.json["quarantine"][0]
    assert (done.code, row["file"], row["row"], row["value"]) == (1, "fills.csv", "line 3", "x")


@pytest.mark.parametrize("row", [ROW[:-3], ROW.replace("X", '"X'), ROW.replace("X,", "")])
def test_a_csv_file_that_is_not_whole_is_refused(run: Run, folder: Path, row: str) -> None:
    Path("fills.csv").write_text(HEADER + row, "utf-8")
    assert run("ingest", "csv", "fills.csv", "--map", MAP).code == 2
    assert not Path("tradeledger.db").exists()


def test_csv_needs_a_map(run: Run, folder: Path) -> None:
    Path("fills.csv").write_text(HEADER + ROW, "utf-8")
    assert run("ingest", "csv", "fills.csv").code == 2


SCHWAB = """"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"
"03/02/2026","Buy","ACME","ACME INC","100","$16","$6.50","-$1,606.50"
"""


def test_a_broker_whose_map_ships_is_named_alone(run: Run, folder: Path) -> None:
    Path("export.csv").write_text(SCHWAB, "utf-8")
    done = run("ingest", "schwab", "export.csv", "--account", "me", "--json")
    assert (done.code, done.json["account"], done.json["counts"]["new"]) == (0, "me", 2)
    assert done.json["rules"]["time_zone"] == "America/New_York"
    assert run("ingest", "schwab", "export.csv", "--account", "me", "--map", MAP).code == 2
    assert "trading212" in run("ingest", "etrade", "export.csv").err


def test_what_steers_a_terminal_is_shown_escaped(run: Run, folder: Path) -> None:
    Path("fills.csv").write_text(HEADER + ROW.replace("10.50", "\x1b[31m"), "utf-8")
    done = run("ingest", "csv", "fills.csv", "--map", MAP)
    assert ("\x1b" in done.out, "\\x1b[31m" in done.out) == (False, True)


def test_a_venue_whose_times_say_their_zone_is_not_asked_for_one(run: Run) -> None:
    Path("answer").write_bytes(b'{"error": [], "result": {"trades": {}, "count": "0"}}')
    done = run("ingest", "kraken", "answer", "--account", "X", "--base-currency", "USD")
    assert (done.code, "carry no zone" in done.err) == (0, False)
