"""Small answers and exports of Kraken for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.brokers.kraken import parse
from adapters.port import AccountConfig, RawPage

TRADE: dict[str, Any] = {
    "ordertxid": "O1",
    "postxid": "P1",
    "pair": "XXBTZUSD",
    "time": 1688585840.8921,
    "type": "buy",
    "ordertype": "limit",
    "price": "29500.5",
    "cost": "14750.25",
    "fee": "23.60",
    "vol": "0.50000000",
    "margin": "0.00000",
    "misc": "",
    "trade_id": 1001,
    "maker": True,
    "ledgers": ["L1", "L2"],
}
ENTRY: dict[str, Any] = {
    "refid": "T1",
    "time": 1688585840.8921,
    "type": "trade",
    "subtype": "",
    "aclass": "currency",
    "asset": "ZUSD",
    "amount": "-14750.2500",
    "fee": "23.6000",
    "balance": "85226.1500",
}
BOUGHT: dict[str, Any] = {"asset": "XXBT", "amount": "0.5", "fee": "0", "balance": "0.5"}
ORDER: dict[str, Any] = {
    "refid": None,
    "userref": 0,
    "status": "open",
    "opentm": 1688583840.8648,
    "descr": {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "price": "29500.0",
              "price2": "0", "leverage": "none"},
    "vol": "0.50000000",
    "vol_exec": "0.00000000",
    "price": "29500.0",
    "stopprice": "0.00000",
    "limitprice": "0.00000",
    "oflags": "fciq",
}  # fmt: skip
POSITION: dict[str, Any] = {
    "ordertxid": "O9",
    "pair": "XXBTZUSD",
    "time": 1714500000.123,
    "type": "buy",
    "cost": "50000.00",
    "fee": "75.00",
    "vol": "0.50000000",
    "vol_closed": "0.00000000",
    "margin": "10000.00",
    "posstatus": "open",
}
FILL: dict[str, Any] = {
    "fill_id": "f1",
    "symbol": "PI_XBTUSD",
    "side": "buy",
    "order_id": "o1",
    "fillTime": "2023-04-07T15:45:10.739Z",
    "size": 5000.0,
    "price": 27937.5,
    "fillType": "taker",
    "fee_paid": 0.00008957,
    "fee_currency": "BTC",
}
LEDGERS = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance"
TRADES = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers"


def page(value: Any, name: str = "kraken.json") -> RawPage:
    return RawPage(name=name, content=json.dumps(value).encode())


def result(value: Any, name: str = "kraken.json") -> RawPage:
    return page({"error": [], "result": value}, name)


def trades(count: int | None = None, **rows: Mapping[str, Any]) -> RawPage:
    """An answer of TradesHistory: by id, the changes to the usual trade."""
    held = {id_: {**TRADE, **changes} for id_, changes in rows.items()}
    return result({"trades": held, "count": len(held) if count is None else count}, "trades.json")


def ledger(count: int | None = None, **rows: Mapping[str, Any]) -> RawPage:
    """An answer of Ledgers: by id, the changes to the usual row."""
    held = {id_: {**ENTRY, **changes} for id_, changes in rows.items()}
    return result({"ledger": held, "count": len(held) if count is None else count}, "ledger.json")


def export(header: str, *lines: str, name: str = "ledgers.csv") -> RawPage:
    """A CSV export."""
    return RawPage(name=name, content="".join(f"{line}\n" for line in (header, *lines)).encode())


def read(*pages: RawPage, **config: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    return parse(pages, AccountConfig(**{"account": "A", **config}))
