"""Parting: the last moment at which the books and the broker still agreed, found by halving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select

from adapters.port import Batch
from adapters.reconcile.executions import Execution
from ledger.domain.numbers import ZERO, add, negate, subtract, total
from ledger.reading import Reader
from projections.asking import Asking, held

_TICK = timedelta(microseconds=1)


class Parted(NamedTuple):
    """Whether both ever agreed, and the log number of the last event while they did; None where
    nothing had happened yet, or they never agreed."""

    agreed: bool
    after: int | None


def last_agreed(moments: Sequence[datetime], agree: Callable[[datetime], bool]) -> datetime | None:
    """A moment at which both agreed while they do not at the next one; None if they never did.
    Both are asked for about log2 of the moments, which are in order and end in disagreement.

    >>> from datetime import timezone
    >>> days = [datetime(2026, 1, day, tzinfo=timezone.utc) for day in range(1, 30)]
    >>> last_agreed(days, lambda at: at.day < 17).day
    16
    """
    if not moments or not agree(moments[0]):
        return None
    low, high = 0, len(moments)
    while high - low > 1:
        middle = (low + high) // 2
        if agree(moments[middle]):
            low = middle
        else:
            high = middle
    return moments[low]


class Parting:
    """Looks for the event after which the books and what a broker states went apart."""

    def __init__(self, book: Reader, asking: Asking, batch: Batch, number: int) -> None:
        self._book, self._asking = book, asking
        self._account, self._venue, self._number = batch.account, batch.venue, number
        self._since = batch.coverage.covers_from

    def of_position(
        self, instrument_id: str, stated: Decimal, end: datetime, told: Iterable[Execution]
    ) -> Parted:
        """The position's last event while both agreed: where the report begins and among the fills
        it tells, else at the end of an earlier statement."""
        fills = sorted((one for one in told if one.instrument_id == instrument_id), key=_at)
        moves = [Decimal(f.qty) if f.side == "buy" else negate(Decimal(f.qty)) for f in fills]
        opening = subtract(stated, total(moves))
        times = [fill.moment for fill in fills]
        first = min([self._since or end, *times]) - _TICK
        path = dict(zip([first, *times], accumulate([opening, *moves], add), strict=True))

        def agree(at: datetime) -> bool:
            return self._held(instrument_id, at) == path[at]

        agreed = last_agreed(list(path), agree) or self._by_statements(
            "position", instrument_id, lambda at: self._held(instrument_id, at)
        )
        if agreed is None:
            return Parted(agreed=False, after=None)
        return Parted(agreed=True, after=self._last_step(instrument_id, agreed))

    def of_balance(self, currency: str) -> Parted:
        """The same of a balance: the last statement on record with which the books agree."""
        agreed = self._by_statements("balance", currency, lambda at: self._cash(currency, at))
        if agreed is None:
            return Parted(agreed=False, after=None)
        return Parted(agreed=True, after=self._last_entry(currency, agreed))

    def _by_statements(
        self, what: str, subject: str, booked: Callable[[datetime], Decimal]
    ) -> datetime | None:
        """The end of the venue's last statement on record up to which both agreed."""
        table = self._asking.table("stated")
        question = select(table.c.covers_to, table.c.amount).where(
            table.c.account == self._account,
            table.c.venue == self._venue,
            held(table, self._number),
            table.c.what == what,
            table.c.subject == subject,
            table.c.covers_to.is_not(None),
        )
        said = {row.covers_to - _TICK: row.amount for row in self._asking.rows(question)}
        return last_agreed(sorted(said), lambda at: booked(at) == said[at])

    def _held(self, instrument_id: str, at: datetime) -> Decimal:
        """Units of all the instrument's books at a time, as they are known."""
        table = self._asking.table("position_steps")
        mine = and_(
            table.c.account == self._account,
            table.c.instrument_id == instrument_id,
            held(table, self._number),
        )
        books = self._asking.rows(select(table.c.position_id).where(mine).distinct())
        latest = select(table.c.net_qty).where(mine, table.c.at <= at)
        latest = latest.order_by(table.c.at.desc(), table.c.place.desc()).limit(1)
        found = (self._asking.rows(latest.where(table.c.position_id == one[0])) for one in books)
        return total(rows[0].net_qty for rows in found if rows)

    def _cash(self, currency: str, at: datetime) -> Decimal:
        views = self._book.balances(self._account, as_of=at, known_at=self._number)
        return next((view.total for view in views if view.currency == currency), ZERO)

    def _last_step(self, instrument_id: str, at: datetime) -> int | None:
        table = self._asking.table("position_steps")
        return self._latest(
            "position_steps", table.c.fact, table.c.instrument_id == instrument_id, table.c.at <= at
        )

    def _last_entry(self, currency: str, at: datetime) -> int | None:
        table = self._asking.table("balance_ledger")
        return self._latest(
            "balance_ledger", table.c.number, table.c.currency == currency,
            table.c.occurred_at <= at,
        )  # fmt: skip

    def _latest(
        self, name: str, number: ColumnElement[int], *where: ColumnElement[bool]
    ) -> int | None:
        table = self._asking.table(name)
        question = select(func.max(number)).where(
            table.c.account == self._account, table.c.number <= self._number, *where
        )
        found: int | None = self._asking.rows(question)[0][0]
        return found


def _at(one: Execution) -> tuple[str, str]:
    return one.at, one.key
