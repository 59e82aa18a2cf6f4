"""Small pages and short windows, so that little rows have many borders."""

from __future__ import annotations

import pytest

from adapters.transport.venues import alpaca, binance, coinbase, kraken
from tests.transport.venues import PAGE


@pytest.fixture(autouse=True, scope="package")
def small_pages() -> object:
    """Three rows, since two of one instant must fit into a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binance, "LIMIT", PAGE + 1)
        patch.setattr(alpaca, "ORDERS", PAGE + 1)
        patch.setattr(alpaca, "DAYS", 7)
        patch.setattr(kraken, "DAYS", 7)
        patch.setattr(coinbase, "DAYS", 7)
        patch.setitem(binance.MARKETS, "spot", binance.MARKETS["spot"]._replace(days=7))
        yield
