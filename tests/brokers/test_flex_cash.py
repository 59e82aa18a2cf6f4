"""Cash rows: kinds, signs, and the same money never twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ledger
from adapters.ingest import ingest
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    InterestPaid,
    SplitApplied,
)
from tests.brokers.flex import NOW, cash, cash_rows, element, file, read


def amounts(*rows):
    return sorted(record.event.amount for record in cash_rows(*rows).records)


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("Dividends", DividendPaid),
        ("Payment In Lieu Of Dividends", DividendPaid),
        ("Withholding Tax", FeeCharged),
        ("Deposits/Withdrawals", CashDeposited),
        ("Deposits & Withdrawals", CashDeposited),
        ("Broker Interest Received", InterestPaid),
        ("Bond Interest Paid", InterestPaid),
        ("Other Fees", FeeCharged),
        ("Commission Adjustments", FeeCharged),
        ("Advisor Fees", FeeCharged),
        ("Broker Fees", FeeCharged),
        ("Fees", FeeCharged),
    ],
)
def test_kinds(kind, fact):
    (record,) = cash_rows(cash(type=kind)).records
    assert type(record.event) is fact


def test_a_withdrawal_is_by_its_sign():
    (record,) = cash_rows(cash(type="Deposits/Withdrawals", amount="-5")).records
    assert isinstance(record.event, CashWithdrawn)
    assert record.event.amount == 5


@pytest.mark.parametrize(("written", "amount"), [("-7.5", "7.5"), ("8.97", "-8.97")])
def test_a_tax_withheld_is_positive_and_a_refund_negative(written, amount):
    (record,) = cash_rows(cash(type="Withholding Tax", amount=written)).records
    assert record.event.kind is FeeKind.WITHHOLDING_TAX
    assert record.event.amount == Decimal(amount)


def test_summary_and_detail_are_one():
    assert amounts(cash(levelOfDetail="SUMMARY"), cash(transactionID="1")) == [50]


def test_a_summary_of_two_details_is_dropped():
    details = [cash(transactionID=str(n), amount="25") for n in (1, 2)]
    assert amounts(cash(levelOfDetail="SUMMARY"), *details) == [25, 25]


def test_a_summary_alone_is_kept():
    assert amounts(cash(levelOfDetail="SUMMARY")) == [50]


def test_a_summary_of_another_day_is_kept_beside_details():
    other = cash(levelOfDetail="SUMMARY", reportDate="2026-03-06", amount="7")
    assert amounts(other, cash(transactionID="1")) == [7, 50]


def test_a_summary_without_its_detail_is_kept_beside_one_that_has_it():
    lone = cash(levelOfDetail="SUMMARY", amount="7")
    assert amounts(cash(levelOfDetail="SUMMARY"), lone, cash(transactionID="1")) == [7, 50]


def test_a_summary_that_contradicts_its_details_is_set_aside():
    batch = cash_rows(cash(levelOfDetail="SUMMARY", amount="51"), cash(transactionID="1"))
    assert [record.event.amount for record in batch.records] == [50]
    assert batch.quarantine[0].field == "amount"


def test_two_equal_fees_without_ids_stay_two():
    fee = cash(type="Other Fees", amount="-1.34", currency="EUR")
    batch = cash_rows(fee, fee)
    assert len({record.event.id for record in batch.records}) == 2


def test_a_dividend_paid_again_is_another_one_in_whichever_file_it_comes():
    paid = cash(dateTime="2026-03-05;20:20:00")
    again = cash(dateTime="2026-03-05;20:20:00", reportDate="2026-03-20")
    with ledger.open("memory://", clock=lambda: NOW) as book:
        batches = [cash_rows(*rows) for rows in ([paid], [again], [paid, again])]
        for batch, paid_so_far in zip(batches, (50, 100, 100), strict=True):
            ingest(book, batch)
            assert sum(balance.total for balance in book.balances("U1")) == paid_so_far


@pytest.mark.parametrize("kind", ["Price Adjustments", "dividends", ""])
def test_an_unknown_kind_is_set_aside(kind):
    batch = cash_rows(cash(type=kind), cash(transactionID="1"))
    assert (len(batch.records), batch.quarantine[0].field) == (1, "type")


def action(**values: str) -> str:
    split = {
        "type": "FS",
        "conid": "900001",
        "dateTime": "2026-03-05",
        "actionID": "7",
        "quantity": "900",
        "description": "ACME(US1) SPLIT 10 FOR 1 (ACME, ACME, US1)",
    }
    return element("CorporateAction", {**split, **values})  # fmt: skip


def test_a_split_without_doubt_is_booked():
    (record,) = read(file({"CorporateActions": [action()]})).records
    assert isinstance(record.event, SplitApplied)
    assert (record.event.numerator, record.event.denominator) == (Decimal(10), Decimal(1))


@pytest.mark.parametrize("rows", [[action(), action(conid="2")], [action(type="SO")]])
def test_other_corporate_actions_are_set_aside_with_a_reason(rows):
    batch = read(file({"CorporateActions": rows}))
    assert not batch.records
    assert all("by hand" in row.rule for row in batch.quarantine)


@pytest.mark.parametrize("section", ["Transfers", "SalesTaxes", "DebitCardActivities"])
def test_sections_that_move_money_and_are_not_booked_are_set_aside(section):
    batch = read(file({section: [element("Row", {"amount": "5"})]}))
    assert len(batch.quarantine) == 1
