"""Polymarket US: executions with a fee and a rebate, a bust, cash, and a contract that resolved."""

from __future__ import annotations

from adapters.brokers.polymarket_us import parse
from adapters.port import AccountConfig
from tests.brokers.polymarket import ACCOUNT, SYMBOL, entry, execution, ledger, page, trade
from tests.brokers.sampling import Sample

LATER = {"cumQty": "4000", "side": "SIDE_SELL", "id": "O2", "clordId": "C2"}
EXECUTIONS = {
    "executions": [
        execution(),
        execution(LATER, id="X2", lastShares="4000", lastPx="70", tradeId="T2", aggressor=False,
                  commissionNotionalCollected="-400", transactTime="2026-05-04T15:00:00Z"),
        execution(id="X3", lastShares="500", lastPx="65", tradeId="T3",
                  transactTime="2026-05-04T15:30:00Z"),
    ],
    "nextPageToken": "",
    "eof": True,
}  # fmt: skip
TRADES = {
    "trade": [
        trade(execution(id="X3", lastShares="500", lastPx="65", tradeId="T3",
                        transactTime="2026-05-04T15:30:00Z"),
              id="T3", state="TRADE_STATE_BUSTED"),
    ]
}  # fmt: skip
SETTLED = [
    {"symbol": SYMBOL, "priceScale": "100",
     "stats": {"settlementPx": "100", "settlementPreliminary": False}},
    ledger(
        entry(),
        entry(id="b2", beforeBalance="1000.00", afterBalance="1060.00", symbol=SYMBOL,
              entryType="RESOLUTION", updateTime="2026-05-06T00:00:00Z"),
    ),
]  # fmt: skip

SAMPLE = Sample(
    venue="polymarket_us",
    parse=parse,
    pages=(
        page(EXECUTIONS, "executions.json"),
        page(TRADES, "trades.json"),
        page(SETTLED, "ledger.json"),
    ),
    config=AccountConfig(account="A", venue_account=ACCOUNT),
    change=('"lastPx": "70"', '"lastPx": "71"'),
)
