"""``export``: an account's books as a journal that other programs read, or as Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from adapters.cli.answers import counted
from adapters.cli.files import write_new
from adapters.cli.questions import Question, ask, known_at_option, places
from adapters.cli.read_models import bring, opened, reports_option, tables_url
from adapters.cli.settings import Settings

PARQUET: Final = "parquet"
FORMS: Final = ("beancount", "hledger", PARQUET)


@click.command()
@click.argument("form", type=click.Choice(FORMS))
@click.option("--out", type=click.Path(path_type=Path), metavar="PATH",
              help="Into this new file (parquet: folder), else to standard output.")  # fmt: skip
@known_at_option
@reports_option
@places
@click.pass_obj
def export(
    settings: Settings,
    /,
    *,
    form: str,
    out: Path | None,
    known_at: str | None,
    reports: str | None,
    store: str | None,
    account: str | None,
    zone: str | None,
) -> None:
    """The books as a journal: for beancount, or for hledger (which ledger-cli reads too).

    In the order in which things happened, as far as was known. Its balances are those of the
    account at the 18 decimals that are reported. A file that exists is not overwritten.

    parquet writes the tables of the reports instead, each as one file, into a new folder: all of
    them or none. Amounts are exact decimals, times are in UTC. It needs the extra parquet.
    """
    settings.override(store, account, zone)
    settings.reports = reports or settings.reports
    with settings.open_existing() as book:
        question = ask(book, settings, None, None, known_at)
        if form == PARQUET:
            _tables(question, out)
        else:
            _journal(question, form, out)
        click.echo(f"known at number {question.number} of {question.head}", err=True)


def _journal(question: Question, form: str, out: Path | None) -> None:
    """The books in one text."""
    # Loaded here: the package brings a database library, which other commands do without.
    from projections import exports

    journal = {"beancount": exports.beancount, "hledger": exports.hledger}[form]
    lines = list(journal(question.book, question.account, known_at=question.number))
    text = "".join(f"{line}\n" for line in lines)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_new(out, text.encode())
        click.echo(f"{out}: {len(lines)} lines")


def _tables(question: Question, out: Path | None) -> None:
    """The tables of the reports, each in a file of its own."""
    if out is None:
        raise click.UsageError("parquet is several files: name a new folder with --out")
    account = question.account
    with opened(tables_url(question.settings)) as engine:
        from projections import Reports, parquet

        parquet.require()  # before the tables are brought up, which may take its time
        found = Reports(question.book, engine)
        bring(found.asking.runner, question.number)
        written = parquet.write(found, account, out, known_at=question.number)
    for name, lines in written.lines.items():
        click.echo(f"{out / name}.parquet: {counted(lines, 'line')}")
