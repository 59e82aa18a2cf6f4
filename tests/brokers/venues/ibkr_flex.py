"""Interactive Brokers Flex: a statement of three trades and a dividend."""

from __future__ import annotations

from adapters.brokers.ibkr_flex import parse
from adapters.port import AccountConfig, RawPage
from tests.brokers.flex import cash, file, trade
from tests.brokers.sampling import Sample

TRADES = {
    "Trades": [
        trade(transactionID="1", ibExecID="a.01"),
        trade(transactionID="2", ibExecID="b.01", quantity="-40", tradePrice="17.5"),
        trade(transactionID="3", ibExecID="c.01", quantity="-7", tradePrice="18.25"),
    ]
}
CASH = {"CashTransactions": [cash(transactionID="4")]}

SAMPLE = Sample(
    venue="ibkr_flex",
    parse=parse,
    pages=(
        RawPage(name="trades.xml", content=file(TRADES)),
        RawPage(name="cash.xml", content=file(CASH)),
    ),
    change=('tradePrice="17.5"', 'tradePrice="17.6"'),
    config=AccountConfig(account="A", time_zone="America/New_York"),
)
