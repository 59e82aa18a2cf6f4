"""Prices: marks of instruments and rates of currencies. Primary facts, and no events.

A price is not of an account and changes no state: it is what somebody said a thing was worth at a
moment. It is told apart by what it is about, its kind, its source and that moment. A figure told
again is known already; another one under the same identity restates it, and both are kept.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

import attrs

from ledger.domain.gates import Positive, gated
from ledger.domain.numbers import ONE, quantize, ratio
from ledger.errors import BadTextError

INSTRUMENT: Final = "instrument"
RATE: Final = "rate"
_SLASH: Final = "/"


class PriceKind(Enum):
    """What a price was made of: the last trade, the middle of bid and ask, the official daily
    settlement (FIX 730)."""

    LAST = "last"
    MID = "mid"
    SETTLEMENT = "settlement"


class Subject(NamedTuple):
    """What a price is about: an ``instrument`` by its id, or a ``rate`` by its pair."""

    about: str
    name: str


def _kind(_: object, field: attrs.Attribute[PriceKind], value: object) -> None:
    if type(value) is not PriceKind:
        raise BadTextError(field.name, repr(value), "it is not of type PriceKind")


def _currency(price: object, field: attrs.Attribute[str], value: object) -> None:
    if type(value) is not str or not value:
        raise BadTextError(field.name, repr(value), "it is not the code of a currency")
    if _SLASH in value:
        raise BadTextError(field.name, value, "a currency's code has no slash; give each by itself")
    if field.name == "quote" and value == getattr(price, "base", None):
        raise BadTextError(field.name, repr(value), "a currency has no rate to itself")


@gated
class Price:
    """What one unit of an instrument was quoted at, in points of its contract; negative is legal.

    ``at`` is when it held, ``source`` who said so. ``number`` and ``recorded_at`` are the store's
    word: 0 and None before it is recorded.

    >>> from datetime import UTC
    >>> moment = datetime(2026, 3, 4, 21, tzinfo=UTC)
    >>> Price(instrument_id="ESZ6", px=Decimal("5000.25"), at=moment, source="CME").kind.value
    'last'
    """

    instrument_id: str
    px: Decimal
    at: datetime
    source: str
    kind: PriceKind = attrs.field(default=PriceKind.LAST, validator=_kind)
    number: int = 0
    recorded_at: datetime | None = None

    @property
    def subject(self) -> Subject:
        """The instrument."""
        return Subject(INSTRUMENT, self.instrument_id)


@gated
class Rate:
    """What one unit of ``base`` cost in units of ``quote``: EUR/USD 1.08 is 1.08 USD for a euro.

    Beside its pair it is told apart, recorded and restated as a :class:`Price` is. ``is_inverted``
    says that it was not recorded as it stands, but the other way round.
    """

    base: str = attrs.field(validator=_currency)
    quote: str = attrs.field(validator=_currency)
    px: Positive
    at: datetime
    source: str
    kind: PriceKind = attrs.field(default=PriceKind.LAST, validator=_kind)
    number: int = 0
    recorded_at: datetime | None = None
    is_inverted: bool = False

    @property
    def pair(self) -> str:
        """Both currencies: ``EUR/USD``."""
        return f"{self.base}{_SLASH}{self.quote}"

    @property
    def subject(self) -> Subject:
        """The pair."""
        return Subject(RATE, self.pair)

    def inverse(self) -> Rate:
        """The same rate the other way round, quantized: half-even, 18 decimals.

        ``BadNumberError`` for a rate so high that nothing is left of its inverse.

        >>> from datetime import UTC
        >>> moment = datetime(2026, 3, 4, 21, tzinfo=UTC)
        >>> Rate(base="USD", quote="JPY", px=Decimal(150), at=moment, source="ECB").inverse().px
        Decimal('0.006666666666666667')
        """
        return Rate(
            base=self.quote,
            quote=self.base,
            px=quantize(ratio(ONE, ONE, self.px)),
            at=self.at,
            source=self.source,
            kind=self.kind,
            number=self.number,
            recorded_at=self.recorded_at,
            is_inverted=not self.is_inverted,
        )


AnyPrice: TypeAlias = Price | Rate


def pair_of(text: str) -> tuple[str, str]:
    """The two currencies of a pair as it is written; ``BadTextError`` if it is none.

    >>> pair_of("EUR/USD")
    ('EUR', 'USD')
    """
    base, _, quote = text.partition(_SLASH)
    if not base or not quote or _SLASH in quote:
        raise BadTextError("pair", text, "a pair is two currencies with a slash: EUR/USD")
    return base, quote


__all__ = ["INSTRUMENT", "RATE", "AnyPrice", "Price", "PriceKind", "Rate", "Subject", "pair_of"]
