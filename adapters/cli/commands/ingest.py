"""``ingest``: a broker's report into the books, with an answer for each of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from adapters.cli import output
from adapters.cli.answers import Answer, Column, Kind, Section, counted, texts
from adapters.cli.commands.accounts import rules
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.opening import Opening, prepare, told
from adapters.cli.progress import progress_bar
from adapters.cli.questions import places, styles
from adapters.cli.reports import BROKERS, Reading
from adapters.cli.settings import Settings
from adapters.ingest import Ingested, IngestReport, Verdict
from adapters.ingest import ingest as record_batch
from adapters.port import Batch
from ledger.domain.numbers import text

_VERDICTS: Final = [verdict.value for verdict in Verdict]
_COUNTS: Final = (Column("kind"), *(Column(name, Kind.NUMBER) for name in _VERDICTS))
_ROWS: Final = texts("row", "kind", "verdict", "reason", "key")
_QUARANTINE: Final = texts("file", "row", "field", "value", "rule")


@click.command("ingest")
@click.argument("broker", type=click.Choice(BROKERS))
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--map",
    "column_map",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For csv: the TOML file that says what the columns mean.",
)
@click.option(
    "--venue-account", metavar="ID", help="The broker's account, if a file holds several."
)
@click.option("--base-currency", metavar="CODE", help="Of a new account; else the statement's.")
@rules
@click.option("--dry-run", is_flag=True, help="Say row by row what would happen, record nothing.")
@places
@styles
@click.pass_obj
def ingest(
    settings: Settings,
    /,
    *,
    broker: str,
    files: tuple[Path, ...],
    column_map: Path | None,
    venue_account: str | None,
    dry_run: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
    **how: Any,
) -> int:
    """Record what a broker's report says: all of FILES, or nothing.

    A row that is known is not recorded twice; a row that cannot be read is set aside with its
    reason. Exit code 1: rows were set aside, or came with other content than is booked. A file
    that cannot be trusted as a whole is refused, and nothing is recorded.

    An account that was never opened is opened by the rules given here. Times without a zone are
    in --zone, or in the zone that the account was opened with.
    """
    settings.override(store, account, zone)
    reading = Reading(settings, broker, column_map, files, venue_account)
    # Read before the store is opened: a refused file does not even make an empty one.
    batch = reading.batch()
    with settings.open_for(dry_run=dry_run) as book:
        batch = reading.in_zone_of_account(batch, book.store)
        opening = prepare(book, batch, settings.zone, how)
        with progress_bar(len(batch.records)) as progress:
            report = record_batch(opening, batch, dry_run=dry_run, progress=progress)
        show(report, batch, opening, style or output.TABLE, book.store.head())
    return FINDINGS if has_findings(report) else FINE


def has_findings(report: IngestReport) -> bool:
    """Whether somebody has to look: a row was set aside, or contradicts the books."""
    return bool(report.counts["quarantined"] or report.counts[Verdict.CHANGED.value])


def show(report: IngestReport, batch: Batch, opening: Opening, style: str, head: int) -> None:
    """The answer: by kind, the rows that need words, those set aside."""
    sections = [Section("kinds", _COUNTS, count_rows(report.records))]
    worded = [record for record in report.records if report.dry_run or needs_words(record)]
    if worded:
        sections.append(Section("rows", _ROWS, [row_of(record) for record in worded]))
    if report.quarantine:
        set_aside = [{c.name: getattr(q, c.name) for c in _QUARANTINE} for q in report.quarantine]
        sections.append(Section("quarantine", _QUARANTINE, set_aside))
    about = {
        "account": report.account,
        "adapter": report.adapter,
        "dry_run": report.dry_run,
        "opened": opening.is_new,
        "added": report.added + opening.is_new,
        "counts": report.counts,
        "known_at_number": head,
    }
    output.write(Answer(about, tuple(sections), summary(report, opening)), style)
    if opening.event is not None:
        verb = "would open" if report.dry_run else "opened"
        click.echo(f"{verb} account {report.account}: {told(opening.event)}", err=True)
    for control in batch.coverage.controls:
        if not control.agrees:
            differs = (
                f"the statement says {text(control.stated)}, its rows make {text(control.rows)}"
            )
            click.echo(f"note: {control.name} {control.currency}: {differs}", err=True)


def summary(report: IngestReport, opening: Opening) -> str:
    """The line a reader came for."""
    verb = "would be added" if report.dry_run else "added"
    added, aside = report.added + opening.is_new, len(report.quarantine)
    return f"{report.account}: {counted(added, 'event')} {verb}, {counted(aside, 'row')} set aside"


def count_rows(records: Sequence[Ingested]) -> list[dict[str, object]]:
    """How many records of each kind got which verdict."""
    found = Counter((kind_of(record), record.verdict.value) for record in records)
    kinds = sorted({kind for kind, _ in found})
    return [
        {"kind": kind, **{name: Decimal(found[kind, name]) for name in _VERDICTS}} for kind in kinds
    ]


def kind_of(record: Ingested) -> str:
    """The family of ids a record belongs to: the fourth part of its key."""
    return record.key.split("/")[3]


def needs_words(record: Ingested) -> bool:
    """Whether a record is more than new or known."""
    return record.verdict in {Verdict.CHANGED, Verdict.UNLINKED}


_REASONS: Final = {
    Verdict.NEW: "not known yet",
    Verdict.SAME: "known with the same content",
    Verdict.REVERSES: "undoes or amends a known fill",
    Verdict.UNLINKED: "the fill it names is not known; takes effect when it comes",
}


def row_of(record: Ingested) -> dict[str, object]:
    """A record as a row, with the reason of its verdict."""
    differing = ", ".join(f"{d.field}: {d.booked} booked, {d.seen} here" for d in record.differing)
    reason = differing or _REASONS.get(record.verdict, "other content than is booked")
    if record.is_weak:
        reason += "; its id is made from its content"
    return {
        "row": record.row,
        "kind": kind_of(record),
        "verdict": record.verdict.value,
        "reason": reason,
        "key": record.key,
    }
