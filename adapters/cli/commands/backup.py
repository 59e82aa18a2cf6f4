"""``backup`` and ``restore``: the whole store as one file, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from adapters.cli import output
from adapters.cli.answers import Answer, Section, numbers, texts
from adapters.cli.commands.proof import FINDING, against_option, finding_rows, kept
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.progress import progress_bar
from adapters.cli.questions import Question, asks, places, styles
from adapters.cli.settings import Settings
from ledger.errors import BadBackupError
from ledger.store import backup as backups
from ledger.store.port import Digest

_COPY: Final = (
    "note: {} has been in use as a store, or is a plain copy of one; a copy that was made while "
    "others wrote may lack what was acknowledged last: --against a digest tells"
)
_HEADS: Final = (*texts("account"), *numbers("version"), *texts("hash"))


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the file if it is there.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@asks
def backup(question: Question, out: Path, replace: bool, dry_run: bool) -> int:
    """Write the whole store into one new file, also while others write to it.

    The file is a store itself, of SQLite whatever it was made of: 'verify' and every question
    work on it. It has every event that was acknowledged before, it has been read again from the
    first to the last before it gets its name, and its mode is 0600. Keep the digest that is
    printed in another place. Exit code 1: the history does not verify, and nothing was written.
    """
    store = question.book.store
    try:
        with progress_bar(question.head, "copying") as progress:
            made = backups.backup(store, out, replace=replace, dry_run=dry_run, progress=progress)
    except BadBackupError as error:
        return _bad(error, question.style, {"question": "backup", "file": str(out)})
    about = {"question": "backup", "file": str(out), "dry_run": dry_run}
    done = "would hold" if dry_run else "holds"
    _answer(made, question.style, about, f"{out} {done} {made.number} events")
    return FINE


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@against_option
@click.option("--dry-run", is_flag=True, help="Verify the backup, and write nothing.")
@places
@styles
@click.pass_obj
def restore(
    settings: Settings,
    file: Path,
    against: str | None,
    dry_run: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
) -> int:
    """Fill an empty store, or a new one, from a backup.

    The backup is verified before, and the store after, in the one transaction that fills it: it
    then has the same numbers and hashes, or nothing. A store that has events is refused. Exit code
    1: the backup does not verify.
    """
    settings.override(store, account, zone)
    style = style or output.TABLE
    about = {"question": "restore", "file": str(file), "store": settings.store, "dry_run": dry_run}
    if settings.path is not None and settings.is_there() and file.samefile(settings.path):
        raise click.UsageError(f"{file} is the store itself; name another with --store")
    try:
        with backups.opened(file, against=kept(against)) as found:
            if found.was_in_use and against is None:
                click.echo(_COPY.format(file), err=True)
            _restore(settings, found, dry_run=dry_run)
            done = f"would be restored from {file}" if dry_run else f"restored from {file}"
            told = f"{settings.store}: {found.digest.number} events {done}"
            _answer(found.digest, style, about, told)
    except BadBackupError as error:
        return _bad(error, style, about)
    return FINE


def _restore(settings: Settings, found: backups.Backup, *, dry_run: bool) -> None:
    """Fill the store that is meant; a dry run only looks whether it could be."""
    with settings.open_for(dry_run=dry_run) as book:
        if dry_run:
            backups.require_empty(book.store)
            return
        with progress_bar(found.digest.number, "restoring") as progress:
            backups.fill(book.store, found, progress=progress)


def _answer(digest: Digest, style: str, about: dict[str, Any], told: str) -> None:
    heads = [{"account": name, "version": head.version, "hash": head.hash}
             for name, head in digest.streams.items()]  # fmt: skip
    whole = {**about, "ok": True, "number": digest.number, "root": digest.root}
    if style == output.TABLE:
        click.echo(told)
    else:
        output.write(Answer(whole, (Section("accounts", _HEADS, heads),)), style)
    click.echo(f"digest {digest.mark.to_text()}", err=True)


def _bad(error: BadBackupError, style: str, about: dict[str, Any]) -> int:
    """What was found, as ``verify`` says it."""
    rows = finding_rows(error.findings)
    output.write(Answer({**about, "ok": False}, (Section("findings", FINDING, rows),)), style)
    click.echo(f"tradeledger: {error}", err=True)
    return FINDINGS
