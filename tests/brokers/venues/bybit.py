"""Bybit: executions of futures and pairs, and the log that tells two of them again."""

from __future__ import annotations

from typing import Final

from adapters.brokers.bybit import parse
from tests.brokers.bybit import EXECUTION, LOG, answer, page
from tests.brokers.sampling import Sample

FUTURES = answer(
    EXECUTION,
    {**EXECUTION, "execId": "e-2", "side": "Sell", "execQty": "0.02", "execPrice": "41000",
     "execFee": "-0.12", "isMaker": True, "seq": 9002},
    {**EXECUTION, "execId": "e-3", "side": "Sell", "execQty": "0.05", "execPrice": "40500",
     "execType": "BustTrade", "seq": 9003},
    {**EXECUTION, "execId": "f-1", "side": "Buy", "execType": "Funding", "execFee": "0.36",
     "execTime": "1767283200000", "seq": 9004},
    category="linear",
)  # fmt: skip
INVERSE = answer(
    {**EXECUTION, "symbol": "BTCUSD", "execId": "i-1", "execQty": "2000", "execValue": "0.05",
     "execFee": "0.0000275"},
    {**EXECUTION, "symbol": "BTCUSD", "execId": "i-2", "execQty": "500", "execPrice": "50000",
     "execValue": "0.01", "execFee": "-0.000001", "side": "Sell", "seq": 9005},
    category="inverse",
)  # fmt: skip
SPOT = answer(
    {**EXECUTION, "execId": "s-1", "feeCurrency": "BTC", "execFee": "0.00005"},
    {**EXECUTION, "execId": "s-2", "side": "Sell", "execQty": "0.01", "execPrice": "43210.5",
     "execValue": "432.105", "feeCurrency": "MNT", "execFee": "0.7", "seq": 9002},
    category="spot",
)  # fmt: skip
MONEY: Final = {"tradeId": "", "side": "None", "symbol": "", "fee": "0", "orderId": "",
                "orderLinkId": ""}  # fmt: skip
JOURNAL = answer(
    {**LOG, **MONEY, "type": "INTEREST", "id": "in-1", "transactionTime": "1767283300000",
     "cashFlow": "-0.04", "change": "-0.04", "cashBalance": "998.5"},
    {**LOG, "type": "SETTLEMENT", "tradeId": "f-1", "transactionTime": "1767283200000",
     "funding": "-0.36", "fee": "0", "change": "-0.36", "cashBalance": "998.54"},
    LOG,
    {**LOG, **MONEY, "type": "TRANSFER_IN", "id": "in-1", "transactionTime": "1767261500000",
     "cashFlow": "1000", "change": "1000", "cashBalance": "1000"},
)  # fmt: skip
WALLET = answer(
    {
        "accountType": "UNIFIED",
        "totalEquity": "998.5",
        "coin": [{"coin": "USDT", "walletBalance": "998.5", "spotBorrow": "0"}],
    }
)

SAMPLE = Sample(
    venue="bybit",
    parse=parse,
    pages=tuple(
        page(content, f"{name}.json")
        for name, content in [
            ("futures", FUTURES), ("inverse", INVERSE), ("spot", SPOT), ("log", JOURNAL),
            ("wallet", WALLET),
        ]
    ),
    change=('"execPrice": "43210.5"', '"execPrice": "43210.6"'),
)  # fmt: skip
