"""``verify`` and ``digest``: that the history is what was recorded."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.cli.answers import Section, counted, numbers, texts
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.files import write_new
from adapters.cli.questions import Question, asks, audits
from ledger.store.port import Digest

_FINDINGS = (*numbers("number"), *texts("account", "what"))


@click.command()
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A digest that was kept elsewhere.",
)
@audits
def verify(question: Question, against: Path | None) -> int:
    """Check the hash chain from the first event to the last.

    Alone it finds what was edited, inserted or removed inside, and tables and triggers that were
    changed; a digest kept elsewhere also proves that nothing was cut off the end, or made anew.
    Exit code 1 names the first bad event. The file is only read.
    """
    digest = Digest.from_text(against.read_text("utf-8")) if against else None
    result = question.book.verify(digest)
    rows = [{"number": f.number, "account": f.stream, "what": f.what} for f in result.findings]
    told = "clean" if result.ok else counted(len(rows), "finding")
    root = question.book.digest().root if result.ok else None
    question.answer(
        Section("findings", _FINDINGS, rows),
        result=f"{told} in {result.events} events",
        ok=result.ok,
        root=root,
        events=result.events,
        against=str(against) if against else None,
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
@click.option("--dry-run", is_flag=True, help="Write no file.")
@asks
def digest(question: Question, out: Path | None, dry_run: bool) -> None:
    """The last number and each account's last hash, in one line of JSON.

    Keep it where whoever can write the store cannot write; see 'verify --against'.
    """
    made = question.book.digest()
    if out is None or dry_run:
        click.echo(made.to_text())
    else:
        write_new(out, f"{made.to_text()}\n".encode())
    click.echo(f"number {made.number}, root {made.root}", err=True)
