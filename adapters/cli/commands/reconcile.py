"""``reconcile``: a broker's report beside the books, and a folder that tells what differs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import click

from adapters.cli import output
from adapters.cli.acts import zone_of
from adapters.cli.answers import Answer, Section, counted, numbers, texts
from adapters.cli.comparing import Comparing, unread
from adapters.cli.exits import FINDINGS, FINE, TRY_LATER
from adapters.cli.fetched import account_of, covers_of, fetch_of, lacking, pages_in
from adapters.cli.holidays import calendar_of, holidays_option
from adapters.cli.locking import locked
from adapters.cli.moments import ends, moment, not_far_ahead
from adapters.cli.questions import Question, asks
from adapters.cli.read_models import reports_option
from adapters.cli.reports import (
    Reading,
    Venue,
    other_account_option,
    require_parser,
    venue_settings_option,
)
from adapters.port import Batch, digest_of
from adapters.reconcile.kinds import Severity
from adapters.reconcile.writing import Input, Report, summary_json
from adapters.transport.errors import FetchError
from adapters.whose import opened, require_ours
from ledger.domain.events import AccountOpened
from ledger.domain.numbers import ZERO, parse, text
from ledger.errors import BadFileError, BadNumberError

_KINDS: Final = (*texts("severity", "kind"), *numbers("breaks", "open", "new", "waived", "oldest"))
_MATCHED: Final = (*texts("pass"), *numbers("matches"))
_RESOLVED: Final = texts("kind", "subject", "how")
_ABSORBED: Final = (*texts("subject"), *numbers("difference", "tolerance"))
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)
_FILE: Final = click.Path(path_type=Path)


class Tolerance(click.ParamType[tuple[str, Decimal]]):
    """``USD=0.01``: so much of a currency may differ."""

    name = "tolerance"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Decimal]:
        """The currency and the amount, which is not negative."""
        if isinstance(value, tuple):
            return value
        currency, _, told = str(value).partition("=")
        try:
            amount = parse("--tolerance", told)
        except BadNumberError as error:
            self.fail(f"{value!r}: write a currency and an amount, USD=0.01 ({error.why})")
        if not currency or amount < ZERO:
            self.fail(f"{value!r}: write a currency and an amount of zero or more, USD=0.01")
        return currency, amount


@click.command()
@click.argument("broker", metavar="VENUE", type=Venue())
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--map", "column_map", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="For csv: the TOML file that says what the columns mean.")  # fmt: skip
@click.option("--venue-account", metavar="ID", help="The broker's account, if a file has several.")
@other_account_option
@venue_settings_option
@click.option("--from", "since", metavar="TIME", help="What was asked for begins then, where the "
              "report does not say; a day is its first moment. Of a fetch, its own.")  # fmt: skip
@click.option("--to", "until", metavar="TIME", help="What was asked for ends before then, a day "
              "left out, where the report does not say. Of a fetch, its own.")  # fmt: skip
@click.option("--as-of", "reach", metavar="TIME", help="The report has to reach to then: an "
              "earlier one is yesterday's.")  # fmt: skip
@click.option("--known-at", metavar="TIME|NUMBER", help="What the books knew then; nothing is "
              "recorded.")  # fmt: skip
@click.option("--out", type=_FOLDER, metavar="DIR", help="The report's folder, which is replaced "
              "as a whole.")  # fmt: skip
@click.option("--tolerance", "tolerances", multiple=True, type=Tolerance(), metavar="CUR=AMOUNT",
              help="So much of a currency may differ; what that let pass is told.")  # fmt: skip
@click.option("--fail-on", type=click.Choice([one.value for one in Severity]),
              default=Severity.LOW.value, show_default=True,
              help="Exit code 1 only for breaks that matter at least so much.")  # fmt: skip
@holidays_option
@click.option("--dry-run", is_flag=True, help="Tell what is found; record and write nothing.")
@reports_option
@asks
def reconcile(
    question: Question,
    *,
    reports: str | None,
    out: Path | None,
    reach: str | None,
    tolerances: tuple[tuple[str, Decimal], ...],
    fail_on: str,
    calendar: str | None,
    dry_run: bool,
    other_account: bool,
    **asked: Any,
) -> int:
    """Compare what a broker's report says with the books: all of FILES are one report.

    FILES may be the folder of a fetch instead, which says itself what time it covers.

    Nothing is ingested, and nothing is booked for a difference. Whether the report is complete is
    looked at first; then trades, orders, movements, positions and balances are compared, and each
    difference becomes a break, which is followed from night to night. DIR gets summary.json,
    breaks.csv, matches.csv, positions.csv, cash.csv, report.html and metrics.prom.

    Exit code 1: there are breaks that nobody waived. Exit code 75: the report is missing, cut,
    partial or of an earlier day, or was not fetched to its end, so nothing may be said of trades;
    or another run is at work.
    """
    if out is None and not dry_run:
        raise click.UsageError("--out DIR is missing; --dry-run needs none, for it writes nothing")
    question = settled(question, reports, reach)
    place, days = None if dry_run or out is None else folder_of(out), calendar_of(calendar)
    opening = opened(question.book.store, question.account)
    with _alone(place, question.account):
        batch, inputs = read(question, opening, **asked)
        if not other_account:
            require_ours(opening, batch)
        comparing = Comparing(question, opening, inputs, dict(tolerances), not dry_run, days)
        report = comparing.into(place, batch)
    show(question, report, None if place is None else out)
    tell_unheard(question, tolerances, report)
    return exit_code(report, Severity(fail_on))


def settled(question: Question, reports: str | None, reach: str | None) -> Question:
    """The question of one account, and as of the moment that was written, if one was: a day is one
    of the account's own zone, in which its report begins and ends."""
    question.settings.reports = reports or question.settings.reports
    question.settings.account = question.account
    if not reach:
        return question
    zone = zone_of(question, question.account)
    return attrs.evolve(question, as_of=moment("--as-of", reach, zone))


def folder_of(out: Path) -> Path:
    """The folder's whole path; ``click.UsageError`` for one that cannot be replaced."""
    place = Path(os.path.abspath(out))  # as it is written: a link is not followed
    if not place.name:
        raise click.UsageError(f"--out {out}: name a folder of the report's own")
    return place


@contextmanager
def _alone(place: Path | None, account: str) -> Iterator[None]:
    """One run at a time for an account, and for a folder, by locks beside the folder."""
    with ExitStack() as locks:
        if place is not None:
            whose = place.with_name(f".reconcile-{digest_of([account])[:16]}.lock")
            locks.enter_context(locked(whose, f"account {account}"))
            locks.enter_context(locked(place.with_name(f".{place.name}.lock"), f"--out {place}"))
        yield


def read(
    question: Question,
    opening: AccountOpened | None,
    *,
    broker: str,
    files: tuple[Path, ...],
    since: str | None,
    until: str | None,
    **asked: Any,
) -> tuple[Batch, tuple[Input, ...]]:
    """The report, and its files. One that is not there, or cannot be trusted as a whole, is read
    as a report that lacks everything; one that was not fetched to its end, as one that lacks that.
    ``BadFileError`` for a map or settings that are wrong: to try later would not mend them.
    """
    require_parser(question.settings, broker=broker, **asked)
    covers = ends("--from", since, "--to", until, zone_of(question, question.account))
    for option, when in (("--to", covers[1]), ("--as-of", question.as_of)):
        if when is not None:
            not_far_ahead(option, when, question.book.clock())
    nothing, found = partial(unread, question.account, broker), None
    inputs: tuple[Input, ...] = ()
    try:
        _require_there(files)
        found = fetch_of(broker, files)
        account_of(found, question.account)
        covers = covers_of(found, covers)
        pages = pages_in(found, files)
        inputs = tuple(map(Input.of, pages))
        reading = Reading(question.settings, broker, pages=pages, covers=covers, **asked)
        return lacking(reading.batch_of(opening), found), inputs
    except (BadFileError, FetchError) as error:
        return lacking(nothing(covers, str(error)), found), inputs


def _require_there(files: Iterable[Path]) -> None:
    """``BadFileError`` for a file that has not come."""
    for path in files:
        if not path.exists():
            raise BadFileError(f"{path.name}: there is no such file: the report has not come")


def exit_code(report: Report, least: Severity) -> int:
    """What the run comes to, for whoever called it."""
    if not report.is_complete:
        return TRY_LATER
    return FINDINGS if report.is_failing(least) else FINE


def show(question: Question, report: Report, place: Path | None) -> None:
    """The summary as JSON, or a few tables."""
    if question.style == output.JSON:
        click.echo(summary_json(report), nl=False)
    else:
        answer = Answer({}, tuple(sections(report)), told(report))
        output.write(answer, question.style)
    if place is not None:
        click.echo(f"the report is in {place}", err=True)
    click.echo(f"known at number {question.number} of {question.head}", err=True)


def tell_unheard(
    question: Question, tolerances: Sequence[tuple[str, Decimal]], report: Report
) -> None:
    """Say of a tolerance whose currency nobody knows that it lets nothing pass: ``usd`` for USD."""
    if not tolerances or not report.is_complete:
        return
    known = {one.currency for one in question.book.balances(question.account)}
    known.update(one.subject for one in report.outcome.balances)
    for currency, amount in tolerances:
        if currency not in known:
            click.echo(
                f"--tolerance {currency}={text(amount)} lets nothing pass: there is money in "
                f"{', '.join(sorted(known)) or 'no currency'}",
                err=True,
            )


def sections(report: Report) -> list[Section]:
    """Breaks by kind, matches by pass, what is gone, what a tolerance let pass."""
    outcome = report.outcome
    if not report.is_complete:
        reasons = [{"reason": one} for one in outcome.incomplete]
        return [Section("incomplete", texts("reason"), reasons)]
    kinds = [
        {**one._asdict(), "kind": one.kind.value, "severity": one.kind.severity.value}
        for one in report.by_kind()
    ]
    gone = [
        {**_named(one, _RESOLVED), "subject": report.symbols.get(one.subject, one.subject)}
        for one in report.life.resolved
    ]
    matched = [{"pass": one.name.lower(), "matches": n} for one, n in outcome.matched.items()]
    return [
        Section("breaks", _KINDS, kinds),
        Section("matched", _MATCHED, matched),
        Section("resolved", _RESOLVED, gone),
        Section("let pass", _ABSORBED, [_named(one, _ABSORBED) for one in outcome.absorbed]),
    ]


def _named(one: object, columns: tuple[Any, ...]) -> dict[str, object]:
    return {column.name: getattr(one, column.name) for column in columns}


def told(report: Report) -> str:
    """The line a reader came for."""
    account = report.outcome.account
    if not report.is_complete:
        return f"{account}: incomplete; nothing may be called reconciled, nor broken"
    matches = sum(report.outcome.matched.values())
    waived, settled = len(report.waived_lines), len(report.settled_lines)
    parts = [
        counted(len(report.lines), "break") if report.lines else "clean",
        f"{len(report.new_lines)} new" if report.lines else "",
        f"{waived} waived" if waived else "",
        f"{settled} settled by a later report" if settled else "",
        f"{len(report.life.resolved)} resolved" if report.life.resolved else "",
        "1 match" if matches == 1 else f"{matches} matches",
    ]
    return f"{account}: {', '.join(filter(None, parts))}"
