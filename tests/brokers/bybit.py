"""Small answers of Bybit's for tests, of made-up figures."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.bybit import parse
from adapters.port import AccountConfig, RawPage

EXECUTION = {
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "orderLinkId": "mine-1",
    "side": "Buy",
    "execFee": "1.1",
    "execId": "e-1",
    "execPrice": "40000",
    "execQty": "0.05",
    "execType": "Trade",
    "execValue": "2000",
    "execTime": "1767261600000",
    "feeCurrency": "",
    "isMaker": False,
    "closedSize": "0",
    "seq": 9001,
}
LOG = {
    "id": "77_BTCUSDT_9001",
    "symbol": "BTCUSDT",
    "category": "linear",
    "side": "Buy",
    "transactionTime": "1767261600000",
    "type": "TRADE",
    "qty": "0.05",
    "size": "0.05",
    "currency": "USDT",
    "tradePrice": "40000",
    "funding": "",
    "fee": "1.1",
    "cashFlow": "0",
    "change": "-1.1",
    "cashBalance": "998.9",
    "tradeId": "e-1",
    "orderId": "o-1",
    "orderLinkId": "mine-1",
}
ORDER = {
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "side": "Buy",
    "orderType": "Limit",
    "orderStatus": "New",
    "price": "39000",
    "qty": "0.1",
    "leavesQty": "0.1",
    "cumExecQty": "0",
    "updatedTime": "1767261600000",
    "positionIdx": 0,
}


def answer(
    *rows: dict[str, Any], category: str = "", cursor: str = "", **outside: Any
) -> dict[str, Any]:
    result = {"list": list(rows), "nextPageCursor": cursor}
    if category:
        result["category"] = category
    return {"retCode": 0, "retMsg": "OK", "result": result, "time": 1767270000000, **outside}


def page(content: Any, name: str = "test.json") -> RawPage:
    return RawPage(name=name, content=json.dumps(content, indent=1).encode())


def read(*contents: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    pages = [page(content, f"{n}.json") for n, content in enumerate(contents, start=1)]
    return parse(pages, AccountConfig(account="A"))


def executions(*rows: dict[str, Any], category: str = "linear") -> Any:
    return read(answer(*[{**EXECUTION, **row} for row in rows], category=category))


def log_rows(*rows: dict[str, Any]) -> Any:
    return read(answer(*[{**LOG, **row} for row in rows]))


def spot_legs(**values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A spot buy of 0.05 BTC with its fee in BTC, as the log has it."""
    both = {**LOG, "category": "spot", "tradeId": "s-1", "size": "0", **values}
    base = {"currency": "BTC", "qty": "0.05", "cashFlow": "0.05", "fee": "0.00005"}
    quote = {"currency": "USDT", "qty": "-2000", "cashFlow": "-2000", "fee": "0"}
    return (
        {**both, **base, "change": "0.04995", "cashBalance": "1.04995"},
        {**both, **quote, "change": "-2000", "cashBalance": "3000"},
    )


def bought(batch: Any) -> Any:
    (record,) = batch.records
    return record.event
