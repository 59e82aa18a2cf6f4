"""Trades: round trips from flat to flat, made of a position's steps in canonical order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import attrs

from ledger.domain.events import Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ONE, ZERO, add, negate, quantize, ratio, subtract
from projections.foreign import ForeignFee, fees_elsewhere, sums_of

Step = Any
"""A row of ``position_steps``."""

BUY: Final = Side.BUY.value

NO_FEES: Final[Mapping[str, Decimal]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Trade:
    """One trip of a position from flat, and back to flat if ``closed_at`` says when.

    ``closed_qty`` is unsigned, ``max_qty`` the most that was held, ``add_ons`` the fills that made
    it more while it was open. Prices are averages over what was closed; money is in ``currency``,
    which is the instrument's. ``fees`` are those of the trip alone: of a fill that crosses zero the
    part by quantity. ``net_pnl`` is gross less fees and the cost of fees paid in units, plus
    funding. ``initial_risk`` is what would have been lost at the initial stop of the order that
    opened it, on the most that was held; ``r_multiple`` the net result over that; both are None
    where there was no stop.

    ``other_fees`` are the fees in other currencies, by currency; they are not in ``net_pnl``.
    ``converted_fees`` is what they come to in ``currency``, each by the recorded rate that held
    when it was due; ``unconverted`` names the currencies for which there was no rate, which are
    not in it. Fees in the units that a pair delivers are in ``base_fee_cost``, at cost.
    """

    account: str
    instrument_id: str
    position_id: str
    currency: str | None
    cycle: int
    side: str
    opened_at: datetime
    closed_at: datetime | None = None
    opened_by: int
    closed_by: int | None = None
    cl_ord_id: str | None
    exit_cl_ord_id: str | None = None
    fills: int
    add_ons: int
    closed_qty: Decimal
    max_qty: Decimal
    entry_px: Decimal | None
    exit_px: Decimal | None
    gross_pnl: Decimal
    fees: Decimal
    base_fee_cost: Decimal
    funding: Decimal
    net_pnl: Decimal
    other_fees: Mapping[str, Decimal] = NO_FEES
    converted_fees: Decimal = ZERO
    unconverted: tuple[str, ...] = ()
    initial_stop_px: Decimal | None = None
    initial_risk: Decimal | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the position went flat."""
        return self.closed_at is not None

    @property
    def holding_time(self) -> timedelta | None:
        """From the first fill to the last; None while it is open."""
        return None if self.closed_at is None else self.closed_at - self.opened_at

    @property
    def r_multiple(self) -> Decimal | None:
        """The net result in units of the initial risk, 18 decimals."""
        if not self.initial_risk:
            return None
        return quantize(ratio(self.net_pnl, ONE, self.initial_risk))

    @property
    def all_in_pnl(self) -> Decimal | None:
        """The net result less converted fees; None where a fee has no rate."""
        return None if self.unconverted else subtract(self.net_pnl, self.converted_fees)


class Trip(NamedTuple):
    """A trade, the steps it was made of (the one that ended it included), and its fees in other
    currencies, one by one."""

    trade: Trade
    steps: Sequence[Step]
    foreign: Sequence[ForeignFee]


class _Trip:
    """A trade on its way."""

    def __init__(
        self, step: Step, foreign: Iterable[ForeignFee], *, is_passing: bool = False
    ) -> None:
        """Begun by a step; one that ``is_passing`` ends in it again."""
        self.first = step
        self.steps = [step]
        self.foreign = list(foreign)
        self.closed = self.proceeds = self.basis = ZERO
        self.gross = self.funding = ZERO
        self.fees, self.base_fees = step.fees_begun, step.base_fee_change
        self.is_long = step.side == BUY if is_passing else step.net_qty > ZERO
        self.most = ZERO if is_passing else step.net_qty.copy_abs()
        self.fills = int(step.event == "fill-booked")
        self.add_ons = 0

    def go_on(self, step: Step, foreign: Iterable[ForeignFee]) -> None:
        """Take in a step; of one that ends the trip only what closed counts."""
        before = self.steps[-1].net_qty.copy_abs()
        self.steps.append(step)
        self.foreign += foreign
        self.closed = add(self.closed, step.closed_qty)
        self.proceeds = add(self.proceeds, step.closed_proceeds)
        self.basis = add(self.basis, step.closed_basis)
        self.gross = add(self.gross, step.realized_change)
        self.fees = add(self.fees, step.fees_change)
        self.base_fees = add(self.base_fees, step.base_fee_change)
        self.funding = add(self.funding, step.funding_change)
        is_fill = step.event == "fill-booked" and step.effect != "busted"
        self.fills += int(is_fill)
        if not step.ended:
            self.most = max(self.most, step.net_qty.copy_abs())
            self.add_ons += int(is_fill and step.net_qty.copy_abs() > before)

    def told(self, instrument: Instrument | None) -> Trip:
        """As it stands."""
        return self._trip(
            instrument,
            cycle=self.first.cycle,
            opened_at=self.first.at,
            gross_pnl=self.gross,
            fees=self.fees,
            base_fee_cost=self.base_fees,
            funding=self.funding,
        )

    def ended(self, step: Step, cycle: Mapping[str, Any], instrument: Instrument | None) -> Trip:
        """As it ended: its results are those that the fold told, a shared fee divided."""
        names = ("gross_pnl", "fees", "base_fee_cost", "funding")
        amounts = (Decimal(cycle[name]) for name in ("realized_pnl", *names[1:]))
        return self._trip(
            instrument,
            cycle=cycle["cycle"],
            opened_at=datetime.fromisoformat(cycle["opened_at"]),
            closed_at=step.at,
            closed_by=step.fact,
            exit_cl_ord_id=step.cl_ord_id,
            **dict(zip(names, amounts, strict=True)),
        )

    def _trip(self, instrument: Instrument | None, **told: Any) -> Trip:
        first, entry, exit_ = self.first, None, None
        if instrument is not None:
            entry = instrument.average(negate(self.closed), self.basis)
            exit_ = instrument.average(self.closed, negate(self.proceeds))
        charged = add(told["fees"], told["base_fee_cost"])
        trade = Trade(
            account=first.account,
            instrument_id=first.instrument_id,
            position_id=first.position_id,
            currency=first.currency,
            side="long" if self.is_long else "short",
            opened_by=first.fact,
            cl_ord_id=first.cl_ord_id,
            fills=self.fills,
            add_ons=self.add_ons,
            closed_qty=self.closed.copy_abs(),
            max_qty=self.most,
            entry_px=entry,
            exit_px=exit_,
            net_pnl=add(subtract(told["gross_pnl"], charged), told["funding"]),
            other_fees=sums_of(self.foreign),
            **told,
        )
        return Trip(trade, self.steps, self.foreign)


def trips_of(steps: Iterable[Step], instrument: Instrument | None) -> Iterator[Trip]:
    """The trips of one position, the one that is open last. A fill that crosses zero ends one and
    begins another; with a fee or rebate in units it may do so twice."""
    trip: _Trip | None = None
    cycle = 0
    for step in steps:
        closing, opening = fees_elsewhere(step, begins=step.cycle != cycle)
        if trip is not None:
            trip.go_on(step, closing)
        for ended in json.loads(step.ended or "[]"):
            if trip is None:
                trip, opening = _Trip(step, opening, is_passing=True), ()
            yield trip.ended(step, ended, instrument)
            trip = None
        if step.cycle != cycle:
            cycle = step.cycle
            trip = _Trip(step, opening) if step.net_qty else None
    if trip is not None:
        yield trip.told(instrument)


def with_risk(trade: Trade, stops: Mapping[str, Decimal], instrument: Instrument | None) -> Trade:
    """A trade and the risk it began with, if the order that opened it had a stop."""
    stop = stops.get(trade.cl_ord_id or "")
    if stop is None or instrument is None or trade.entry_px is None:
        return trade
    at_entry = instrument.value(trade.max_qty, trade.entry_px)
    risk = subtract(at_entry, instrument.value(trade.max_qty, stop)).copy_abs()
    return attrs.evolve(trade, initial_stop_px=stop, initial_risk=quantize(risk))
