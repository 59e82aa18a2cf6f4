"""The tables of the read models: the only definitions, for SQLite and PostgreSQL alike.

Every table keeps versions. A row holds from the log number ``number``, whose event made it, until
the log number ``until``, whose event made it void; ``until`` is null while it holds. So what
was known at a log number N is

    WHERE number <= N AND (until IS NULL OR until > N)

and stays so for ever. ``line`` tells apart the rows that one event made of one table.

A table's name ends with the generation of its projection, so that it can be built anew beside the
one in use. What others may ask are the views (:mod:`projections.views`), whose names stay.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from projections.indexes import index, index_of_holding
from projections.types import Amount, Carried, Moment, name_type

ORDERS: Final = "orders"
POSITIONS: Final = "positions"
BALANCES: Final = "balances"
RECONCILIATION: Final = "reconciliation"


def _id(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, name_type(), nullable=optional)


def _amount(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Amount(), nullable=optional)


def _time(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Moment(), nullable=optional)


def _versioned(name: str, *columns: Column[Any]) -> Table:
    """A table of versions, in the order of each account's log."""
    return Table(
        name,
        MetaData(),
        Column("account", name_type(), primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("line", Integer, primary_key=True, autoincrement=False),
        Column("until", BigInteger, nullable=True),
        *columns,
        sqlite_with_rowid=False,
    )


def _of_position(table: Table, order: str, alike: int) -> None:
    """An index of the rows of each position, in some order, in which so many are alike."""
    columns = ("instrument_id", "position_id", order)
    index(table, "of_position", columns, (2_000, 2_000, alike))


@cache
def order_changes(generation: int) -> Table:
    """Each order after each fact about it, as it was recorded."""
    name = f"order_changes_{generation}"
    table = _versioned(
        name,
        _id("cl_ord_id"),
        _id("current_id"),
        _id("order_id", optional=True),
        _id("event"),
        _time("occurred_at"),
        _time("recorded_at"),
        _id("status"),
        _id("reason"),
        _id("instrument_id", optional=True),
        _id("position_id", optional=True),
        _id("strategy", optional=True),
        _id("intent", optional=True),
        _id("side", optional=True),
        _id("ord_type", optional=True),
        _id("tif", optional=True),
        _amount("decision_px", optional=True),
        _time("placed_at", optional=True),
        _amount("order_qty", optional=True),
        _amount("cum_qty"),
        _amount("leaves_qty"),
        _amount("avg_px", optional=True),
        _amount("limit_px", optional=True),
        _amount("stop_px", optional=True),
        _amount("initial_stop_px", optional=True),
        _amount("target_px", optional=True),
        _time("accepted_at", optional=True),
        _time("last_fill_at", optional=True),
        Column("is_open", Integer, nullable=False),
    )
    index(table, "of_order", ("cl_ord_id", "number"), (5, 1))
    return table


@cache
def position_ledger(generation: int) -> Table:
    """Each position after each event that moved it, in the order of recording."""
    name = f"position_ledger_{generation}"
    table = _versioned(
        name,
        _id("instrument_id"),
        _id("position_id"),
        _id("currency", optional=True),
        _id("event"),
        _id("cause"),
        _time("occurred_at"),
        _time("recorded_at"),
        _amount("quantity_change"),
        _amount("basis_change"),
        _amount("realized_change"),
        _amount("net_qty"),
        _amount("cost_basis"),
        _amount("avg_cost", optional=True),
        _amount("realized_pnl"),
        _amount("fees"),
        _amount("funding"),
        _amount("net_realized_pnl"),
        Column("cycle", Integer, nullable=False),
        Column("is_late", Integer, nullable=False),
        Column("unknown_basis", Integer, nullable=False),
    )
    _of_position(table, "number", 1)
    index_of_holding(table, ("instrument_id", "position_id"))
    return table


def _of_fact() -> list[Column[Any]]:
    """A fact as it was booked, and of a fill what is in effect."""
    return [
        _id("event"),
        _id("cause"),
        _time("at"),
        _id("place"),
        _id("exec_id"),
        _id("cl_ord_id", optional=True),
        _id("side", optional=True),
        _amount("last_qty", optional=True),
        _amount("last_px", optional=True),
        _id("liquidity", optional=True),
        _id("order_id", optional=True),
        _id("trade_id", optional=True),
        _id("settl_date", optional=True),
        _id("effect"),
    ]


@cache
def position_steps(generation: int) -> Table:
    """Each effective fact of a position in canonical order: what it did, as far as known."""
    name = f"position_steps_{generation}"
    table = _versioned(
        name,
        _id("instrument_id"),
        _id("position_id"),
        Column("fact", BigInteger, nullable=False),
        *_of_fact(),
        _id("currency", optional=True),
        _amount("quantity_change"),
        _amount("basis_change"),
        _amount("realized_change"),
        _amount("fees_change"),
        _amount("fees_begun"),
        _amount("base_fee_change"),
        _amount("funding_change"),
        _amount("income_change"),
        Column("elsewhere", Text, nullable=True),
        Column("ended", Text, nullable=True),
        _amount("closed_qty"),
        Column("closed_proceeds", Carried(), nullable=False),
        Column("closed_basis", Carried(), nullable=False),
        Column("carried_cost", Carried(), nullable=False),
        _amount("net_qty"),
        _amount("cost_basis"),
        _amount("realized_pnl"),
        Column("cycle", Integer, nullable=False),
    )
    _of_position(table, "at", 2)
    return table


@cache
def pnl_days(generation: int) -> Table:
    """What each position brought on each day, after each event that changed it."""
    name = f"pnl_days_{generation}"
    table = _versioned(
        name,
        _id("day"),
        _id("instrument_id"),
        _id("position_id"),
        _id("currency"),
        _amount("realized_pnl"),
        _amount("fees"),
        _amount("base_fee_cost"),
        _amount("funding"),
        _amount("income"),
        _amount("net_pnl"),
    )
    _of_position(table, "day", 20)
    index_of_holding(table, ("instrument_id", "position_id", "day", "currency"))
    return table


@cache
def balance_ledger(generation: int) -> Table:
    """Each movement of money, in the order of recording."""
    name = f"balance_ledger_{generation}"
    table = _versioned(
        name,
        _id("currency"),
        _id("entry"),
        _id("detail"),
        _id("event"),
        _id("cause"),
        _id("instrument_id", optional=True),
        _id("position_id", optional=True),
        _time("occurred_at"),
        _time("recorded_at"),
        _amount("balance_before"),
        _amount("amount"),
        _amount("balance_after"),
    )
    index(table, "of_currency", ("currency", "number"), (50_000, 1))
    index_of_holding(table, ("currency",))
    return table


@cache
def breaks(generation: int) -> Table:
    """Each break after each step of its life."""
    name = f"breaks_{generation}"
    table = _versioned(
        name,
        _id("break_id"),
        _id("status"),
        _id("kind"),
        _id("severity"),
        _id("instrument_id", optional=True),
        _id("currency", optional=True),
        _id("ledger_value"),
        _id("broker_value"),
        _id("opened_on", optional=True),
        _id("seen_on", optional=True),
        _time("opened_at"),
        _id("waived_until", optional=True),
        _id("who"),
        _id("note"),
        Column("evidence", Text, nullable=False),
    )
    index(table, "of_break", ("break_id", "number"), (5, 1))
    return table


@cache
def stated(generation: int) -> Table:
    """What statements said of positions (units) and balances, as observations."""
    name = f"stated_{generation}"
    table = _versioned(
        name,
        _id("statement_id"),
        _id("venue"),
        _id("what"),
        _id("subject"),
        _time("covers_from", optional=True),
        _time("covers_to", optional=True),
        _amount("amount"),
    )
    index(table, "of_subject", ("what", "subject", "covers_to"), (5_000, 500, 1))
    return table
