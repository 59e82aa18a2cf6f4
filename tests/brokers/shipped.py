"""Small files of the brokers whose column maps ship, of made-up figures."""

from __future__ import annotations

import csv
import io
from typing import Any

from adapters.port import AccountConfig, RawPage
from adapters.shipped_maps import shipped

SCHWAB = ("Date", "Action", "Symbol", "Description", "Quantity", "Price", "Fees & Comm", "Amount")
TRADING212 = (
    "Action", "Time", "ISIN", "Ticker", "Name", "Notes", "ID", "No. of shares", "Price / share",
    "Currency (Price / share)", "Exchange rate", "Result", "Currency (Result)", "Total",
    "Currency (Total)", "Withholding tax", "Currency (Withholding tax)", "Stamp duty reserve tax",
    "Currency (Stamp duty reserve tax)", "Finra fee", "Currency (Finra fee)",
    "Currency conversion fee", "Currency (Currency conversion fee)",
)  # fmt: skip
UTC_212 = tuple("Time (UTC)" if name == "Time" else name for name in TRADING212)
NET_212 = (
    "Action", "Time (UTC)", "ISIN", "Ticker", "Name", "Notes", "ID", "No. of shares",
    "Price / share", "Currency (Price / share)", "Exchange rate", "Result", "Currency (Result)",
    "Gross Total", "Currency (Gross Total)", "Withholding tax", "Currency (Withholding tax)",
    "Currency conversion fee", "Currency (Currency conversion fee)", "Taxes", "Currency (Taxes)",
    "Net Total", "Currency (Net Total)",
)  # fmt: skip
OLD_212 = (
    "Action", "Time", "ISIN", "Ticker", "Name", "No. of shares", "Price / share",
    "Currency (Price / share)", "Exchange rate", "Result (GBP)", "Total (GBP)", "Withholding tax",
    "Currency (Withholding tax)", "Transaction fee (GBP)", "Stamp duty (GBP)", "Notes", "ID",
)  # fmt: skip
FREETRADE = (
    "Title", "Type", "Timestamp", "Account Currency", "Total Amount", "Buy / Sell", "Ticker",
    "ISIN", "Price per Share in Account Currency", "Stamp Duty", "Quantity", "Order ID",
    "Instrument Currency", "FX Fee Amount", "Dividend Withheld Tax Amount",
)  # fmt: skip


def table(header: tuple[str, ...], *rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        assert set(row) <= set(header), set(row) - set(header)
        writer.writerow([row.get(name, "") for name in header])
    return out.getvalue().encode()


def table_schwab(*rows: dict[str, str]) -> bytes:
    return table(SCHWAB, *rows)


def table212(*rows: dict[str, str]) -> bytes:
    return table(TRADING212, *rows)


def table_ft(*rows: dict[str, str]) -> bytes:
    return table(FREETRADE, *rows)


def schwab(date: str, action: str, amount: str = "", **told: str) -> dict[str, str]:
    return {"Date": date, "Action": action, "Amount": amount, **told}


def bought(date: str = "03/02/2026", qty: str = "100", amount: str = "-$1,606.50", **told: str):
    row = schwab(date, "Buy", amount, Symbol="ACME", Quantity=qty, Price="$16")
    return {**row, "Fees & Comm": "$6.50", **told}


def sold(date: str = "03/02/2026", **told: str) -> dict[str, str]:
    return bought(date, "40", "$693.50", Action="Sell", Price="$17.50", **told)


def order212(action: str = "Market buy", total: str = "1201.80", **told: str) -> dict[str, str]:
    return {
        "Action": action, "Time": "2026-03-02 14:30:05.123", "ISIN": "US0000000200",
        "Ticker": "ACME", "ID": "EOF1", "No. of shares": "10.0000000000", "Price / share": "150.00",
        "Currency (Price / share)": "USD", "Exchange rate": "1.25", "Total": total,
        "Currency (Total)": "GBP", "Currency conversion fee": "1.80",
        "Currency (Currency conversion fee)": "GBP", **told,
    }  # fmt: skip


def cash212(action: str, total: str, **told: str) -> dict[str, str]:
    return {"Action": action, "Time": "2026-03-01 10:00:00", "Total": total,
            "Currency (Total)": "GBP", **told}  # fmt: skip


def order_ft(way: str = "BUY", total: str = "160.73", **told: str) -> dict[str, str]:
    return {
        "Title": "Acme", "Type": "ORDER", "Timestamp": "2026-03-02T10:01:02.811Z",
        "Account Currency": "GBP", "Total Amount": total, "Buy / Sell": way, "Ticker": "ACME",
        "ISIN": "US0000000200", "Price per Share in Account Currency": "16.00000000",
        "Stamp Duty": "0.00", "Quantity": "10.00000000", "Order ID": "ORDER1",
        "Instrument Currency": "USD", "FX Fee Amount": "0.73", **told,
    }  # fmt: skip


def read(name: str, *contents: bytes, account: str = "A") -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    pages = [RawPage(name=f"{n}.csv", content=one) for n, one in enumerate(contents)]
    return shipped(name).parse(pages, AccountConfig(account=account))


def events(name: str, content: bytes) -> list[Any]:
    batch = read(name, content)
    assert not batch.quarantine, batch.quarantine
    return [record.event for record in batch.records]
