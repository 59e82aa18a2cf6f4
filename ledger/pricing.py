"""Prices of a book: what is recorded of marks and rates, and which of them holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ledger.domain.prices import AnyPrice, Price, PriceKind, Rate
from ledger.history import KnownAt
from ledger.store.port import EventStore, PriceOutcome


class PriceReader:
    """Questions about prices. They are of no account, and go by instrument ids, not symbols.

    ``known_at`` as a time counts what was recorded at or before it, as a log number what was when
    that event was recorded; without one everything counts. ``NaiveTimeError`` and
    ``UnknownNumberError`` as for every question.
    """

    store: EventStore

    def price(
        self,
        instrument_id: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Price | None:
        """The price that holds: the latest of its kind, or of any, up to ``as_of``, as it was last
        restated; None if none is known."""
        return self.store.price(instrument_id, kind=kind, as_of=as_of, known_at=known_at)

    def rate(
        self,
        base: str,
        quote: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Rate | None:
        """What one unit of ``base`` costs in ``quote``, likewise.

        Where only the other way round is known, its inverse, quantized to 18 decimals (half-even)
        and marked ``is_inverted``. Nothing is made of two rates by way of a third currency.
        """
        found = self.store.rate(base, quote, kind=kind, as_of=as_of, known_at=known_at)
        if found is not None:
            return found
        other = self.store.rate(quote, base, kind=kind, as_of=as_of, known_at=known_at)
        return other.inverse() if other is not None else None


class PriceWriter:
    """Recording prices."""

    store: EventStore

    def mark(
        self,
        instrument_id: str,
        px: Decimal,
        *,
        at: datetime,
        source: str,
        kind: PriceKind = PriceKind.LAST,
    ) -> PriceOutcome:
        """Record what an instrument was quoted at, when, and by whom. The same again has no
        effect; another ``px`` for the same moment, kind and source restates it, both are kept."""
        price = Price(instrument_id=instrument_id, px=px, at=at, source=source, kind=kind)
        return self.record_prices([price])[0]

    def record_prices(
        self, prices: Sequence[AnyPrice], *, reinstate: bool = False, dry_run: bool = False
    ) -> list[PriceOutcome]:
        """Record marks and rates in one transaction; one outcome for each, in order. A figure that
        was restated since is known all the same; with ``reinstate`` it holds again."""
        return self.store.record_prices(prices, reinstate=reinstate, dry_run=dry_run)


__all__ = ["PriceReader", "PriceWriter"]
