"""Freetrade by the map that ships: every kind of row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.events import (
    DividendPaid,
    FeeKind,
    InterestPaid,
    UnitsReason,
)
from tests.brokers.shipped import (
    events,
    order_ft,
    read,
    table_ft,
)


def test_freetrade_is_in_the_account_s_currency():
    batch = read("freetrade", table_ft(order_ft()))
    fill = batch.records[0].event
    assert (fill.last_px, fill.gross_trade_amt, fill.currency) == (16, None, "GBP")
    assert (fill.fees[0].amount, fill.exec_id) == (Decimal("0.73"), "ORDER1")


def test_freetrade_a_gift_is_income_in_kind():
    (event,) = events("freetrade", table_ft(order_ft(Type="FREESHARE_ORDER", total="11.04")))
    assert (event.reason, event.basis) == (UnitsReason.GIFT, Decimal("11.04"))


def test_freetrade_a_free_share_that_is_sold_is_not_received():
    batch = read("freetrade", table_ft(order_ft("SELL", Type="FREESHARE_ORDER")))
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
    (paid,) = events("freetrade", table_ft(row))
    assert (type(paid), paid.amount, paid.description) == (event, Decimal(amount), told)


def test_freetrade_a_return_of_capital_is_not_income():
    row = {"Type": "CAPITAL", "Timestamp": "2026-03-01T00:00:00Z", "ISIN": "US0000000200"}
    (aside,) = read("freetrade", table_ft(row)).quarantine
    assert "by hand" in aside.rule


def test_a_line_of_commas_is_no_row():
    batch = read("freetrade", table_ft(order_ft(), {}))
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_freetrade_stamp_duty_is_a_tax():
    row = {**order_ft(total="160.80"), "Stamp Duty": "0.80", "FX Fee Amount": ""}
    (event,) = events("freetrade", table_ft(row))
    assert [(fee.amount, fee.kind) for fee in event.fees] == [(Decimal("0.80"), FeeKind.TAX)]


def test_freetrade_documents_are_no_rows():
    row = {"Type": "MONTHLY_STATEMENT", "Timestamp": "2026-03-01T00:00:00Z"}
    batch = read("freetrade", table_ft(row, {**row, "Type": "LOAN"}))
    assert (batch.records, len(batch.quarantine)) == ((), 1)


def test_freetrade_a_split_says_why_it_is_set_aside():
    row = {"Type": "STOCK_SPLIT", "Timestamp": "2026-03-01T00:00:00Z", "ISIN": "US0000000200"}
    (aside,) = read("freetrade", table_ft(row)).quarantine
    assert "rate of share outturn" in aside.rule
