"""Trading 212: orders of one id on both sides, charges in two currencies, cash."""

from __future__ import annotations

from adapters.port import RawPage
from adapters.shipped_maps import shipped
from tests.brokers.sampling import Sample
from tests.brokers.shipped import TRADING212, cash212, order212, table

ORDERS = table(
    TRADING212,
    order212(),
    order212("Limit sell", "485.03", **{"Time": "2026-03-03 15:00:00.5", "No. of shares": "4.00",
             "Price / share": "152.00", "Currency conversion fee": "1.33", "Finra fee": "0.05",
             "Currency (Finra fee)": "USD"}),
    order212("Market sell", "359.46", **{"Time": "2026-03-04 15:00:00", "ID": "EOF2",
             "No. of shares": "3", "Currency conversion fee": "0.54"}),
)  # fmt: skip
CASH = table(
    TRADING212,
    cash212("Deposit", "5000.00", ID="d1"),
    cash212("Dividend (Ordinary)", "3.20", ISIN="US0000000200", Ticker="ACME"),
    cash212("Interest on cash", "0.04", ID="i1"),
)

SAMPLE = Sample(
    venue="trading212",
    parse=shipped("trading212").parse,
    pages=(RawPage(name="orders.csv", content=ORDERS), RawPage(name="cash.csv", content=CASH)),
    change=("10.0000000000", "11.0000000000"),
)
