"""What all reports share: the tables they ask, brought up to the question, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from adapters.cli import html, output
from adapters.cli.answers import Column, Section, counted
from adapters.cli.files import write_new
from adapters.cli.moments import ends, rfc3339
from adapters.cli.questions import Command, Question, asks
from adapters.cli.read_models import bring, opened, reports_option, tables_url
from adapters.cli.report_columns import rows_of, totals
from ledger.errors import UnknownOrderError

if TYPE_CHECKING:
    from projections.answers import Answer
    from projections.reports import Reports

PAGE: Final = 100


@attrs.frozen
class Asked:
    """A question to the tables of one account, which have come as far as it asks."""

    question: Question
    reports: Reports
    account: str
    symbols: dict[str, str]

    @property
    def known(self) -> dict[str, Any]:
        """The state of knowledge, as the reports take it."""
        return {"known_at": self.question.number}

    @property
    def when(self) -> dict[str, Any]:
        """Both times, as the reports take them."""
        return self.question.when

    @property
    def learned(self) -> dict[str, Any]:
        """Both times where prices count, too: without a number it is about all there is."""
        return {"as_of": self.question.as_of, "known_at": self.question.learned}

    def told_by(self, answer: Answer[Any]) -> Asked:
        """The question at the number of its answer: more may have been recorded since we began."""
        head = max(self.question.head, answer.number)
        return attrs.evolve(
            self, question=attrs.evolve(self.question, number=answer.number, head=head)
        )

    def instrument(self, name: str | None) -> str | None:
        """The id of an instrument, if one was named; ``click.UsageError`` for an unknown one."""
        return None if name is None else self.question.instrument(self.account, name)

    def section(self, name: str, columns: tuple[Column, ...], answer: Answer[Any]) -> Section:
        """An answer's lines as a section."""
        return Section(name, columns, rows_of(answer.rows(), self.symbols))

    def tell(self, name: str, columns: tuple[Column, ...], answer: Answer[Any]) -> None:
        """Write an answer, and where the next page begins, if there is one."""
        section = self.section(name, columns, answer)
        self.question.answer(section, account=self.account, next=answer.next)
        if answer.next is not None:
            further = f"--known-at {answer.number} --after {answer.next}"
            click.echo(f"there is more: {further}", err=True)

    def write(self, *sections: Section, known_at: datetime | None = None) -> None:
        """Write an answer; of one that prices are part of, also what gives it again."""
        about: dict[str, Any] = {} if known_at is None else {"known_at": known_at}
        self.question.answer(*sections, account=self.account, **about)
        if known_at is not None and self.question.learned is None:
            click.echo(f"the same again: --known-at {rfc3339(known_at)}", err=True)

    def sum_up(
        self,
        section: Section,
        columns: tuple[Column, ...],
        title: str,
        out: Path | None,
        known_at: datetime | None = None,
    ) -> None:
        """Write an answer with its sums by currency, or a page that has both."""
        sections = section, Section("totals", columns, totals(section.rows, columns))
        doubts = [*self.doubts({str(row["instrument_id"]) for row in section.rows})]
        if out is None:
            self.write(*sections, known_at=known_at)
            for doubt in doubts:
                click.echo(doubt, err=True)
            return
        if self.question.style != output.TABLE:
            raise click.UsageError("--out is a page of HTML; --json and --csv are other forms")
        write_new(out, html.page(f"{title}: {self.account}", self._about(doubts), sections))
        click.echo(f"{out}: {counted(len(section.rows), 'line')}")
        click.echo(f"known at number {self.question.number} of {self.question.head}", err=True)

    def doubts(self, instruments: Set[str] | None) -> Iterator[str]:
        """Which results, of some instruments or of all, are on a cost that nobody stated."""
        views = self.question.book.positions(self.account, **self.when)
        for about in dict.fromkeys(view.instrument_id for view in views if view.unknown_basis):
            if instruments is None or about in instruments:
                name = self.symbols.get(about, about)
                yield f"results of {name} are on a cost that is unknown in part and counted as 0"

    def _about(self, doubts: Sequence[str]) -> dict[str, str]:
        """What a page says of itself."""
        number, as_of = self.question.number, self.question.as_of
        store = self.question.book.store
        last = next(iter(store.read_all(after=number - 1, upto=number)), None)
        known = f"number {number}"
        return {
            "Account": self.account,
            "As of": rfc3339(as_of) if as_of else "all that had happened",
            "Known at": f"{known}, recorded {rfc3339(last.recorded_at)}" if last else known,
            **({"Note": "; ".join(doubts)} if doubts else {}),
        }


def first_id(asked: Asked, name: str) -> str:
    """The id under which an order was placed; ``click.UsageError`` if none goes by this one."""
    try:
        view = asked.question.book.order(asked.account, name, **asked.known)
    except UnknownOrderError:
        rule = f"account {asked.account} has no order {name}"
        raise click.UsageError(f"{rule}; 'tradeledger orders --all' lists them") from None
    return view.cl_ord_ids[0] if view.cl_ord_ids else name


def reporting(function: Callable[..., int | None]) -> Command:
    """A command that asks the tables: it gets an ``Asked`` and, by name, its own options."""

    @wraps(function)
    def command(question: Question, *, reports: str | None, **own: Any) -> int | None:
        question.settings.reports = reports or question.settings.reports
        account = question.account
        with opened(tables_url(question.settings)) as engine:
            from projections.reports import Reports

            asked = Reports(question.book, engine)
            bring(asked.asking.runner, question.number)
            symbols = question.symbols(account)
            return function(Asked(question, asked, account, symbols), **own)

    return reports_option(asks(command))


def instrument_option(command: Command) -> Command:
    """The instrument, by id or symbol."""
    told = "Only this one, by id or symbol."
    return click.option("--instrument", metavar="NAME", help=told)(command)


def paged(command: Command) -> Command:
    """The options of a page."""
    for option in (
        click.option("--after", metavar="CURSOR", help="Go on behind a page, which tells this."),
        click.option("--limit", type=click.IntRange(min=1), default=PAGE, show_default=True,
                     help="At most so many lines."),
    ):  # fmt: skip
        command = option(command)
    return command


def spanned(command: Command) -> Command:
    """The options of a span of recording, its end not included."""
    for option in (
        click.option("--until", metavar="TIME", help="Recorded before then, a day "
                     "left out."),
        click.option("--since", metavar="TIME", help="Recorded then or later; a day is its first "
                     "moment."),
    ):  # fmt: skip
        command = option(command)
    return command


def span(asked: Asked, since: str | None, until: str | None) -> dict[str, datetime | None]:
    """A span as the reports take it."""
    begin, end = ends("--since", since, "--until", until, asked.question.settings.zone_info)
    return {"since": begin, "until": end}


def is_open_option(command: Command) -> Command:
    """Only open ones, or only closed ones."""
    return click.option("--open/--closed", "is_open", default=None, help="Only these.")(command)


def close_option(command: Command) -> Command:
    """When a day ends."""
    told = "When a day ends, in the account's zone."
    return click.option("--close", default="00:00", metavar="HH:MM", show_default=True, help=told)(
        command
    )


def out_option(command: Command) -> Command:
    """A page instead of a table."""
    path = click.Path(dir_okay=False, path_type=Path)
    told = "Write one page of HTML into this new file."
    return click.option("--out", type=path, metavar="FILE", help=told)(command)
