"""``report``: ledgers, blotters, trades, P&L and value, from the tables of the read models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters.cli import report_columns as columns
from adapters.cli.commands.power import buying_power
from adapters.cli.commands.trading import lot_trades, metrics, stops, trades
from adapters.cli.commands.worth import check, curve, equity, excursions, value
from adapters.cli.moments import time_of_day
from adapters.cli.questions import as_of_option, known_at_option
from adapters.cli.reporting import (
    Asked,
    close_option,
    first_id,
    instrument_option,
    is_open_option,
    out_option,
    paged,
    reporting,
    span,
    spanned,
)


@click.group()
def report() -> None:
    """Ledgers, blotters, trades, P&L by day and value, from the tables of the read models.

    The tables are brought up to the question first. The ledgers are what was recorded, line by
    line, so they are cut by --known-at and never by --as-of; steps, fills, trades and P&L are in
    the order in which things happened, and take both, as value and equity do. Spans of time are in
    seconds.
    """


@report.command("position-ledger")
@instrument_option
@spanned
@paged
@known_at_option
@reporting
def position_ledger(
    asked: Asked, instrument: str | None, since: str | None, until: str | None, **page: Any
) -> None:
    """Every change of every position, in the order of recording.

    One line a fact: what it changed, and where the position stood then. A late fact, a bust or a
    correction is one line too: new less old.
    """
    which = asked.instrument(instrument)
    page |= span(asked, since, until) | asked.known
    answer = asked.reports.position_ledger(asked.account, which, **page)
    asked.tell("position_ledger", columns.POSITION_LEDGER, answer)


@report.command("balance-ledger")
@click.option("--currency", metavar="CODE", help="Only this one.")
@click.option("--entry", metavar="KIND", help="Only these: deposit, fill, realized, fee, ...")
@spanned
@paged
@known_at_option
@reporting
def balance_ledger(
    asked: Asked, currency: str | None, entry: str | None,
    since: str | None, until: str | None, **page: Any,
) -> None:  # fmt: skip
    """Every movement of money, in the order of recording, with the balance before and after."""
    page |= span(asked, since, until) | asked.known
    answer = asked.reports.balance_ledger(asked.account, currency, entry=entry, **page)
    asked.tell("balance_ledger", columns.BALANCE_LEDGER, answer)


@report.command()
@instrument_option
@click.option("--strategy", metavar="NAME", help="Only of this strategy.")
@is_open_option
@paged
@known_at_option
@reporting
def orders(asked: Asked, instrument: str | None, **which: Any) -> None:
    """Every order as it stands, by the fact that changed it last."""
    answer = asked.reports.orders(
        asked.account, asked.instrument(instrument), **which, **asked.known
    )
    asked.tell("orders", columns.ORDERS, answer)


@report.command()
@click.argument("cl_ord_id", metavar="ORDER")
@known_at_option
@reporting
def order(asked: Asked, cl_ord_id: str) -> None:
    """One ORDER after each fact about it, under any of its ids."""
    first = first_id(asked, cl_ord_id)
    answer = asked.reports.order_changes(asked.account, first, **asked.known)
    asked.tell("order", columns.ORDERS, answer)


@report.command("order-statistics")
@instrument_option
@click.option("--strategy", metavar="NAME", help="Only of this strategy.")
@known_at_option
@reporting
def order_statistics(asked: Asked, instrument: str | None, strategy: str | None) -> None:
    """How the orders fared, by instrument, type and strategy.

    fill_rate is what was executed of what was asked. average_slippage_bps is in hundredths of a
    percent, weighted by quantity; positive is worse than the price at the decision.
    """
    which = asked.instrument(instrument)
    answer = asked.reports.order_statistics(asked.account, which, strategy=strategy, **asked.known)
    asked.tell("order_statistics", columns.ORDER_STATISTICS, answer)


@report.command()
@instrument_option
@as_of_option
@known_at_option
@reporting
def steps(asked: Asked, instrument: str | None) -> None:
    """What each fact did to its position as far as is known, in the order they happened."""
    which = asked.instrument(instrument)
    answer = asked.reports.steps(asked.account, which, **asked.when)
    asked.tell("steps", columns.STEPS, answer)


@report.command()
@instrument_option
@as_of_option
@known_at_option
@reporting
def fills(asked: Asked, instrument: str | None) -> None:
    """Every fill as it stands, and what it did to its position."""
    which = asked.instrument(instrument)
    answer = asked.reports.fills(asked.account, which, **asked.when)
    asked.tell("fills", columns.STEPS, answer)


@report.command()
@instrument_option
@close_option
@out_option
@as_of_option
@known_at_option
@reporting
def pnl(asked: Asked, instrument: str | None, close: str, out: Path | None) -> None:
    """Profit and loss by day, position and currency, with sums by currency.

    Days are those of the account's zone and follow when things happened. net_pnl is realized less
    fees, plus funding; income (dividends, interest) is apart. Nothing is converted.
    """
    which, ends = asked.instrument(instrument), time_of_day("--close", close)
    answer = asked.reports.pnl(asked.account, which, close=ends, **asked.when)
    section = asked.section("pnl", columns.PNL, answer)
    asked.sum_up(section, columns.PNL_TOTALS, "Profit and loss", out)


for command in (
    trades, lot_trades, metrics, stops, value, equity, buying_power, curve, check, excursions,
):  # fmt: skip
    report.add_command(command)
