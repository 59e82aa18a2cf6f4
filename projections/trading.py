"""Questions about trades: trips, lots, stop paths, and what they came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain, groupby
from typing import Any, Final

import attrs
from sqlalchemy import or_, select

from ledger.domain.accounts import Account
from ledger.domain.events import Intent, OrdType, Recorded
from ledger.domain.gates import require_time
from ledger.domain.instruments import Instrument
from ledger.history import KnownAt, resolve, rules_at
from ledger.rebuilding import order_facts, rebuild_order
from projections.answers import Answer
from projections.asking import Asking, held
from projections.exits import TARGET_TYPES, Exit, exit_of
from projections.foreign import Rates
from projections.lot_trades import LotTrade, lot_trades_of
from projections.stops import StopStep, Trips, stop_path
from projections.trade_metrics import Managed, TradeMetrics, metrics_of
from projections.trades import Trade, Trip, trips_of, with_risk

_Place = tuple[str, str, int]
_MOVES: Final = ("stop-moved", "order-replaced", "order-restated")


class Trading:
    """Asks the steps, the orders and their facts; each question as :class:`Reports` has it."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._book = asking.book

    def rules(self, account: str, as_of: datetime | None, number: int) -> Account:
        """An account that knows no more than its rules, those that were known at a number."""
        as_of = as_of if as_of is None else require_time("as_of", as_of)
        return rules_at(self._book.at(account), as_of, number)

    # -- trips --------------------------------------------------------------------------

    def trips(
        self, account: str, instrument: str | None, as_of: datetime | None, number: int
    ) -> list[tuple[Trip, Instrument | None]]:
        """Trips with their risk, and what they traded, by when they began."""
        stops = self._initial_stops(account, number)
        state = self.rules(account, as_of, number)
        found: list[tuple[Trip, Instrument | None]] = []
        steps = self._asking.steps(account, instrument, number, as_of=as_of)
        for (instrument_id, _), of_position in _by_position(steps):
            what = state.policy.instrument(instrument_id, as_of)
            for trip in trips_of(of_position, what):
                trade = with_risk(trip.trade, stops, what)
                found.append((trip._replace(trade=trade), what))
        found.sort(key=lambda one: (one[0].trade.opened_at, one[0].trade.opened_by))
        return found

    def trades(
        self,
        account: str,
        instrument: str | None,
        as_of: datetime | None,
        known_at: KnownAt,
    ) -> Answer[Trade]:
        """Trades, their fees in other currencies converted where a rate is recorded."""
        number = self._asking.reach(known_at)
        rates = Rates(self._book, known_at)
        found = self.trips(account, instrument, as_of, number)
        lines = [_converted(trip, rates) for trip, _ in found]
        return Answer(lines=lines, number=number, known_at=self._known(number, rates))

    def _known(self, number: int, rates: Rates) -> datetime | None:
        """When all that an answer is made of was known, where rates are part of it."""
        if not rates.known:
            return None
        events = self._book.store.read_all(after=number - 1, upto=number)
        return max(*rates.known, *(recorded.recorded_at for recorded in events))

    def _initial_stops(self, account: str, number: int) -> dict[str, Decimal]:
        """The initial stop of each order that had one, by the ids it went by."""
        table = self._asking.table("order_changes")
        where = [*self._asking.of(table, account, None), table.c.initial_stop_px.is_not(None)]
        question = select(table.c.current_id, table.c.initial_stop_px)
        rows = self._asking.rows(question.where(*where, table.c.number <= number).distinct())
        return {row.current_id: row.initial_stop_px for row in rows}

    def lots(
        self, account: str, instrument: str | None, as_of: datetime | None, known_at: KnownAt
    ) -> Answer[LotTrade]:
        """Closed pieces of lots, by when they were closed; from the book itself."""
        number = resolve(self._book.store, known_at)
        state = self._book.at(account, as_of=as_of, known_at=number)
        only = None if instrument is None else state.resolve(instrument)
        keys = [key for key in sorted(state.positions) if only in {None, key.instrument_id}]
        found = [piece for key in keys for piece in lot_trades_of(self._book, state, key)]
        found.sort(key=lambda one: (one.closed_at, one.closed_by))
        return Answer(lines=found, number=number)

    # -- stops --------------------------------------------------------------------------

    def stops(
        self,
        account: str,
        instrument: str | None,
        cl_ord_id: str | None,
        as_of: datetime | None,
        known_at: KnownAt,
    ) -> Answer[StopStep]:
        """Stop paths, one order after the other, by when each began."""
        number = self._asking.reach(known_at)
        table = self._asking.table("order_changes")
        has_level = or_(table.c.stop_px.is_not(None), table.c.target_px.is_not(None))
        where = [*self._asking.of(table, account, None), held(table, number), has_level]
        if cl_ord_id is not None:
            where.append(table.c.cl_ord_id == cl_ord_id)
        ids = [row[0] for row in self._asking.rows(select(table.c.cl_ord_id).where(*where))]
        only = None if instrument is None else self._book.at(account).resolve(instrument)
        paths = [
            path
            for path in self._paths(account, instrument, ids, as_of, number)
            if only in {None, path[0].instrument_id}
        ]
        paths.sort(key=lambda path: (path[0].at, path[0].number))
        return Answer(lines=[step for path in paths for step in path], number=number)

    def _paths(
        self,
        account: str,
        instrument: str | None,
        ids: Iterable[str],
        as_of: datetime | None,
        number: int,
    ) -> Iterator[list[StopStep]]:
        """The path of each of some orders, some of which may be one under several ids."""
        state = self.rules(account, as_of, number)
        steps = self._asking.steps(account, instrument, number, as_of=as_of)
        names = {row.instrument_id for row in steps}
        trips = Trips(steps, {name: state.policy.instrument(name, as_of) for name in names})
        seen: set[str] = set()
        for cl_ord_id in ids:
            facts: list[Recorded] = order_facts(self._book.store, state, cl_ord_id, number)
            path = list(stop_path(account, facts, trips))
            if path and path[0].cl_ord_id not in seen:
                seen.add(path[0].cl_ord_id)
                yield path

    # -- metrics ------------------------------------------------------------------------

    def metrics(
        self, account: str, instrument: str | None, as_of: datetime | None, known_at: KnownAt
    ) -> Answer[TradeMetrics]:
        """What the closed trades came to, by currency."""
        found = self.trades(account, instrument, as_of, known_at)
        exits = self._exits(account, as_of, found.number, found)
        moves = self._moves(account, instrument, as_of, found.number)
        managed = [
            Managed(one, exits.get(one.exit_cl_ord_id or ""), *moves.get(_place(one), (0, 0)))
            for one in found
            if one.is_closed
        ]
        return Answer(lines=metrics_of(managed), number=found.number, known_at=found.known_at)

    def _exits(
        self, account: str, as_of: datetime | None, number: int, trades: Iterable[Trade]
    ) -> dict[str, Exit]:
        """What each order that ended a trade was to it, as far as it was placed here."""
        table = self._asking.table("order_changes")
        where = [*self._asking.of(table, account, None), table.c.ord_type.is_not(None)]
        names = (table.c.current_id, table.c.ord_type, table.c.intent)
        rows = self._asking.rows(select(*names).where(*where, table.c.number <= number).distinct())
        placed = {row.current_id: row for row in rows}
        state = self.rules(account, as_of, number)
        ended = placed.keys() & {one.exit_cl_ord_id for one in trades}
        return {name: self._exit(state, placed[name], number) for name in sorted(ended)}

    def _exit(self, state: Account, row: Any, number: int) -> Exit:
        kind, intent = OrdType(row.ord_type), Intent(row.intent) if row.intent else None
        if kind not in TARGET_TYPES or intent is not None:
            return exit_of(kind, intent, (), ())
        order = rebuild_order(self._book.store, state, row.current_id, number)
        return exit_of(kind, intent, order.facts.links.values(), order.cl_ord_ids)

    def _moves(
        self, account: str, instrument: str | None, as_of: datetime | None, number: int
    ) -> dict[_Place, tuple[int, int]]:
        """How often stops were moved to break even, and trailed, by trip."""
        table = self._asking.table("order_changes")
        where = [*self._asking.of(table, account, None), table.c.event.in_(_MOVES)]
        where += [table.c.stop_px.is_not(None), table.c.number <= number]
        rows = self._asking.rows(select(table.c.cl_ord_id).where(*where).distinct())
        ids = [row.cl_ord_id for row in rows]
        paths = self._paths(account, instrument, ids, as_of, number) if ids else ()
        moves: dict[_Place, tuple[int, int]] = {}
        for step in chain.from_iterable(paths):
            if step.cycle is not None:
                place = (step.instrument_id or "", step.position_id or "", step.cycle)
                even, trailed = moves.get(place, (0, 0))
                moves[place] = (even + step.is_break_even, trailed + step.is_trailing)
        return moves


def _converted(trip: Trip, rates: Rates) -> Trade:
    """A trade with its fees in other currencies in its own, as far as there are rates."""
    if not trip.foreign:
        return trip.trade
    amount, without = rates.convert(trip.foreign, trip.trade.currency)
    unconverted = tuple(sorted(without))
    return attrs.evolve(trip.trade, converted_fees=amount, unconverted=unconverted)


def _place(trade: Trade) -> _Place:
    return trade.instrument_id, trade.position_id, trade.cycle


def _by_position(rows: Iterable[Any]) -> Iterator[tuple[tuple[str, str], Iterator[Any]]]:
    """Rows that are sorted by position, one position after the other."""
    return groupby(rows, key=lambda row: (row.instrument_id, row.position_id))
