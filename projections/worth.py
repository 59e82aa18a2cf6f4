"""Worth: what an account is worth, at a moment or day by day, and whether it all adds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import attrs

from ledger.domain.gates import require_time, require_zone
from ledger.domain.numbers import ONE, ZERO, quantize, ratio, subtract
from ledger.domain.prices import Price, PriceKind
from ledger.history import KnownAt, rules_at
from projections.answers import Answer
from projections.asking import Asking
from projections.buying_power import BuyingPowerRule, PowerTerm
from projections.calendars import SessionCalendar
from projections.excursions import Excursion, excursion_of, marks_that_hold
from projections.identity import EquityCheck, Side, checked
from projections.pnl import MIDNIGHT, Days, PnlLine, lines_of
from projections.power_terms import power_terms
from projections.trading import Trading
from projections.valuation import (
    EquityLine,
    EquityTotal,
    Moment,
    ValuedPosition,
    equity_lines,
    equity_total,
    opening,
    state_at,
    valued,
)


@attrs.frozen(kw_only=True)
class CurvePoint:
    """Equity in base currency at the end of a day, and how far below its highest end of a day so
    far it is: ``drawdown`` as an amount, ``drawdown_share`` of the highest (None while that is not
    positive)."""

    account: str
    number: int
    day: date
    at: datetime
    equity: Decimal
    highest: Decimal
    drawdown: Decimal
    drawdown_share: Decimal | None
    is_whole: bool


class Worth:
    """Questions about value. Each takes ``as_of`` and ``known_at``; marks and rates are those known
    then. ``kind`` restricts the marks to one kind, ``max_age`` leaves out older ones (only with
    ``as_of``): older at ``as_of``, or with a ``calendar`` at the last close up to it; a calendar
    alone leaves out what is older than that close."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._book = asking.book
        self._trading = Trading(asking)

    def _moment(
        self,
        as_of: datetime | None,
        known_at: KnownAt,
        kind: PriceKind | None = None,
        max_age: timedelta | None = None,
        calendar: SessionCalendar | None = None,
    ) -> Moment:
        number = self._asking.reach(known_at)
        as_of = as_of if as_of is None else require_time("as_of", as_of)
        return Moment(as_of, number, known_at, kind, max_age, calendar)

    def _known(
        self, moment: Moment, *sides: Side, terms: Sequence[PowerTerm] = ()
    ) -> datetime | None:
        """When all that an answer is made of was known: the event, and the newest mark or rate."""
        events = self._book.store.read_all(after=moment.number - 1, upto=moment.number)
        times = [recorded.recorded_at for recorded in events]
        marked: list[PowerTerm | ValuedPosition] = [*terms]
        rated: list[PowerTerm | EquityLine] = [*terms]
        for side in sides:
            marked += side.positions
            rated += side.lines
        times += [one.mark_known_at for one in marked if one.mark_known_at]
        times += [one.rate_known_at for one in rated if one.rate_known_at]
        return max(times, default=None)

    def _side(self, account: str, moment: Moment) -> Side:
        self._book.at(account)  # raises if there is no such account
        state = state_at(self._book, account, moment)
        positions = valued(self._book, state, moment)
        return Side(state, positions, equity_lines(self._book, state, positions, moment))

    def positions(
        self,
        account: str,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
        max_age: timedelta | None = None,
        calendar: SessionCalendar | None = None,
    ) -> Answer[ValuedPosition]:
        """Every position at its mark, with the mark's source and time."""
        moment = self._moment(as_of, known_at, kind, max_age, calendar)
        side = self._side(account, moment)
        known = self._known(moment, side)
        return Answer(lines=side.positions, number=moment.number, known_at=known)

    def equity(
        self,
        account: str,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
        max_age: timedelta | None = None,
        calendar: SessionCalendar | None = None,
    ) -> Answer[EquityLine]:
        """What the account is worth, currency by currency, and each in base currency."""
        moment = self._moment(as_of, known_at, kind, max_age, calendar)
        side = self._side(account, moment)
        known = self._known(moment, side)
        return Answer(lines=side.lines, number=moment.number, known_at=known)

    def excursions(
        self,
        account: str,
        instrument: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
    ) -> Answer[Excursion]:
        """How far each trip went for and against us at the marks of its life, by when it began.
        Every mark of its instrument is read for it."""
        moment = self._moment(as_of, known_at, kind)
        trips = self._trading.trips(account, instrument, moment.as_of, moment.number)
        names = {trip.trade.instrument_id for trip, _ in trips}
        marks = {name: marks_that_hold(self._marks(name, moment)) for name in sorted(names)}
        lines = [excursion_of(one, what, marks[one.trade.instrument_id]) for one, what in trips]
        newest = [mark.recorded_at for of_it in marks.values() for mark in of_it]
        times = [at for at in (self._known(moment), *newest) if at is not None]
        return Answer(lines=lines, number=moment.number, known_at=max(times, default=None))

    def _marks(self, instrument_id: str, moment: Moment) -> Iterator[Price]:
        """The marks of an instrument that were known, in the order in which they were recorded."""
        until = moment.known_at
        if isinstance(until, int):  # when that event was recorded
            until = self._known(moment)
            if until is None:
                return
        for mark in self._book.store.prices(instrument_id):
            if not isinstance(mark, Price) or _is_later(mark.recorded_at, until):
                return
            if moment.kind in {None, mark.kind} and not _is_later(mark.at, moment.as_of):
                yield mark

    def total(self, account: str, **when: Any) -> EquityTotal:
        """What the account is worth in base currency, and what is not in that."""
        moment = self._moment(**{"as_of": None, "known_at": None, **when})
        return equity_total(self._side(account, moment).lines, account, moment)

    def buying_power(
        self,
        account: str,
        rule: BuyingPowerRule,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
        max_age: timedelta | None = None,
        calendar: SessionCalendar | None = None,
    ) -> Answer[PowerTerm]:
        """What may still be opened, term by term, by the rule of the account's kind
        (:mod:`projections.buying_power`); ``power_sum`` adds the terms up."""
        moment = self._moment(as_of, known_at, kind, max_age, calendar)
        self._book.at(account)  # raises if there is no such account
        terms = power_terms(self._book, state_at(self._book, account, moment), moment, rule)
        known = self._known(moment, terms=terms)
        return Answer(lines=terms, number=moment.number, known_at=known)

    def curve(
        self,
        account: str,
        first: date,
        last: date,
        *,
        close: time = MIDNIGHT,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
    ) -> Answer[CurvePoint]:
        """Equity at the end of each day from the first to the last, both included, and the
        drawdown. Days end at ``close`` in the account's zone."""
        now = self._moment(None, known_at, kind)
        days = Days(self._zone(account, now), close)
        asked = [first + timedelta(nth) for nth in range((last - first).days + 1)]
        points = list(self._points(account, days, asked, now))
        return Answer(lines=points, number=now.number)

    def end_of(self, account: str, day: date, close: time = MIDNIGHT) -> datetime:
        """When a day ends in the account's zone: at the close, or at the midnight after it."""
        return Days(self._zone(account, self._moment(None, None)), close).end(day)

    def _zone(self, account: str, moment: Moment) -> tzinfo:
        opened = opening(rules_at(self._book.at(account), None, moment.number))
        return require_zone("time_zone", opened.time_zone if opened else "UTC")

    def _points(
        self, account: str, days: Days, asked: Iterable[date], now: Moment
    ) -> Iterator[CurvePoint]:
        highest: Decimal | None = None
        for day in asked:
            moment = now._replace(as_of=days.last(day))
            total = equity_total(self._side(account, moment).lines, account, moment)
            highest = total.equity if highest is None else max(highest, total.equity)
            drawdown = subtract(highest, total.equity)
            share = quantize(ratio(drawdown, ONE, highest)) if highest > ZERO else None
            yield CurvePoint(
                account=account,
                number=moment.number,
                day=day,
                at=days.end(day),
                equity=total.equity,
                highest=highest,
                drawdown=drawdown,
                drawdown_share=share,
                is_whole=total.is_whole,
            )

    def check(
        self,
        account: str,
        first: datetime,
        last: datetime,
        *,
        known_at: KnownAt = None,
        kind: PriceKind | None = None,
    ) -> Answer[EquityCheck]:
        """How equity came from one moment to the other, currency by currency; each line's
        ``difference`` is zero unless something is wrong."""
        begin, end = (self._moment(at, known_at, kind) for at in (first, last))
        before, after = self._side(account, begin), self._side(account, end)
        own = [self._own(account, at, end.number) for at in (first, last)]
        known = self._known(end, before, after)
        lines = checked(before, after, own[0], own[1])
        return Answer(lines=lines, number=end.number, known_at=known)

    def _own(self, account: str, at: datetime, number: int) -> list[PnlLine]:
        """What the account itself had earned and paid by a moment."""
        entries = self._asking.own_entries(account, number, at)
        return lines_of(account, Days(UTC), (), entries)


def _is_later(at: datetime | None, than: datetime | None) -> bool:
    return at is not None and than is not None and at > than
