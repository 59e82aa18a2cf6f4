"""What questions about value share: which marks count, and how the answer says what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import click

from adapters.cli.answers import Row, Section
from adapters.cli.moments import rfc3339, span
from adapters.cli.questions import Command
from adapters.cli.reporting import Asked
from adapters.price_file import KINDS
from ledger import PriceKind

if TYPE_CHECKING:
    from projections.answers import Answer


def kind_option(command: Command) -> Command:
    """Which marks count."""
    told = "Only marks of this kind; else the latest of any."
    return click.option("--kind", type=click.Choice(KINDS), help=told)(command)


def max_age_option(command: Command) -> Command:
    """How old a mark may be."""
    told = "Older marks count as none, such as 2h or 1d; with --as-of."
    return click.option("--max-age", metavar="DURATION", help=told)(command)


def calendar_option(command: Command) -> Command:
    """By which sessions the age of a mark is judged."""
    told = "Marks older than its last close count as none (older by more than --max-age, if that "
    return click.option("--calendar", metavar="CODE", help=f"{told}is given), such as XNYS.")(
        command
    )


def marks(
    asked: Asked, kind: str | None, max_age: str | None = None, calendar: str | None = None
) -> dict[str, Any]:
    """Which marks count and what was known, as questions about value take it."""
    found: dict[str, Any] = {"known_at": asked.question.learned}
    if kind is not None:
        found["kind"] = PriceKind(kind)
    if max_age is not None:
        found["max_age"] = span("--max-age", max_age)
    if calendar is not None:
        from projections.calendars import ExchangeCalendar

        found["calendar"] = ExchangeCalendar(calendar)
    for option, given in (("--max-age", max_age), ("--calendar", calendar)):
        if given is not None and asked.question.as_of is None:
            raise click.UsageError(f"{option} needs --as-of: a mark's age is that at a moment")
    return found


def tell(asked: Asked, section: Section, answer: Answer[Any], **about: Any) -> None:
    """Write an answer; of one about the present also what gives it again whatever comes later."""
    # Without --known-at it is about all that there is, also what was recorded since we began.
    head = max(asked.question.head, answer.number)
    question = attrs.evolve(asked.question, number=answer.number, head=head)
    question.answer(section, account=asked.account, known_at=answer.known_at, **about)
    if question.learned is None and answer.known_at is not None:
        click.echo(f"the same again: --known-at {rfc3339(answer.known_at)}", err=True)


def say(lines: Iterable[str]) -> bool:
    """Say on standard error what was found; whether anything was."""
    found = list(lines)
    for line in found:
        click.echo(line, err=True)
    return bool(found)


def in_currency(section: Section, currency: str) -> Section:
    """Amounts in one currency, which each row is to name."""
    rows: list[Row] = [{**row, "currency": currency} for row in section.rows]
    return attrs.evolve(section, rows=rows)


def called(asked: Asked, instrument_id: str) -> str:
    """An instrument by its symbol."""
    return asked.symbols.get(instrument_id, instrument_id)
