"""Prices in lists: what a store in memory keeps of them."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from contextlib import AbstractContextManager
from operator import attrgetter

from ledger.domain.prices import Subject
from ledger.store.price_rows import (
    KINDS,
    LAST_NUMBER,
    NO_PRICE,
    KnownPrice,
    PriceHead,
    PriceRow,
    PriceRows,
    ToldPrice,
)

_number = attrgetter("number")
_recorded_at = attrgetter("recorded_at")


class PricesInMemory(PriceRows):
    """Number n stands at place n - 1; each subject's prices by number, and by when they held."""

    def __init__(self) -> None:
        self._prices: list[PriceRow] = []
        self._of: dict[Subject, list[PriceRow]] = {}
        self._held: dict[tuple[Subject, str], list[tuple[str, int]]] = {}

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Several reads of one and the same state."""

    def add_prices(self, rows: Sequence[PriceRow]) -> None:
        """Append and index them."""
        for row in rows:
            self._prices.append(row)
            self._of.setdefault(row.subject, []).append(row)
            insort(self._held.setdefault((row.subject, row.kind), []), (row.at, row.number))

    def take_back_prices(self, length: int) -> None:
        """Forget all prices beyond the first so many."""
        while len(self._prices) > length:
            row = self._prices.pop()
            self._of[row.subject].pop()
            self._held[row.subject, row.kind].remove((row.at, row.number))

    def price_head(self) -> PriceHead:
        """The last price."""
        with self.reading():
            last = self._prices[-1] if self._prices else None
            return NO_PRICE if last is None else PriceHead(last.number, last.recorded_at, last.hash)

    def known_prices(self, told: Sequence[ToldPrice]) -> list[KnownPrice]:
        """What is recorded of each of some prices."""
        with self.reading():
            return list(map(self._known, told))

    def _known(self, told: ToldPrice) -> KnownPrice:
        rows = [row for row in self._held_at(told) if row.source == told.source]
        same = [row for row in rows if row.px == told.px]
        latest = self.latest_at(told.subject, LAST_NUMBER)
        return KnownPrice(latest, rows[-1].number if rows else 0, same[-1] if same else None)

    def _held_at(self, told: ToldPrice) -> list[PriceRow]:
        """The prices of a subject and kind that held at one moment, by number."""
        held = self._held.get((told.subject, told.kind), [])
        first, end = bisect_left(held, (told.at, 0)), bisect_right(held, (told.at, LAST_NUMBER))
        return [self._prices[number - 1] for _, number in held[first:end]]

    def prices_by_number(
        self, subject: Subject | None, *, gt: int, lte: int, limit: int
    ) -> list[PriceRow]:
        """Prices in the order in which they were recorded."""
        with self.reading():
            rows = self._prices if subject is None else self._of.get(subject, [])
            first = bisect_right(rows, gt, key=_number)
            end = bisect_right(rows, lte, key=_number)
            return rows[first : min(end, first + limit)]

    def prices_until(self, recorded_at: str) -> int:
        """The last number that was recorded at or before a moment."""
        with self.reading():
            return bisect_right(self._prices, recorded_at, key=_recorded_at)

    def latest_at(self, subject: Subject, lte: int) -> str:
        """The latest moment that a subject's prices up to a number speak of."""
        with self.reading():
            rows = self._of.get(subject, [])
            end = bisect_right(rows, lte, key=_number)
            return rows[end - 1].latest_at if end else ""

    def last_prices(
        self, subject: Subject, kind: str | None, *, at: str, lte: int
    ) -> list[PriceRow]:
        """The last price up to a number of those that held last."""
        with self.reading():
            kinds = (kind,) if kind else KINDS
            found = (self._last_price(subject, one, at, lte) for one in kinds)
            return [row for row in found if row is not None]

    def _last_price(self, subject: Subject, kind: str, at: str, lte: int) -> PriceRow | None:
        held = self._held.get((subject, kind), [])
        for place in range(bisect_right(held, (at, LAST_NUMBER)), 0, -1):
            number = held[place - 1][1]
            if number <= lte:
                return self._prices[number - 1]
        return None


__all__ = ["PricesInMemory"]
