"""Small answers of Binance's for tests, of made-up figures."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.binance import parse
from adapters.port import AccountConfig, RawPage

SPOT = {
    "symbol": "ETHUSDT", "id": 501, "orderId": 71, "orderListId": -1, "price": "2000.5",
    "qty": "2", "quoteQty": "4001", "commission": "0.002", "commissionAsset": "ETH",
    "time": 1767261600000, "isBuyer": True, "isMaker": False, "isBestMatch": True,
}  # fmt: skip
USER = {
    "symbol": "BTCUSDT", "id": 501, "orderId": 81, "side": "BUY", "price": "40000", "qty": "0.05",
    "realizedPnl": "0", "marginAsset": "USDT", "quoteQty": "2000", "commission": "0.8",
    "commissionAsset": "USDT", "time": 1767261600000, "positionSide": "BOTH", "buyer": True,
    "maker": False,
}  # fmt: skip
COIN = {
    "symbol": "BTCUSD_PERP", "id": 501, "orderId": 91, "pair": "BTCUSD", "side": "SELL",
    "price": "40000", "qty": "4", "realizedPnl": "0", "marginAsset": "BTC", "baseQty": "0.01",
    "commission": "0.000005", "commissionAsset": "BTC", "time": 1767261600000,
    "positionSide": "BOTH", "buyer": False, "maker": False,
}  # fmt: skip
INCOME = {
    "symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.8", "asset": "USDT",
    "time": 1767261600000, "info": "501", "tranId": 9001, "tradeId": "501",
}  # fmt: skip
UPDATE = {
    "s": "BTCUSDT", "c": "mine-8", "S": "BUY", "o": "LIMIT", "q": "0.05", "p": "40000",
    "ap": "40000", "sp": "0", "x": "TRADE", "X": "FILLED", "i": 81, "l": "0.05", "z": "0.05",
    "L": "40000", "N": "USDT", "n": "0.8", "T": 1767261600000, "t": 501, "m": False,
    "ps": "BOTH", "rp": "0",
}  # fmt: skip
REPORT = {
    "e": "executionReport", "E": 1767261600001, "s": "ETHUSDT", "c": "mine-7", "C": "", "S": "BUY",
    "q": "2", "p": "2000.5", "P": "0", "x": "TRADE", "X": "FILLED", "i": 71, "l": "2", "z": "2",
    "L": "2000.5", "n": "0.002", "N": "ETH", "T": 1767261600000, "t": 501, "m": False,
    "Y": "4001",
}  # fmt: skip
ORDER = {
    "symbol": "ETHUSDT", "orderId": 71, "clientOrderId": "mine-7", "price": "2000.5",
    "origQty": "2", "executedQty": "0.5", "status": "PARTIALLY_FILLED", "side": "BUY",
    "stopPrice": "0", "time": 1767261600000, "updateTime": 1767261600000,
}  # fmt: skip


def update(**values: Any) -> dict[str, Any]:
    """An order update of the futures' stream."""
    inner = {**UPDATE, **values}
    return {"e": "ORDER_TRADE_UPDATE", "E": inner["T"], "T": inner["T"], "o": inner}


def page(content: Any, name: str = "test.json") -> RawPage:
    return RawPage(name=name, content=json.dumps(content, indent=1).encode())


def read(*contents: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    pages = [page(content, f"{n}.json") for n, content in enumerate(contents, start=1)]
    return parse(pages, AccountConfig(account="A"))


def spot(*rows: dict[str, Any]) -> Any:
    return read([{**SPOT, **row} for row in rows])


def user(*rows: dict[str, Any]) -> Any:
    return read([{**USER, **row} for row in rows])


def income(*rows: dict[str, Any]) -> Any:
    return read([{**INCOME, **row} for row in rows])


def only(batch: Any) -> Any:
    (record,) = batch.records
    return record.event
