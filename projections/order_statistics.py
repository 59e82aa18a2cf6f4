"""Order statistics: how orders fared, by type, instrument and strategy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import attrs

from ledger.domain.numbers import ONE, ZERO, add, quantize, ratio, total
from projections.lines import OrderLine


@attrs.frozen(kw_only=True)
class OrderStatistics:
    """How a group of orders fared.

    ``placed`` counts orders, ``filled`` those executed whole, ``partly_filled`` those executed in
    part so far, ``rejected_for`` the rejected ones by the venue's reason. ``fill_rate`` is
    what was executed of what was asked; slippage is the average over executed orders, weighted
    by quantity, in hundredths of a percent: positive is worse than the price at the decision.
    Rates and averages have 18 decimals and are None where there was nothing to average.
    """

    instrument_id: str | None
    ord_type: str | None
    strategy: str | None
    placed: int
    filled: int
    partly_filled: int
    cancelled: int
    rejected: int
    expired: int
    open: int
    rejected_for: Mapping[str, int]
    fill_rate: Decimal | None
    average_time_to_accept: timedelta | None
    average_time_to_fill: timedelta | None
    average_slippage_bps: Decimal | None


def statistics_of(orders: Iterable[OrderLine]) -> list[OrderStatistics]:
    """The statistics of each group: orders of one instrument, type and strategy."""
    groups: dict[tuple[str, str, str], list[OrderLine]] = {}
    for order in orders:
        group = (order.instrument_id or "", order.ord_type or "", order.strategy or "")
        groups.setdefault(group, []).append(order)
    return [_statistics(groups[group]) for group in sorted(groups)]


def _statistics(orders: list[OrderLine]) -> OrderStatistics:
    first, states = orders[0], Counter(order.status for order in orders)
    reasons = Counter(order.reason for order in orders if order.status == "Rejected")
    sized = [order for order in orders if order.order_qty is not None]
    asked = total(order.order_qty or ZERO for order in sized)
    return OrderStatistics(
        instrument_id=first.instrument_id,
        ord_type=first.ord_type,
        strategy=first.strategy,
        placed=len(orders),
        filled=states["Filled"],
        partly_filled=sum(bool(order.cum_qty) and order.status != "Filled" for order in orders),
        cancelled=states["Canceled"],
        rejected=states["Rejected"],
        expired=states["Expired"],
        open=sum(order.is_open for order in orders),
        rejected_for=MappingProxyType(dict(sorted(reasons.items()))),
        fill_rate=_share(total(order.cum_qty for order in sized), asked),
        average_time_to_accept=_average(order.time_to_accept for order in orders),
        average_time_to_fill=_average(
            order.time_to_fill for order in orders if order.status == "Filled"
        ),
        average_slippage_bps=_slippage(orders),
    )


def _slippage(orders: Iterable[OrderLine]) -> Decimal | None:
    """Weighted by what was executed."""
    weights = worse = ZERO
    for order in orders:
        if order.slippage_bps is not None:
            weights = add(weights, order.cum_qty)
            worse = add(worse, ratio(order.slippage_bps, order.cum_qty, ONE))
    return _share(worse, weights)


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return quantize(ratio(part, ONE, whole)) if whole else None


def _average(times: Iterable[timedelta | None]) -> timedelta | None:
    known = [time for time in times if time is not None]
    return sum(known, timedelta()) / len(known) if known else None
