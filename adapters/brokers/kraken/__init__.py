"""Kraken: ``parse(pages, config) -> Batch``, of the REST answers and of the CSV exports.

Spot: TradesHistory, Ledgers, Balance, OpenPositions, OpenOrders, ClosedOrders (and the Query*
calls), AssetPairs for the names of pairs; ``trades.csv`` and ``ledgers.csv`` of every generation.
Futures: fills, open positions and order events. An answer is known by its shape. All times are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.brokers.kraken.assets import VENUE
from adapters.brokers.kraken.pages import answer
from adapters.brokers.kraken.report import Report
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME = "kraken"
VERSION = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read answers and exports of one account; ``BadFileError`` refuses them as a whole."""
    answers = [answer(page) for page in pages]
    gathered = Gathering(pages, config)
    account = gathered.account(next((one.account for one in answers if one.account), ""))
    report = Report(gathered)
    for one in sorted(answers, key=lambda one: report.order(one.kind)):
        report.read(one)
    report.close()
    return gathered.batch(venue=VENUE, account=account, parser=NAME, version=VERSION)
