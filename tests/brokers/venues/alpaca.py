"""Alpaca: activities of a week, and the trade events that bust and correct two of them."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.alpaca import parse
from adapters.port import RawPage
from tests.brokers.sampling import Sample

Values = dict[str, Any]


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def page(*rows: Values, name: str = "page.json") -> RawPage:
    return RawPage(name=name, content=json.dumps(rows).encode())


def fill(number: int, **values: Any) -> Values:
    return {
        "id": f"20260302101500000::{uuid(number)}",
        "activity_type": "FILL",
        "transaction_time": "2026-03-02T15:15:00.25Z",
        "type": "fill",
        "price": "16.00",
        "qty": "100",
        "side": "buy",
        "symbol": "ACME",
        "leaves_qty": "0",
        "order_id": f"order-{number}",
        "cum_qty": "100",
        "order_status": "filled",
        **values,
    }


def entry(kind: str, number: int, **values: Any) -> Values:
    return {
        "id": f"20260303000000000::{uuid(number)}",
        "activity_type": kind,
        "date": "2026-03-03",
        "net_amount": "0",
        "description": "",
        "status": "executed",
        **values,
    }


def event(what: str, number: int, **values: Any) -> Values:
    """A trade event; ``order`` and ``previous`` say what is not the same in all."""
    order = {
        "id": f"order-{number}",
        "client_order_id": f"mine-{number}",
        "symbol": "ACME",
        "asset_class": "us_equity",
        "side": "buy",
        "qty": "100",
        "filled_qty": "100",
        "filled_avg_price": "16",
        "status": "filled",
        "updated_at": "2026-03-02T15:15:00.3Z",
        **values.pop("order", {}),
    }
    return {
        "event": what,
        "event_id": f"01HCMKNJJRJ4E3RNFA1XR8{number:04d}",
        "at": "2026-03-02T15:15:00.4Z",
        "timestamp": "2026-03-02T15:15:00.250000100Z",
        "price": "16",
        "qty": "100",
        "position_qty": "100",
        "execution_id": uuid(number),
        **values,
        "order": order,
    }


def v2(number: int, **values: Any) -> dict[str, Any]:
    details = {"execution_type": "fill", "order_id": f"order-{number}", "side": "buy",
               "client_order_id": f"mine-{number}", "symbol": "ACME", "cum_qty": "100",
               **values.pop("details", {})}  # fmt: skip
    return {"activity_type": "TRD", "ref_id": uuid(number), "event_id": "01J5R0", "status":
            "executed", "executed_at": "2026-03-02T15:15:00.25Z", "settle_date": "2026-03-03",
            "qty": "100", "price": "16", "net_amount": "-1600", "currency": "USD",
            "previous_id": None, **values, "details": details}  # fmt: skip


SPLIT = "From QTY:-60, To QTY:120, Position Value:960"
ACTIVITIES = (
    fill(1),
    fill(2, side="sell", qty="40", cum_qty="40", price="17.5",
         transaction_time="2026-03-02T15:16:00Z"),
    fill(3, qty="7", cum_qty="7", price="18.25", transaction_time="2026-03-02T15:17:00Z"),
    fill(4, qty="5", cum_qty="5", price="19", transaction_time="2026-03-02T15:18:00Z"),
    fill(5, symbol="ETH/USD", qty="0.5", cum_qty="0.5", price="2000",
         transaction_time="2026-03-02T15:19:00Z"),
    entry("CFEE", 6, symbol="ETHUSD", qty="-0.00125", price="2000"),
    entry("FEE", 7, net_amount="-0.02", description="TAF fee for proceed of 40 shares"),
    entry("DIV", 8, net_amount="12.30", symbol="ACME", qty="60", per_share_amount="0.205"),
    entry("SPLIT", 9, date="2026-03-04", symbol="ACME", qty="-60", description=f"REMOVE, {SPLIT}"),
    entry("SPLIT", 10, date="2026-03-04", symbol="ACME", qty="120", description=f"ADD, {SPLIT}"),
    entry("CSD", 11, net_amount="5000", status="correct"),
    entry("INT", 12, net_amount="-0.54", status="canceled"),
)  # fmt: skip
SMALL = {"qty": "7", "filled_qty": "7"}
EVENTS = (
    event("new", 1, execution_id=None, price=None, qty=None),
    event("fill", 1),
    event("trade_bust", 13, qty="-7", previous_execution_id=uuid(3), order=SMALL,
          timestamp="2026-03-02T15:17:00Z", reason="TRADE_BUST"),
    event("trade_correct", 14, qty="5", price="18.5", previous_execution_id=uuid(4),
          order={"qty": "5", "filled_qty": "5"}, timestamp="2026-03-02T15:18:00Z"),
)  # fmt: skip

ORDER = {"id": "o1", "client_order_id": "c1", "symbol": "ACME", "side": "buy", "qty": "10",
         "filled_qty": "4", "status": "partially_filled",
         "updated_at": "2026-03-02T15:00:00Z"}  # fmt: skip
HELD = {"asset_id": "x", "avg_entry_price": "10", "symbol": "ACME", "side": "long", "qty": "5",
        "cost_basis": "50", "asset_class": "us_equity"}  # fmt: skip

SAMPLE = Sample(
    venue="alpaca",
    parse=parse,
    pages=(page(*ACTIVITIES, name="activities.json"), page(*EVENTS, name="events.json")),
    change=('"price": "17.5"', '"price": "17.6"'),
)
