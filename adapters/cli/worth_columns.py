"""What is shown of value: marks, equity, buying power, the curve, its check, and snapshots."""

from __future__ import annotations

from typing import Final

from adapters.cli.answers import money, numbers, texts

VALUE: Final = (
    *texts("symbol"),
    *texts("instrument_id", "position_id", wide=True),
    *numbers("number", wide=True),
    *numbers("net_qty", "mark_px"),
    *texts("mark_source", "mark_at"),
    *texts("mark_known_at", wide=True),
    *money("cost_basis"),
    *money("realized_pnl", wide=True),
    *money("unrealized_pnl", "value"),
    *texts("currency"),
    *texts("is_balance", wide=True),
    *texts("why"),
)
EQUITY: Final = (
    *texts("currency"),
    *money("cash", "positions", "equity", "unrealized_pnl"),
    *numbers("rate"),
    *texts("rate_source"),
    *texts("rate_at", "rate_known_at", wide=True),
    *numbers("in_base"),
    *texts("base_currency", "unpriced"),
    *numbers("number", wide=True),
)
POWER: Final = (
    *texts("what", "name", "symbol"),
    *texts("instrument_id", wide=True),
    *money("amount"),
    *texts("currency"),
    *numbers("rate"),
    *texts("rate_source", "rate_at", "rate_known_at", "mark_known_at", wide=True),
    *numbers("in_base"),
    *texts("base_currency", "source", "why"),
    *numbers("number", wide=True),
)
CURVE: Final = (
    *texts("day"),
    *texts("at", wide=True),
    *numbers("number", wide=True),
    *money("equity", "highest", "drawdown"),
    *numbers("drawdown_share"),
    *texts("currency", "is_whole"),
)
CHECK: Final = (
    *texts("currency"),
    *money("equity_before", "realized_pnl", "unrealized_change", "fees", "funding", "income"),
    *money("external", "equity_after"),
    *numbers("difference"),
    *texts("is_priced", wide=True),
)
EXCURSIONS: Final = (
    *texts("symbol"),
    *texts("instrument_id", "position_id", wide=True),
    *numbers("cycle", wide=True),
    *texts("side", "opened_at"),
    *texts("closed_at", "is_closed", wide=True),
    *numbers("marks"),
    *texts("sources"),
    *numbers("lowest_px", "highest_px"),
    *texts("lowest_at", "highest_at", wide=True),
    *money("mae", "mfe"),
    *texts("mae_at", "mfe_at", wide=True),
    *numbers("mae_per_unit", "mfe_per_unit", wide=True),
    *numbers("mae_r", "mfe_r"),
    *money("high_water"),
    *texts("high_water_at", wide=True),
    *money("gross_pnl"),
    *money("initial_risk", wide=True),
    *texts("currency", "why"),
)
SNAPSHOTS: Final = texts("day", "as_of", "known_at", "kind", "equity")
COMES_OUT: Final = texts("day", "comes_out_again")
