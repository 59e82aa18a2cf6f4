"""Binance spot, USD-M and COIN-M: answers and events in JSON: ``parse(pages, config) -> Batch``.

Read are ``myTrades``, ``userTrades``, ``income``, orders and the answers to new and cancelled
ones, positions, balances, accounts, ``exchangeInfo``, and the events of the user data streams; in
any mixture, told apart by their shape. A trade is one fill whichever channel tells it; what the
income history says again of trades is compared with them and not booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.brokers.binance.instruments import VENUE
from adapters.brokers.binance.reading import Reading
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME: Final = "binance"
VERSION: Final = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read any of the venue's answers of one account; ``BadFileError`` refuses one as a whole."""
    gathered = Gathering(pages, config)
    Reading(gathered).read()
    account = gathered.account()
    if gathered.positions or gathered.balances:
        # The same wallet is one observation, whichever pages it came with.
        as_of = gathered.covers_to.isoformat() if gathered.covers_to else "untimed"
        gathered.statement_id = f"{account}:{as_of}"
    return gathered.batch(venue=VENUE, account=account, parser=NAME, version=VERSION)
