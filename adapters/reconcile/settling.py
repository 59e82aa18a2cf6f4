"""Settling: whether a break that a report does not show is gone, and how one knows.

A report that says nothing of a thing settles nothing. What was open is gone when the books now say
what the broker said then, or when the report is about the same thing again and agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

from adapters.loose_ends import LooseEnds
from adapters.reconcile.kinds import Kind
from adapters.reconcile.known import KnownBreak
from adapters.reconcile.movements import told_movements
from adapters.reconcile.outcome import Figure, Outcome
from adapters.reconcile.settling_trades import SettledTrades
from adapters.reconcile.trades import Span
from ledger.domain.numbers import text
from projections.lines import OrderLine
from projections.reports import Reports

FIGURES: Final = {
    Kind.POSITION_QUANTITY: "quantity",
    Kind.POSITION_SIGN: "quantity",
    Kind.POSITION_OPENING: "quantity",
    Kind.POSITION_COST: "cost",
    Kind.CASH_BALANCE: "total",
    Kind.CASH_OPENING: "total",
    Kind.CASH_CURRENCY: "total",
    Kind.CASH_SETTLED: "settled",
}
"""Kinds about a stated figure, and what is stated."""

_AGREES: Final = "the report states it, and the books agree"
_COVERED: Final = "a report of the same time no longer shows it"
_ANSWERED: Final = "somebody has answered for the row"
_BOOKED: Final = "it is booked now"
_CLOSED: Final = "the order is closed here now"
_FLAT: Final = "nothing is held any more, on either side"
_BY_TOTAL: Final = "it differs by as much as the balance, whose break tells it"
_NOT_OPEN: Final = "every open order is listed, and it is not among them"


def is_of_a_moment(known: KnownBreak) -> bool:
    """Whether a break is about how things stood at a report's end, and not about one thing that
    happened: what a later report says of it counts, whatever an earlier one said."""
    return known.kind in FIGURES or known.kind_name.startswith("order.")


class Settling:
    """One report, the books as they were known with it, and the breaks it does not show."""

    def __init__(self, reports: Reports, outcome: Outcome, gone: Sequence[KnownBreak]) -> None:
        self._reports, self._outcome = reports, outcome
        self._batch, self._store = outcome.batch, reports.book.store
        covers = outcome.batch.coverage
        self._span = Span(since=covers.covers_from, until=covers.covers_to)
        self._gone = gone

    def how(self, known: KnownBreak) -> str:
        """How one knows that it is gone; empty when one does not."""
        kind = known.kind
        if kind is None:
            return ""
        if kind in FIGURES:
            return self._figure(known, FIGURES[kind])
        settle = {"trade": self._trades.how, "order": self._order, "input": self._input}
        return settle.get(kind.family, self._movement)(known)

    @cached_property
    def _trades(self) -> SettledTrades:
        about = [one for one in self._gone if one.kind_name.startswith("trade.")]
        return SettledTrades(self._reports, self._outcome, self._span, about)

    def _is_later(self, known: KnownBreak) -> bool:
        """Whether the report is not older than the last one that showed the break."""
        return self._outcome.business_date >= known.seen_on

    def _covers_all(self, known: KnownBreak) -> bool:
        """Whether the report covers what the one covered that showed the break first, or is that
        very statement."""
        if known.statement and known.statement == self._batch.statement_id:
            return True
        since, until = known.covers
        mine = self._span
        if since is None or until is None or mine.since is None or mine.until is None:
            return False
        return mine.since <= since and until <= mine.until

    # -- figures ------------------------------------------------------------------------

    def _figure(self, known: KnownBreak, what: str) -> str:
        """A position or balance that the report states again."""
        if not self._is_later(known):
            return ""
        one = self._stated(known.subject, what)
        if one is not None:
            return _AGREES if one.agrees else self._tolerated(known) or self._by_total(one)
        held = self._stated(known.subject, "quantity") if what == "cost" else None
        return _FLAT if held is not None and held.agrees and not held.ledger else ""

    def _stated(self, subject: str, what: str) -> Figure | None:
        """A figure that the report states."""
        is_held = what in {"quantity", "cost"}
        figures = self._outcome.positions if is_held else self._outcome.balances
        about = (one for one in figures if (one.subject, one.what) == (subject, what))
        return next((one for one in about if one.broker is not None), None)

    def _by_total(self, one: Figure) -> str:
        """Of settled money that is only off by what the whole balance is."""
        whole = self._stated(one.subject, "total") if one.what == "settled" else None
        is_same = whole is not None and whole.difference == one.difference
        return _BY_TOTAL if is_same else ""

    def _tolerated(self, known: KnownBreak) -> str:
        what = FIGURES.get(known.kind) if known.kind else None
        for one in self._outcome.absorbed:
            if (one.subject, FIGURES.get(one.kind)) == (known.subject, what):
                return f"{text(one.difference)} is within the tolerance of {text(one.tolerance)}"
        return ""

    # -- orders -------------------------------------------------------------------------

    def _order(self, known: KnownBreak) -> str:
        """An order that is stated again, or not open on either side."""
        if not self._is_later(known):
            return ""
        line = self._lines.get(known.reference)
        if known.kind is Kind.ORDER_OPEN_HERE and line is not None and not line.is_open:
            return _CLOSED
        names = {known.reference, *(_names(line) if line else ())}
        if names & self._stated_orders:
            return _AGREES
        is_quantity = known.kind is Kind.ORDER_CUM_QTY
        listed = self._batch.coverage.lists_orders and not is_quantity
        return _NOT_OPEN if listed and (line is None or not line.is_open) else ""

    @cached_property
    def _stated_orders(self) -> set[str]:
        ids = (name for one in self._batch.orders for name in (one.order_id, one.cl_ord_id))
        return {name for name in ids if name}

    @cached_property
    def _lines(self) -> dict[str, OrderLine]:
        wanted = {one.reference for one in self._gone if one.kind_name.startswith("order.")}
        account, number = self._outcome.account, self._outcome.known_at
        found = self._reports.orders_named(account, wanted - {""}, known_at=number)
        return {name: line for line in found for name in _names(line)}

    # -- movements of money -------------------------------------------------------------

    def _movement(self, known: KnownBreak) -> str:
        """A movement that is booked now, or that the report tells again."""
        fact = self._store.by_key([known.reference]).get(known.reference)
        booked = fact if fact is not None and fact.number <= self._outcome.known_at else None
        if known.kind is Kind.CASH_MISSING and booked is not None:
            return _BOOKED
        if not self._is_later(known):
            return ""
        if known.reference in self._told_movements:
            return _AGREES
        at = booked.occurred_at if booked is not None else None
        is_ours = known.kind is Kind.CASH_EXTRA and at is not None and self._holds(at)
        return _COVERED if is_ours and self._told_movements else ""

    def _holds(self, at: datetime) -> bool:
        return None not in {self._span.since, self._span.until} and self._span.holds(at)

    @cached_property
    def _told_movements(self) -> set[str]:
        return {one.key for one in told_movements(self._batch)}

    # -- the report itself --------------------------------------------------------------

    def _input(self, known: KnownBreak) -> str:
        """A row that somebody answered for or that is booked now, or a report that was mended."""
        if known.kind is Kind.ROW_QUARANTINED:
            aside = self._loose.aside
            if aside.is_answered(known.reference):
                return _ANSWERED
            if known.reference in aside.rows and known.reference not in self._waiting:
                return _BOOKED
        return _COVERED if self._is_later(known) and self._covers_all(known) else ""

    @cached_property
    def _loose(self) -> LooseEnds:
        return LooseEnds(self._store.read(self._outcome.account, upto=self._outcome.known_at))

    @cached_property
    def _waiting(self) -> set[str]:
        log = self._store.read(self._outcome.account, upto=self._outcome.known_at)
        return {one.row.digest for one in self._loose.aside.open(log)}


def _names(line: OrderLine) -> list[str]:
    return [name for name in (line.cl_ord_id, line.current_id, line.order_id) if name]
