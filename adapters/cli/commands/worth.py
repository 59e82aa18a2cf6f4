"""``report value``, ``equity``, ``curve``, ``check``, ``excursions``: what an account is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import click

from adapters.cli import worth_columns as columns
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.moments import day_of_books, moment, rfc3339, time_of_day
from adapters.cli.questions import as_of_option, known_at_option
from adapters.cli.reporting import Asked, close_option, instrument_option, reporting
from adapters.cli.valuing import (
    calendar_option,
    called,
    in_currency,
    kind_option,
    marks,
    max_age_option,
    say,
    tell,
)
from ledger.domain.numbers import text

if TYPE_CHECKING:
    from projections.identity import EquityCheck
    from projections.valuation import EquityTotal, ValuedPosition

ROUNDING: Final = Decimal(1).scaleb(-15)
"""What is left over of amounts that were each rounded at 18 decimals is at most so much."""


@click.command()
@kind_option
@max_age_option
@calendar_option
@as_of_option
@known_at_option
@reporting
def value(asked: Asked, kind: str | None, max_age: str | None, calendar: str | None) -> int:
    """Every position at its mark, and where the mark is from.

    value is what a position is worth beyond the cash it has moved: the full value where that was
    paid, the unpaid result on margin, nothing where the units are themselves a balance. No mark,
    no number: exit code 1 says that something held has none.
    """
    which = marks(asked, kind, max_age, calendar)
    answer = asked.reports.worth.positions(asked.account, as_of=asked.question.as_of, **which)
    tell(asked, asked.section("value", columns.VALUE, answer), answer)
    return FINDINGS if say(_unpriced(asked, answer)) else FINE


def _unpriced(asked: Asked, positions: Iterable[ValuedPosition]) -> Iterator[str]:
    for one in positions:
        if one.net_qty and one.unrealized_pnl is None:
            yield f"{called(asked, one.instrument_id)} has no result at a mark: {one.why}"


@click.command()
@kind_option
@max_age_option
@calendar_option
@as_of_option
@known_at_option
@reporting
def equity(asked: Asked, kind: str | None, max_age: str | None, calendar: str | None) -> int:
    """What the account is worth: cash and positions by currency, and each in base currency.

    The sum in base currency has what could be priced and converted by recorded rates; what is not
    in it is named, and the exit code is 1.
    """
    from projections.valuation import Moment, equity_total

    as_of, which = asked.question.as_of, marks(asked, kind, max_age, calendar)
    answer = asked.reports.worth.equity(asked.account, as_of=as_of, **which)
    whole = equity_total(answer, asked.account, Moment(as_of, answer.number, which["known_at"]))
    tell(asked, asked.section("equity", columns.EQUITY, answer), answer, total=whole)
    click.echo(f"in all {text(whole.equity)} {whole.base_currency}".rstrip(), err=True)
    return FINDINGS if say(_left_out(asked, whole)) else FINE


def _left_out(asked: Asked, whole: EquityTotal) -> Iterator[str]:
    for name in whole.unpriced:
        yield f"not in it: {called(asked, name)}: 'report value' says why"
    for currency in whole.unconverted:
        yield f"not in it: {currency}, of which no rate to {whole.base_currency} is recorded"


@click.command()
@click.option("--from", "first", required=True, metavar="DAY", help="The first day.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last day, included.")
@close_option
@kind_option
@known_at_option
@reporting
def curve(asked: Asked, first: str, last: str, close: str, kind: str | None) -> int:
    """Equity in base currency at the end of each day, and how far below its highest.

    A day at whose end something had no mark or no rate is named, and the exit code is 1: what it
    shows is not all.
    """
    begin, end = day_of_books("--from", first), day_of_books("--to", last)
    if end < begin:
        raise click.UsageError(f"--to {last} is before --from {first}")
    ends, which = time_of_day("--close", close), marks(asked, kind)
    answer = asked.reports.worth.curve(asked.account, begin, end, close=ends, **which)
    section = asked.section("curve", columns.CURVE, answer)
    tell(asked, in_currency(section, _base(asked)), answer)
    parts = (f"{one.day} is not whole: 'report equity' says what is missing"
             for one in answer if not one.is_whole)  # fmt: skip
    return FINDINGS if say(parts) else FINE


def _base(asked: Asked) -> str:
    """The base currency of the account."""
    from projections.valuation import opening

    opened = opening(asked.question.state(asked.account))
    return opened.base_currency if opened else ""


@click.command()
@instrument_option
@kind_option
@as_of_option
@known_at_option
@reporting
def excursions(asked: Asked, instrument: str | None, kind: str | None) -> int:
    """How far each trade went for and against us, by the marks of its life.

    mae and mfe are the least and the most that its result ever was (realized so far, and the open
    units at the mark), before fees; mae_r and mfe_r are in units of the initial risk. high_water is
    the most that the open units were ahead. No mark, no number: exit code 1 says that a trade has
    none.
    """
    which = marks(asked, kind)
    answer = asked.reports.worth.excursions(
        asked.account, asked.instrument(instrument), as_of=asked.question.as_of, **which
    )
    tell(asked, asked.section("excursions", columns.EXCURSIONS, answer), answer)
    missing = (
        f"{called(asked, one.instrument_id)} cycle {one.cycle}: {one.why}"
        for one in answer
        if one.why
    )
    return FINDINGS if say(missing) else FINE


@click.command()
@click.option("--from", "first", required=True, metavar="TIME", help="A time; a day is its end.")
@click.option("--to", "last", required=True, metavar="TIME", help="A later time; a day is its end.")
@kind_option
@known_at_option
@reporting
def check(asked: Asked, first: str, last: str, kind: str | None) -> int:
    """How equity came from one time to another, currency by currency.

    equity_after less equity_before is realized_pnl, unrealized_change, funding, income and what
    came from outside (external), less fees. difference is what none of it explains. Exit code 1
    says that there is one (of more than 1e-15, which rounding at 18 decimals may leave), or that a
    mark is missing.
    """
    zone = asked.question.settings.zone_info
    begin, end = moment("--from", first, zone), moment("--to", last, zone)
    if end < begin:
        raise click.UsageError(f"--to {last} is before --from {first}")
    answer = asked.reports.worth.check(asked.account, begin, end, **marks(asked, kind))
    section = asked.section("check", columns.CHECK, answer)
    tell(asked, section, answer, **{"from": rfc3339(begin), "to": rfc3339(end)})
    return FINDINGS if say(faults(answer)) else FINE


def faults(lines: Iterable[EquityCheck]) -> Iterator[str]:
    """What is wrong with a check: a mark that is missing, or more than rounding leaves."""
    for line in lines:
        if line.difference is None:
            yield f"{line.currency} cannot be checked: a mark is missing at one of both times"
        elif line.difference.copy_abs() > ROUNDING:
            yield f"{line.currency} does not add up: {text(line.difference)} is not explained"
