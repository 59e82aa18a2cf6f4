"""``report trades``, ``lot-trades``, ``metrics``, ``stops``: what was traded, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import output
from adapters.cli import report_columns as columns
from adapters.cli.answers import Section
from adapters.cli.output import cell
from adapters.cli.questions import as_of_option, known_at_option
from adapters.cli.reporting import (
    Asked,
    first_id,
    instrument_option,
    is_open_option,
    out_option,
    reporting,
)
from adapters.cli.valuing import say

if TYPE_CHECKING:
    from projections.trade_metrics import TradeMetrics
    from projections.trades import Trade


@click.command()
@instrument_option
@is_open_option
@out_option
@as_of_option
@known_at_option
@reporting
def trades(asked: Asked, instrument: str | None, is_open: bool | None, out: Path | None) -> None:
    """Round trips from flat to flat, and what each brought.

    Fees in other currencies than a trade's are in other_fees, never in net_pnl. converted_fees is
    what they come to by recorded rates, and all_in_pnl the result less those; a currency without
    a rate is named.
    """
    which = asked.instrument(instrument)
    answer = asked.reports.trades(asked.account, which, **asked.learned)
    whole = asked.section("trades", columns.TRADES, answer)
    rows = [row for row in whole.rows if is_open is None or row["is_closed"] is not is_open]
    section = Section("trades", columns.TRADES, rows)
    asked.told_by(answer).sum_up(section, columns.TRADE_TOTALS, "Trades", out, answer.known_at)
    say(_apart(answer, asked.symbols))


def _apart(trades: Iterable[Trade], symbols: Mapping[str, str]) -> Iterator[str]:
    """What is not in the results: fees in other currencies, and those without a rate."""
    for one in trades:
        if one.other_fees:
            symbol = symbols.get(one.instrument_id, one.instrument_id)
            name = f"{symbol} cycle {one.cycle}"
            without = f"; no rate is recorded of {cell(one.unconverted)}" if one.unconverted else ""
            yield f"not in net_pnl of {name}: fees of {cell(one.other_fees)}{without}"


@click.command("lot-trades")
@instrument_option
@out_option
@as_of_option
@known_at_option
@reporting
def lot_trades(asked: Asked, instrument: str | None, out: Path | None) -> None:
    """Every closed piece of a lot: the fill that opened it, the one that closed it.

    The account's booking method says which lots were closed. Pieces add up to the gross results of
    the trades. fees is a piece's share by quantity of what both fills were charged; where that
    cannot be told exactly it is empty, and why says so.
    """
    which = asked.instrument(instrument)
    answer = asked.reports.lot_trades(asked.account, which, **asked.when)
    section = asked.section("lot_trades", columns.LOT_TRADES, answer)
    asked.sum_up(section, columns.LOT_TOTALS, "Trades by lot", out)


@click.command()
@instrument_option
@as_of_option
@known_at_option
@reporting
def metrics(asked: Asked, instrument: str | None) -> None:
    """What the closed trades came to, by currency: how many won, how much, how often.

    Exits are told by the order that ended a trade: stop for a stop's type or one meant to protect,
    target for a limit or if-touched order that was meant as an exit or is a leg of an OCO, an OUO,
    an OTO or a bracket, else other; unknown where no placed order is recorded. target_hit_rate is
    of those that are known. Moves to break even say so, or came to the average cost.
    """
    which = asked.instrument(instrument)
    answer = asked.reports.trade_metrics(asked.account, which, **asked.learned)
    sections = [asked.section("metrics", columns.METRICS, answer)]
    if asked.question.style == output.TABLE:
        sections.append(Section("management", columns.MANAGEMENT, sections[0].rows))
    asked.told_by(answer).write(*sections, known_at=answer.known_at)
    say(_without_rates(answer))
    say(asked.doubts({which} if which else None))


def _without_rates(metrics: Iterable[TradeMetrics]) -> Iterator[str]:
    for one in metrics:
        if one.unconverted:
            yield f"fees in {cell(one.unconverted)} have no recorded rate to {one.currency}"


@click.command()
@instrument_option
@click.option("--order", "cl_ord_id", metavar="ORDER", help="Only of this one, by any of its ids.")
@as_of_option
@known_at_option
@reporting
def stops(asked: Asked, instrument: str | None, cl_ord_id: str | None) -> None:
    """Where the stop and the target of each order stood, step by step: why, and who moved it.

    Steps are in the order in which they happened, one order after the other; recorded_at (with
    --json or --csv) says when each was learned. cycle is the trade that was open then, or while
    flat the next one in which this order, or one linked with it, was executed.
    """
    which = asked.instrument(instrument)
    order = first_id(asked, cl_ord_id) if cl_ord_id is not None else None
    answer = asked.reports.stops(asked.account, which, cl_ord_id=order, **asked.when)
    asked.tell("stops", columns.STOPS, answer)
