"""``demo``: the sample statement becomes books, which then explain themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

import ledger
from adapters import demo as sample
from adapters.cli.answers import Answer, Row, Section, numbers, texts
from adapters.cli.exits import Guard
from adapters.cli.files import write_new
from adapters.cli.output import TABLE, write
from adapters.cli.settings import Settings
from ledger import Book
from ledger.domain.events import FillBooked, FillBusted, Recorded, StatementRecorded

NAME: Final = "demo"
_ZONE: Final = sample.CONFIG.time_zone
_AGAINST: Final = (*texts("subject"), *numbers("books", "statement"), *texts("agrees"))


@click.command()
@click.option("--store", metavar="URL", help="A new SQLite file to keep; a temporary one if none.")
@click.option(
    "--write-statement",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only write the sample statement to a new file, to ingest it yourself.",
)
@click.pass_obj
def demo(settings: Settings, store: str | None, target: Path | None) -> None:
    """Real fills become books that explain themselves.

    The sample is one week of a made-up account: partial fills, a flip from long to short, a
    trade that was cancelled and booked again, a fee in another currency, a row that came late.
    """
    page = sample.statement()
    if target is not None:
        write_new(target, page.content)
        return
    with TemporaryDirectory(prefix="tradeledger-") as folder:
        report = Path(folder, page.name)
        report.write_bytes(page.content)
        url = store or f"sqlite:///{folder}/demo.db"
        if Settings(settings.guard, store=url).is_there():
            raise click.UsageError(f"{url} is there already; the demo only writes a new store")
        _Tour(url, report).walk()


class _Tour:
    """Runs the program's own commands on one store, each printed before its answer."""

    def __init__(self, url: str, report: Path) -> None:
        self._url = url
        self._report = report

    def walk(self) -> None:
        """The whole tour."""
        self._heading("A broker's statement becomes facts, each recorded once")
        self._run("ingest", "ibkr_flex", self._report.name, "--zone", _ZONE)
        self._heading("What is held, and what the cash is")
        self._run("positions")
        self._run("balances")
        with ledger.open(self._url) as book:
            self._compare(book)
            self._issues(book)
            facts = list(book.log(NAME))
        self._heading("Why is the realized P&L of ACME what it is?")
        self._run("why", NAME, "ACME", "realized_pnl")
        self._heading("A trade was cancelled and booked again: what did that change?")
        self._run("diff", *_between(*around_bust(facts)))
        self._heading("A trade of Monday came on Thursday: what did that change?")
        self._run("diff", *_between(*around_late(facts)))
        self._heading("Is the history what was recorded?")
        self._run("verify")
        self._next()

    def _heading(self, text: str) -> None:
        click.echo(f"\n== {text}\n")

    def _run(self, command: str, *args: str) -> None:
        """Run a command as if it had been typed, free of the user's own settings."""
        from adapters.cli.root import root

        click.echo(f"$ tradeledger {command} {' '.join(args)}".rstrip())
        typed = [str(self._report) if arg == self._report.name else arg for arg in args]
        given = ["--store", self._url, "--account", NAME, command, *typed]
        settings = Settings(Guard())
        with root.make_context(
            "tradeledger", given, obj=settings, default_map={}, auto_envvar_prefix=None
        ) as context:
            root.invoke(context)

    def _compare(self, book: Book) -> None:
        click.echo("\nbeside what the statement says:")
        rows = list(against_statement(book))
        write(Answer({}, (Section("statement", _AGAINST, rows),)), TABLE)

    def _issues(self, book: Book) -> None:
        issues = [
            f"{issue.exec_id} of {view.instrument_id}: {issue.missing} without a counterpart"
            for view in book.positions(NAME)
            for issue in book.results(NAME, view.instrument_id, view.position_id).issues
        ]
        click.echo("\nopen issues: " + ("; ".join(issues) or "none"))

    def _next(self) -> None:
        self._heading("Try next")
        click.echo("tradeledger demo --store sqlite:///demo.db")
        click.echo("tradeledger --store sqlite:///demo.db positions --as-of 2026-03-03")
        click.echo("tradeledger --store sqlite:///demo.db why demo --balance USD")


def against_statement(book: Book) -> Iterator[Row]:
    """The books beside the broker's statement, line by line."""
    stated = next(r.event for r in book.log(NAME) if isinstance(r.event, StatementRecorded))
    cash = {view.currency: view.total for view in book.balances(NAME)}
    held = {view.instrument_id: view for view in book.positions(NAME)}
    for position in stated.positions:
        view = held[position.instrument_id]
        symbol = view.instrument.symbol if view.instrument else position.instrument_id
        yield _line(f"units of {symbol}", view.net_qty, position.qty)
    for balance in stated.balances:
        yield _line(f"cash in {balance.currency}", cash[balance.currency], balance.ending)


def _line(subject: str, books: object, statement: object) -> Row:
    agrees = "yes" if books == statement else "no"
    return {"subject": subject, "books": books, "statement": statement, "agrees": agrees}


def around_bust(facts: list[Recorded]) -> tuple[int, int]:
    """The numbers before a bust, and after the fill that took the place of the busted one."""
    bust = next(fact for fact in facts if isinstance(fact.event, FillBusted))
    later = (f.number for f in facts if f.number > bust.number and isinstance(f.event, FillBooked))
    return bust.number - 1, next(later)


def around_late(facts: list[Recorded]) -> tuple[int, int]:
    """The numbers before and after the first fill that happened before one known by then."""
    latest: dict[str, Recorded] = {}
    for fact in facts:
        if isinstance(fact.event, FillBooked):
            known = latest.setdefault(fact.event.instrument_id, fact)
            if fact.occurred_at < known.occurred_at:
                return fact.number - 1, fact.number
            latest[fact.event.instrument_id] = fact
    return 0, 0


def _between(before: int, after: int) -> tuple[str, ...]:
    return "--from", str(before), "--to", str(after)
