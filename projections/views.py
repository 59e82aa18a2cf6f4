"""The documented SQL views: what may be asked in SQL, whatever the tables behind are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, Table, literal, select, text

from projections.json_sql import JsonField, JsonItems

Tables = Mapping[str, Table]


def _orders(tables: Tables) -> Select[Any]:
    """Each order as it stands."""
    table = tables["order_changes"]
    return select(*_but(table, "line", "until", "event")).where(table.c.until.is_(None))


def _order_changes(tables: Tables) -> Select[Any]:
    """Each order after each fact about it."""
    return select(tables["order_changes"])


def _positions(tables: Tables) -> Select[Any]:
    """Each position as it stands."""
    table = tables["position_ledger"]
    gone = ("line", "until", "quantity_change", "basis_change", "realized_change", "is_late")
    return select(*_but(table, *gone)).where(table.c.until.is_(None))


def _position_ledger(tables: Tables) -> Select[Any]:
    """One row a change of a position, in the order of recording."""
    return select(*_but(tables["position_ledger"], "until"))


def _position_steps(tables: Tables) -> Select[Any]:
    """What each fact did to its position as far as is known now, by when it happened."""
    table = tables["position_steps"]
    return select(*_but(table, "line", "until", "carried_cost")).where(table.c.until.is_(None))


def _fills(tables: Tables) -> Select[Any]:
    """Each fill as it stands."""
    table = tables["position_steps"]
    is_fill = table.c.event == "fill-booked"
    return select(*_but(table, "line", "until", "carried_cost")).where(
        table.c.until.is_(None), is_fill
    )


def _pnl_daily(tables: Tables) -> Select[Any]:
    """What each position brought on each day, as far as is known now."""
    table = tables["pnl_days"]
    return select(*_but(table, "line", "until")).where(table.c.until.is_(None))


def _trades(tables: Tables) -> Select[Any]:
    """Each round trip from flat to flat that is over, as far as is known now."""
    table = tables["position_steps"]
    ended = JsonItems(table.c.ended).table_valued("value")
    names = ("cycle", "opened_at", "realized_pnl", "fees", "base_fee_cost", "funding")
    return (
        select(
            *(table.c[name] for name in ("account", "number", "instrument_id", "position_id")),
            table.c.currency,
            table.c.at.label("closed_at"),
            table.c.cause.label("closed_by"),
            *(JsonField(ended.c.value, literal(name)).label(name) for name in names),
        )
        .select_from(table, ended)
        .where(table.c.until.is_(None), table.c.ended.is_not(None))
    )


def _balance_ledger(tables: Tables) -> Select[Any]:
    """One row a movement of money, in the order of recording."""
    return select(*_but(tables["balance_ledger"], "until"))


def _balances(tables: Tables) -> Select[Any]:
    """The last balance of each account and currency."""
    table = tables["balance_ledger"]
    names = ("account", "currency", "balance_after", "number", "occurred_at", "recorded_at")
    return select(*(table.c[name] for name in names)).where(table.c.until.is_(None))


def _breaks(tables: Tables) -> Select[Any]:
    """Each break as it stands."""
    table = tables["breaks"]
    return select(*_but(table, "line", "until")).where(table.c.until.is_(None))


def _but(table: Table, *names: str) -> list[Column[Any]]:
    return [column for column in table.columns if column.name not in names]


VIEWS: Final[dict[str, Callable[[Tables], Select[Any]]]] = {
    "v_orders": _orders,
    "v_order_changes": _order_changes,
    "v_positions": _positions,
    "v_position_ledger": _position_ledger,
    "v_position_steps": _position_steps,
    "v_fills": _fills,
    "v_trades": _trades,
    "v_pnl_daily": _pnl_daily,
    "v_balance_ledger": _balance_ledger,
    "v_balances": _balances,
    "v_breaks": _breaks,
}


def create_views(connection: Connection, tables: Tables) -> None:
    """Make the views of these tables."""
    for name, made in VIEWS.items():
        question = made(tables).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        connection.execute(text(f"CREATE VIEW {name} AS {question}"))


def drop_views(connection: Connection) -> None:
    """Take the views away."""
    for name in VIEWS:
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))
