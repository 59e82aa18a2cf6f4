"""``ingest``: a broker's report into the books, with an answer for each of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from adapters.cli import output
from adapters.cli.answers import Answer, Column, Kind, Section, counted, fields, texts
from adapters.cli.commands.accounts import given_rules, rules
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.fetched import (
    account_of,
    covers_of,
    pages_in,
    whole_fetch_of,
    window_in_id,
)
from adapters.cli.opening import Opening, prepare, told
from adapters.cli.progress import progress_bar
from adapters.cli.questions import places, styles
from adapters.cli.reports import Reading, Venue, other_account_option, venue_settings_option
from adapters.cli.settings import Settings
from adapters.cli.stated import differences, rehearsed, told_of
from adapters.ingest import Ingested, IngestReport, Verdict
from adapters.ingest import ingest as record_batch
from adapters.port import Batch
from adapters.statement import Line, compare
from adapters.transport.reading import Fetched
from ledger.domain.numbers import text

_VERDICTS: Final = [verdict.value for verdict in Verdict]
_COUNTS: Final = (Column("kind"), *(Column(name, Kind.NUMBER) for name in _VERDICTS))
_ROWS: Final = texts("row", "kind", "verdict", "reason", "key")
_QUARANTINE: Final = texts("file", "row", "field", "value", "rule")
_FINDINGS: Final = texts("file", "row", "what")
_READING: Final = ("column_map", "venue_account", "venue_settings", "other_zone")
_UNBOOKED: Final = (
    "nothing is booked for a difference; 'tradeledger record' answers one with a signed fact"
)


@click.command("ingest")
@click.argument("broker", metavar="VENUE", type=Venue())
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--map",
    "column_map",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For csv: the TOML file that says what the columns mean.",
)
@click.option(
    "--venue-account", metavar="ID", help="The broker's account, if a file holds several."
)
@other_account_option
@venue_settings_option
@click.option("--base-currency", metavar="CODE", help="Of a new account; else the statement's.")
@rules
@click.option("--other-zone", is_flag=True, help="The report's times are in --zone, although the "
              "account was opened in another.")  # fmt: skip
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
    dry_run: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
    **how: Any,
) -> int:
    """Record what a broker's report says: all of FILES, or nothing.

    FILES may be the folder of a fetch instead, whose account and time are then the report's.

    A row that is known is not recorded twice; a row that cannot be read is set aside with its
    reason. What the statement says of positions and cash is compared with the books as of its
    end. Exit code 1: rows were set aside, or came with other content than is booked, or
    contradict themselves, or the books are not what is stated. A file that cannot be trusted as a
    whole is refused, and nothing is recorded. Exit code 75: the fetch did not come to its end.

    An account that was never opened is opened by the rules given here; rules that contradict
    those of an open account are refused, another --zone among them. Times without a zone are in
    --zone, or in the zone that the account was opened with.
    """
    settings.override(store, account, zone)
    found = whole_fetch_of(broker, files)
    settings.account = account_of(found, settings.account)
    covers = covers_of(found)
    asked = {name: how.pop(name) for name in _READING}
    reading = Reading(settings, broker, pages=pages_in(found, files), covers=covers, **asked)
    return _recorded(settings, reading, found, how, dry_run=dry_run, style=style or output.TABLE)


def _recorded(
    settings: Settings,
    reading: Reading,
    found: Fetched | None,
    how: dict[str, Any],
    *,
    dry_run: bool,
    style: str,
) -> int:
    """Read, record and compare; the exit code."""
    # Read before the store is opened: a refused file does not even make an empty one.
    batch = reading.batch()
    with settings.open_for(dry_run=dry_run) as book:
        batch = window_in_id(reading.in_zone_of_account(batch, book.store), found)
        reading.end()
        opening = prepare(book, batch, reading.zone, how, given_rules())
        with progress_bar(len(batch.records), then="recording") as progress:
            meant = how["other_account"]
            report = record_batch(
                opening, batch, dry_run=dry_run, progress=progress, other_account=meant
            )
        lines = compare(rehearsed(opening, batch) if dry_run else book, batch)
        show(report, batch, opening, lines, style)
    return FINDINGS if has_findings(report, lines) or opening.contradiction else FINE


def has_findings(report: IngestReport, lines: Sequence[Line]) -> bool:
    """Whether somebody has to look: a row was set aside, or contradicts itself or the books, or
    the books are not what the statement states."""
    of_rows = report.counts["quarantined"] or report.counts[Verdict.CHANGED.value]
    return bool(of_rows or report.findings) or not all(line.agrees for line in lines)


def show(
    report: IngestReport, batch: Batch, opening: Opening, lines: Sequence[Line], style: str
) -> None:
    """The answer: by kind, the rows that need words, those set aside, what differs."""
    sections = [Section("kinds", _COUNTS, count_rows(report.records))]
    worded = [record for record in report.records if report.dry_run or needs_words(record)]
    if worded:
        sections.append(Section("rows", _ROWS, [row_of(record) for record in worded]))
    if report.quarantine:
        set_aside = [{c.name: getattr(q, c.name) for c in _QUARANTINE} for q in report.quarantine]
        sections.append(Section("quarantine", _QUARANTINE, set_aside))
    if report.findings:
        found = [{c.name: getattr(one, c.name) for c in _FINDINGS} for one in report.findings]
        sections.append(Section("findings", _FINDINGS, found))
    if not all(line.agrees for line in lines):
        sections.append(differences(lines))
    about = {
        "account": report.account,
        "adapter": report.adapter,
        "dry_run": report.dry_run,
        "opened": opening.is_new,
        "rules": fields(opening.event) if opening.event else None,
        "added": report.added + opening.is_new,
        "counts": report.counts,
        "stated": {"figures": len(lines), "agree": sum(line.agrees for line in lines)},
        "known_at_number": opening.store.head(),
    }
    output.write(Answer(about, tuple(sections), summary(report, opening, lines)), style)
    for note in (*notes_on(opening, report), *notes_of(batch)):
        click.echo(note, err=True)
    if not all(line.agrees for line in lines):
        click.echo(f"note: {_UNBOOKED}", err=True)


def notes_on(opening: Opening, report: IngestReport) -> Iterator[str]:
    """What became of the account: opened here, or by somebody else meanwhile."""
    if opening.event is not None:
        verb = "would open" if report.dry_run else "opened"
        yield f"{verb} account {report.account}: {told(opening.event)}"
        if opening.facts_before:
            held = counted(opening.facts_before, "fact")
            yield f"note: the account held {held} and was never opened until now"
    weak = sum(one.is_weak and one.verdict is Verdict.NEW for one in report.records)
    if weak:
        told_ids = f"{weak} of {len(report.records)} records are new by an id made from content"
        yield f"note: {told_ids}; a report that writes them otherwise would count them again"
    if report.of_other_ids:
        fills = counted(report.of_other_ids, "fill")
        why = "the report has more or fewer ids in its rows than the one that they were booked from"
        yield f"note: {fills} on record under another id, and counted once: {why}"
    if opening.contradiction:
        how = f"meanwhile, by other rules than were meant here: {opening.contradiction}"
        yield f"note: account {report.account} was opened {how}"


def notes_of(batch: Batch) -> Iterator[str]:
    """Where the report differs from itself."""
    for control in batch.coverage.controls:
        if not control.agrees:
            differs = (
                f"the statement says {text(control.stated)}, its rows make {text(control.rows)}"
            )
            yield f"note: {control.name} {control.currency}: {differs}"


def summary(report: IngestReport, opening: Opening, lines: Sequence[Line]) -> str:
    """The line a reader came for."""
    verb = "would be added" if report.dry_run else "added"
    added, aside = report.added + opening.is_new, len(report.quarantine)
    told = [f"{counted(added, 'event')} {verb}", f"{counted(aside, 'row')} set aside"]
    if opening.is_new:
        told.insert(0, "account would be opened" if report.dry_run else "account opened")
    return f"{report.account}: {', '.join(filter(None, [*told, told_of(lines)]))}"


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
