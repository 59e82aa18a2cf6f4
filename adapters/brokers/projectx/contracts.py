"""What a contract of the gateway is worth: from its own answer, else from a table of products.

A contract id such as ``CON.F.US.EP.H25`` names kind (F, future), region, product and month; the
products are those of the gateway's data feed (``EP`` is the E-mini S&P 500, ES). The multiplier is
``tickValue`` over ``tickSize``, which ``/api/Contract/search`` tells.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.rows import Row
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE, parse, ratio
from ledger.errors import BadRowError

VENUE: Final = "PROJECTX"
CURRENCY: Final = "USD"
_ID = re.compile(r"CON\.F\.US\.(?P<product>[A-Z0-9]{1,8})\.(?P<month>[FGHJKMNQUVXZ][0-9]{2})")

# Product of the feed: tick size, money per tick in US dollars (CME, CBOT, NYMEX, COMEX rulebooks).
TICKS: Final = {
    "EP": ("0.25", "12.50"), "MES": ("0.25", "1.25"), "ENQ": ("0.25", "5"),
    "MNQ": ("0.25", "0.50"), "RTY": ("0.10", "5"), "M2K": ("0.10", "0.50"), "YM": ("1", "5"),
    "MYM": ("1", "0.50"), "NKD": ("5", "25"),
    "EU6": ("0.00005", "6.25"), "BP6": ("0.0001", "6.25"), "DA6": ("0.00005", "5"),
    "CA6": ("0.00005", "5"), "JY6": ("0.0000005", "6.25"), "SF6": ("0.00005", "6.25"),
    "NE6": ("0.00005", "5"), "EEU": ("0.0001", "6.25"), "M6E": ("0.0001", "1.25"),
    "M6A": ("0.0001", "1"), "M6B": ("0.0001", "0.625"),
    "CLE": ("0.01", "10"), "NQM": ("0.025", "12.50"), "MCLE": ("0.01", "1"),
    "NGE": ("0.001", "10"), "NQG": ("0.005", "12.50"), "RBE": ("0.0001", "4.20"),
    "HOE": ("0.0001", "4.20"),
    "GCE": ("0.10", "10"), "MGC": ("0.10", "1"), "SIE": ("0.005", "25"),
    "CPE": ("0.0005", "12.50"), "MHG": ("0.0005", "1.25"), "PLE": ("0.10", "5"),
}  # fmt: skip


class Tick(NamedTuple):
    """A smallest step of the price, and its money for one contract."""

    size: Decimal
    value: Decimal


class Contracts:
    """The contracts that the pages tell of, and the products that are known without them."""

    def __init__(self) -> None:
        self._told: dict[str, Tick] = {}

    def learn(self, row: Row) -> None:
        """A contract as the gateway has it."""
        size, value = row.decimal("tickSize"), row.decimal("tickValue")
        if size <= 0 or value <= 0:
            raise BadRowError("tickSize", row.text("tickSize"), "a tick is more than nothing")
        self._told[row.required("id")] = Tick(size, value)

    def instrument(self, row: Row) -> Instrument:
        """The contract that a row names; ``BadRowError`` for one whose worth nobody tells."""
        named = row.required("contractId")
        found = _ID.fullmatch(named)
        if not found:
            rule = "not a US future such as CON.F.US.EP.H25: not booked until its kind is known"
            raise BadRowError("contractId", named, rule)
        tick = self._tick(named, found["product"])
        return Instrument(
            instrument_id=f"{VENUE}:{named}",
            symbol=f"{found['product']}{found['month']}",
            kind=InstrumentKind.LINEAR,
            currency=CURRENCY,
            multiplier=ratio(tick.value, ONE, tick.size),
            tick_size=tick.size,
            venue=VENUE,
            security_id=named,
        )

    def _tick(self, named: str, product: str) -> Tick:
        told = self._told.get(named)
        if told is not None:
            return told
        if product not in TICKS:
            rule = (
                "its tick is not known: hand over the answer of /api/Contract/search (or "
                "searchById) that tells its tickSize and tickValue"
            )
            raise BadRowError("contractId", named, rule)
        size, value = TICKS[product]
        return Tick(parse("tickSize", size), parse("tickValue", value))
