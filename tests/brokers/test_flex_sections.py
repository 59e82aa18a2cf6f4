"""Sections and levels of detail: nothing twice, nothing left out silently; settled and traded."""

from __future__ import annotations

import pytest

from adapters.brokers.ibkr_flex.sections import INFORMING, READ, UNBOOKED
from tests.brokers.flex import cash, element, file, read, trade

TAX = {"currency": "USD", "date": "2026-03-03", "salesTax": "-0.3", "transactionID": "9",
       "taxableDescription": "a fee", "taxType": "VAT"}  # fmt: skip


def test_a_balance_is_told_as_traded_and_as_settled() -> None:
    report = element("CashReportCurrency", {"currency": "USD", "startingCash": "1",
                     "endingCash": "2", "endingSettledCash": "3"})  # fmt: skip
    (stated,) = read(file({"CashReport": [report]})).balances
    assert (stated.opening, stated.ending, stated.settled) == (1, 2, 3)


@pytest.mark.parametrize(
    "values", [{"currency": "BASE_SUMMARY"}, {"currency": "CHF", "levelOfDetail": "BaseCurrency"}]
)
def test_a_balance_in_base_currency_is_a_conversion_and_none(values: dict[str, str]) -> None:
    report = element("CashReportCurrency", {"endingCash": "2", **values})
    assert not read(file({"CashReport": [report]})).balances


LINES = {"currency": "USD", "startingCash": "10", "netTradesSales": "5", "netTradesPurchases": "0",
         "commissions": "0", "dividends": "0", "brokerInterest": "0", "withholdingTax": "0",
         "depositWithdrawals": "0"}  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "closes"), [("15", True), ("15.0000000004", True), ("16", False)]
)
def test_a_cash_report_that_does_not_close_contradicts_itself(ending: str, closes: bool) -> None:
    report = element("CashReportCurrency", {**LINES, "endingCash": ending})
    found = [c.agrees for c in read(file({"CashReport": [report]})).coverage.controls
             if c.name == "endingCash of its own lines"]  # fmt: skip
    assert found == [closes]


def test_a_commission_adjusted_is_a_commission_of_the_cash_report() -> None:
    report = element("CashReportCurrency", {**LINES, "commissions": "-4.9994", "otherFees": "0",
                     "endingCash": "10.0006"})  # fmt: skip
    given_back = cash(type="Commission Adjustments", amount="1.0006", transactionID="7")
    bought = trade(transactionID="1", ibCommission="-6", quantity="1", tradePrice="0")
    batch = read(file({"Trades": [bought], "CashTransactions": [given_back],
                       "CashReport": [report]}))  # fmt: skip
    found = {c.name: c.agrees for c in batch.coverage.controls}
    assert found["commissions"]
    assert found["otherFees"]


def test_a_brokers_fee_is_held_against_its_own_line_of_the_cash_report() -> None:
    report = element("CashReportCurrency", {**LINES, "otherFees": "-2", "brokerFees": "-3",
                     "endingCash": "10"})  # fmt: skip
    rows = [cash(type=kind, amount=amount, transactionID=amount)
            for kind, amount in (("Other Fees", "-2"), ("Broker Fees", "-3"))]  # fmt: skip
    batch = read(file({"CashTransactions": rows, "CashReport": [report]}))
    assert all(c.agrees for c in batch.coverage.controls if c.name == "otherFees")


def test_an_unreadable_total_is_set_aside_and_not_raised() -> None:
    report = element("CashReportCurrency", {"currency": "USD", "endingCash": "1",
                     "commissions": "many"})  # fmt: skip
    batch = read(file({"CashReport": [report]}))
    assert [row.field for row in batch.quarantine] == ["commissions"]


@pytest.mark.parametrize(
    "row",
    [
        trade(levelOfDetail="ORDER"),
        trade(levelOfDetail="SYMBOL_SUMMARY"),
        element("Order", {"ibOrderID": "5", "levelOfDetail": "ORDER"}),
        element("Lot", {"levelOfDetail": "CLOSED_LOT"}),
    ],
)
def test_a_total_of_no_execution_in_the_file_is_set_aside(row: str) -> None:
    batch = read(file({"Trades": [row]}))
    assert not batch.records
    assert "set Trades to detail Execution" in batch.quarantine[0].rule


def test_totals_of_executions_in_the_file_are_passed_over() -> None:
    rows = [trade(ibExecID="a", ibOrderID="5"), element("Order", {"ibOrderID": "5"}),
            trade(levelOfDetail="SYMBOL_SUMMARY"), element("Lot", {})]  # fmt: skip
    batch = read(file({"Trades": rows}))
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_an_order_whose_executions_are_elsewhere_is_set_aside_beside_others() -> None:
    rows = [trade(ibExecID="a", ibOrderID="5"), element("Order", {"ibOrderID": "6"})]
    assert len(read(file({"Trades": rows})).quarantine) == 1


def counted(*rows: str) -> list[str]:
    return [found.what for found in read(file({"Trades": rows})).findings]


def test_a_summary_that_counts_more_than_the_executions_says_that_rows_are_missing() -> None:
    whole = [trade(ibExecID="a", quantity="100"), trade(ibExecID="b", quantity="-30")]
    summaries = [trade(levelOfDetail="SYMBOL_SUMMARY", quantity="100"),
                 trade(levelOfDetail="SYMBOL_SUMMARY", quantity="-30")]  # fmt: skip
    assert counted(*whole, *summaries) == []
    told = "it counts 70 of ACME, the executions make 100: rows are missing"
    assert counted(whole[0], *summaries) == [told]


def test_an_order_counts_its_executions() -> None:
    parts = [trade(ibExecID=name, ibOrderID="5", quantity="50") for name in "ab"]
    order = element("Order", {"ibOrderID": "5", "conid": "900001", "quantity": "100",
                    "symbol": "ACME"})  # fmt: skip
    assert counted(*parts, order) == []
    told = "it counts 100 of order 5 in ACME, the executions make 50: rows are missing"
    assert counted(parts[0], order) == [told]


def test_an_order_is_not_missed_where_the_executions_name_none() -> None:
    order = element("Order", {"orderID": "5", "conid": "900001", "quantity": "100"})
    assert counted(trade(ibExecID="a", ibOrderID=""), order) == []


def test_a_total_with_a_cancelled_trade_is_not_judged() -> None:
    fill = trade(ibExecID="a", transactionID="1", quantity="100")
    cancel = trade(transactionType="TradeCancel", origTransactionID="1", quantity="-100",
                   transactionID="2")  # fmt: skip
    summary = trade(levelOfDetail="SYMBOL_SUMMARY", quantity="100")
    assert counted(fill, cancel, summary) == []


def test_a_sales_tax_is_a_charge_of_its_own() -> None:
    batch = read(file({"SalesTaxes": [element("SalesTax", TAX)]}))
    (record,) = batch.records
    assert (str(record.event.amount), record.event.kind.value) == ("0.3", "tax")


@pytest.mark.parametrize("section", sorted(INFORMING))
def test_what_only_informs_is_counted_and_neither_booked_nor_set_aside(section: str) -> None:
    batch = read(file({section: [element("Row", {"amount": "5", "accountId": "U2"})]}))
    assert (batch.records, batch.quarantine, batch.findings) == ((), (), ())
    assert (batch.coverage.sections, batch.coverage.rows) == ((section,), (("Row", 1),))


@pytest.mark.parametrize("section", sorted(UNBOOKED))
def test_what_may_move_money_and_is_not_booked_is_set_aside_with_its_reason(section: str) -> None:
    summary = element("Row", {"amount": "5", "levelOfDetail": "SUMMARY"})
    batch = read(file({section: [summary]}))
    assert batch.quarantine[0].rule.startswith(UNBOOKED[section])
    detail = element("Row", {"amount": "5", "levelOfDetail": "DETAIL"})
    assert len(read(file({section: [summary, detail]})).quarantine) == 1


def test_a_section_nobody_knows_is_set_aside() -> None:
    batch = read(file({"Moonshots": [element("Row", {"amount": "5"})], "Trades": []}))
    assert "unknown section, Moonshots" in batch.quarantine[0].rule


UNKNOWN = {
    "Trades": [trade(transactionType="Gift"), trade(assetCategory="PERP"),
               trade(transactionType="TradeCancel")],
    "CashTransactions": [cash(type="Other Income")],
    "Transfers": [element("Transfer", {"type": "GIFT"})],
    "OptionEAE": [element("OptionEAE", {"transactionType": "Gift"})],
    "StmtFunds": [element("StatementOfFundsLine", {"currency": "USD", "amount": "5",
                  "activityCode": "GIFT", "balance": "5"}),
                  element("StatementOfFundsLine", {"currency": "USD", "amount": "7",
                  "activityCode": "DIV", "transactionID": "9", "balance": "12"})],
    "Presents": [element("Present", {"amount": "5"})],
}  # fmt: skip


def test_what_is_unknown_is_set_aside_with_what_to_do() -> None:
    batch = read(file(UNKNOWN))
    assert not batch.records
    assert len(batch.quarantine) == sum(map(len, UNKNOWN.values()))
    assert [row.rule for row in batch.quarantine if "by hand" not in row.rule] == []


def test_a_section_is_of_one_kind() -> None:
    assert not set(READ) & INFORMING
    assert not (set(READ) | INFORMING) & UNBOOKED.keys()


def test_a_stranger_in_any_section_that_moves_something_is_set_aside() -> None:
    rows = {"SalesTaxes": [element("SalesTax", {**TAX, "accountId": "U2"})],
            "CashTransactions": [cash(accountId="-")]}  # fmt: skip
    batch = read(file(rows))
    assert (len(batch.records), batch.quarantine[0].field) == (1, "accountId")
