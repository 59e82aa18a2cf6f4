"""Kraken: trades and the ledger rows that restate them, an app purchase with a fee in the coin,
staking, a deposit that was announced before, futures with a rebate."""

from __future__ import annotations

from adapters.brokers.kraken import parse
from tests.brokers.kraken import FILL, LEDGERS, export, page, trades
from tests.brokers.sampling import Sample

AT = "2023-07-05 19:37:20"
ROWS = (
    f",FT1,{AT},deposit,,currency,ZUSD,100000.0000,0.0000,",
    f"L0,FT1,{AT},deposit,,currency,ZUSD,100000.0000,0.0000,100000.0000",
    f"L1,T1,{AT},trade,tradespot,currency,ZUSD,-14750.2500,23.6000,85226.1500",
    f"L2,T1,{AT},trade,tradespot,currency,XXBT,0.5000000000,0,0.5000000000",
    "L3,T2,2023-07-06 10:00:00,trade,,currency,XXBT,-0.2000000000,0,0.3000000000",
    "L4,T2,2023-07-06 10:00:00,trade,,currency,ZUSD,6000.0000,9.6000,91216.5500",
    "L5,TSX,2023-07-07 10:00:00,spend,,currency,ZUSD,-100.0000,0,91116.5500",
    "L6,TSX,2023-07-07 10:00:00,receive,,currency,DOT,20.0000000000,0.1000000000,19.9000000000",
    "L7,STX,2023-07-08 10:00:00,transfer,spottostaking,currency,DOT,-10,0,9.9000000000",
    "L8,STX,2023-07-08 10:00:00,transfer,stakingfromspot,currency,DOT.S,10,0,10.0000000000",
    "L9,STR,2023-07-15 10:00:00,staking,,currency,DOT.S,0.0200000000,0,10.0200000000",
    "L10,FT2,2023-07-16 10:00:00,withdrawal,,currency,DOT,-9,0.8,0.1000000000",
)
REBATE = {"fill_id": "f2", "side": "sell", "fee_paid": -0.00004, "fillType": "maker",
          "fillTime": "2023-04-07T15:55:20.123Z"}  # fmt: skip

SAMPLE = Sample(
    venue="kraken",
    parse=parse,
    pages=(
        export(LEDGERS, *ROWS),
        trades(T1={}, T2={"type": "sell", "time": 1688637600.25, "vol": "0.2", "price": "30000",
                          "cost": "6000", "fee": "9.60", "trade_id": 1002}),
        page({"result": "success", "fills": [FILL, {**FILL, **REBATE}]}, "futures.json"),
    ),
    change=('"price": "30000"', '"price": "30000.1"'),
)  # fmt: skip
