"""Small answers of a ProjectX gateway for tests."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.projectx import parse
from adapters.port import AccountConfig, RawPage

TRADE = {
    "id": 8603,
    "accountId": 203,
    "contractId": "CON.F.US.EP.H25",
    "creationTimestamp": "2025-01-21T16:13:04.142302+00:00",
    "price": 6064.25,
    "profitAndLoss": None,
    "fees": 1.4,
    "side": 0,
    "size": 1,
    "voided": False,
    "orderId": 14326,
}
ORDER = {
    "id": 14326,
    "accountId": 203,
    "contractId": "CON.F.US.EP.H25",
    "creationTimestamp": "2025-01-21T16:13:01+00:00",
    "updateTimestamp": "2025-01-21T16:13:04+00:00",
    "status": 2,
    "type": 1,
    "side": 0,
    "size": 1,
    "limitPrice": 6064.25,
    "stopPrice": None,
    "fillVolume": 1,
    "filledPrice": 6064.25,
    "customTag": "c7",
}
POSITION = {
    "id": 6124,
    "accountId": 203,
    "contractId": "CON.F.US.EP.H25",
    "creationTimestamp": "2025-01-21T16:13:04+00:00",
    "type": 1,
    "size": 2,
    "averagePrice": 6064.25,
}
ACCOUNT = {"id": 203, "name": "50KTC-1", "balance": 50123.25, "canTrade": True, "isVisible": True}
CONTRACT = {
    "id": "CON.F.US.XYZ.H25",
    "name": "XYZH5",
    "tickSize": 0.5,
    "tickValue": 1.25,
    "activeContract": True,
    "symbolId": "F.US.XYZ",
}
MADE = {"trades": TRADE, "orders": ORDER, "positions": POSITION, "accounts": ACCOUNT,
        "contracts": CONTRACT}  # fmt: skip


def page(kind: str, *changes: dict[str, Any], name: str = "", **envelope: Any) -> RawPage:
    """An answer of one kind, a row for each set of changes to the usual one."""
    rows = [{**MADE[kind], **change} for change in changes]
    value = {kind: rows, "success": True, "errorCode": 0, "errorMessage": None, **envelope}
    return RawPage(name=name or f"{kind}.json", content=json.dumps(value).encode())


def read(*pages: RawPage, **config: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    return parse(pages, AccountConfig(**config))
