"""Instruments: what a quantity at a price is worth, by kind, and the tick grid.

The settlement value is the money that stands behind a signed quantity at a price, in the
instrument's settlement currency. Average cost is its inverse on a cost basis, so it is
harmonic for inverse contracts.

==========  ==========================  ===========================
kind        value of ``qty`` at ``px``  average of ``basis`` over ``qty``
==========  ==========================  ===========================
inverse     ``-qty * multiplier / px``  ``-qty * multiplier / basis``
all others  ``px * qty * multiplier``   ``basis / (qty * multiplier)``
==========  ==========================  ===========================
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import Enum

from ledger.domain.gates import Positive, gated
from ledger.domain.numbers import (
    ONE,
    ZERO,
    carry,
    multiply,
    negate,
    quantize,
    ratio,
    remainder,
    steps,
)
from ledger.errors import MisalignedPriceError


class InstrumentKind(Enum):
    """How an instrument turns quantity and price into money."""

    SPOT = "spot"
    EQUITY = "equity"
    BOND = "bond"
    OPTION = "option"
    LINEAR = "linear"
    INVERSE = "inverse"
    QUANTO = "quanto"


class Settles(Enum):
    """How a margin instrument's result reaches the cash balance."""

    REALIZED = "realized"
    VARIATION = "variation"


class TickRounding(Enum):
    """Which way an explicit alignment to the tick may move a price."""

    DOWN = "down"
    UP = "up"


IN_FULL = frozenset(
    {InstrumentKind.SPOT, InstrumentKind.EQUITY, InstrumentKind.BOND, InstrumentKind.OPTION}
)


@gated
class Instrument:
    """The definition of an instrument, in force from ``InstrumentDefined.effective_from``.

    ``currency`` is the currency of its price and, but for a quanto, of its settlement;
    ``multiplier`` is money per point and unit (FIX 231); ``base_currency`` is what a spot
    pair delivers, so that a fill of it moves two balances and a fee in it reduces the holding.
    """

    instrument_id: str
    symbol: str
    kind: InstrumentKind
    currency: str
    multiplier: Positive = ONE
    base_currency: str | None = None
    tick_size: Positive | None = None
    settles: Settles = Settles.REALIZED
    security_id: str | None = None
    venue: str | None = None
    underlying_id: str | None = None
    expiry: str | None = None
    strike_px: Decimal | None = None
    put_call: str | None = None

    @property
    def settles_in_full(self) -> bool:
        """Whether a fill moves its whole value in cash (spot, equity, bond, option premium)."""
        return self.kind in IN_FULL

    @property
    def is_plain(self) -> bool:
        """Whether a value is quantity times price: no inverse contract, no multiplier."""
        return self.kind is not InstrumentKind.INVERSE and self.multiplier == ONE

    def is_priced_in(self, currency: str | None) -> bool:
        """Whether a price told in this currency (None: not told) is one of this instrument's. A
        quanto's and an inverse contract's prices are in another currency than its money."""
        is_other = self.kind in {InstrumentKind.QUANTO, InstrumentKind.INVERSE}
        return is_other or currency is None or currency == self.currency

    def value(self, qty: Decimal, px: Decimal) -> Decimal:
        """Money behind a signed quantity at a price; zero for an inverse at price zero.

        >>> es = Instrument(instrument_id="ESZ6", symbol="ESZ6", kind=InstrumentKind.LINEAR,
        ...                 currency="USD", multiplier=Decimal(50))
        >>> es.value(Decimal(2), Decimal(5000)) == Decimal(500000)
        True
        """
        if self.kind is InstrumentKind.INVERSE:
            return ratio(negate(self.multiplier), qty, px) if px else ZERO
        value = multiply(px, qty)
        return value if self.multiplier == ONE else carry(multiply(value, self.multiplier))

    def average(self, qty: Decimal, basis: Decimal) -> Decimal | None:
        """The price whose value over ``qty`` is ``basis``; None while flat or without value."""
        if not qty:
            return None
        if self.kind is InstrumentKind.INVERSE:
            return quantize(ratio(negate(self.multiplier), qty, basis)) if basis else None
        return quantize(ratio(basis, ONE, multiply(qty, self.multiplier)))

    def is_aligned(self, px: Decimal) -> bool:
        """Whether the price is a whole number of ticks; always, without a tick size."""
        return self.tick_size is None or not remainder(px, self.tick_size)

    def require_aligned(self, px: Decimal) -> None:
        """Raise ``MisalignedPriceError`` unless the price lies on the tick grid."""
        if not self.is_aligned(px):
            raise MisalignedPriceError(
                f"{px} is not a multiple of {self.instrument_id}'s tick {self.tick_size}; "
                "align it first with instrument.align(px, rounding)"
            )

    def align(self, px: Decimal, rounding: TickRounding) -> Decimal:
        """The price moved to the tick grid, down or up.

        >>> es = Instrument(instrument_id="ES", symbol="ES", kind=InstrumentKind.LINEAR,
        ...                 currency="USD", tick_size=Decimal("0.25"))
        >>> es.align(Decimal("5000.10"), TickRounding.UP)
        Decimal('5000.25')
        """
        if self.tick_size is None:
            return px
        way = ROUND_FLOOR if rounding is TickRounding.DOWN else ROUND_CEILING
        return multiply(steps(px, self.tick_size, way), self.tick_size)
