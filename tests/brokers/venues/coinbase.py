"""Coinbase: two pages of fills; one of them was reversed and corrected, with less commission."""

from __future__ import annotations

import json
from typing import Any

from adapters.brokers.coinbase import parse
from adapters.port import RawPage
from tests.brokers.sampling import Sample

Values = dict[str, Any]


def page(name: str, *rows: Values, **frame: Any) -> RawPage:
    """A page of the list of that name."""
    return RawPage(name=f"{name}.json", content=json.dumps({name: rows, **frame}).encode())


def fill(number: int, **values: Any) -> Values:
    return {
        "entry_id": f"entry-{number}",
        "trade_id": f"trade-{number}",
        "order_id": f"order-{number}",
        "trade_time": "2026-03-02T15:15:00Z",
        "trade_type": "FILL",
        "price": "50000.00",
        "size": "0.5",
        "commission": "12.50",
        "product_id": "BTC-USD",
        "sequence_timestamp": f"2026-03-02T15:15:00.{number:09d}Z",
        "liquidity_indicator": "TAKER",
        "size_in_quote": False,
        "side": "BUY",
        "retail_portfolio_id": "",
        **values,
    }


def order(number: int, **values: Any) -> Values:
    return {
        "order_id": f"order-{number}",
        "product_id": "BTC-USD",
        "order_configuration": {"limit_limit_gtc": {"base_size": "0.5", "limit_price": "50000"}},
        "side": "BUY",
        "client_order_id": f"mine-{number}",
        "status": "OPEN",
        "filled_size": "0",
        "average_filled_price": "0",
        "last_fill_time": None,
        **values,
    }


def account(currency: str, free: str, held: str = "0", **values: Any) -> Values:
    return {
        "uuid": f"uuid-{currency}",
        "currency": currency,
        "available_balance": {"value": free, "currency": currency},
        "hold": {"value": held, "currency": currency},
        "retail_portfolio_id": "main",
        **values,
    }


def held(**values: Any) -> Values:
    return {
        "product_id": "BIP-20DEC30-CDE",
        "side": "LONG",
        "number_of_contracts": "2",
        "avg_entry_price": {"value": "49000.00", "currency": "USD"},
        "contract_size": "0.01",
        **values,
    }


FIRST = (
    fill(1),
    fill(2, side="SELL", size="0.2", price="50500.5", liquidity_indicator="MAKER",
         commission="-0.25"),
    fill(3, size="0.3", price="49000"),
    fill(4, trade_type="REVERSAL", trade_id="trade-3", size="0.3", price="49000",
         commission="10"),
    fill(5, trade_type="CORRECTION", trade_id="trade-3", size="0.3", price="48900"),
)  # fmt: skip
SECOND = (
    fill(6, product_id="ETH-BTC", size="2", price="0.05", commission="0.00025"),
    fill(7, product_id="BTC-USDC", size="100.5", price="50250", size_in_quote=True),
)

SAMPLE = Sample(
    venue="coinbase",
    parse=parse,
    pages=(page("fills", *FIRST, cursor="789100"), page("fills", *SECOND, cursor="")),
    change=('"price": "50500.5"', '"price": "50500.6"'),
)
