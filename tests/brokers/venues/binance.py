"""Binance: trades of three markets under one id, an order's update, and the income history."""

from __future__ import annotations

from adapters.brokers.binance import parse
from tests.brokers.binance import COIN, INCOME, SPOT, USER, page, update
from tests.brokers.sampling import Sample

TRADES = [
    SPOT,
    {**SPOT, "id": 502, "isBuyer": False, "qty": "0.5", "price": "2100", "quoteQty": "1050",
     "commission": "0.001", "commissionAsset": "BNB"},
    {**SPOT, "symbol": "BNBUSDT", "price": "600", "quoteQty": "1200", "commission": "0.0015",
     "commissionAsset": "BNB"},
]  # fmt: skip
FUTURES = [
    USER,
    {**USER, "id": 502, "side": "SELL", "qty": "0.02", "price": "41000", "realizedPnl": "20",
     "commission": "-0.05", "maker": True},
    {**USER, "id": 503, "side": "SELL", "qty": "0.03", "price": "39000", "realizedPnl": "-30",
     "commission": "0.47"},
]  # fmt: skip
COINS = [COIN, {**COIN, "id": 502, "side": "BUY", "qty": "2", "price": "50000", "baseQty": "0.004",
                "realizedPnl": "-0.001", "commission": "0.000002"}]  # fmt: skip
MONEY = [
    {**INCOME, "symbol": "", "incomeType": "TRANSFER", "income": "1000", "tradeId": "",
     "time": 1767261500000},
    INCOME,
    {**INCOME, "income": "0.05", "tradeId": "502", "tranId": 9002},
    {**INCOME, "income": "-0.47", "tradeId": "503", "tranId": 9003},
    {**INCOME, "incomeType": "REALIZED_PNL", "income": "20", "tradeId": "502", "tranId": 9002},
    {**INCOME, "incomeType": "REALIZED_PNL", "income": "-30", "tradeId": "503", "tranId": 9003},
    {**INCOME, "incomeType": "FUNDING_FEE", "income": "-0.36", "tradeId": ""},
    {**INCOME, "incomeType": "COMMISSION_REBATE", "income": "0.1", "tradeId": ""},
]  # fmt: skip
BALANCES = [
    {"accountAlias": "x", "asset": "USDT", "balance": "988.52", "crossWalletBalance": "988.52",
     "updateTime": 1767270000000}
]  # fmt: skip

SAMPLE = Sample(
    venue="binance",
    parse=parse,
    pages=tuple(
        page(content, f"{name}.json")
        for name, content in [
            ("spot", TRADES), ("futures", FUTURES), ("coins", COINS), ("update", update()),
            ("income", MONEY), ("balances", BALANCES),
        ]
    ),
    change=('"price": "2100"', '"price": "2101"'),
)  # fmt: skip
