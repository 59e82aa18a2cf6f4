"""OFX: trades, one of which is undone, and a bond in SGML; income, a charge and cash in XML."""

from __future__ import annotations

from adapters.brokers.ofx import parse
from adapters.port import AccountConfig, RawPage
from tests.brokers.ofx import BOND, bank_tran, file, income, statement, trade
from tests.brokers.sampling import Sample

TRADES = statement(
    trade(fitid="1"),
    trade("SELLSTOCK", "-40", "17.5", "692.05", fitid="2"),
    trade("SELLSTOCK", "-40", "17.5", "692.05", fitid="3"),
    trade(
        "BUYDEBT", "5000", "98.5", "-4925", security=BOND, commission="0", fitid="4",
        outer="<ACCRDINT>12.50",
    ),
)  # fmt: skip
CASH = statement(
    trade("SELLSTOCK", "-40", "17.5", "692.05", fitid="5", REVERSALFITID="3"),
    income("50", fitid="6", at="20260305"),
    bank_tran("-3", "SRVCHG", "7"),
    bank_tran("10000", "DEP", "8"),
)

SAMPLE = Sample(
    venue="ofx",
    parse=parse,
    pages=(
        RawPage(name="trades.ofx", content=file(TRADES)),
        RawPage(name="cash.ofx", content=file(CASH)),
    ),
    change=("<UNITPRICE>16<", "<UNITPRICE>16.01<"),
    config=AccountConfig(account="A", time_zone="America/New_York"),
)
