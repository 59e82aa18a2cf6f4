"""The lines of the ledgers and lists, as they are in the tables: amounts exact, times aware."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from ledger.domain.numbers import ONE, multiply, quantize, ratio, subtract

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class PositionLine:
    """What one event did to a position, and where the position stood after it. Quantities are
    signed; money is in ``currency``. ``is_late``: earlier facts were folded again for it, so the
    changes are new less old."""

    account: str
    number: int
    line: int
    instrument_id: str
    position_id: str
    currency: str | None
    event: str
    cause: str
    occurred_at: datetime
    recorded_at: datetime
    quantity_change: Decimal
    basis_change: Decimal
    realized_change: Decimal
    net_qty: Decimal
    cost_basis: Decimal
    avg_cost: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    net_realized_pnl: Decimal
    cycle: int
    is_late: bool
    unknown_basis: bool


@attrs.frozen(kw_only=True)
class StepLine:
    """What one fact did to its position as far as was known, in the order in which things
    happened. ``effect`` says whether it stands as booked, was corrected or busted; ``elsewhere``
    has fees, funding and income in other currencies, as JSON, and by themselves the fees in the
    units that a pair delivers, whose cost is ``base_fee_change``."""

    account: str
    number: int
    fact: int
    instrument_id: str
    position_id: str
    event: str
    cause: str
    at: datetime
    exec_id: str
    cl_ord_id: str | None
    side: str | None
    last_qty: Decimal | None
    last_px: Decimal | None
    liquidity: str | None
    order_id: str | None
    trade_id: str | None
    settl_date: str | None
    effect: str
    currency: str | None
    quantity_change: Decimal
    basis_change: Decimal
    realized_change: Decimal
    fees_change: Decimal
    base_fee_change: Decimal
    funding_change: Decimal
    income_change: Decimal
    elsewhere: str | None
    net_qty: Decimal
    cost_basis: Decimal
    realized_pnl: Decimal
    cycle: int


@attrs.frozen(kw_only=True)
class BalanceLine:
    """One movement of money. ``entry`` is deposit, withdrawal, transfer, fill (the full amount),
    realized (the result, on margin), fee, rebate, funding, interest, dividend, variation,
    opening, income, delivery or adjustment; ``detail`` a fee's kind or an adjustment's reason."""

    account: str
    number: int
    line: int
    currency: str
    entry: str
    detail: str
    event: str
    cause: str
    instrument_id: str | None
    position_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    balance_before: Decimal
    amount: Decimal
    balance_after: Decimal


@attrs.frozen(kw_only=True)
class OrderLine:
    """An order after a fact about it. Quantities are unsigned."""

    account: str
    number: int
    cl_ord_id: str
    current_id: str
    order_id: str | None
    event: str
    occurred_at: datetime
    recorded_at: datetime
    status: str
    reason: str
    instrument_id: str | None
    position_id: str | None
    strategy: str | None
    intent: str | None
    side: str | None
    ord_type: str | None
    tif: str | None
    order_qty: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None
    limit_px: Decimal | None
    stop_px: Decimal | None
    initial_stop_px: Decimal | None
    target_px: Decimal | None
    decision_px: Decimal | None
    placed_at: datetime | None
    accepted_at: datetime | None
    last_fill_at: datetime | None
    is_open: bool

    @property
    def time_to_accept(self) -> timedelta | None:
        """From placing to the venue's word."""
        return _between(self.placed_at, self.accepted_at)

    @property
    def time_to_fill(self) -> timedelta | None:
        """From placing to the last execution so far."""
        return _between(self.placed_at, self.last_fill_at)

    @property
    def slippage(self) -> Decimal | None:
        """How much worse than the price at the decision it was executed, a unit; negative when
        it was better."""
        if self.avg_px is None or self.decision_px is None or self.side is None:
            return None
        worse = subtract(self.avg_px, self.decision_px)
        return worse if self.side == "buy" else worse.copy_negate()

    @property
    def slippage_bps(self) -> Decimal | None:
        """The same in hundredths of a percent of the price at the decision."""
        if self.slippage is None or not self.decision_px:
            return None
        return quantize(
            ratio(multiply(self.slippage, Decimal(10_000)), ONE, self.decision_px.copy_abs())
        )


def _between(first: datetime | None, second: datetime | None) -> timedelta | None:
    return None if first is None or second is None else second - first


def reader(kind: Callable[..., T]) -> Callable[[Any], T]:
    """What makes such a line of a row of its table."""
    fields = attrs.fields_dict(kind)  # type: ignore[arg-type]
    names = tuple(fields)
    flags = [name for name, field in fields.items() if str(field.type) == "bool"]
    told = attrgetter(*names)

    def read(row: Any) -> T:
        values = dict(zip(names, told(row), strict=True))
        for name in flags:
            values[name] = bool(values[name])
        return kind(**values)

    return read
