"""The statement of funds: a control of what other rows tell, and booked only where it is alone."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ingest import ingest
from ledger.domain.events import DividendPaid, FeeCharged, FillBooked
from tests.brokers.flex import FakeBook, cash, element, file, read, trade

LINE = {"currency": "USD", "date": "2026-03-05", "reportDate": "2026-03-05",
        "activityCode": "DIV", "conid": "900001", "assetCategory": "STK", "symbol": "ACME",
        "amount": "50", "balance": "150", "levelOfDetail": "Currency",
        "transactionID": "4"}  # fmt: skip


def line(**values: str) -> str:
    return element("StatementOfFundsLine", {**LINE, **values})


def funds(*rows: str, **sections: Any) -> Any:
    return read(file({**sections, "StmtFunds": rows}))


def chain(*amounts: str, start: str = "100") -> list[str]:
    rows, after = [], Decimal(start)
    for number, amount in enumerate(amounts):
        after += Decimal(amount)
        rows.append(line(amount=amount, balance=str(after), transactionID=str(number + 10)))
    return rows


def test_a_line_that_a_cash_transaction_tells_is_not_booked() -> None:
    batch = funds(line(), CashTransactions=[cash(transactionID="4")])
    assert (len(batch.records), batch.quarantine, batch.findings) == (1, (), ())


def test_without_a_posting_the_money_tells_once() -> None:
    batch = funds(line(), line(), CashTransactions=[cash()])
    assert (len(batch.records), len(batch.quarantine)) == (1, 1)
    assert "look why" in batch.quarantine[0].rule


@pytest.mark.parametrize("by", ["transactionID", "tradeID"])
def test_a_line_that_a_trade_tells_is_not_booked(by: str) -> None:
    row = line(activityCode="BUY", amount="-1606", **{"transactionID": "", by: "8"})
    batch = funds(row, Trades=[trade(ibExecID="a", **{by: "8"})])
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_alone_it_is_the_fact_that_its_own_section_would_tell() -> None:
    batch, book = (
        funds(line(), line(activityCode="STAX", amount="-1", transactionID="5")),
        FakeBook(),
    )
    assert [type(r.event) for r in batch.records] == [DividendPaid, FeeCharged]
    ingest(book, batch)
    again = read(file({"CashTransactions": [cash(transactionID="4")]}))
    assert ingest(book, again).counts["new"] == 0


def test_a_trade_is_never_booked_from_it() -> None:
    batch = funds(line(activityCode="BUY", amount="-1606"))
    assert not batch.records
    assert "add Trades to the Flex query" in batch.quarantine[0].rule


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"levelOfDetail": "BaseCurrency"}, "in base currency alone"),
        ({"transactionID": ""}, "could not be told"),
        ({"activityCode": "MOON"}, "unknown kind"),
        ({"activityCode": "", "activityDescription": "?"}, "unknown kind"),
        ({"activityCode": "ADJ", "activityDescription": "ESZ6 Position MTM"}, "not twice"),
        ({"debit": "-7"}, "neither the debit nor the credit"),
    ],
)
def test_alone_and_doubtful_it_is_set_aside(values: dict[str, str], rule: str) -> None:
    batch = funds(line(**values))
    assert not batch.records
    assert rule in batch.quarantine[0].rule


def test_a_translation_into_the_base_currency_moves_no_money() -> None:
    values = {"activityCode": "ADJ", "activityDescription": "FX Translations P&L"}
    batch = funds(line(levelOfDetail="BaseCurrency", **values))
    assert (batch.records, batch.quarantine) == ((), ())
    assert funds(line(**values)).quarantine


def test_both_levels_are_one() -> None:
    base = line(levelOfDetail="BaseCurrency", currency="CHF", amount="45", balance="90")
    batch = funds(line(), base)
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_a_starting_balance_moves_nothing() -> None:
    start = line(amount="0", balance="100", activityCode="", activityDescription="Starting Balance")
    batch = funds(start, line())
    assert (len(batch.records), batch.quarantine, batch.findings) == (1, (), ())


def test_a_balance_that_does_not_follow_is_found_whatever_the_order() -> None:
    rows = chain("50", "-20", "7.5")
    broken = [*rows[:1], rows[1].replace('balance="130"', 'balance="131"'), rows[2]]
    for order in permutations(rows):
        assert not funds(*order).findings
    for order in permutations(broken):
        assert funds(*order).findings


@given(st.lists(st.decimals(-1000, 1000, places=2).filter(bool), min_size=1, max_size=8))
def test_a_whole_chain_closes_and_its_end_is_the_cash_reports(amounts: list[Decimal]) -> None:
    rows, balances = chain(*map(str, amounts)), list(accumulate(amounts, initial=Decimal(100)))
    report = element("CashReportCurrency", {"currency": "USD", "endingCash": str(balances[-1])})
    batch = funds(*rows, CashReport=[report])
    assert not batch.findings
    ends = [c.agrees for c in batch.coverage.controls if c.name == "statement of funds"]
    assert ends == [True] or (balances[-1] == 100 and not ends)


def test_an_end_that_the_cash_report_does_not_state_is_a_control_that_does_not_agree() -> None:
    report = element("CashReportCurrency", {"currency": "USD", "endingCash": "151"})
    (control,) = funds(line(), CashReport=[report]).coverage.controls
    assert (control.name, control.stated, control.rows) == ("statement of funds", 151, 150)


def test_a_cash_transaction_of_another_amount_is_found() -> None:
    batch = funds(line(), CashTransactions=[cash(transactionID="4", amount="51")])
    (found,) = batch.findings
    assert found.what == "the statement of funds says 50 of it, not 51"
    assert not funds(line(), CashTransactions=[cash(transactionID="4", amount="50.00")]).findings


PAIR = {"assetCategory": "CASH", "symbol": "CHF.USD", "conid": "12", "currency": "USD",
        "ibCommission": "-1.8", "ibCommissionCurrency": "CHF", "transactionID": "6"}  # fmt: skip


@pytest.mark.parametrize("level", ["Currency", "BaseCurrency"])
@pytest.mark.parametrize(
    ("amounts", "aside"), [(["-1605"], 0), (["-963", "-642"], 0), (["-1604"], 1)]
)
def test_a_line_of_an_order_is_told_by_the_executions_that_make_it(
    amounts: list[str], aside: int, level: str
) -> None:
    fills = [trade(transactionID=str(number), tradeID=f"1{number}", ibOrderID="44",
                   quantity=qty, netCash=net)
             for number, qty, net in ((1, "60", "-963"), (2, "40", "-642"))]  # fmt: skip
    whole = {"activityCode": "BUY", "orderID": "44", "transactionID": "", "levelOfDetail": level}
    batch = funds(*(line(**whole, amount=amount) for amount in amounts), Trades=fills)
    assert len(batch.records) == 2
    assert len(batch.quarantine) == (aside if level == "Currency" else 0)


def test_a_line_of_an_order_without_executions_is_set_aside() -> None:
    whole = line(activityCode="BUY", orderID="45", transactionID="")
    batch = funds(whole, Trades=[trade(transactionID="1", ibOrderID="44", netCash="50")])
    assert len(batch.quarantine) == 1


def test_the_lines_of_a_currency_order_are_told_by_its_being_there() -> None:
    pair = {"assetCategory": "CASH", "symbol": "EUR.USD", "conid": "12087792", "netCash": "0"}
    sold = trade(**pair, transactionID="1", ibOrderID="44", quantity="-100", tradePrice="1.1")
    lines = [line(activityCode="FOREX", orderID="44", transactionID="", **money)
             for money in ({"amount": "110"}, {"amount": "-100", "currency": "EUR"})]  # fmt: skip
    assert not funds(*lines, Trades=[sold]).quarantine


BOND = {"assetCategory": "BOND", "symbol": "X 6 1/4 26", "conid": "900005"}
COUPON = {"type": "Bond Interest Paid", "amount": "-25.69", "transactionID": "1282"}


@pytest.mark.parametrize(("told", "findings"), [("-25.69", 0), ("-25.70", 1)])
def test_accrued_interest_shares_the_posting_of_its_trade_and_is_compared_alone(
    told: str, findings: int
) -> None:
    bought = trade(**BOND, transactionID="1282", quantity="2000", tradePrice="63.709")
    rows = [line(activityCode="BUY", transactionID="1282", amount="-1280.18", balance="-1280.18"),
            line(activityCode="INTP", transactionID="1282", amount=told,
                 balance=str(Decimal("-1280.18") + Decimal(told)))]  # fmt: skip
    batch = funds(*rows, Trades=[bought], CashTransactions=[cash(**BOND, **COUPON)])
    assert (len(batch.records), len(batch.findings), batch.quarantine) == (2, findings, ())


def test_the_currency_of_a_pairs_commission_is_what_it_was_taken_in() -> None:
    taken = line(activityCode="FOREX", activityDescription="Commission from Forex Trade",
                 amount="-2", balance="148", transactionID="6")  # fmt: skip
    (record,) = funds(taken, Trades=[trade(**PAIR)]).records
    assert isinstance(record.event, FillBooked)
    assert [(fee.amount, fee.currency) for fee in record.event.fees] == [(2, "USD")]
    (printed,) = read(file({"Trades": [trade(**PAIR)]})).records
    assert [(fee.amount, fee.currency) for fee in printed.event.fees] == [(Decimal("1.8"), "CHF")]
