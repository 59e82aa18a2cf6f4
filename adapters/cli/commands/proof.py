"""``verify`` and ``digest``: that the history is what was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from adapters.cli.answers import Row, Section, counted, numbers, texts
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.files import write_new
from adapters.cli.questions import Command, Question, asks, audits
from ledger.store.port import Digest, Mark

FINDING: Final = (*numbers("number"), *texts("account", "what"))
_BRIEFLY: Final = re.compile("[0-9]+([+][0-9]+)?:[0-9a-f]+")


def against_option(command: Command) -> Command:
    """The option that names a digest."""
    told = "A digest that was kept elsewhere: its file, or in brief, NUMBER:ROOT."
    return click.option("--against", metavar="DIGEST", help=told)(command)


def kept(given: str | None) -> Digest | Mark | None:
    """The digest that was given: as its text, in short, or as a file that has either in it."""
    if given is None:
        return None
    path = Path(given)
    is_text = given.lstrip().startswith("{") or _BRIEFLY.fullmatch(given)
    if not is_text and not path.is_file():
        raise click.UsageError(f"--against {given}: there is no such file, and it is no digest")
    text = given if is_text else path.read_text("utf-8", "replace")
    return Digest.from_text(text) if "{" in text else Mark.from_text(text.strip())


def finding_rows(findings: Iterable[tuple[int, str, str]]) -> list[Row]:
    """Findings as rows."""
    return [{"number": number, "account": of, "what": what} for number, of, what in findings]


@click.command()
@against_option
@audits
def verify(question: Question, against: str | None) -> int:
    """Check the hash chain from the first event to the last.

    Alone it finds what was edited, inserted or removed inside, and tables and triggers that were
    changed; a digest kept elsewhere also proves that nothing was cut off the end, or made anew.
    Exit code 1 names the first bad event. The file is only read.
    """
    result = question.book.store.verify(kept(against))
    rows = finding_rows(result.findings)
    told = "clean" if result.ok else counted(len(rows), "finding")
    root = question.book.digest().root if result.ok else None
    priced = f" and {counted(result.prices, 'price')}" if result.prices else ""
    question.answer(
        Section("findings", FINDING, rows),
        result=f"{told} in {result.events} events{priced}",
        ok=result.ok,
        root=root,
        events=result.events,
        prices=result.prices,
        against=against,
    )
    if root:
        click.echo(f"root {root}", err=True)
    return FINE if result.ok else FINDINGS


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to a new file instead of standard output.",
)
@click.option("--brief", is_flag=True, help="NUMBER:ROOT alone, which fits on paper.")
@click.option("--dry-run", is_flag=True, help="Write no file.")
@asks
def digest(question: Question, out: Path | None, brief: bool, dry_run: bool) -> None:
    """The last number, each account's last hash and the last price's, in one line of JSON.

    Keep it where whoever can write the store cannot write; see 'verify --against'. In brief it
    proves the same, but does not tell which account differs.
    """
    made = question.book.digest()
    text = made.mark.to_text() if brief else made.to_text()
    if out is None or dry_run:
        click.echo(text)
    else:
        write_new(out, f"{text}\n".encode())
    click.echo(f"number {made.number}, root {made.root}", err=True)
