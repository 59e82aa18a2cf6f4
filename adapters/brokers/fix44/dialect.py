"""What a FIX counterparty does not say about itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from adapters.brokers.fix44.instruments import Terms, name_at_venue, symbol
from adapters.brokers.fix44.message import Message
from adapters.sharing import remembering
from ledger.domain.events import Side
from ledger.domain.instruments import InstrumentKind
from ledger.errors import BadRowError, BadTextError

SIDES: Final = {
    "1": Side.BUY, "2": Side.SELL, "3": Side.BUY, "4": Side.SELL, "5": Side.SELL_SHORT,
    "6": Side.SELL_SHORT,
}  # fmt: skip
PER_UNIT_PRICES: Final = frozenset({"", "2"})
DECLARED: Final = (
    InstrumentKind.EQUITY, InstrumentKind.LINEAR, InstrumentKind.INVERSE, InstrumentKind.OPTION,
)  # fmt: skip
"""The kinds that are wholly told by a currency and a multiplier."""
_NOTHING: Final = Terms()


@attrs.frozen(kw_only=True)
class Dialect:
    """How one counterparty writes FIX; the defaults are the standard's.

    ``venue`` names it in identities and instruments. ``sender`` is what all its sessions are
    called in the scope of ids, so that its order session and its drop copy tell the same fill;
    without it, each sender (115, else 49) numbers for itself. ``currency`` is that of prices and
    fees that name none. ``negative_charges``: a charge in 12 and 137 is written negative.
    ``trade_reports``: trade capture reports are booked; else they are passed over.
    ``instruments`` has the terms of those whose messages do not say them, by their id without the
    venue or, for all contracts of it, by their symbol.
    """

    venue: str = "FIX"
    sender: str | None = None
    currency: str | None = None
    negative_charges: bool = False
    trade_reports: bool = True
    instruments: Mapping[str, Terms] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name, terms in self.instruments.items():
            if terms.kind is not None and terms.kind not in DECLARED:
                words = ", ".join(one.value for one in DECLARED)
                field, told = f'instruments."{name}".kind', terms.kind.value
                raise BadTextError(field, told, f"write one of {words}")

    def terms(self, message: Message) -> Terms:
        """What is declared of the message's instrument."""
        if not self.instruments:
            return _NOTHING
        named = self.instruments.get(name_at_venue(message))
        return named or self.instruments.get(symbol(message), _NOTHING)

    def currency_of(self, message: Message) -> str | None:
        """The currency of a price, or of a fee, that names none."""
        return self.terms(message).currency or self.currency

    def scope(self, message: Message, traded_on: date) -> str:
        """Within which an ExecID is unique: the sender and the trade date."""
        sender = self.sender or message.text("115") or message.required("49")
        return _scope(sender, traded_on)


@remembering
def _scope(sender: str, traded_on: date) -> str:
    return f"{sender}:{traded_on:%Y%m%d}"


def price_is_per_unit(message: Message) -> None:
    """``BadRowError`` for a price in percent, yield or discount (423)."""
    if message.text("423") not in PER_UNIT_PRICES:
        raise BadRowError("423", message.text("423"), "only prices per unit are booked")
