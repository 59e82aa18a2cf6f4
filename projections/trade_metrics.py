"""Metrics: what closed trades came to, and how they were managed, by currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import attrs

from ledger.domain.numbers import ONE, ZERO, add, negate, quantize, ratio, total
from projections.exits import Exit
from projections.trades import Trade


class Managed(NamedTuple):
    """A closed trade: by what kind of order it ended (None where nothing tells), and how often its
    stop was moved to break even, and trailed."""

    trade: Trade
    exit: Exit | None
    break_even_moves: int
    trailing_moves: int


@attrs.frozen(kw_only=True)
class TradeMetrics:
    """What closed trades came to, in one currency. Rates and averages have 18 decimals and are
    None where nothing was to be divided by. A win nets more than zero, a loss less.

    ``profit_factor`` is what was won over what was lost, ``payoff_ratio`` the average win over the
    average loss, ``expectancy`` the net result a trade. ``converted_fees`` are fees in other
    currencies by recorded rates, in none of the results; ``unconverted`` the currencies without
    one.

    ``target_exits``, ``stop_exits`` and ``other_exits`` count trades by the order that ended them
    (:mod:`projections.exits` says which is which), ``unknown_exits`` those of which no placed order
    is recorded; ``target_hit_rate`` is the first over the first three. ``add_ons`` are fills that
    made an open position more, ``break_even_moves`` moves of a stop that say so or that came to the
    average cost of what was held, ``trailing_moves`` those that say so.
    """

    currency: str | None
    trades: int
    wins: int
    losses: int
    gross_pnl: Decimal
    fees: Decimal
    net_pnl: Decimal
    converted_fees: Decimal
    unconverted: tuple[str, ...]
    win_rate: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    payoff_ratio: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    average_r: Decimal | None
    fees_share: Decimal | None
    longest_winning_run: int
    longest_losing_run: int
    average_holding_time: timedelta
    target_exits: int
    stop_exits: int
    other_exits: int
    unknown_exits: int
    target_hit_rate: Decimal | None
    add_ons: int
    break_even_moves: int
    trailing_moves: int


def metrics_of(managed: Iterable[Managed]) -> list[TradeMetrics]:
    """The metrics of closed trades, by currency."""
    by_currency: dict[str | None, list[Managed]] = {}
    for one in managed:
        by_currency.setdefault(one.trade.currency, []).append(one)
    return [
        TradeMetrics(currency=key, **_results(of_it), **_runs(of_it), **_management(of_it))
        for key, of_it in sorted(by_currency.items(), key=lambda item: str(item[0]))
    ]


def _results(managed: Sequence[Managed]) -> dict[str, Any]:
    trades = [one.trade for one in managed]
    wins = [trade.net_pnl for trade in trades if trade.net_pnl > ZERO]
    losses = [trade.net_pnl for trade in trades if trade.net_pnl < ZERO]
    won, lost = total(wins), total(losses)
    gross, net = (total(getattr(one, name) for one in trades) for name in ("gross_pnl", "net_pnl"))
    fees = total(add(one.fees, one.base_fee_cost) for one in trades)
    multiples = [one.r_multiple for one in trades if one.r_multiple is not None]
    average_win, average_loss = _mean(won, len(wins)), _mean(lost, len(losses))
    return {
        "trades": len(trades),
        "wins": len(wins),
        "losses": len(losses),
        "gross_pnl": gross,
        "fees": fees,
        "net_pnl": net,
        "converted_fees": total(one.converted_fees for one in trades),
        "unconverted": tuple(sorted({name for one in trades for name in one.unconverted})),
        "win_rate": _share(Decimal(len(wins)), Decimal(len(trades))),
        "average_win": average_win,
        "average_loss": average_loss,
        "largest_win": max(wins, default=None),
        "largest_loss": min(losses, default=None),
        "payoff_ratio": _share(average_win, negate(average_loss or ZERO)) if average_win else None,
        "profit_factor": _share(won, negate(lost)),
        "expectancy": _mean(net, len(trades)),
        "average_r": _mean(total(multiples), len(multiples)),
        "fees_share": _share(fees, gross.copy_abs()),
    }


def _runs(managed: Sequence[Managed]) -> dict[str, Any]:
    """So many wins, or losses, followed each other at most, in the order of closing."""
    closed = [one.trade for one in managed]
    closed.sort(key=lambda one: (one.closed_at, one.closed_by))
    spans = [one.holding_time for one in closed if one.holding_time is not None]
    return {
        "longest_winning_run": _longest(closed, lambda one: one.net_pnl > ZERO),
        "longest_losing_run": _longest(closed, lambda one: one.net_pnl < ZERO),
        "average_holding_time": sum(spans, timedelta()) / len(spans),
    }


_COUNTED: Final = (Exit.TARGET, Exit.STOP, Exit.OTHER)


def _management(managed: Sequence[Managed]) -> dict[str, Any]:
    exits = [one.exit for one in managed]
    target, stop, other = (exits.count(kind) for kind in _COUNTED)
    return {
        "target_exits": target,
        "stop_exits": stop,
        "other_exits": other,
        "unknown_exits": exits.count(None),
        "target_hit_rate": _mean(Decimal(target), target + stop + other),
        "add_ons": sum(one.trade.add_ons for one in managed),
        "break_even_moves": sum(one.break_even_moves for one in managed),
        "trailing_moves": sum(one.trailing_moves for one in managed),
    }


def _mean(sum_: Decimal, count: int) -> Decimal | None:
    return _share(sum_, Decimal(count))


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return quantize(ratio(part, ONE, whole)) if whole else None


def _longest(trades: Iterable[Trade], counts: Callable[[Trade], bool]) -> int:
    longest = run = 0
    for trade in trades:
        run = run + 1 if counts(trade) else 0
        longest = max(longest, run)
    return longest
