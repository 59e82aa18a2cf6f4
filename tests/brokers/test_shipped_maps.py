"""Schwab, Trading 212 and Freetrade by the maps that ship: every kind of row, and real files."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import Batch
from adapters.shipped_maps import NAMES, shipped
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    InterestPaid,
    Side,
    UnitsReason,
    UnitsReceived,
)
from ledger.errors import BadFileError
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.shipped import (
    FREETRADE,
    NET_212,
    OLD_212,
    SCHWAB,
    TRADING212,
    UTC_212,
    bought,
    cash212,
    events,
    order212,
    order_ft,
    read,
    schwab,
    sold,
    table,
)


def test_each_map_that_ships_has_a_name():
    held = resources.files("adapters.brokers.csv_map").joinpath("maps").iterdir()
    assert sorted(path.name for path in held) == [f"{name}.toml" for name in NAMES]
    with pytest.raises(BadFileError, match="no map is called etrade"):
        shipped("etrade")


# ----------------------------------------------------------------------------------- Schwab


def rows(*told: dict[str, str]) -> bytes:
    return table(SCHWAB, *told)


def test_schwab_books_the_amount_and_its_charge():
    fill, other = events("schwab", rows(sold(), bought()))
    assert (fill.side, fill.last_qty, fill.last_px, fill.gross_trade_amt) == (
        Side.BUY, 100, 16, None,
    )  # fmt: skip
    assert (fill.fees[0].amount, other.side) == (Decimal("6.50"), Side.SELL)


def test_schwab_rounds_prices_and_the_amount_stands():
    row = bought(qty="300", amount="-$40503.61", Price="$135.0075", **{"Fees & Comm": "$1.34"})
    batch = read("schwab", rows(row))
    assert batch.records[0].event.gross_trade_amt == Decimal("40502.27")
    assert not batch.findings
    wrong = read("schwab", rows(bought(amount="-$1,706.50")))
    assert "make 1600: the former is booked" in wrong.findings[0].what


@pytest.mark.parametrize("row", [bought(amount="$1,606.50"), sold(Amount="-$693.50")])
def test_schwab_signs_its_money(row):
    assert [one.field for one in read("schwab", rows(row)).quarantine] == ["amount"]


@pytest.mark.parametrize(
    ("action", "amount", "fact", "value"),
    [
        ("Qualified Dividend", "$5", DividendPaid, 5),
        ("Credit Interest", "$5", InterestPaid, 5),
        ("Margin Interest", "-$5", InterestPaid, -5),
        ("NRA Tax Adj", "$-0.88", FeeCharged, Decimal("0.88")),
        ("NRA Tax Adj", "$0.88", FeeCharged, Decimal("-0.88")),
        ("ADR Mgmt Fee", "-$5", FeeCharged, 5),
        ("NRA Withhold", "-$0.88", FeeCharged, Decimal("0.88")),
        ("Pr Yr NRA Tax", "-$0.88", FeeCharged, Decimal("0.88")),
        ("Div Adjustment", "-$5", DividendPaid, -5),
        ("Pr Yr Non Qual Div", "$5", DividendPaid, 5),
        ("Interest Adj", "-$5", InterestPaid, -5),
        ("Tax Reversal", "$0.88", FeeCharged, Decimal("-0.88")),
        ("Foreign Tax Reclaim", "$0.88", FeeCharged, Decimal("-0.88")),
        ("Advisor Fee", "-$5", FeeCharged, 5),
        ("Qual Div Reinvest Adj", "-$5", DividendPaid, -5),
        ("Promotional Award", "$5", CashDeposited, 5),
        ("Adjustment", "-$5", CashWithdrawn, 5),
        ("MoneyLink Transfer", "$1,000.00", CashDeposited, 1000),
        ("MoneyLink Transfer", "-$10", CashWithdrawn, 10),
    ],
)
def test_schwab_cash(action, amount, fact, value):
    (event,) = events("schwab", rows(schwab("03/02/2026", action, amount, Symbol="ACME")))
    assert (type(event), event.amount) == (fact, value)


def test_schwab_entries_hold_since_the_day_they_name():
    award = schwab("03/09/2026 as of 03/05/2026", "Stock Plan Activity", Symbol="ACME",
                   Quantity="20")  # fmt: skip
    late = bought("03/09/2026 as of 03/03/2026")
    batch = read("schwab", rows(late, award, sold("03/06/2026"), bought("03/02/2026")))
    days = [record.occurred_at.isoformat()[:10] for record in batch.records]
    assert days == ["2026-03-02", "2026-03-06", "2026-03-05", "2026-03-03"]
    units = batch.records[2].event
    assert isinstance(units, UnitsReceived)
    assert (units.reason, units.basis) == (UnitsReason.INCOME, None)


def test_schwab_a_day_in_and_out_is_in_the_file_s_order():
    with empty_books() as book:
        told(book, read("schwab", rows(sold(), bought())))
        assert book.position("A", "SCHWAB:ACME").realized_pnl == 60
    days = [bought("03/02/2026"), bought("03/02/2026", "5", "-$86.50"), sold("03/03/2026")]
    states = []
    for order in (days, days[::-1]):
        batch = read("schwab", rows(*order))
        states.append([record.event.last_qty for record in batch.records][-1])
    assert states == [40, 40]


def test_schwab_an_entry_of_before_does_not_turn_the_file_round():
    late = bought("03/09/2026 as of 03/03/2026", "5", "-$86.50")
    batch = read("schwab", rows(late, bought("03/05/2026")))
    assert [record.event.last_qty for record in batch.records] == [100, 5]


def test_schwab_dates_that_run_both_ways_refuse_the_file():
    with pytest.raises(BadFileError, match="contradict order"):
        read("schwab", rows(bought("03/02/2026"), bought("03/04/2026"), bought("03/03/2026")))


def test_schwab_lines_around_the_table_are_told_apart():
    body = rows(sold(), bought()).decode()
    old = f'"Transactions for account XXXX-1 as of 03/09/2026"\n{body}'
    stated = f'{old}Transactions Total,,,,,,,"-$913.00"\n'
    batch = read("schwab", stated.encode())
    (control,) = batch.coverage.controls
    assert (len(batch.records), control.agrees, control.currency) == (2, True, "USD")
    (cut,) = read("schwab", stated.replace("-$913.00", "-$900.00").encode()).coverage.controls
    assert not cut.agrees
    unread = read("schwab", stated.replace("-$913.00", "n/a").encode())
    assert [row.row for row in unread.quarantine] == ["line 5"]
    with pytest.raises(BadFileError, match="no header that begins with 'Date'"):
        read("schwab", b"Positions\n" * 30)


def test_schwab_a_comma_at_the_end_of_lines_says_nothing():
    lines = rows(sold(), bought()).decode().splitlines()
    total = "Transactions Total,,,,,,,-$913.00"
    plain, whole = [*lines, total], [f"{line}," for line in [*lines, total]]
    ends = [plain, whole, [*lines, f"{total},"], [*whole[:-1], total]]
    read_all = [read("schwab", "".join(f"{line}\n" for line in end).encode()) for end in ends]
    assert len({batch.records for batch in read_all}) == 1
    assert all(batch.coverage.controls[0].agrees for batch in read_all)


@pytest.mark.parametrize(
    "action", ["Stock Split", "Cash Merger", "Buy to Open", "Cancel Buy", "Teleport"]
)
def test_schwab_what_cannot_be_booked_says_why(action):
    (aside,) = read("schwab", rows(schwab("03/02/2026", action, "$1"))).quarantine
    assert ("by hand" in aside.rule) is (action != "Teleport")
    assert ("not declared" in aside.rule) is (action == "Teleport")


# ------------------------------------------------------------------------------- Trading 212


def orders(*told: dict[str, str]) -> bytes:
    return table(TRADING212, *told)


def test_trading_212_takes_the_total_in_the_account_s_currency():
    batch = read("trading212", orders(order212()))
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
    (fill,) = events("trading212", orders(row))
    assert [(fee.amount, fee.kind) for fee in fill.fees] == [
        (Decimal("1.80"), FeeKind.COMMISSION), (Decimal("0.04"), FeeKind.REGULATORY),
    ]  # fmt: skip
    assert fill.gross_trade_amt - sum(fee.amount for fee in fill.fees) == Decimal("1198.16")
    other = {**row, "Currency (Finra fee)": "CHF"}
    assert [one.field for one in read("trading212", orders(other)).quarantine] == ["fee_currency"]
    unrated = {**row, "Exchange rate": "Not available"}
    assert [one.field for one in read("trading212", orders(unrated)).quarantine] == ["fee_currency"]


def test_trading_212_pence_are_hundredths_of_pounds():
    pence = {"Currency (Price / share)": "GBX", "Exchange rate": "100", "Price / share": "345.5",
             "Stamp duty reserve tax": "0.17", "Currency (Stamp duty reserve tax)": "GBP",
             "Currency conversion fee": ""}  # fmt: skip
    batch = read("trading212", orders(order212(total="34.72", **pence)))
    fill = batch.records[0].event
    assert (fill.last_px, fill.gross_trade_amt) == (Decimal("3.455"), None)
    assert (fill.fees[0].kind, batch.findings) == (FeeKind.TAX, ())


def test_trading_212_a_total_that_nothing_explains_is_said():
    (finding,) = read("trading212", orders(order212(total="1301.80"))).findings
    assert "amount less charges 1300" in finding.what


def test_trading_212_ids_are_of_one_side():
    buy, sell = order212(), order212("Market sell", "1198.20")
    with empty_books() as book:
        (report,) = told(book, read("trading212", orders(buy, sell)))
        assert report.counts["changed"] == 0
        assert book.position("A", "TRADING212:US0000000200").net_qty == 0
        (balance,) = (one for one in book.balances("A") if one.currency == "GBP")
        assert balance.total == Decimal("-3.60")


def test_trading_212_one_instrument_is_in_one_currency():
    other = {**order212(), "ID": "EOF2", "Currency (Total)": "EUR",
             "Currency (Currency conversion fee)": "EUR"}  # fmt: skip
    batch = read("trading212", orders(order212(), other))
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
    (event,) = events("trading212", orders(row))
    assert (type(event), event.amount, event.currency) == (fact, value, "GBP")


def test_trading_212_withheld_tax_is_told_and_not_taken_twice():
    told_tax = {"Withholding tax": "0.60", "Currency (Withholding tax)": "USD"}
    row = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME", **told_tax)
    (event,) = events("trading212", orders(row))
    assert (event.amount, event.description) == (Decimal("2.72"), "0.60 USD withheld before it")


@pytest.mark.parametrize(
    "action",
    [
        "Stock split open",
        "Transfer in",
        "Dividend (Return of capital non us)",
        "Currency conversion",
    ],
)
def test_trading_212_what_cannot_be_booked_says_why(action):
    (aside,) = read("trading212", orders(cash212(action, "5", Ticker="ACME"))).quarantine
    assert "by hand" in aside.rule


def test_trading_212_generations_of_headers_say_the_same():
    row = order212()
    old = {"Total (GBP)": row["Total"], "Transaction fee (GBP)": "1.80"}
    old |= {name: row[name] for name in OLD_212 if name in row}
    paid = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME")
    old_paid = {**{k: v for k, v in paid.items() if k in OLD_212}, "Total (GBP)": "2.72"}
    with empty_books() as book:
        told(book, read("trading212", orders(row, paid)))
        (report,) = told(book, read("trading212", table(OLD_212, old, old_paid)))
        assert (report.counts["same"], report.counts["changed"]) == (3, 0)


def later(row: dict[str, str], end: str = "+00:00") -> dict[str, str]:
    """The row as exports write it since the summer of 2026."""
    return {k: v for k, v in row.items() if k != "Time"} | {"Time (UTC)": row["Time"] + end}


def test_trading_212_a_time_with_its_zone_is_the_same_row():
    paid = cash212("Dividend (Ordinary)", "2.72", ISIN="US0000000200", Ticker="ACME")
    with empty_books() as book:
        told(book, read("trading212", orders(order212(), paid)))
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
    (event,) = events("trading212", orders(row))
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
        told(book, read("trading212", orders(order212(), income, paid)))
        for content in alone:
            (report,) = told(book, read("trading212", content))
            assert (report.counts["new"], report.counts["changed"]) == (0, 0)


# --------------------------------------------------------------------------------- Freetrade


def activity(*told: dict[str, str]) -> bytes:
    return table(FREETRADE, *told)


def test_freetrade_is_in_the_account_s_currency():
    batch = read("freetrade", activity(order_ft()))
    fill = batch.records[0].event
    assert (fill.last_px, fill.gross_trade_amt, fill.currency) == (16, None, "GBP")
    assert (fill.fees[0].amount, fill.exec_id) == (Decimal("0.73"), "ORDER1")


def test_freetrade_a_gift_is_income_in_kind():
    (event,) = events("freetrade", activity(order_ft(Type="FREESHARE_ORDER", total="11.04")))
    assert (event.reason, event.basis) == (UnitsReason.GIFT, Decimal("11.04"))


def test_freetrade_a_free_share_that_is_sold_is_not_received():
    batch = read("freetrade", activity(order_ft("SELL", Type="FREESHARE_ORDER")))
    assert (batch.records, [row.field for row in batch.quarantine]) == ((), ["side"])


@pytest.mark.parametrize(
    ("kind", "amount", "withheld", "event", "told"),
    [
        ("INTEREST", "10.62", "0.00", InterestPaid, "Acme"),
        ("PROPERTY", "64.51", "16.13", DividendPaid, "Acme; 16.13 GBP withheld before it"),
        ("SHARE_LENDING_INCOME", "0.12", "", InterestPaid, "Acme"),
    ],
)
def test_freetrade_income_is_booked_as_it_came(kind, amount, withheld, event, told):
    row = {"Title": "Acme", "Type": kind, "Timestamp": "2026-05-08T16:08:00.000Z",
           "Account Currency": "GBP", "Total Amount": amount, "ISIN": "GB0000000300",
           "Instrument Currency": "GBP", "Dividend Withheld Tax Amount": withheld}  # fmt: skip
    (paid,) = events("freetrade", activity(row))
    assert (type(paid), paid.amount, paid.description) == (event, Decimal(amount), told)


def test_freetrade_a_return_of_capital_is_not_income():
    row = {"Type": "CAPITAL", "Timestamp": "2026-03-01T00:00:00Z", "ISIN": "US0000000200"}
    (aside,) = read("freetrade", activity(row)).quarantine
    assert "by hand" in aside.rule


def test_a_line_of_commas_is_no_row():
    batch = read("freetrade", activity(order_ft(), {}))
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_freetrade_stamp_duty_is_a_tax():
    row = {**order_ft(total="160.80"), "Stamp Duty": "0.80", "FX Fee Amount": ""}
    (event,) = events("freetrade", activity(row))
    assert [(fee.amount, fee.kind) for fee in event.fees] == [(Decimal("0.80"), FeeKind.TAX)]


def test_freetrade_documents_are_no_rows():
    row = {"Type": "MONTHLY_STATEMENT", "Timestamp": "2026-03-01T00:00:00Z"}
    batch = read("freetrade", activity(row, {**row, "Type": "LOAN"}))
    assert (batch.records, len(batch.quarantine)) == ((), 1)


def test_freetrade_a_split_says_why_it_is_set_aside():
    row = {"Type": "STOCK_SPLIT", "Timestamp": "2026-03-01T00:00:00Z", "ISIN": "US0000000200"}
    (aside,) = read("freetrade", activity(row)).quarantine
    assert "rate of share outturn" in aside.rule


# --------------------------------------------------------------------------------- real files

# Rows, facts by kind, rows set aside.
REAL = {
    "freetrade/data/transactions": (
        17, {"FillBooked": 12, "DividendPaid": 2, "UnitsReceived": 1, "CashDeposited": 1,
             "InterestPaid": 1}, 0,
    ),
    "schwab/data/2023/transactions": (7, {"FillBooked": 6, "CashDeposited": 1}, 0),
    "schwab/data/bond_interest/transactions": (5, {"InterestPaid": 4, "CashDeposited": 1}, 0),
    "schwab/data/cash_merger/transactions": (
        6, {"CashDeposited": 2, "CashWithdrawn": 1, "FillBooked": 1}, 2,
    ),
    "schwab/data/interest_tax/transactions": (2, {"InterestPaid": 1, "FeeCharged": 1}, 0),
    "schwab/data/rsu_settlement/transactions": (
        4, {"FillBooked": 2, "CashDeposited": 1, "UnitsReceived": 1}, 0,
    ),
    "schwab/data/schwab_transactions": (
        13, {"FillBooked": 10, "InterestPaid": 2, "CashDeposited": 1}, 0,
    ),
    "trading212/data/2020/from_2020-09-11_to_2021-04-02": (
        8, {"FillBooked": 5, "CashDeposited": 2, "DividendPaid": 1}, 0,
    ),
    "trading212/data/2024/inputs/transactions": (
        7, {"FillBooked": 2, "CashDeposited": 2, "CashWithdrawn": 1, "DividendPaid": 1,
            "InterestPaid": 1}, 0,
    ),
    "trading212/data/2026/inputs/transactions": (5, {"FillBooked": 4, "CashDeposited": 1}, 0),
}  # fmt: skip


@pytest.fixture
def folder(shared):
    return shared / "fixtures" / "csv_brokers" / "cgt_calc"


def test_every_real_file_is_known(folder):
    held = {path.relative_to(folder).with_suffix("").as_posix()
            for name in NAMES for path in (folder / name).rglob("*.csv")}  # fmt: skip
    assert held == {*REAL, "schwab/data/rsu_settlement/awards"}


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_whole(folder, name):
    counted, facts, aside = REAL[name]
    batch = read(name.partition("/")[0], (folder / f"{name}.csv").read_bytes())
    assert dict(batch.coverage.rows) == {"row": counted}
    assert Counter(type(record.event).__name__ for record in batch.records) == facts
    assert (len(batch.quarantine), batch.findings) == (aside, ())


def test_another_kind_of_real_file_is_refused(folder):
    content = (folder / "schwab/data/rsu_settlement/awards.csv").read_bytes()
    with pytest.raises(BadFileError, match="no column 'Price'"):
        read("schwab", content)


def test_real_money_is_the_file_s(folder):
    content = (folder / "trading212/data/2026/inputs/transactions.csv").read_bytes()
    with empty_books() as book:
        told(book, read("trading212", content))
        balances = {one.currency: one.total for one in book.balances("A") if one.total}
    made = Decimal("10000") - Decimal("1201.80") + Decimal("1248.09")
    assert balances == {"GBP": made - Decimal("803.60") + Decimal("878.68")}


# --------------------------------------------------------------------------------------- laws

MONEY = st.decimals(Decimal("0.01"), 10**6, places=2)


@given(MONEY, st.decimals(-50, 50, places=2), st.sampled_from(["Market buy", "Market sell"]))
def test_what_moves_is_the_total_to_the_penny(total, fee, action):
    row = order212(action, str(total), **{"Currency conversion fee": str(fee)})
    for record in read("trading212", orders(row)).records:
        fill = record.event
        charged = sum(one.amount for one in fill.fees)
        assert fill.gross_trade_amt + (charged if fill.side.is_buy else -charged) == total
        assert charged == fee


@given(st.permutations([order212(ID=str(n), Time=f"2026-03-0{n} 10:00:00") for n in range(1, 5)]))
def test_the_order_of_named_rows_does_not_matter(told_rows):
    def books(content):
        with empty_books() as book:
            told(book, read("trading212", content))
            return state(book)

    assert books(orders(*told_rows)) == books(orders(*sorted(told_rows, key=lambda r: r["ID"])))


VALUES = ("Buy", "$16", "100", "-$1,606.50", "03/02/2026", "ACME", "$6.50")


@given(st.sampled_from(VALUES), st.text(max_size=20))
def test_any_value_is_read_or_set_aside(old, new):
    row = {name: new if value == old else value for name, value in bought().items()}
    try:
        batch = read("schwab", rows(row))
    except BadFileError:
        return
    assert len(batch.records) + len(batch.quarantine) + len(batch.coverage.controls) == 1


@given(st.integers(0, 600), st.binary(max_size=5), st.integers(0, 15), st.sampled_from(NAMES))
def test_any_damage_leaves_a_batch_or_a_refusal(at, put, taken, name):
    whole = {"schwab": rows(sold(), bought()), "trading212": orders(order212()),
             "freetrade": activity(order_ft())}[name]  # fmt: skip
    try:
        batch = read(name, whole[:at] + put + whole[at + taken :])
    except BadFileError:
        return
    assert isinstance(batch, Batch)
    assert all(record.event.last_qty > 0 for record in batch.records
               if isinstance(record.event, FillBooked))  # fmt: skip
