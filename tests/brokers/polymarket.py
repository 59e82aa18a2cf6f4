"""Small answers of Polymarket US for tests."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.polymarket_us import parse
from adapters.port import AccountConfig, Batch, RawPage

ACCOUNT = "firms/ISV-Example/accounts/trading"
SYMBOL = "tec-nfl-kc"
ORDER = {
    "id": "O1", "side": "SIDE_BUY", "orderQty": "30000", "symbol": SYMBOL, "clordId": "C1",
    "account": ACCOUNT, "cumQty": "10000", "leavesQty": "20000", "avgPx": "60", "price": "61",
    "state": "ORDER_STATE_PARTIALLY_FILLED", "priceScale": "100", "fractionalQuantityScale": "100",
}  # fmt: skip
EXECUTION = {
    "id": "X1", "lastShares": "10000", "lastPx": "60", "type": "EXECUTION_TYPE_PARTIAL_FILL",
    "transactTime": "2026-05-04T14:30:15.123456789Z", "tradeId": "T1", "aggressor": True,
    "commissionNotionalCollected": "16700",
}  # fmt: skip
CASH = {
    "id": "b1", "account": ACCOUNT, "currency": "USD", "beforeBalance": "0",
    "afterBalance": "1000.00", "description": "ACH deposit", "entryType": "DEPOSIT",
    "updateTime": "2026-05-04T09:00:00Z", "updateBusinessDate": "2026-05-04",
}  # fmt: skip
UNITS = {
    "id": "p1", "account": ACCOUNT, "symbol": SYMBOL, "quantityChange": "10000",
    "costChange": "600000", "realizedChange": "0", "netPosition": "10000", "cost": "600000",
    "realized": "0", "updateTime": "2026-05-04T14:30:15.124Z", "description": "Trade fill",
}  # fmt: skip


def execution(order: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    told = {**EXECUTION, **values}
    return {**told, "order": {**ORDER, "cumQty": told["lastShares"], **(order or {})}}


def trade(ours: dict[str, Any], **values: Any) -> dict[str, Any]:
    other = {"id": "X9", "order": {"side": "SIDE_SELL", "account": "firms/F/accounts/other"}}
    told = {"id": "T1", "aggressor": ours, "passive": other, "state": "TRADE_STATE_CLEARED"}
    return {**told, **values}


def entry(**values: Any) -> dict[str, Any]:
    return {**CASH, **values}


def ledger(*entries: dict[str, Any], more: str = "") -> dict[str, Any]:
    return {"entries": list(entries), "nextPageToken": more, "eof": not more}


def page(answer: Any, name: str = "page.json") -> RawPage:
    return RawPage(name=name, content=json.dumps(answer).encode())


def read(*answers: Any, **config: str) -> Batch:
    return parse([page(one) for one in answers], AccountConfig(**config))  # type: ignore[arg-type]
