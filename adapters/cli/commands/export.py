"""``export``: an account's books as a journal that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from adapters.cli.files import write_new
from adapters.cli.questions import ask, known_at_option, places
from adapters.cli.settings import Settings

FORMS: Final = ("beancount", "hledger")


@click.command()
@click.argument("form", type=click.Choice(FORMS))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Into this new file; else to standard output.")  # fmt: skip
@known_at_option
@places
@click.pass_obj
def export(
    settings: Settings,
    /,
    *,
    form: str,
    out: Path | None,
    known_at: str | None,
    store: str | None,
    account: str | None,
    zone: str | None,
) -> None:
    """The books as a journal: for beancount, or for hledger (which ledger-cli reads too).

    In the order in which things happened, as far as was known. Its balances are those of the
    account at the 18 decimals that are reported. A file that exists is not overwritten.
    """
    settings.override(store, account, zone)
    with settings.open_existing() as book:
        # Loaded here: the package brings a database library, which other commands do without.
        from projections import exports

        question = ask(book, settings, None, None, known_at)
        journal = {"beancount": exports.beancount, "hledger": exports.hledger}[form]
        lines = list(journal(book, question.account, known_at=question.number))
        text = "".join(f"{line}\n" for line in lines)
        if out is None:
            click.echo(text, nl=False)
        else:
            write_new(out, text.encode())
            click.echo(f"{out}: {len(lines)} lines")
        click.echo(f"known at number {question.number} of {question.head}", err=True)
