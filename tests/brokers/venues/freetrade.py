"""Freetrade: orders with a conversion fee, newest first, a gift, a dividend, cash."""

from __future__ import annotations

from adapters.port import RawPage
from adapters.shipped_maps import shipped
from tests.brokers.sampling import Sample
from tests.brokers.shipped import FREETRADE, order_ft, table

LATER = {"Timestamp": "2026-03-05T10:00:00.000Z", "Order ID": "ORDER3"}
PAID = {"Type": "DIVIDEND", "Buy / Sell": "", "Order ID": "", "FX Fee Amount": "0.00",
        "Timestamp": "2026-03-06T10:00:00.000Z", "Dividend Withheld Tax Amount": "0.21",
        "Title": "Acme"}  # fmt: skip
CASH = {"Account Currency": "GBP", "Timestamp": "2026-03-01T10:00:00.000Z"}

SAMPLE = Sample(
    venue="freetrade",
    parse=shipped("freetrade").parse,
    pages=(
        RawPage(name="orders.csv", content=table(
            FREETRADE,
            {**order_ft(), **PAID, "Total Amount": "1.19"},
            {**order_ft("SELL", "63.72", Quantity="4"), **LATER, "FX Fee Amount": "0.28"},
            order_ft(),
        )),
        RawPage(name="cash.csv", content=table(
            FREETRADE,
            {**order_ft(Type="FREESHARE_ORDER"), "Order ID": "ORDER0", "Quantity": "1"},
            {**CASH, "Type": "TOP_UP", "Title": "Top up", "Total Amount": "1000.00"},
            {**CASH, "Type": "INTEREST_FROM_CASH", "Title": "Interest", "Total Amount": "9.02"},
        )),
    ),
    change=("BUY,ACME,US0000000200,16.00000000,0.00,10.00000000",
            "BUY,ACME,US0000000200,16.01000000,0.00,10.00000000"),
)  # fmt: skip
