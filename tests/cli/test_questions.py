"""Questions: what is answered, in which form, of which moment."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import ledger
from ledger.domain.events import FeeCharged, FillBusted, SymbolChanged
from tests.cli.running import Ran, Run

ASKED = [
    ("positions", "--all"), ("lots",), ("balances",), ("orders", "--all"), ("fills",), ("log",),
    ("accounts",), ("verify",), ("why", "demo", "ACME"), ("why", "demo", "--balance", "USD"),
    ("diff", "--from", "9"),
]  # fmt: skip


def table(ran: Ran) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ran.out)))


@pytest.mark.parametrize("args", ASKED, ids=" ".join)
def test_every_question_answers_in_json_at_a_number(books: Run, args: tuple[str, ...]) -> None:
    assert books(*args, "--json").json["known_at_number"] == 22


def test_a_negative_number_is_a_number_in_csv_wherever_it_stands(books: Run) -> None:
    changes = table(books("diff", "--from", "14", "--to", "15", "--csv"))
    (moved,) = [one for one in changes if one["figure"] == "net_qty"]
    assert (moved["before"], moved["after"]) == ("-50", "-40")


@pytest.mark.parametrize("args", ASKED, ids=" ".join)
def test_every_question_answers_in_csv(books: Run, args: tuple[str, ...]) -> None:
    done = books(*args, "--csv")
    assert (done.code, done.out.count(",") > 0) == (0, True)
    assert "known at number 22 of 22" in done.err


def no_number_is_a_fraction(value: object) -> bool:
    match value:
        case dict():
            return all(map(no_number_is_a_fraction, value.values()))
        case list():
            return all(map(no_number_is_a_fraction, value))
    return type(value) in {int, str, bool, type(None)}


@pytest.mark.parametrize("args", ASKED, ids=" ".join)
def test_decimals_are_texts_in_json(books: Run, args: tuple[str, ...]) -> None:
    assert no_number_is_a_fraction(books(*args, "--json").json)


def test_a_fraction_would_be_seen() -> None:
    assert not no_number_is_a_fraction({"rows": [1.5]})


def test_the_books_are_the_statements(books: Run) -> None:
    held = {row["symbol"]: row["net_qty"] for row in books("positions", "--json").json["positions"]}
    assert held == {"ACME": "-40", "GLX": "100", "INTK": "200", "EUR.USD": "3000"}


def test_amounts_have_the_digits_of_their_currency(books: Run) -> None:
    assert "USD       47042.01  0.00  47042.01  47042.01" in books("balances").out


def test_figures_are_rounded_for_people_only(books: Run) -> None:
    asked = ("positions", "--as-of", "2026-03-02")
    assert "49.99090909  " in books(*asked).out
    assert table(books(*asked, "--csv"))[0]["avg_cost"] == "49.990909090909090909"


def test_what_had_happened(books: Run) -> None:
    early = table(books("fills", "--as-of", "2026-03-02", "--csv"))
    assert [row["symbol"] for row in early] == ["ACME", "ACME", "EUR.USD", "ACME"]


def test_what_was_known(books: Run) -> None:
    then = table(books("positions", "--as-of", "2026-03-02", "--known-at", "14", "--csv"))
    now = table(books("positions", "--as-of", "2026-03-02", "--csv"))
    assert (then[0]["net_qty"], now[0]["net_qty"]) == ("100", "110")


def test_a_later_number_is_the_last(books: Run) -> None:
    assert books("positions", "--known-at", "2100-01-01", "--json").json["known_at_number"] == 22


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        (("positions", "--known-at", "23"), "--known-at"),
        (("log", "--known-at", "23"), "--known-at"),
        (("why", "demo", "ACME", "--known-at", "99"), "--known-at"),
        (("diff", "--from", "23"), "--from"),
        (("diff", "--from", "9", "--to", "23"), "--to"),
    ],
)
def test_a_number_beyond_the_log_is_refused(
    books: Run, asked: tuple[str, ...], option: str
) -> None:
    done = books(*asked)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tradeledger: {option}: ")
    assert "whose last is 22" in done.err


def test_the_last_number_is_answered(books: Run) -> None:
    assert books("positions", "--known-at", "22").code == 0


def test_nothing_was_known_before(books: Run) -> None:
    assert books("positions", "--known-at", "2020-01-01", "--json").json["positions"] == []


@pytest.mark.parametrize("time", ["2026-03-04T10:00:00", "yesterday", "2026-13-01", "2026-02-30"])
def test_a_time_without_a_meaning_is_refused(books: Run, time: str) -> None:
    assert books("positions", "--as-of", time).code == 2


def test_a_zone_gives_a_time_its_meaning(books: Run) -> None:
    done = books("positions", "--as-of", "2026-03-04T10:00:00", "--zone", "America/New_York")
    assert "as of 2026-03-04T15:00:00Z" in done.err


def test_a_day_ends_where_its_zone_says(books: Run) -> None:
    done = books("positions", "--as-of", "2026-03-08", "--zone", "America/New_York")
    # The clocks go forward on that Sunday: its midnight is four hours after that of UTC.
    assert "as of 2026-03-09T03:59:59.999999Z" in done.err


def test_a_busted_fill_is_shown_as_one(books: Run) -> None:
    fills = table(books("fills", "INTK", "--csv"))
    assert [(row["status"], row["last_px"]) for row in fills] == [
        ("busted", "10"),
        ("booked", "9.98"),
    ]


def test_the_fee_of_a_busted_fill_is_shown_as_reversed(books: Run) -> None:
    busted, rebooked = books("fills", "INTK", "--json").json["fills"]
    assert (busted["fees"], busted["reversed_fees"]) == ({}, {"USD": "1"})
    assert (rebooked["fees"], rebooked["reversed_fees"]) == ({}, {})
    assert "1 USD          busted" in books("fills", "INTK").out


def test_a_fee_that_came_later_is_reversed_too(run: Run, folder: Path) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("bot", base_currency="USD")
        book.define("bot", equity("X"))
        book.fill("bot", exec_id="e1", instrument_id="X", side=ledger.Side.BUY, last_qty=D2,
                  last_px=D2, fees=(ledger.Fee(amount=D2, currency="USD"),))  # fmt: skip
        book.record("bot", FeeCharged(id="f", amount=Decimal(1), currency="USD", exec_id="e1"))
        book.record("bot", FillBusted(exec_id="b", exec_ref_id="e1"))
    (fill,) = run("fills", "--json").json["fills"]
    assert (fill["fees"], fill["reversed_fees"]) == ({}, {"USD": "3"})


def test_an_average_price_has_at_most_18_decimals(run: Run, folder: Path) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("bot", base_currency="USD")
        book.define("bot", equity("X"))
        book.place("bot", cl_ord_id="o", instrument_id="X", side=ledger.Side.BUY, order_qty=D3)
        for exec_id, px in (("e1", "1"), ("e2", "1"), ("e3", "2")):
            book.fill("bot", exec_id=exec_id, instrument_id="X", side=ledger.Side.BUY,
                      last_qty=Decimal(1), last_px=Decimal(px), cl_ord_id="o")  # fmt: skip
        assert str(book.order("bot", "o").avg_px) == THIRD
    (order,) = run("orders", "--all", "--json").json["orders"]
    assert order["avg_px"] == table(run("orders", "--all", "--csv"))[0]["avg_px"] == THIRD


@pytest.mark.parametrize("figure", ["net_qty", "cost_basis", "realized_pnl", "net_realized_pnl"])
def test_the_last_step_is_the_number(books: Run, figure: str) -> None:
    for row in books("positions", "--all", "--json").json["positions"]:
        told = books("why", "demo", row["symbol"], figure, "--json").json
        steps = told["steps"]
        assert told["value"] == row[figure] == steps[-1][figure]
        assert sum(Decimal(step["change"]) for step in steps) == Decimal(row[figure])


def test_a_balance_is_the_sum_of_its_postings(books: Run) -> None:
    told = books("why", "demo", "--balance", "USD", "--json").json
    steps = told["postings"]
    assert all(
        Decimal(one["balance_before"]) + Decimal(one["amount"]) == Decimal(one["balance_after"])
        for one in steps
    )
    assert told["value"] == steps[-1]["balance_after"] == "47042.01"


def test_a_balance_has_no_as_of(books: Run) -> None:
    assert books("why", "demo", "--balance", "USD", "--as-of", "2026-03-02").code == 2


@pytest.mark.parametrize(
    "asked", [("why", "demo", "NOSUCH"), ("lots", "NOSUCH"), ("fills", "NOSUCH")], ids=" ".join
)
def test_an_unknown_instrument_is_no_flat_one(books: Run, asked: tuple[str, ...]) -> None:
    done = books(*asked)
    assert (done.code, done.out) == (2, "")
    told = "no instrument NOSUCH in account demo; it has: ACME, EUR.USD, GLX, INTK"
    assert told in " ".join(done.err.split())


@pytest.mark.parametrize("command", ["lots", "fills", "why demo"])
def test_a_known_instrument_that_is_flat_is_no_error(books: Run, command: str) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.define("demo", equity("FLAT"))
    done = books(*command.split(), "FLAT")
    assert done.code == 0


def test_what_became_known_later_is_not_unknown(books: Run) -> None:
    assert books("lots", "ACME", "--known-at", "0").code == 0


def test_an_unknown_currency_is_no_empty_balance(books: Run) -> None:
    done = books("why", "demo", "--balance", "XYZ")
    assert (done.code, done.out) == (2, "")
    assert "no balance in XYZ in account demo; it has: EUR, USD" in done.err


@pytest.mark.parametrize("command", ["positions", "balances", "orders", "fills", "lots", "log"])
def test_an_unknown_account_is_no_empty_one(books: Run, command: str) -> None:
    done = books(command, "--account", "nobody")
    assert (done.code, done.out) == (2, "")
    assert "there is no account nobody; the store has: demo" in done.err


@pytest.mark.parametrize("args", ASKED, ids=" ".join)
def test_an_answer_has_one_form(books: Run, args: tuple[str, ...]) -> None:
    done = books(*args, "--json", "--csv")
    assert (done.code, done.out) == (2, "")


def test_what_a_late_row_changed(books: Run) -> None:
    changes = books("diff", "--from", "14", "--to", "15", "--json").json["changes"]
    told = {(one["subject"], one["figure"]): (one["before"], one["after"]) for one in changes}
    assert told["position ACME", "realized_pnl"] == ("196", "221")


def test_the_log_goes_on_where_it_stopped(books: Run) -> None:
    pages = [
        [
            row["number"]
            for row in books("log", "--after", after, "--limit", "11", "--json").json["log"]
        ]
        for after in ("0", "11")
    ]
    assert pages == [list(range(1, 12)), list(range(12, 23))]


def test_several_accounts_want_a_name(books: Run) -> None:
    books("open-account", "other", "--base-currency", "USD")
    done = books("positions")
    assert (done.code, "demo, other" in done.err) == (2, True)


def test_an_order_is_open_until_it_is_done(run: Run, folder: Path) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("bot", base_currency="USD")
        book.define("bot", equity("X"))
        for name in ("o1", "o2"):
            book.place("bot", cl_ord_id=name, instrument_id="X", side=ledger.Side.BUY, order_qty=D2)
            book.accept("bot", name)
        book.fill("bot", exec_id="e1", instrument_id="X", side=ledger.Side.BUY, last_qty=D2,
                  last_px=D2, cl_ord_id="o1")  # fmt: skip
    shown = [row["cl_ord_id"] for row in run("orders", "--json").json["orders"]]
    every = {
        row["cl_ord_id"]: row["status"] for row in run("orders", "--all", "--json").json["orders"]
    }
    assert (shown, every) == (["o2"], {"o1": "Filled", "o2": "New"})


D2, D3 = Decimal(2), Decimal(3)
THIRD = "1.333333333333333333"


def equity(symbol: str) -> ledger.Instrument:
    return ledger.Instrument(
        instrument_id=symbol, symbol=symbol, kind=ledger.InstrumentKind.EQUITY, currency="USD"
    )


@pytest.mark.parametrize("symbol", ["=1+1", "+1", "-X", "@SUM(A1)"])
def test_a_spreadsheet_calculates_no_text(run: Run, folder: Path, symbol: str) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("bot", base_currency="USD")
        book.define("bot", equity(symbol))
        book.fill("bot", exec_id="e1", instrument_id=symbol, side=ledger.Side.SELL, last_qty=D2,
                  last_px=D2)  # fmt: skip
    row = table(run("positions", "--csv"))[0]
    assert (row["symbol"], row["net_qty"]) == (f"'{symbol}", "-2")


def renamed(at: datetime) -> None:
    change = SymbolChanged(id="r", instrument_id="IBKR:900001", symbol="ACNE")
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.record("demo", change, occurred_at=at)


@pytest.mark.parametrize(
    "args", [("positions",), ("lots",), ("fills",), ("report", "trades"), ("report", "steps")]
)
def test_an_instrument_is_called_by_its_new_symbol(books: Run, args: tuple[str, ...]) -> None:
    renamed(datetime(2026, 3, 5, tzinfo=UTC))
    called = {row["symbol"] for row in table(books(*args, "--csv"))}
    assert ("ACNE" in called, "ACME" in called) == (True, False)


def test_before_it_was_renamed_it_has_the_old_symbol(books: Run) -> None:
    renamed(datetime(2026, 3, 5, tzinfo=UTC))
    for past in (("--as-of", "2026-03-04"), ("--known-at", "22")):
        assert "ACME" in {row["symbol"] for row in table(books("positions", *past, "--csv"))}


def test_a_symbol_of_an_older_report_does_not_rename(books: Run) -> None:
    renamed(datetime(2020, 3, 5, tzinfo=UTC))
    assert "ACME" in {row["symbol"] for row in table(books("positions", "--csv"))}
