"""Polymarket US, the exchange (QCEX): ``parse(pages, config) -> Batch``.

A page is one answer of its JSON interface, or a list of answers or stream messages; each is known
by its shape. Fills come from executions and trades alone. The balance and the position ledger tell
the same fills again with the state before and after: they are what the fills are checked against,
and the balance ledger's other entries are the cash that came and went.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.brokers.polymarket_us.executions import VENUE
from adapters.brokers.polymarket_us.reading import Reading
from adapters.port import AccountConfig, Batch, RawPage

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME = "polymarket_us"
VERSION = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read the answers of one account; ``BadFileError`` for a page that is no answer, one that
    reports an error, and for several accounts when none is named."""
    reading = Reading(pages, config)
    reading.read()
    return reading.batch(parser=NAME, version=VERSION)
