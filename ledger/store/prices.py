"""Marks and rates in a store: primary facts that are no events, append-only like those.

They are written under the same lock and stamped by the same clock as events, in a sequence and a
hash chain of their own. Which price holds at a moment is found, never kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

from ledger.clock import Clock
from ledger.domain.gates import require_time
from ledger.domain.numbers import parse, text
from ledger.domain.prices import (
    INSTRUMENT,
    RATE,
    AnyPrice,
    Price,
    PriceKind,
    Rate,
    Subject,
    pair_of,
)
from ledger.errors import (
    BadNumberError,
    BadTextError,
    CorruptEventError,
    NaiveTimeError,
    UnknownNumberError,
)
from ledger.store.chain import Tip
from ledger.store.log import Log
from ledger.store.port import KnownAt, PriceOutcome
from ledger.store.price_rows import (
    LAST_NUMBER,
    PriceHead,
    PriceIdentity,
    PriceRow,
    ToldPrice,
    price_hash,
)
from ledger.store.recorders import writing
from ledger.store.rows import require_name, time_from, time_text

PAGE: Final = 1000


class PricedStore(ABC):
    """The part of a store that keeps prices; see the port for what each method promises."""

    log: Log
    _clock: Clock

    @abstractmethod
    def turn(self) -> AbstractContextManager[None]:
        """The writer's turn among the threads of this process, unless this one has it already."""

    def record_prices(
        self, prices: Sequence[AnyPrice], *, reinstate: bool = False, dry_run: bool = False
    ) -> list[PriceOutcome]:
        """Record prices in one transaction; one outcome for each, in order."""
        told = list(map(told_of, prices))
        with self.turn(), writing(self.log, keep=not dry_run) as writer:
            batch = _Batch(self.log.price_head(), writer.tip, self._clock, reinstate=reinstate)
            for first in range(0, len(told), PAGE):
                batch.record(self.log, told[first : first + PAGE])
            if batch.rows and not dry_run:
                writer.has_written = True
                self.log.add_prices(batch.rows)
        return batch.outcomes

    def price(
        self,
        instrument_id: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Price | None:
        """The price of an instrument that holds at a moment, as it was known then."""
        subject = Subject(INSTRUMENT, instrument_id)
        found = self._holding(subject, kind, as_of, known_at)
        return found if isinstance(found, Price) else None

    def rate(
        self,
        base: str,
        quote: str,
        *,
        kind: PriceKind | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Rate | None:
        """The recorded rate of a pair that holds at a moment, as it was known then."""
        subject = Subject(RATE, f"{base}/{quote}")
        found = self._holding(subject, kind, as_of, known_at)
        return found if isinstance(found, Rate) else None

    def prices(
        self, instrument_id: str | None = None, *, after: int = 0, limit: int | None = None
    ) -> Iterator[AnyPrice]:
        """Prices in the order in which they were recorded, read in pages."""
        subject = None if instrument_id is None else Subject(INSTRUMENT, instrument_id)
        return map(price_from, self.price_rows(subject, after=after, limit=limit))

    def rates(self, base: str, quote: str, *, after: int = 0) -> Iterator[AnyPrice]:
        """The recorded rates of a pair, likewise."""
        return map(price_from, self.price_rows(Subject(RATE, f"{base}/{quote}"), after=after))

    def price_rows(
        self,
        subject: Subject | None = None,
        *,
        after: int = 0,
        upto: int = LAST_NUMBER,
        limit: int | None = None,
    ) -> Iterator[PriceRow]:
        """Prices as they are stored, by number: of one subject or of all."""
        left = LAST_NUMBER if limit is None else limit
        while left > 0 and (subject is None or _can_be(subject.name)):
            size = min(PAGE, left)
            rows = self.log.prices_by_number(subject, gt=after, lte=upto, limit=size)
            yield from rows
            if len(rows) < size:
                return
            after, left = rows[-1].number, left - size

    def _holding(
        self,
        subject: Subject,
        kind: PriceKind | None,
        as_of: datetime | None,
        known_at: KnownAt,
    ) -> AnyPrice | None:
        """The last price known, of those that held last; of kinds that tie, the one told last."""
        upto = self._price_number(known_at)
        until = "" if as_of is None else time_text(require_time("as_of", as_of))
        latest = self.log.latest_at(subject, upto) if upto and _can_be(subject.name) else ""
        if not latest:
            return None
        asked = kind.value if kind is not None else None
        at = min(until or latest, latest)
        rows = self.log.last_prices(subject, asked, at=at, lte=upto)
        return price_from(max(rows, key=_held)) if rows else None

    def _price_number(self, known_at: KnownAt) -> int:
        """The last price that was known: by a time, or when an event was recorded."""
        if known_at is None:
            return LAST_NUMBER
        if not isinstance(known_at, int):
            return self.log.prices_until(time_text(require_time("known_at", known_at)))
        head = self.log.head()
        if not 0 <= known_at <= head:
            raise UnknownNumberError("known_at", known_at, head)
        return self.log.prices_until(self.log.recorded_before(known_at)[1])


class _Batch:
    """The prices of one transaction, held against what is recorded and against each other."""

    def __init__(self, head: PriceHead, tip: Tip, clock: Clock, *, reinstate: bool) -> None:
        self.rows: list[PriceRow] = []
        self.outcomes: list[PriceOutcome] = []
        self._number, self._hash = head.number, head.hash
        self._tip = tip
        self._clock = clock
        self._reinstate = reinstate
        self._same: dict[ToldPrice, PriceRow | None] = {}
        self._last: dict[PriceIdentity, int] = {}
        self._latest: dict[Subject, str] = {}

    def record(self, log: Log, told: Sequence[ToldPrice]) -> None:
        """Seal what is new; the others are known with the same figure."""
        self._look_up(log, told)
        for one in told:
            last, same = self._last[one.identity], self._same[one]
            if same is not None and (same.number == last or not self._reinstate):
                self.outcomes.append(PriceOutcome(price_from(same), is_new=False))
            else:
                row = self._seal(one)
                self.outcomes.append(PriceOutcome(price_from(row), is_new=True, restates=last))

    def _look_up(self, log: Log, told: Sequence[ToldPrice]) -> None:
        missing = [one for one in dict.fromkeys(told) if one not in self._same]
        for one, known in zip(missing, log.known_prices(missing), strict=True):
            self._same[one] = known.same
            self._last.setdefault(one.identity, known.last)
            self._latest.setdefault(one.subject, known.latest_at)

    def _seal(self, told: ToldPrice) -> PriceRow:
        latest = self._latest[told.subject] = max(self._latest[told.subject], told.at)
        self._number += 1
        recorded_at = time_text(self._tip.stamp(self._clock))
        row = PriceRow(self._number, *told, recorded_at, latest, self._hash, b"")
        self._hash = price_hash(row)
        row = self._same[told] = row._replace(hash=self._hash)
        self._last[told.identity] = row.number
        self.rows.append(row)
        return row


def told_of(price: AnyPrice) -> ToldPrice:
    """A price as it will be stored; ``BadTextError`` for a name that not every store could keep,
    or for what is no price."""
    if not isinstance(price, Price | Rate):
        raise BadTextError("price", repr(price), "it is neither a Price nor a Rate")
    if isinstance(price, Rate) and price.is_inverted:
        raise BadTextError("rate", price.pair, "it was made of another; record that one")
    about, name = price.subject
    require_name(about, name)
    return ToldPrice(
        about, name, price.kind.value, price.source, time_text(price.at), text(price.px)
    )


def price_from(row: PriceRow) -> AnyPrice:
    """The price in a stored row; ``CorruptEventError`` for a row that nobody recorded so."""
    try:
        return _price_from(row)
    except (ValueError, BadNumberError, BadTextError, NaiveTimeError) as error:
        raise CorruptEventError(f"price {row.number} is damaged ({error}); run verify") from None


def _price_from(row: PriceRow) -> AnyPrice:
    how: dict[str, Any] = {
        "px": parse("px", row.px),
        "at": time_from(row.at),
        "source": row.source,
        "kind": PriceKind(row.kind),
        "number": row.number,
        "recorded_at": time_from(row.recorded_at),
    }
    if row.about == RATE:
        base, quote = pair_of(row.name)
        return Rate(base=base, quote=quote, **how)
    return Price(instrument_id=row.name, **how)


def _can_be(name: str) -> bool:
    """Whether a name can be recorded: what cannot is not asked for, which not every database
    would understand."""
    return name.isprintable()


def _held(row: PriceRow) -> tuple[str, int]:
    return row.at, row.number


__all__ = ["PricedStore", "price_from", "told_of"]
