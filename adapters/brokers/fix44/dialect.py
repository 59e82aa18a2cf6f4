"""What a FIX counterparty does not say about itself."""

from __future__ import annotations

from datetime import date
from typing import Final

import attrs

from adapters.brokers.fix44.message import Message
from ledger.domain.events import Side
from ledger.errors import BadRowError

SIDES: Final = {
    "1": Side.BUY, "2": Side.SELL, "3": Side.BUY, "4": Side.SELL, "5": Side.SELL_SHORT,
    "6": Side.SELL_SHORT,
}  # fmt: skip
PER_UNIT_PRICES: Final = frozenset({"", "2"})


@attrs.frozen(kw_only=True)
class Dialect:
    """How one counterparty writes FIX; the defaults are the standard's.

    ``venue`` names it in identities and instruments. ``sender`` is what all its sessions are
    called in the scope of ids, so that its order session and its drop copy tell the same fill;
    without it, each sender (115, else 49) numbers for itself. ``currency`` is that of prices and
    fees that name none. ``negative_charges``: a charge in 12 and 137 is written negative.
    ``trade_reports``: trade capture reports are booked; else they are passed over.
    """

    venue: str = "FIX"
    sender: str | None = None
    currency: str | None = None
    negative_charges: bool = False
    trade_reports: bool = True

    def scope(self, message: Message, traded_on: date) -> str:
        """Within which an ExecID is unique: the sender and the trade date."""
        sender = self.sender or message.text("115") or message.required("49")
        return f"{sender}:{traded_on:%Y%m%d}"


def price_is_per_unit(message: Message) -> None:
    """``BadRowError`` for a price in percent, yield or discount (423)."""
    if message.text("423") not in PER_UNIT_PRICES:
        raise BadRowError("423", message.text("423"), "only prices per unit are booked")
