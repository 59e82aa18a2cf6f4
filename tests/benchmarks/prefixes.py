"""What an account was at many past moments, by the bare loop: without checkpoints and without the
ledger's fold.

``known_at`` is told by the beginning of the log. All that is more than two minutes older than the
last fact there is final in the history of :mod:`tests.benchmarks.mix`, whose late fills and
amendments reach half a minute back; it is matched once, the rest for every moment. ``as_of`` is
told by the fills as they stand at the end, up to that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from ledger.store.rows import time_from, time_text
from tests.benchmarks.replay import (
    ZERO,
    Fifo,
    Fill,
    Order,
    Replay,
    Stored,
    Totals,
    book_in,
    gated,
    replayed,
    rows_of,
    totals_of,
)

FINAL: Final = timedelta(minutes=2)


def known_at(path: Path, account: str, numbers: Sequence[int]) -> Iterator[Totals]:
    """The account after so many of its events, for ascending numbers."""
    rows, decoders = rows_of(str(path), account), gated()
    replay, books, taken = Replay(), dict[str, Fifo](), 0
    for number in numbers:
        last = ""
        while taken < number:
            topic, last, state = next(rows)
            replay.take(last, decoders[topic](state))
            taken += 1
        if last:
            _match(books, _final(replay, time_text(time_from(last) - FINAL)))
        yield _with_rest(replay, books)


def _final(replay: Replay, before: str) -> list[Fill]:
    """Take out the fills that nothing will change any more."""
    old = {name: fill for name, fill in replay.fills.items() if fill.at < before}
    for name in old:
        del replay.fills[name]
    return sorted(old.values(), key=lambda fill: fill.at)


def _match(books: dict[str, Fifo], fills: Sequence[Fill]) -> None:
    for fill in fills:
        book_in(books, fill)
        for _, amount in fill.fees:
            books[fill.instrument_id].fees += amount


def _with_rest(replay: Replay, final: dict[str, Fifo]) -> Totals:
    books = {name: book.copy() for name, book in final.items()}
    _match(books, replay.in_order())
    return totals_of(books, sum(order.is_open for order in replay.orders.values()))


def as_of(rows: Iterator[Stored], moments: Sequence[datetime]) -> Iterator[Totals]:
    """The account at ascending times, as all its events tell it."""
    replay = replayed(rows, gated())
    walk = Walk(replay)
    for moment in moments:
        yield walk.upto(time_text(moment))


class Walk:
    """An account's acts in order of time, as they stand."""

    def __init__(self, replay: Replay) -> None:
        self.orders = replay.orders
        self.books: dict[str, Fifo] = {}
        self.cum: dict[str, Decimal] = {}
        self.open: set[str] = set()
        acts = [*self._fills(replay), *self._orders(replay.orders)]
        self.acts = iter(sorted(acts, key=lambda act: act[0]))
        self.ahead: Act | None = next(self.acts, None)

    @staticmethod
    def _fills(replay: Replay) -> Iterator[Act]:
        for fill in replay.fills.values():
            yield fill.at, fill
            for at, amount in fill.fees:
                yield at, (fill.instrument_id, amount)

    @staticmethod
    def _orders(orders: dict[str, Order]) -> Iterator[Act]:
        for name, order in orders.items():
            yield order.placed_at, name
            if order.cancelled_at:
                yield order.cancelled_at, name

    def upto(self, moment: str) -> Totals:
        """Go on to a moment, and tell."""
        while self.ahead is not None and self.ahead[0] <= moment:
            self._do(*self.ahead)
            self.ahead = next(self.acts, None)
        return totals_of(self.books, len(self.open))

    def _do(self, at: str, what: Fill | tuple[str, Decimal] | str) -> None:
        if isinstance(what, str):
            self._stands(what, at)
        elif isinstance(what, Fill):
            book_in(self.books, what)
            if what.order is not None:
                self.cum[what.order] = self.cum.get(what.order, ZERO) + abs(what.qty)
                self._stands(what.order, at)
        else:
            self.books[what[0]].fees += what[1]

    def _stands(self, name: str, at: str) -> None:
        """Whether an order is open now."""
        order = self.orders[name]
        is_cancelled = bool(order.cancelled_at) and order.cancelled_at <= at
        if is_cancelled or self.cum.get(name, ZERO) >= order.qty:
            self.open.discard(name)
        else:
            self.open.add(name)


Act = tuple[str, Fill | tuple[str, Decimal] | str]
