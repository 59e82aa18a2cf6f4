"""Reports: the questions one can ask of the read models."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from typing import Final, TypeVar

from sqlalchemy import Engine, or_, select

from ledger.domain.gates import require_zone
from ledger.domain.views import BalanceView, PositionView
from ledger.history import KnownAt, resolve
from ledger.reading import Reader
from projections.answers import Answer
from projections.asking import Asking, held, recorded
from projections.changes import Changes
from projections.lines import BalanceLine, OrderLine, PositionLine, StepLine, reader
from projections.lot_trades import LotTrade
from projections.order_statistics import OrderStatistics, statistics_of
from projections.pnl import MIDNIGHT, Days, PnlLine, lines_of
from projections.snapshots import Snapshots
from projections.stops import StopStep
from projections.trade_metrics import TradeMetrics
from projections.trades import Trade
from projections.trading import Trading
from projections.valuation import opening
from projections.worth import Worth

PAGE: Final = 100
T = TypeVar("T")

_position_line = reader(PositionLine)
_step_line = reader(StepLine)
_balance_line = reader(BalanceLine)
_order_line = reader(OrderLine)


class Reports:
    """Questions about the accounts of a book, answered from its tables.

    Every question takes ``known_at`` (a time or a log number); those about what held at a time
    also ``as_of``. An answer carries the number it was known at. The tables are brought up to the
    question first, unless ``catches_up`` is False: then somebody else does that, and what they
    have not reached raises ``NotThereYetError``.
    """

    def __init__(self, book: Reader, engine: Engine, *, catches_up: bool = True) -> None:
        self.book = book
        self.asking = Asking(book, engine, catches_up=catches_up)
        self._trading = Trading(self.asking)
        self.changes = Changes(self.asking, engine)
        """The lines of both ledgers as one stream."""
        self.worth = Worth(self.asking)
        """What accounts are worth at recorded marks and rates."""
        self.snapshots = Snapshots(self, engine)
        """What accounts were at the ends of days."""

    # -- ledgers ------------------------------------------------------------------------

    def position_ledger(
        self,
        account: str,
        instrument: str | None = None,
        *,
        known_at: KnownAt = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = PAGE,
    ) -> Answer[PositionLine]:
        """One line a change of a position, in the order of recording; of those recorded at or
        after ``since`` and before ``until``. ``after`` is the ``next`` of the page before."""
        number = self.asking.reach(known_at)
        table = self.asking.table("position_ledger")
        where = [*self.asking.of(table, account, instrument), *recorded(table, since, until)]
        return self.asking.page(table, where, number, after, limit, _position_line)

    def balance_ledger(
        self,
        account: str,
        currency: str | None = None,
        *,
        entry: str | None = None,
        known_at: KnownAt = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = PAGE,
    ) -> Answer[BalanceLine]:
        """One line a movement of money, in the order of recording."""
        number = self.asking.reach(known_at)
        table = self.asking.table("balance_ledger")
        where = [*self.asking.of(table, account, None), *recorded(table, since, until)]
        if currency is not None:
            where.append(table.c.currency == currency)
        if entry is not None:
            where.append(table.c.entry == entry)
        return self.asking.page(table, where, number, after, limit, _balance_line)

    # -- what holds ---------------------------------------------------------------------

    def positions(
        self, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> Answer[PositionView]:
        """All positions that anything ever moved; from the book itself."""
        number = resolve(self.book.store, known_at)
        found = self.book.positions(account, as_of=as_of, known_at=number)
        return Answer(lines=found, number=number)

    def balances(
        self, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> Answer[BalanceView]:
        """Every currency of the account: total, held, free, settled; from the book itself."""
        number = resolve(self.book.store, known_at)
        found = self.book.balances(account, as_of=as_of, known_at=number)
        return Answer(lines=found, number=number)

    def orders(
        self,
        account: str,
        instrument: str | None = None,
        *,
        strategy: str | None = None,
        is_open: bool | None = None,
        known_at: KnownAt = None,
        after: str | None = None,
        limit: int | None = PAGE,
    ) -> Answer[OrderLine]:
        """Each order as it stood, by the event that last changed it; all of them without a
        ``limit``."""
        number = self.asking.reach(known_at)
        table = self.asking.table("order_changes")
        where = [*self.asking.of(table, account, instrument), held(table, number)]
        if strategy is not None:
            where.append(table.c.strategy == strategy)
        if is_open is not None:
            where.append(table.c.is_open == int(is_open))
        return self.asking.page(table, where, number, after, limit, _order_line)

    def orders_named(
        self, account: str, names: Collection[str], *, known_at: KnownAt = None
    ) -> list[OrderLine]:
        """The orders that go, or went first, by one of these ids: ours or the venue's."""
        number = self.asking.reach(known_at)
        table = self.asking.table("order_changes")
        wanted = sorted(names)
        found: dict[str, OrderLine] = {}
        for begin in range(0, len(wanted), PAGE):
            part = wanted[begin : begin + PAGE]
            ids = (table.c.cl_ord_id, table.c.current_id, table.c.order_id)
            where = [*self.asking.of(table, account, None), held(table, number)]
            question = select(table).where(*where, or_(*(one.in_(part) for one in ids)))
            found |= {row.cl_ord_id: _order_line(row) for row in self.asking.rows(question)}
        return list(found.values())

    def order_changes(
        self, account: str, cl_ord_id: str, *, known_at: KnownAt = None
    ) -> Answer[OrderLine]:
        """One order after each fact about it, by its first id."""
        number = self.asking.reach(known_at)
        table = self.asking.table("order_changes")
        where = [*self.asking.of(table, account, None), table.c.cl_ord_id == cl_ord_id]
        return self.asking.page(table, where, number, None, None, _order_line)

    def order_statistics(
        self,
        account: str,
        instrument: str | None = None,
        *,
        strategy: str | None = None,
        known_at: KnownAt = None,
    ) -> Answer[OrderStatistics]:
        """How the orders fared, by instrument, type and strategy."""
        found = self.orders(account, instrument, strategy=strategy, known_at=known_at, limit=None)
        return Answer(lines=statistics_of(found), number=found.number)

    def steps(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[StepLine]:
        """What each fact did to its position as far as was known, in canonical order."""
        number = self.asking.reach(known_at)
        rows = self.asking.steps(account, instrument, number, as_of=as_of)
        return Answer(lines=[_step_line(row) for row in rows], number=number)

    def fills(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[StepLine]:
        """Each fill as it stood: corrected ones with their corrected values, busted ones marked."""
        found = self.steps(account, instrument, as_of=as_of, known_at=known_at)
        fills = [line for line in found if line.event == "fill-booked"]
        return Answer(lines=fills, number=found.number)

    # -- results ------------------------------------------------------------------------

    def trades(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[Trade]:
        """Round trips from flat to flat, the open ones too, by when they began. Fees in other
        currencies are converted where a rate is recorded; then the answer has ``known_at``."""
        return self._trading.trades(account, instrument, as_of, known_at)

    def lot_trades(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[LotTrade]:
        """Each closed piece of a lot, from the fill that opened it to the one that closed it, by
        when it was closed; from the book itself."""
        return self._trading.lots(account, instrument, as_of, known_at)

    def trade_metrics(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[TradeMetrics]:
        """What the closed trades came to, and how they were managed, by currency."""
        return self._trading.metrics(account, instrument, as_of, known_at)

    def stops(
        self,
        account: str,
        instrument: str | None = None,
        *,
        cl_ord_id: str | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[StopStep]:
        """Every level that stops and targets had, order by order (or of one, by its first id), in
        the order in which they were moved; by whom and why."""
        return self._trading.stops(account, instrument, cl_ord_id, as_of, known_at)

    def pnl(
        self,
        account: str,
        instrument: str | None = None,
        *,
        close: time = MIDNIGHT,
        zone: str | None = None,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> Answer[PnlLine]:
        """Profit and loss by day, position and currency; days are those of the account's zone
        (or ``zone``), and end at ``close``."""
        number = self.asking.reach(known_at)
        days = Days(require_zone("zone", zone or self._zone(account, number)), close)
        steps = self.asking.steps(account, instrument, number, as_of=as_of)
        entries = () if instrument is not None else self.asking.own_entries(account, number, as_of)
        return Answer(lines=lines_of(account, days, steps, entries), number=number)

    def _zone(self, account: str, number: int) -> str:
        """The zone that the account was opened with."""
        opened = opening(self._trading.rules(account, None, number))
        return opened.time_zone if opened else "UTC"
