"""What the reports show: the columns of each, and its lines as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.cli.answers import Column, Row, money, numbers, texts
from ledger.domain.numbers import ZERO, add

_WHAT: Final = (*texts("symbol"), *texts("instrument_id", "position_id", wide=True))
_CAUSE: Final = texts("cause", wide=True)
_LINE: Final = numbers("line", wide=True)

POSITION_LEDGER: Final = (
    *numbers("number"),
    *_LINE,
    *texts("occurred_at"),
    *texts("recorded_at", wide=True),
    *_WHAT,
    *texts("event"),
    *_CAUSE,
    *numbers("quantity_change", "net_qty", "avg_cost"),
    *money("basis_change", wide=True),
    *money("cost_basis", "realized_change", "realized_pnl"),
    *money("fees", "funding", wide=True),
    *money("net_realized_pnl"),
    *texts("currency"),
    *numbers("cycle", wide=True),
    *texts("is_late"),
    *texts("unknown_basis", wide=True),
)
BALANCE_LEDGER: Final = (
    *numbers("number"),
    *_LINE,
    *texts("occurred_at"),
    *texts("recorded_at", wide=True),
    *texts("entry", "detail"),
    *texts("event", wide=True),
    *_CAUSE,
    *_WHAT,
    *money("balance_before", "amount", "balance_after"),
    *texts("currency"),
)
ORDERS: Final = (
    *numbers("number"),
    *texts("cl_ord_id"),
    *texts("current_id", "order_id", wide=True),
    *texts("event"),
    *texts("occurred_at"),
    *texts("recorded_at", wide=True),
    *_WHAT,
    *texts("side", "ord_type", "status"),
    *texts("reason", "strategy", "intent", "tif", wide=True),
    *numbers("order_qty", "cum_qty", "leaves_qty", "avg_px", "limit_px", "stop_px"),
    *numbers("initial_stop_px", "target_px", "decision_px", wide=True),
    *texts("placed_at", "accepted_at", "last_fill_at", "is_open", wide=True),
    *numbers("accept_seconds", "fill_seconds", "slippage", "slippage_bps", wide=True),
)
ORDER_STATISTICS: Final = (
    *texts("symbol"),
    *texts("instrument_id", wide=True),
    *texts("ord_type", "strategy"),
    *numbers("placed", "filled", "partly_filled", "cancelled", "rejected", "expired", "open"),
    *texts("rejected_for", wide=True),
    *numbers("fill_rate"),
    *numbers("average_accept_seconds", "average_fill_seconds", wide=True),
    *numbers("average_slippage_bps"),
)
STEPS: Final = (
    *numbers("fact"),
    *numbers("number", wide=True),
    *texts("at"),
    *_WHAT,
    *texts("event", "side"),
    *numbers("last_qty", "last_px"),
    *texts("effect"),
    *_CAUSE,
    *texts("exec_id", "cl_ord_id", "order_id", "trade_id", wide=True),
    *texts("settl_date", "liquidity", wide=True),
    *numbers("quantity_change", "net_qty"),
    *money("basis_change", wide=True),
    *money("cost_basis", "realized_change"),
    *money("realized_pnl", wide=True),
    *money("fees_change"),
    *money("base_fee_change", "funding_change", "income_change", wide=True),
    *texts("elsewhere", wide=True),
    *texts("currency"),
    *numbers("cycle", wide=True),
)
TRADES: Final = (
    *_WHAT,
    *texts("side", "opened_at", "closed_at"),
    *numbers("opened_by", "closed_by", "cycle", wide=True),
    *texts("cl_ord_id", "exit_cl_ord_id", wide=True),
    *numbers("fills", wide=True),
    *numbers("add_ons", wide=True),
    *numbers("max_qty"),
    *numbers("closed_qty", wide=True),
    *numbers("entry_px", "exit_px"),
    *money("gross_pnl", "fees"),
    *money("base_fee_cost", "funding", wide=True),
    *money("net_pnl"),
    *texts("currency"),
    *texts("other_fees", wide=True),
    *money("converted_fees", wide=True),
    *texts("unconverted", wide=True),
    *money("all_in_pnl", wide=True),
    *numbers("initial_stop_px", wide=True),
    *money("initial_risk", wide=True),
    *numbers("r_multiple"),
    *numbers("holding_seconds", wide=True),
    *texts("is_closed", wide=True),
)
LOT_TRADES: Final = (
    *_WHAT,
    *texts("side", "opened_at", "closed_at"),
    *numbers("opened_by", "closed_by", "cycle", wide=True),
    *texts("entry_exec_id", "exit_exec_id"),
    *texts("cl_ord_id", "exit_cl_ord_id", wide=True),
    *numbers("qty", "entry_px", "exit_px"),
    *money("gross_pnl", "fees", "net_pnl"),
    *texts("currency"),
    *texts("other_fees", wide=True),
    *numbers("holding_seconds", wide=True),
    *texts("why"),
)
LOT_TOTALS: Final = (*numbers("trades"), *money("gross_pnl", "fees", "net_pnl"), *texts("currency"))
STOPS: Final = (
    *texts("cl_ord_id"),
    *_WHAT,
    *numbers("cycle"),
    *texts("side", "intent", wide=True),
    *texts("what", "at"),
    *texts("recorded_at", wide=True),
    *numbers("number"),
    *texts("event", "cause", wide=True),
    *numbers("before", "after"),
    *texts("reason"),
    *texts("inputs", wide=True),
    *texts("actor"),
    *texts("source", wide=True),
    *numbers("avg_cost"),
    *texts("is_break_even", "is_trailing", wide=True),
)
_MANAGED: Final = (
    *("target_exits", "stop_exits", "other_exits", "unknown_exits", "target_hit_rate"),
    *("add_ons", "break_even_moves", "trailing_moves"),
)
METRICS: Final = (
    *texts("currency"),
    *numbers("trades", "wins", "losses"),
    *money("gross_pnl", "fees", "net_pnl"),
    *money("converted_fees", wide=True),
    *texts("unconverted", wide=True),
    *numbers("win_rate"),
    *money("average_win", "average_loss"),
    *money("largest_win", "largest_loss", wide=True),
    *numbers("payoff_ratio", wide=True),
    *numbers("profit_factor"),
    *money("expectancy"),
    *numbers("average_r", "fees_share"),
    *numbers("longest_winning_run", wide=True),
    *numbers("longest_losing_run"),
    *numbers("average_holding_seconds", wide=True),
    *numbers(*_MANAGED, wide=True),
)
MANAGEMENT: Final = (*texts("currency"), *numbers(*_MANAGED))
PNL: Final = (
    *texts("day"),
    *_WHAT,
    *money("realized_pnl", "fees"),
    *money("base_fee_cost", wide=True),
    *money("funding", "income", "net_pnl"),
    *texts("currency"),
)
PNL_TOTALS: Final = (
    *money("realized_pnl", "fees", "base_fee_cost", "funding", "income", "net_pnl"),
    *texts("currency"),
)
TRADE_TOTALS: Final = (
    *numbers("trades"),
    *money("gross_pnl", "fees", "base_fee_cost", "funding", "net_pnl"),
    *texts("currency"),
)

_SECONDS: Final = {
    "time_to_accept": "accept_seconds",
    "time_to_fill": "fill_seconds",
    "holding_time": "holding_seconds",
    "average_holding_time": "average_holding_seconds",
    "average_time_to_accept": "average_accept_seconds",
    "average_time_to_fill": "average_fill_seconds",
}


def rows_of(lines: Iterable[Mapping[str, Any]], symbols: Mapping[str, str]) -> list[Row]:
    """Lines as rows: with the instrument's symbol, and with spans of time in seconds."""
    return [_row(line, symbols) for line in lines]


def _row(line: Mapping[str, Any], symbols: Mapping[str, str]) -> Row:
    row = {_SECONDS.get(name, name): _plain(value) for name, value in line.items()}
    if "instrument_id" in row:
        instrument_id = row["instrument_id"]
        row["symbol"] = symbols.get(instrument_id, instrument_id)
    return row


def _plain(value: Any) -> Any:
    return seconds(value) if isinstance(value, timedelta) else value


def seconds(span: timedelta) -> Decimal:
    """A span of time in seconds, exactly.

    >>> seconds(timedelta(minutes=1, microseconds=500))
    Decimal('60.000500')
    """
    whole = span.days * 86_400 + span.seconds
    return Decimal(whole * 1_000_000 + span.microseconds).scaleb(-6)


def totals(rows: Iterable[Row], columns: tuple[Column, ...]) -> list[Row]:
    """The sums of the amounts by currency; of different ones there is no sum."""
    names = [column.name for column in columns if column.name not in {"trades", "currency"}]
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        currency = str(row["currency"] or "")
        of_it = sums.setdefault(currency, {"trades": 0, **dict.fromkeys(names, ZERO)})
        of_it["trades"] += 1
        for name in names:
            of_it[name] = add(of_it[name], _amount(row[name]))
    kept = {column.name for column in columns}
    return [
        {name: value for name, value in of_it.items() if name in kept} | {"currency": currency}
        for currency, of_it in sorted(sums.items())
    ]


def _amount(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO
