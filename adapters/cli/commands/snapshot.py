"""``snapshot``: what an account was at the ends of days, kept as it was known then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from adapters.cli import worth_columns as columns
from adapters.cli.answers import Row, Section
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.moments import day_of_books, time_of_day
from adapters.cli.questions import Command
from adapters.cli.reporting import Asked, close_option, reporting
from adapters.cli.valuing import called, kind_option, say
from ledger import PriceKind

if TYPE_CHECKING:
    from projections.snapshots import Snapshot


@click.group()
def snapshot() -> None:
    """What an account was at the end of a day, kept as it was known when that was taken.

    Positions, equity, balances and the day's results. Snapshots are kept beside the tables of the
    read models and, other than those, are not made again when they are removed.
    """


def day_option(command: Command) -> Command:
    """The day that a snapshot is of."""
    told = "The day, in the account's zone."
    return click.option("--day", required=True, metavar="DAY", help=told)(command)


@snapshot.command()
@day_option
@close_option
@kind_option
@reporting
def take(asked: Asked, day: str, close: str, kind: str | None) -> None:
    """Keep what the account was at the end of a day, as far as is known by now.

    Taken again when more is known it is one more; the earlier one stays.
    """
    which, ends = PriceKind(kind) if kind else None, time_of_day("--close", close)
    snapshots = asked.reports.snapshots
    taken = snapshots.take(asked.account, day_of_books("--day", day), close=ends, kind=which)
    _tell(asked, [taken])


@snapshot.command("list")
@reporting
def list_(asked: Asked) -> None:
    """The snapshots that were taken, by day and by when they were known."""
    _tell(asked, asked.reports.snapshots.of(asked.account))


def _tell(asked: Asked, found: list[Snapshot]) -> None:
    section = Section("snapshots", columns.SNAPSHOTS, [_row(one) for one in found])
    asked.question.answer(section, account=asked.account)
    say(line for one in found for line in _unpriced(asked, one))


def _unpriced(asked: Asked, one: Snapshot) -> Iterator[str]:
    """What was held and had no mark then."""
    for line in one.told["equity"]:
        if line["unpriced"]:
            names = ", ".join(called(asked, name) for name in line["unpriced"])
            yield f"not in the {line['currency']} of {one.day}: {names}, of which it had no mark"


def _row(one: Snapshot) -> Row:
    """A snapshot in a line, with its equity by currency."""
    equity = {line["currency"]: line["equity"] for line in one.told["equity"]}
    return {
        "day": one.day,
        "as_of": one.as_of,
        "known_at": one.known_at,
        "kind": one.kind.value if one.kind else None,
        "equity": equity,
    }


@snapshot.command()
@day_option
@reporting
def check(asked: Asked, day: str) -> int:
    """Tell the last snapshot of a day again, and compare it to the last digit.

    Exit code 1 says that it does not come out again as it was taken.
    """
    is_same = asked.reports.snapshots.check(asked.account, day_of_books("--day", day))
    rows: list[Row] = [{"day": day, "comes_out_again": is_same}]
    asked.question.answer(Section("snapshots", columns.COMES_OUT, rows), account=asked.account)
    return FINE if is_same else FINDINGS
