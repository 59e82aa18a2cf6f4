"""``demo``: the sample statement becomes books, which then explain themselves."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from click.core import ParameterSource

import ledger
from adapters import demo as sample
from adapters.brokers.ibkr_flex import parse
from adapters.cli.answers import Answer, Section, numbers, texts
from adapters.cli.exits import Guard
from adapters.cli.files import write_new
from adapters.cli.output import TABLE, write
from adapters.cli.settings import Settings
from adapters.cli.stated import stated_row
from adapters.issues import open_issues
from adapters.statement import compare
from ledger import Book
from ledger.domain.events import FillBooked, FillBusted, Recorded

NAME: Final = "demo"
_ZONE: Final = sample.CONFIG.time_zone
_AGAINST: Final = (*texts("kind", "name"), *numbers("booked", "stated"), *texts("agrees"))


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
        _Tour(store_of(settings, store) or f"sqlite:///{folder}/demo.db", report).walk()


def store_of(settings: Settings, given: str | None) -> str | None:
    """The store that the command line asks for, which must be a new file: the demo's facts never
    come among somebody's own. What environment or configuration say is about those, and is not
    taken; None then."""
    source = click.get_current_context().find_root().get_parameter_source("store")
    if given is None and source is ParameterSource.COMMANDLINE:
        given = settings.store
    if given is None:
        return None
    kept = Settings(settings.guard, store=given)
    if kept.path is None:
        rule = "the demo is kept in a file only, such as sqlite:///demo.db"
        raise click.UsageError(f"--store {given}: {rule}")
    if kept.is_there():
        rule = "the demo only writes a new store, never into books that are there"
        raise click.UsageError(f"{given} is there already; {rule}")
    return given


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
        batch = parse([sample.statement()], sample.CONFIG)
        rows = [{**stated_row(line), "agrees": line.agrees} for line in compare(book, batch)]
        write(Answer({}, (Section("statement", _AGAINST, rows),)), TABLE)

    def _issues(self, book: Book) -> None:
        issues = [f"{issue.name}: {issue.what}" for issue in open_issues(book, NAME)]
        click.echo("\nopen issues: " + ("; ".join(issues) or "none"))

    def _next(self) -> None:
        self._heading("Try next")
        click.echo("tradeledger demo --store sqlite:///demo.db")
        click.echo("tradeledger --store sqlite:///demo.db positions --as-of 2026-03-03")
        click.echo("tradeledger --store sqlite:///demo.db why demo --balance USD")


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
