"""Profit and loss by day: the steps of positions, and what the account itself earned and paid.

Days are those of the account's zone, half-open, and follow when things happened: a late fill
changes the day to which it belongs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, NamedTuple

import attrs

from ledger.domain.numbers import ZERO, add, negate, subtract
from projections.types import IN_UNITS

MIDNIGHT: Final = time(0)


@attrs.frozen(kw_only=True)
class PnlLine:
    """What a day brought, of one position (or of the account itself, without an instrument) in
    one currency.

    ``realized_pnl`` is gross; ``fees`` count on the day of what they are for, a rebate is
    negative; ``base_fee_cost`` is the cost of units that were paid as fees. ``income`` is
    dividends and interest. ``net_pnl`` is realized less fees and their cost, plus funding.
    """

    account: str
    day: date
    instrument_id: str
    position_id: str
    currency: str
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    base_fee_cost: Decimal = ZERO
    funding: Decimal = ZERO
    income: Decimal = ZERO

    @property
    def net_pnl(self) -> Decimal:
        """Realized less fees and the cost of fees paid in units, plus funding."""
        charged = add(self.fees, self.base_fee_cost)
        return add(subtract(self.realized_pnl, charged), self.funding)


class Days(NamedTuple):
    """Which day a moment belongs to: in a zone, where a day ends at ``close`` (midnight: the
    calendar's day). What happens at the close itself belongs to the next day. Of a close that comes
    twice, where clocks are put back, the first one counts; one that is skipped is as long after
    midnight as ever.

    >>> from zoneinfo import ZoneInfo
    >>> days = Days(ZoneInfo("America/Chicago"), time(17))
    >>> days.of(datetime.fromisoformat("2026-01-05T23:00:00+00:00"))
    datetime.date(2026, 1, 6)
    """

    zone: tzinfo
    close: time = MIDNIGHT

    def of(self, at: datetime) -> date:
        """The day of a moment."""
        day = at.astimezone(self.zone).date()
        is_over = self.close > MIDNIGHT and at > self.last(day)
        return day + timedelta(1) if is_over else day

    def end(self, day: date) -> datetime:
        """When a day ends: at the close, or at the midnight after it."""
        after = day if self.close > MIDNIGHT else day + timedelta(1)
        return datetime.combine(after, self.close, self.zone)

    def last(self, day: date) -> datetime:
        """The last moment of a day, in UTC: on the wall there may be two of it, or none."""
        return self.end(day).astimezone(UTC) - timedelta(microseconds=1)


_AMOUNTS = ("realized_pnl", "fees", "base_fee_cost", "funding", "income")
_Place = tuple[date, str, str, str]


def lines_of(
    account: str, days: Days, steps: Iterable[Any], entries: Iterable[Any]
) -> list[PnlLine]:
    """The lines of steps and of the account's own entries, by day, position and currency."""
    sums: dict[_Place, dict[str, Decimal]] = {}
    for place, what, amount in (*_of_steps(days, steps), *_of_entries(days, entries)):
        of_place = sums.setdefault(place, dict.fromkeys(_AMOUNTS, ZERO))
        of_place[what] = add(of_place[what], amount)
    return [
        _line(account, place, sums[place]) for place in sorted(sums) if any(sums[place].values())
    ]


def _line(account: str, place: _Place, amounts: dict[str, Decimal]) -> PnlLine:
    day, instrument_id, position_id, currency = place
    return PnlLine(
        account=account,
        day=day,
        instrument_id=instrument_id,
        position_id=position_id,
        currency=currency,
        **amounts,
    )


_Part = tuple[_Place, str, Decimal]


def _of_steps(days: Days, steps: Iterable[Any]) -> Iterator[_Part]:
    """What each step of a position brought."""
    for step in steps:
        position = (days.of(step.at), step.instrument_id, step.position_id)
        place = (*position, step.currency or "")
        yield place, "realized_pnl", step.realized_change
        yield place, "fees", step.fees_change
        yield place, "base_fee_cost", step.base_fee_change
        yield place, "funding", step.funding_change
        yield place, "income", step.income_change
        if step.elsewhere:
            told = json.loads(step.elsewhere)
            for what in told.keys() - {IN_UNITS}:
                for currency, amount in told[what].items():
                    yield (*position, currency), what, Decimal(amount)


_INCOME = frozenset({"interest-paid"})
_FEES = frozenset({"fee-charged"})


def _of_entries(days: Days, entries: Iterable[Any]) -> Iterator[_Part]:
    """What the account itself earned and paid: interest, and fees that are of no position (or
    were not yet known to be of one)."""
    for entry in entries:
        place = (days.of(entry.occurred_at), "", "", entry.currency)
        if entry.event in _INCOME:
            yield place, "income", entry.amount
        elif entry.event in _FEES:
            yield place, "fees", negate(entry.amount)
