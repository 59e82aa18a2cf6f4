"""``report buying-power``: what may still be opened, and the terms that make it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from adapters.cli import worth_columns as columns
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.questions import as_of_option, known_at_option
from adapters.cli.reporting import Asked, reporting
from adapters.cli.valuing import (
    calendar_option,
    called,
    kind_option,
    marks,
    max_age_option,
    say,
    tell,
)
from ledger.domain.numbers import parse, text
from ledger.errors import BadNumberError

if TYPE_CHECKING:
    from projections.buying_power import BuyingPowerRule, PowerTerm


@click.command("buying-power")
@click.option("--initial-margin", metavar="SHARE", help="Of a value, such as 0.25; of every "
              "instrument that --margin does not name.")  # fmt: skip
@click.option("--margin", "margins", multiple=True, metavar="INSTRUMENT=SHARE",
              help="Of one instrument; may be given more than once.")  # fmt: skip
@click.option("--fee-rate", default="0", metavar="SHARE", show_default=True,
              help="What an order is charged, of its value.")  # fmt: skip
@click.option("--unsettled", is_flag=True, help="Count what sales have not brought in yet.")
@kind_option
@max_age_option
@calendar_option
@as_of_option
@known_at_option
@reporting
def buying_power(
    asked: Asked,
    initial_margin: str | None,
    margins: tuple[str, ...],
    fee_rate: str,
    unsettled: bool,
    kind: str | None,
    max_age: str | None,
    calendar: str | None,
) -> int:
    """What may still be opened: each term with its source, and their sum in base currency.

    Of a cash account: money, less sales that have not settled, less what open orders to buy take
    (their hold, or quantity at the limit, and fees). Of a margin account: money and collateral,
    less the declared share of positions at their marks and of what open orders would open. Exit
    code 1 says that a term cannot be told, and then there is no sum.
    """
    from projections.buying_power import power_sum

    rule = _rule(asked, initial_margin, margins, fee_rate, unsettled)
    as_of, which = asked.question.as_of, marks(asked, kind, max_age, calendar)
    answer = asked.reports.worth.buying_power(asked.account, rule, as_of=as_of, **which)
    whole = power_sum(answer.lines, asked.account, answer.number)
    tell(asked, asked.section("buying_power", columns.POWER, answer), answer, total=whole)
    power = whole.buying_power
    told = "cannot be told" if power is None else f"{text(power)} {whole.base_currency}".rstrip()
    click.echo(f"buying power: {told}", err=True)
    return FINDINGS if say(_missing(asked, answer)) else FINE


def _missing(asked: Asked, terms: Iterable[PowerTerm]) -> Iterator[str]:
    for one in terms:
        if one.in_base is None:
            yield f"missing: {one.what} {called(asked, one.name)}: {one.why}"


def _rule(
    asked: Asked,
    initial_margin: str | None,
    margins: tuple[str, ...],
    fee_rate: str,
    unsettled: bool,
) -> BuyingPowerRule:
    """What was declared; ``click.UsageError`` for a share that is none."""
    from projections.buying_power import BuyingPowerRule

    pairs = [one.rpartition("=")[::2] for one in margins]
    try:
        return BuyingPowerRule(
            initial_margin=None if initial_margin is None else _share(initial_margin),
            by_instrument={asked.instrument(name) or "": _share(one) for name, one in pairs},
            fee_rate=_share(fee_rate),
            counts_unsettled=unsettled,
        )
    except BadNumberError as error:
        raise click.UsageError(f"a share of a value, such as 0.25: {error}") from None


def _share(given: str) -> Decimal:
    return parse("share", given)
