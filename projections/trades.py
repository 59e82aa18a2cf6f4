"""Trades: round trips from flat to flat, made of a position's steps in canonical order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ONE, ZERO, add, negate, quantize, ratio, subtract, total

Step = Any
"""A row of ``position_steps``."""


@attrs.frozen(kw_only=True)
class Trade:
    """One trip of a position from flat, and back to flat if ``closed_at`` says when.

    ``closed_qty`` is unsigned, ``max_qty`` the most that was held. Prices are averages over what
    was closed; money is in ``currency``, which is the instrument's. ``fees`` are those of the
    trip alone: of a fill that crosses zero the part by quantity. ``net_pnl`` is gross less fees
    and the cost of fees paid in units, plus funding. ``initial_risk`` is what would have been lost
    at the initial stop of the order that opened it, on the most that was held; ``r_multiple`` the
    net result over that; both are None where there was no stop.
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
    fills: int
    closed_qty: Decimal
    max_qty: Decimal
    entry_px: Decimal | None
    exit_px: Decimal | None
    gross_pnl: Decimal
    fees: Decimal
    base_fee_cost: Decimal
    funding: Decimal
    net_pnl: Decimal
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


class _Trip:
    """A trade on its way."""

    def __init__(self, step: Step) -> None:
        self.first = step
        self.closed = self.proceeds = self.basis = ZERO
        self.gross = self.funding = ZERO
        self.fees, self.base_fees = step.fees_begun, step.base_fee_change
        self.is_long = step.net_qty > ZERO
        self.most = step.net_qty.copy_abs()
        self.fills = int(step.event == "fill-booked")

    def go_on(self, step: Step) -> None:
        """Take in a step; of one that ends the trip only what closed counts."""
        self.closed = add(self.closed, step.closed_qty)
        self.proceeds = add(self.proceeds, step.closed_proceeds)
        self.basis = add(self.basis, step.closed_basis)
        self.gross = add(self.gross, step.realized_change)
        self.fees = add(self.fees, step.fees_change)
        self.base_fees = add(self.base_fees, step.base_fee_change)
        self.funding = add(self.funding, step.funding_change)
        self.fills += int(step.event == "fill-booked" and step.effect != "busted")
        if not step.ended:
            self.most = max(self.most, step.net_qty.copy_abs())

    def told(self, instrument: Instrument | None) -> Trade:
        """As it stands."""
        return self._trade(
            instrument,
            cycle=self.first.cycle,
            opened_at=self.first.at,
            gross_pnl=self.gross,
            fees=self.fees,
            base_fee_cost=self.base_fees,
            funding=self.funding,
        )

    def ended(self, step: Step, cycle: Mapping[str, Any], instrument: Instrument | None) -> Trade:
        """As it ended: its results are those that the fold told, a shared fee divided."""
        names = ("gross_pnl", "fees", "base_fee_cost", "funding")
        amounts = (Decimal(cycle[name]) for name in ("realized_pnl", *names[1:]))
        return self._trade(
            instrument,
            cycle=cycle["cycle"],
            opened_at=datetime.fromisoformat(cycle["opened_at"]),
            closed_at=step.at,
            closed_by=step.fact,
            **dict(zip(names, amounts, strict=True)),
        )

    def _trade(self, instrument: Instrument | None, **told: Any) -> Trade:
        first, entry, exit_ = self.first, None, None
        if instrument is not None:
            entry = instrument.average(negate(self.closed), self.basis)
            exit_ = instrument.average(self.closed, negate(self.proceeds))
        charged = add(told["fees"], told["base_fee_cost"])
        return Trade(
            account=first.account,
            instrument_id=first.instrument_id,
            position_id=first.position_id,
            currency=first.currency,
            side="long" if self.is_long else "short",
            opened_by=first.fact,
            cl_ord_id=first.cl_ord_id,
            fills=self.fills,
            closed_qty=self.closed.copy_abs(),
            max_qty=self.most,
            entry_px=entry,
            exit_px=exit_,
            net_pnl=add(subtract(told["gross_pnl"], charged), told["funding"]),
            **told,
        )


def trades_of(steps: Iterable[Step], instrument: Instrument | None) -> Iterator[Trade]:
    """The trades of one position, the one that is open last. A fill that crosses zero ends one and
    begins another; with a fee or rebate in units it may do so twice."""
    trip: _Trip | None = None
    cycle = 0
    for step in steps:
        if trip is not None:
            trip.go_on(step)
        for ended in json.loads(step.ended or "[]"):
            yield (trip or _Trip(step)).ended(step, ended, instrument)
            trip = None
        if step.cycle != cycle:
            cycle = step.cycle
            trip = _Trip(step) if step.net_qty else None
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


@attrs.frozen(kw_only=True)
class TradeMetrics:
    """What closed trades came to, in one currency. Rates and averages have 18 decimals and are
    None where nothing was to be divided by."""

    currency: str | None
    trades: int
    wins: int
    losses: int
    gross_pnl: Decimal
    fees: Decimal
    net_pnl: Decimal
    win_rate: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    average_r: Decimal | None
    fees_share: Decimal | None
    longest_losing_run: int


def metrics_of(trades: Iterable[Trade]) -> list[TradeMetrics]:
    """The metrics of closed trades, by currency: a win nets more than zero, a loss less."""
    by_currency: dict[str | None, list[Trade]] = {}
    for trade in trades:
        if trade.is_closed:
            by_currency.setdefault(trade.currency, []).append(trade)
    return [_metrics(by_currency[key], key) for key in sorted(by_currency, key=str)]


def _metrics(trades: Sequence[Trade], currency: str | None) -> TradeMetrics:
    wins = [trade.net_pnl for trade in trades if trade.net_pnl > ZERO]
    losses = [trade.net_pnl for trade in trades if trade.net_pnl < ZERO]
    won, lost = total(wins), total(losses)
    gross, net = (total(getattr(one, name) for one in trades) for name in ("gross_pnl", "net_pnl"))
    fees = total(add(one.fees, one.base_fee_cost) for one in trades)
    multiples = [one.r_multiple for one in trades if one.r_multiple is not None]
    return TradeMetrics(
        currency=currency,
        trades=len(trades),
        wins=len(wins),
        losses=len(losses),
        gross_pnl=gross,
        fees=fees,
        net_pnl=net,
        win_rate=_share(Decimal(len(wins)), Decimal(len(trades))),
        average_win=_share(won, Decimal(len(wins))),
        average_loss=_share(lost, Decimal(len(losses))),
        profit_factor=_share(won, negate(lost)),
        expectancy=_share(net, Decimal(len(trades))),
        average_r=_share(total(multiples), Decimal(len(multiples))),
        fees_share=_share(fees, gross.copy_abs()),
        longest_losing_run=_longest_run(trades),
    )


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return quantize(ratio(part, ONE, whole)) if whole else None


def _longest_run(trades: Sequence[Trade]) -> int:
    """So many losses followed each other at most, in the order in which they were closed."""
    longest = run = 0
    for trade in sorted(trades, key=lambda one: (one.closed_at, one.closed_by)):
        run = run + 1 if trade.net_pnl < ZERO else 0
        longest = max(longest, run)
    return longest
