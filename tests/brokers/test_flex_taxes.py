"""Taxes on trades: a part of the trade, or money of its own; each once, whichever row tells it."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from adapters.ingest import ingest
from ledger.domain.events import FeeCharged, FeeKind
from tests.brokers.flex import FakeBook, element, file, read, trade

TAX = {"currency": "EUR", "assetCategory": "STK", "symbol": "ACME", "conid": "900001",
       "date": "2026-03-05;20:20:00", "reportDate": "2026-03-05", "taxAmount": "-7.89",
       "taxDescription": "French Daily Trade Charge Tax", "tradeId": "70",
       "source": "STANDALONE", "levelOfDetail": "SUMMARY"}  # fmt: skip
LINE = {"currency": "EUR", "assetCategory": "STK", "symbol": "ACME", "conid": "900001",
        "date": "2026-03-05", "reportDate": "2026-03-05", "activityCode": "TTAX",
        "activityDescription": "French Daily Trade Charge Tax ACME 170", "amount": "-7.89",
        "balance": "92.11", "tradeID": "70", "transactionID": "70",
        "levelOfDetail": "Currency"}  # fmt: skip


def tax(**values: str) -> str:
    return element("TransactionTax", {**TAX, **values})


def detail(**values: str) -> str:
    return element("TransactionTaxDetail", {**TAX, "levelOfDetail": "DETAIL", **values})


def line(**values: str) -> str:
    return element("StatementOfFundsLine", {**LINE, **values})


def taxes(*rows: str, **sections: Any) -> Any:
    return read(file({**sections, "TransactionTaxes": rows}))


def charged(batch: Any) -> Decimal:
    """What the batch charges as taxes, on fills and alone."""
    alone = [r.event.amount for r in batch.records if isinstance(r.event, FeeCharged)]
    fees = [fee for r in batch.records for fee in getattr(r.event, "fees", ())]
    return sum((*alone, *(f.amount for f in fees if f.kind is FeeKind.TAX)), Decimal(0))


def test_a_tax_of_its_own_is_a_charge_in_its_own_currency() -> None:
    (record,) = taxes(tax()).records
    fee = record.event
    assert (fee.id, fee.amount, fee.currency, fee.kind) == ("70", Decimal("7.89"), "EUR",
                                                            FeeKind.TAX)  # fmt: skip
    assert fee.instrument_id == "IBKR:900001"


def test_what_is_given_back_is_negative() -> None:
    assert charged(taxes(tax(taxAmount="7.89"))) == Decimal("-7.89")


def test_a_tax_that_its_trade_holds_is_charged_once() -> None:
    rows = [tax(source="TRADE", taxAmount="-0.5"), detail(source="TRADE", taxAmount="-0.5")]
    batch = taxes(*rows, Trades=[trade(tradeID="70", taxes="-0.5")])
    assert (charged(batch), batch.quarantine) == (Decimal("0.5"), ())


@pytest.mark.parametrize(
    ("rows", "trades", "rule"),
    [
        ([tax(source="TRADE")], [trade(tradeID="71", taxes="-1")], "not in this file"),
        ([tax(source="TRADE")], [trade(tradeID="70")], "add taxes to the Trades"),
        ([tax(source="")], [], "not told whether"),
        ([tax(source="MOON")], [], "not told whether"),
        ([tax(), detail(taxAmount="-1")], [], "its details do not make"),
    ],
)
def test_what_may_be_charged_twice_or_never_is_set_aside(
    rows: list[str], trades: list[str], rule: str
) -> None:
    batch = taxes(*rows, Trades=trades)
    assert not [r for r in batch.records if isinstance(r.event, FeeCharged)]
    assert [rule in aside.rule for aside in batch.quarantine] == [True] * len(rows)


@pytest.mark.parametrize(
    "rows", [*permutations([tax(), detail(taxAmount="-7"), detail(taxAmount="-0.89")])]
)
def test_summary_and_details_are_one_charge(rows: tuple[str, ...]) -> None:
    batch = taxes(*rows)
    assert len(batch.records) == 1
    assert charged(batch) == Decimal("7.89")


def test_two_without_an_id_stay_two() -> None:
    assert charged(taxes(tax(tradeId=""), tax(tradeId=""))) == Decimal("15.78")


def test_a_line_that_the_section_tells_is_not_charged_again() -> None:
    batch = taxes(tax(), StmtFunds=[line()])
    assert (charged(batch), batch.quarantine) == (Decimal("7.89"), ())


def test_a_line_alone_is_the_charge_that_the_section_would_tell() -> None:
    batch, book = read(file({"StmtFunds": [line()]})), FakeBook()
    assert charged(batch) == Decimal("7.89")
    ingest(book, batch)
    assert ingest(book, taxes(tax())).counts["new"] == 0


@pytest.mark.parametrize(("held", "charge"), [("0", "7.89"), ("-7.89", "7.89")])
def test_a_line_with_a_trades_id_is_told_by_it_only_where_that_has_taxes(
    held: str, charge: str
) -> None:
    rows = {"Trades": [trade(tradeID="70", transactionID="69", taxes=held)]}
    assert charged(read(file({**rows, "StmtFunds": [line()]}))) == Decimal(charge)


def test_it_is_no_sales_tax_of_the_cash_report() -> None:
    report = element("CashReportCurrency", {"currency": "EUR", "endingCash": "1", "salesTax": "0"})
    batch = taxes(tax(), CashReport=[report])
    (control,) = batch.coverage.controls
    assert control.stated == control.rows
