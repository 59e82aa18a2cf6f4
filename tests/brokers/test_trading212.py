"""Trading 212 by the map that ships: every kind of row, and the generations of its header."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    InterestPaid,
)
from tests.brokers.sampling import empty_books, told
from tests.brokers.shipped import (
    NET_212,
    OLD_212,
    TRADING212,
    UTC_212,
    cash212,
    events,
    order212,
    read,
    table,
    table212,
)


def test_trading_212_takes_the_total_in_the_account_s_currency():
    batch = read("trading212", table212(order212()))
    fill, defined = batch.records[0].event, batch.instruments[0].instrument
    assert (fill.currency, fill.last_px, fill.gross_trade_amt) == ("GBP", None, 1200)
    assert [(fee.amount, fee.currency) for fee in fill.fees] == [(Decimal("1.80"), "GBP")]
    assert (defined.instrument_id, defined.symbol, defined.currency) == (
        "TRADING212:US0000000200", "ACME", "GBP",
    )  # fmt: skip
    assert not batch.findings


def test_trading_212_converts_a_charge_by_the_row_s_own_rate():
    row = order212("Limit sell", "1198.16", **{"Finra fee": "0.05",
                   "Currency (Finra fee)": "USD"})  # fmt: skip
    (fill,) = events("trading212", table212(row))
    assert [(fee.amount, fee.kind) for fee in fill.fees] == [
        (Decimal("1.80"), FeeKind.COMMISSION), (Decimal("0.04"), FeeKind.REGULATORY),
    ]  # fmt: skip
    assert fill.gross_trade_amt - sum(fee.amount for fee in fill.fees) == Decimal("1198.16")
    other = {**row, "Currency (Finra fee)": "CHF"}
    assert [one.field for one in read("trading212", table212(other)).quarantine] == ["fee_currency"]
    unrated = {**row, "Exchange rate": "Not available"}
    assert [one.field for one in read("trading212", table212(unrated)).quarantine] == [
        "fee_currency"
    ]


def test_trading_212_pence_are_hundredths_of_pounds():
    pence = {"Currency (Price / share)": "GBX", "Exchange rate": "100", "Price / share": "345.5",
             "Stamp duty reserve tax": "0.17", "Currency (Stamp duty reserve tax)": "GBP",
             "Currency conversion fee": ""}  # fmt: skip
    batch = read("trading212", table212(order212(total="34.72", **pence)))
    fill = batch.records[0].event
    assert (fill.last_px, fill.gross_trade_amt) == (Decimal("3.455"), None)
    assert (fill.fees[0].kind, batch.findings) == (FeeKind.TAX, ())


def test_trading_212_a_total_that_nothing_explains_is_said():
    (finding,) = read("trading212", table212(order212(total="1301.80"))).findings
    assert "amount less charges 1300" in finding.what


def test_trading_212_ids_are_of_one_side():
    buy, sell = order212(), order212("Market sell", "1198.20")
    with empty_books() as book:
        (report,) = told(book, read("trading212", table212(buy, sell)))
        assert report.counts["changed"] == 0
        assert book.position("A", "TRADING212:US0000000200").net_qty == 0
        (balance,) = (one for one in book.balances("A") if one.currency == "GBP")
        assert balance.total == Decimal("-3.60")


def test_trading_212_one_instrument_is_in_one_currency():
    other = {**order212(), "ID": "EOF2", "Currency (Total)": "EUR",
             "Currency (Currency conversion fee)": "EUR"}  # fmt: skip
    batch = read("trading212", table212(order212(), other))
    assert [row.field for row in batch.quarantine] == ["amount_currency"]


@pytest.mark.parametrize(
    ("action", "total", "fact", "value"),
    [
        ("Deposit", "5", CashDeposited, 5),
        ("Withdrawal", "-5", CashWithdrawn, 5),
        ("Card debit", "-5", CashWithdrawn, 5),
        ("Card refund", "5", CashDeposited, 5),
        ("Dividend adjustment", "-5", DividendPaid, -5),
        ("Result adjustment", "0.75", CashDeposited, Decimal("0.75")),
        ("Interest on cash", "5", InterestPaid, 5),
        ("New card cost", "-5", FeeCharged, 5),
        ("Dividend (Ordinary)", "5", DividendPaid, 5),
        ("Dividend (Something new)", "5", DividendPaid, 5),
    ],
)
def test_trading_212_cash(action, total, fact, value):
    row = cash212(action, total, ISIN="US0000000200", Ticker="ACME")
    (event,) = events("trading212", table212(row))
    assert (type(event), event.amount, event.currency) == (fact, value, "GBP")


def test_trading_212_withheld_tax_is_told_and_not_taken_twice():
    told_tax = {"Withholding tax": "0.60", "Currency (Withholding tax)": "USD"}
    row = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME", **told_tax)
    (event,) = events("trading212", table212(row))
    assert (event.amount, event.description) == (Decimal("2.72"), "0.60 USD withheld before it")


@pytest.mark.parametrize(
    "action",
    [
        "Stock Split",
        "Transfer in",
        "Dividend (Return of capital non us)",
        "Currency conversion",
    ],
)
def test_trading_212_what_cannot_be_booked_says_why(action):
    (aside,) = read("trading212", table212(cash212(action, "5", Ticker="ACME"))).quarantine
    assert "by hand" in aside.rule
    assert aside.value == action


def side(action: str, qty: str, at: str = "2026-03-05 06:42:25", **told: str) -> dict[str, str]:
    named = {"ISIN": "US0000000200", "Ticker": "ACME", "No. of shares": qty, "ID": f"EOF{action}"}
    return {**cash212(f"Stock split {action}", "83.09"), "Time": at, **named, **told}


BEFORE, AFTER = side("close", "10.0000000000"), side("open", "60.0000000000")


@pytest.mark.parametrize("files", [[[BEFORE, AFTER]], [[AFTER, BEFORE]], [[AFTER], [BEFORE]],
                                   [[BEFORE, AFTER], [AFTER, BEFORE]]])  # fmt: skip
def test_trading_212_both_sides_of_a_split_are_one(files):
    batch = read("trading212", table212(order212()), *(table212(*rows) for rows in files))
    assert (batch.quarantine, len(batch.records)) == ((), 2)
    with empty_books() as book:
        told(book, batch, batch)
        position = book.position("A", "TRADING212:US0000000200")
        assert (position.net_qty, position.cost_basis) == (60, 1200)


def test_trading_212_a_split_leaves_the_units_that_it_says():
    """10.3333333333 for 25 to 1 are 0.41333333333: what is printed of it is held and sold."""
    bought = order212(**{"No. of shares": "7.1111111111"})
    more = order212(ID="EOF2", **{"No. of shares": "3.2222222222"})
    sold = order212("Market sell", "1198.20", ID="EOF3", Time="2026-03-06 10:00:00",
                    **{"No. of shares": "0.4133333333"})  # fmt: skip
    sides = side("close", "10.3333333333"), side("open", "0.4133333333")
    batch = read("trading212", table212(bought, more, *sides, sold))
    with empty_books() as book:
        told(book, batch)
        position = book.position("A", "TRADING212:US0000000200")
        assert (position.net_qty, position.cost_basis) == (0, 0)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([BEFORE], "hand in the file with its other side"),
        ([BEFORE, side("open", "60", "2026-03-05 06:42:27")], "hand in the file with its other"),
        ([BEFORE, side("open", "60", Total="90.00")], "not worth the same"),
        ([BEFORE, side("open", "0")], "not above zero"),
        ([BEFORE, side("close", "9")], "2 sides of splits at one time"),
        ([BEFORE, AFTER, side("open", "9")], "3 sides of splits at one time"),
    ],
)
def test_trading_212_what_is_no_pair_of_sides_is_set_aside(rows, why):
    batch = read("trading212", table212(*rows))
    assert batch.records == ()
    assert len(batch.quarantine) == len(rows)
    assert all(why in aside.rule for aside in batch.quarantine)


def test_trading_212_generations_of_headers_say_the_same():
    row = order212()
    old = {"Total (GBP)": row["Total"], "Transaction fee (GBP)": "1.80"}
    old |= {name: row[name] for name in OLD_212 if name in row}
    paid = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME")
    old_paid = {**{k: v for k, v in paid.items() if k in OLD_212}, "Total (GBP)": "2.72"}
    with empty_books() as book:
        told(book, read("trading212", table212(row, paid)))
        (report,) = told(book, read("trading212", table(OLD_212, old, old_paid)))
        assert (report.counts["same"], report.counts["changed"]) == (3, 0)


def later(row: dict[str, str], end: str = "+00:00") -> dict[str, str]:
    """The row as exports write it since the summer of 2026."""
    return {k: v for k, v in row.items() if k != "Time"} | {"Time (UTC)": row["Time"] + end}


def test_trading_212_a_time_with_its_zone_is_the_same_row():
    paid = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME")
    with empty_books() as book:
        told(book, read("trading212", table212(order212(), paid)))
        for end in ("+00:00", ""):
            rows = (later(order212(), end), later(paid, end))
            (report,) = told(book, read("trading212", table(UTC_212, *rows)))
            assert (report.counts["same"], report.counts["changed"]) == (3, 0)


def net(row: dict[str, str], gross: str, after: str = "") -> dict[str, str]:
    """The row in an export with a gross and a net total, the latter where a tax was taken."""
    row = {k: v for k, v in later(row).items() if "(Total)" not in k and k != "Total"}
    row |= {"Gross Total": gross, "Currency (Gross Total)": "GBP"}
    return row | ({"Net Total": after, "Currency (Net Total)": "GBP"} if after else {})


def test_trading_212_the_net_total_is_what_moved():
    acme = {"ISIN": "US0000000200", "Ticker": "ACME"}
    rows = [
        net(order212(), "1201.80"),
        net(cash212("Dividend (Ordinary)", "", **acme), "3", "2"),
        net(cash212("Deposit", "", ID="D1"), "150.00"),
        net(cash212("Tax Adjustment", "", ID="T1"), "5"),
    ]
    by_type = {type(event): event for event in events("trading212", table(NET_212, *rows))}
    assert by_type[FillBooked].gross_trade_amt == 1200
    assert by_type[DividendPaid].amount == 2
    assert by_type[CashDeposited].amount == 150
    assert by_type[FeeCharged].amount == -5


def test_trading_212_a_tax_in_the_net_total_of_a_sale_is_said():
    sale = net(order212("Market sell", ""), "1198.20", "1100.00")
    batch = read("trading212", table(NET_212, sale))
    (fill,) = (record.event for record in batch.records)
    assert fill.gross_trade_amt == Decimal("1101.80")
    assert [finding.row for finding in batch.findings] == ["line 2"]


def test_trading_212_a_manufactured_payment_is_in_lieu():
    row = cash212("Dividend (Dividend manufactured payment)", "1", ISIN="US0000000200")
    (event,) = events("trading212", table212(row))
    assert event.in_lieu


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in TRADING212 if name not in names)


def test_trading_212_an_export_of_some_rows_alone_says_the_same():
    paid = cash212("Deposit", "100", ID="D1", Notes="")
    income = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME")
    money = ("Action", "Time", "Notes", "ID", "Total", "Currency (Total)")
    alone = [
        table(money, paid),
        table(without("ID", "Notes", "Result", "Currency (Result)"), income),
        table(without("Notes", "Withholding tax", "Currency (Withholding tax)"), order212()),
    ]
    with empty_books() as book:
        told(book, read("trading212", table212(order212(), income, paid)))
        for content in alone:
            (report,) = told(book, read("trading212", content))
            assert (report.counts["new"], report.counts["changed"]) == (0, 0)
