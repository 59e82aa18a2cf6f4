"""Excursions: how far a trip went for and against us, by the recorded marks of its life.

The result at a mark is what the trip had realized by then, and what its open units would have
brought at the mark, less what they cost. A trip begins at a result of zero, and a closed one ends
at its gross result: these two are known without a mark. Without any mark nothing is told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import attrs

from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE, ZERO, add, quantize, ratio, subtract
from ledger.domain.prices import Price
from projections.trades import Trade, Trip


@attrs.frozen(kw_only=True)
class Excursion:
    """How a trip fared at its marks; money is in ``currency``, before fees and funding (but for
    fees that the account makes part of the cost, which count with their fills).

    ``mae`` and ``mfe`` (maximum adverse and favourable excursion, J. Sweeney) are the least and the
    most that the trip's result ever was: never above and never below zero. ``mae_per_unit`` and
    ``mfe_per_unit`` are how far a mark was from the average cost of what was held then, in points,
    likewise. ``high_water`` is the most that the open units alone were ahead. The times are None
    where nothing went beyond the beginning. Over a split, marks before and after are not alike.

    ``marks`` says how many moments had one, ``sources`` whose they were; without any, all of it is
    None and ``why`` says so.
    """

    account: str
    instrument_id: str
    position_id: str
    currency: str | None
    cycle: int
    side: str
    opened_at: datetime
    closed_at: datetime | None
    gross_pnl: Decimal
    marks: int
    sources: tuple[str, ...]
    highest_px: Decimal | None = None
    highest_at: datetime | None = None
    lowest_px: Decimal | None = None
    lowest_at: datetime | None = None
    mfe: Decimal | None = None
    mfe_at: datetime | None = None
    mae: Decimal | None = None
    mae_at: datetime | None = None
    mfe_per_unit: Decimal | None = None
    mae_per_unit: Decimal | None = None
    high_water: Decimal | None = None
    high_water_at: datetime | None = None
    initial_risk: Decimal | None
    why: str

    @property
    def is_closed(self) -> bool:
        """Whether the position went flat."""
        return self.closed_at is not None

    @property
    def mfe_r(self) -> Decimal | None:
        """The most it ever was, in units of the initial risk, 18 decimals; None without a stop."""
        return self._in_r(self.mfe)

    @property
    def mae_r(self) -> Decimal | None:
        """The least it ever was, likewise."""
        return self._in_r(self.mae)

    def _in_r(self, amount: Decimal | None) -> Decimal | None:
        if amount is None or not self.initial_risk:
            return None
        return quantize(ratio(amount, ONE, self.initial_risk))


class _Point(NamedTuple):
    """A trip at a mark: its result, that of the open units alone, and that of one unit in points,
    positive when ahead."""

    at: datetime
    px: Decimal
    result: Decimal
    open: Decimal
    per_unit: Decimal


def marks_that_hold(prices: Iterable[Price]) -> list[Price]:
    """The mark that held at each moment that has one: of several the one that was told last."""
    last: dict[datetime, Price] = {}
    for price in prices:
        last[price.at] = price
    return [last[at] for at in sorted(last)]


def excursion_of(trip: Trip, instrument: Instrument | None, marks: Sequence[Price]) -> Excursion:
    """A trip at the marks of its instrument, which are in the order of their moments."""
    mine = marks[slice(*_life(trip.trade, marks))]
    if instrument is None:
        return _without(trip.trade, "the instrument is not defined")
    if instrument.kind is InstrumentKind.INVERSE:  # which has no value at zero
        mine = [mark for mark in mine if mark.px]
    if not mine:
        return _without(trip.trade, "no mark is recorded of its life")
    points = list(_points(trip.steps, instrument, mine))
    return Excursion(
        **_about(trip.trade),
        **_furthest(points, trip.trade),
        marks=len(mine),
        sources=tuple(sorted({mark.source for mark in mine})),
        why="",
    )


def _life(trade: Trade, marks: Sequence[Price]) -> tuple[int, int]:
    """Which marks are of a trade: from its first fill to before its last."""
    first = bisect_left(marks, trade.opened_at, key=_at)
    last = len(marks) if trade.closed_at is None else bisect_left(marks, trade.closed_at, key=_at)
    return first, max(first, last)


def _points(
    steps: Sequence[Any], instrument: Instrument, marks: Iterable[Price]
) -> Iterator[_Point]:
    """The trip at each mark, as of that moment; what its first step realized was another's."""
    realized, sums = ZERO, [ZERO]
    for step in steps[1:]:
        realized = add(realized, step.realized_change)
        sums.append(realized)
    for mark in marks:
        nth = bisect_right(steps, mark.at, key=_at) - 1
        step = steps[nth]
        value = quantize(instrument.value(step.net_qty, mark.px))
        ahead = subtract(value, step.cost_basis)
        cost = instrument.average(step.net_qty, step.carried_cost)
        moved = subtract(mark.px, cost) if cost is not None else ZERO
        if step.net_qty < ZERO:
            moved = moved.copy_negate()
        yield _Point(mark.at, mark.px, add(sums[nth], ahead), ahead, moved)


def _furthest(points: Sequence[_Point], trade: Trade) -> dict[str, Any]:
    """The extremes, the first moment of each."""
    results = [(point.result, point.at) for point in points]
    if trade.closed_at is not None:
        results.append((trade.gross_pnl, trade.closed_at))
    best, worst = max(points, key=lambda one: one.px), min(points, key=lambda one: one.px)
    mfe, mfe_at = max(((ZERO, None), *results), key=_amount)
    mae, mae_at = min(((ZERO, None), *results), key=_amount)
    ahead, ahead_at = max(((ZERO, None), *((one.open, one.at) for one in points)), key=_amount)
    return {
        "highest_px": best.px,
        "highest_at": best.at,
        "lowest_px": worst.px,
        "lowest_at": worst.at,
        "mfe": mfe,
        "mfe_at": mfe_at,
        "mae": mae,
        "mae_at": mae_at,
        "mfe_per_unit": max(ZERO, *(point.per_unit for point in points)),
        "mae_per_unit": min(ZERO, *(point.per_unit for point in points)),
        "high_water": ahead,
        "high_water_at": ahead_at,
    }


def _without(trade: Trade, why: str) -> Excursion:
    return Excursion(**_about(trade), marks=0, sources=(), why=why)


def _about(trade: Trade) -> dict[str, Any]:
    names = (
        *("account", "instrument_id", "position_id", "currency", "cycle", "side", "opened_at"),
        *("closed_at", "gross_pnl", "initial_risk"),
    )
    return {name: getattr(trade, name) for name in names}


def _amount(found: tuple[Decimal, datetime | None]) -> Decimal:
    return found[0]


def _at(thing: Any) -> datetime:
    at: datetime = thing.at
    return at
