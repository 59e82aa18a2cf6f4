"""One reconciliation: completeness, then trades, orders, movements, positions and balances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

import attrs

from adapters.port import Batch
from adapters.reconcile.books import BookedExecutions
from adapters.reconcile.breaks import Break, in_order
from adapters.reconcile.cash import Cash
from adapters.reconcile.completeness import input_breaks, why_incomplete
from adapters.reconcile.costs import Costs
from adapters.reconcile.holdings import Holdings, figures
from adapters.reconcile.known import KnownBreaks
from adapters.reconcile.log_digest import digest_at
from adapters.reconcile.movements import compare_movements
from adapters.reconcile.orders import compare_orders
from adapters.reconcile.outcome import Absorbed, Figure, Outcome, in_order_of_names
from adapters.reconcile.parting import Parting
from adapters.reconcile.told import Telling, Told
from adapters.reconcile.trades import Sink, Span, Trades, compare_trades
from adapters.reconcile.venues import of_own_venue
from adapters.statement import Comparison, states_something
from adapters.statement import Kind as LineKind
from adapters.whose import opened
from ledger.domain.accounts import Account
from ledger.domain.instruments import Instrument
from ledger.history import KnownAt
from ledger.reading import Reader
from projections.reports import Reports

_TICK = timedelta(microseconds=1)
Tolerances = Mapping[str, Decimal]
"""By currency: so much money may differ without being a break."""


def reconcile(
    book: Reader,
    reports: Reports,
    batch: Batch,
    *,
    now: datetime,
    as_of: datetime | None = None,
    known_at: KnownAt = None,
    tolerances: Tolerances | None = None,
    sink: Sink | None = None,
    other_account: bool = False,
) -> Outcome:
    """Compare a broker's report with the books. It finds; it books nothing.

    The report has to reach to ``as_of``; ``now`` dates what a report without times says. ``sink``
    is given every match of trades. An incomplete report gives an outcome without breaks of trades,
    orders, positions or cash: nothing may be said then. So does one of another account of the
    venue than the books are of, unless ``other_account`` says that it is meant.
    """
    run = _Run(book, reports, batch, known_at, now)
    whose = None if other_account else opened(book.store, batch.account)
    incomplete = why_incomplete(batch, as_of, whose)
    base = Outcome(
        batch=batch,
        as_of=as_of or batch.coverage.covers_to,
        business_date=run.end.date(),
        known_at=run.number,
        digest=digest_at(book.store, run.number).root,
        incomplete=incomplete,
        controls=batch.coverage.controls,
    )
    if incomplete:
        return base
    return run.compared(base, tolerances or {}, sink)


@attrs.frozen(kw_only=True)
class Figured:
    """What was stated of positions and balances beside the books."""

    breaks: tuple[Break, ...] = ()
    positions: tuple[Figure, ...] = ()
    balances: tuple[Figure, ...] = ()


class _Run:
    """One account and one report."""

    def __init__(
        self, book: Reader, reports: Reports, batch: Batch, known_at: KnownAt, now: datetime
    ) -> None:
        self._book, self._reports, self._batch = book, reports, batch
        self.number = reports.asking.reach(known_at)
        covers = batch.coverage
        self._span = Span(since=covers.covers_from, until=covers.covers_to)
        self.end = covers.covers_to - _TICK if covers.covers_to else _last(batch) or now

    def compared(self, base: Outcome, tolerances: Tolerances, sink: Sink | None) -> Outcome:
        """The whole comparison."""
        told = Telling(self._batch, self._book.store).told()
        trades = self._trades(told, sink)
        found = [*input_breaks(self._batch, self.end), *trades.breaks]
        found += compare_orders(self._batch, self._reports, self.number, self.end)
        found += compare_movements(
            self._batch, self._reports, self._book.store, self._span, self.number
        )
        figured = self._figures(told, found)
        kept, absorbed = _within([*found, *figured.breaks], tolerances)
        known = KnownBreaks(self._reports, self._batch.account, self.number)
        return attrs.evolve(
            base,
            breaks=in_order(of_own_venue(kept, known, self._batch.venue)),
            matched=trades.matched,
            positions=figured.positions,
            balances=figured.balances,
            absorbed=absorbed,
        )

    def _figures(self, told: Told, found: Sequence[Break]) -> Figured:
        """What the report states of positions and balances, if anything."""
        batch, end = self._batch, self.end
        if not states_something(batch):
            return Figured()
        compared = Comparison(self._book, batch, self.number)
        lines = compared.lines()
        wanted = {line.subject for line in lines if not line.agrees}
        fills = [one for one in told.standing() if one.instrument_id in wanted] if wanted else []
        parting = Parting(self._book, self._reports.asking, batch, self.number)
        held = Holdings(batch, lines, found, fills, parting, end)
        costs = Costs(compared, batch, lines, self._book.store, end)
        cash = Cash(compared, batch, lines, end)
        units, money = figures(lines, LineKind.POSITION), figures(lines, LineKind.CASH)
        return Figured(
            breaks=(*held.breaks(), *costs.breaks(found), *cash.breaks(found)),
            positions=in_order_of_names([*units, *(one.figure for one in costs.found)]),
            balances=in_order_of_names([*money, *cash.figures()]),
        )

    def _trades(self, told: Told, sink: Sink | None) -> Trades:
        """Trades, where the report says anything of them."""
        span = self._trade_span(told)
        if span is None:
            return Trades(breaks=(), matched={})
        books = BookedExecutions(self._reports, self._batch.account, self.number)
        return compare_trades(
            books,
            told,
            span,
            self._book.store,
            sink=sink,
            instrument=self._instrument,
            ends=self._span.until,
        )

    def _trade_span(self, told: Told) -> Span | None:
        """The time of which the report tells all trades. One that does not say what it covers is
        compared from its first fill to its last; one that only undoes earlier fills covers none."""
        span = self._span
        if span.since is not None and span.until is not None:
            return span
        times = [one.at for one in told.standing()]
        if times:
            first, last = (datetime.fromisoformat(at) for at in (min(times), max(times)))
            return Span(since=span.since or first, until=span.until or last + _TICK)
        undone = [one.occurred_at for one in told.reversals()]
        return Span(since=min(undone), until=min(undone)) if undone else None

    def _instrument(self, instrument_id: str) -> Instrument | None:
        """What an instrument is known to be."""
        return self._state.instrument(instrument_id)

    @cached_property
    def _state(self) -> Account:
        return self._book.at(self._batch.account, known_at=self.number)


def _last(batch: Batch) -> datetime | None:
    return max((record.occurred_at for record in batch.records), default=None)


def _within(
    breaks: Iterable[Break], tolerances: Tolerances
) -> tuple[Sequence[Break], tuple[Absorbed, ...]]:
    """The breaks that remain, and the differences that a declared tolerance lets pass: of figures
    and movements of money, never of a trade, whose money may be little and its price far off."""
    kept, absorbed = [], []
    for one in breaks:
        allowed = None if one.kind.family == "trade" else tolerances.get(one.unit)
        if one.difference is None or allowed is None or one.difference.copy_abs() > allowed:
            kept.append(one)
        else:
            absorbed.append(
                Absorbed(
                    kind=one.kind,
                    subject=one.subject,
                    difference=one.difference,
                    tolerance=allowed,
                )
            )
    return kept, tuple(absorbed)
