"""``breaks`` and ``break``: what reconciliation has found, and what somebody does about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli.acts import zone_of
from adapters.cli.answers import Row, Section, counted, numbers, texts
from adapters.cli.break_acts import Deed, deeds, named_break, require_as_seen
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.holidays import calendar_of, holidays_option
from adapters.cli.moments import FAR_AHEAD, beginning, day, day_of_books, not_far_ahead
from adapters.cli.questions import known_at_option
from adapters.cli.reporting import Asked, reporting
from ledger.domain.events import (
    BreakAdjusted,
    BreakExplained,
    BreakReopened,
    BreakWaived,
    Event,
    Recorded,
)
from ledger.domain.numbers import parse, text

if TYPE_CHECKING:
    from adapters.reconcile.ageing import Calendar
    from adapters.reconcile.known import KnownBreak

SEVERITIES: Final = ("critical", "high", "medium", "low")
OPEN, EXPLAINED, WAIVED = "open", "explained", "waived"
ADJUSTED, RESOLVED = "adjusted", "resolved"

_BREAKS: Final = (
    *texts("break_id", "severity", "kind", "subject", "ledger_value", "broker_value"),
    *numbers("age"),
    *texts("status"),
    *texts("opened_on", "seen_on", "waived_until", "who", "note", "instrument_id", wide=True),
    *texts("currency", "date", "reference", "report", "cause", wide=True),
    *numbers("number", wide=True),
)
_EVIDENCE: Final = texts("evidence")
_STEPS: Final = (*numbers("number"), *texts("occurred_at", "step", "who", "what"))


@click.command()
@click.option("--all", "show_all", is_flag=True, help="Resolved ones, too.")
@click.option("--kind", metavar="KIND", help="Only this kind, or family: trade.fee, cash.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only so severe ones, or worse.")
@click.option("--on", "given_day", metavar="DAY",
              help="Ages and waivers as of this day; by default today.")  # fmt: skip
@holidays_option
@known_at_option
@reporting
def breaks(
    asked: Asked,
    show_all: bool,
    kind: str | None,
    severity: str | None,
    given_day: str | None,
    calendar: str | None,
) -> int:
    """Breaks of an account that are not resolved: the worst first, then the oldest.

    The age is in business days, Monday to Friday, since the break was first seen, without the
    holidays of --calendar. A waiver that has run out is none. Exit code 1: there are some, waived
    ones apart.
    """
    from adapters.reconcile.known import KnownBreaks

    known = KnownBreaks(asked.reports, asked.account, asked.question.number)
    found = known.every() if show_all else known.unresolved()
    shown = sorted((one for one in found if _is_meant(one, kind, severity)), key=_order)
    days, on = calendar_of(calendar), _day_of(asked, given_day)
    rows = [_row(asked, one, on, days) for one in shown]
    open_ones = sum(row["status"] not in {WAIVED, RESOLVED} for row in rows)
    told = f"{counted(open_ones, 'break')} to look at" if open_ones else "no breaks to look at"
    asked.question.answer(Section("breaks", _BREAKS, rows), result=told, account=asked.account)
    return FINDINGS if open_ones else FINE


def _is_meant(one: KnownBreak, kind: str | None, severity: str | None) -> bool:
    """Whether a break is of a kind, or of its family, and as severe as was asked for."""
    is_kind = kind is None or one.kind_name == kind or one.kind_name.startswith(f"{kind}.")
    return is_kind and (severity is None or _rank(one.severity) <= _rank(severity))


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _order(one: KnownBreak) -> tuple[int, date, str]:
    return _rank(one.severity), one.opened_on, one.break_id


def _day_of(asked: Asked, given: str | None) -> date:
    return day("--on", given) if given else asked.question.book.clock().date()


def _row(asked: Asked, one: KnownBreak, on: date, calendar: Calendar | None) -> Row:
    """A break as a row."""
    from adapters.reconcile.ageing import age_by

    same = (
        "break_id", "severity", "ledger_value", "broker_value", "opened_on", "seen_on",
        "waived_until", "who", "note", "instrument_id", "currency", "reference", "number",
    )  # fmt: skip
    return {
        **{name: getattr(one, name) for name in same},
        "status": OPEN if _has_run_out(one, on) else one.status,
        "kind": one.kind_name,
        "subject": asked.symbols.get(one.subject, one.subject),
        "age": age_by(calendar, one.opened_on, on),
        "date": one.day,
        "report": one.told.get("report", ""),
        "cause": one.told.get("cause", ""),
    }


def _has_run_out(one: KnownBreak, on: date) -> bool:
    """Whether it was waived until a day that is over; the next run that finds it says so."""
    return one.status == WAIVED and one.waived_until is not None and one.waived_until < on


# ------------------------------------------------------------------------------ one break


@click.group("break")
def break_() -> None:
    """Look into one break, and say what is done about it: each step is a fact, signed.

    ID is the break's key, or its first six characters or more. Nothing is ever overwritten: the
    next run of reconcile finds the same break again, and says when it is gone.
    """


@break_.command()
@click.argument("name", metavar="ID")
@click.option("--on", "given_day", metavar="DAY", help="Its age as of this day; else today.")
@holidays_option
@known_at_option
@reporting
def show(asked: Asked, name: str, given_day: str | None, calendar: str | None) -> None:
    """A break with its evidence on either side, and every step of its life."""
    from adapters.reconcile.known import KnownBreaks

    one, number = named_break(asked, name), asked.question.number
    found = KnownBreaks(asked.reports, asked.account, number).steps(one.break_id, number)
    steps = [_step(fact) for fact in _facts(asked, found)]
    row = _row(asked, one, _day_of(asked, given_day), calendar_of(calendar))
    asked.question.answer(
        Section("breaks", _BREAKS, [row]),
        Section("evidence", _EVIDENCE, [{"evidence": line} for line in one.evidence]),
        Section("steps", _STEPS, steps),
        account=asked.account,
    )
    if one.seen_on != one.opened_on:
        click.echo(
            f"the evidence is of {one.opened_on}, when the break was first seen; "
            f"the values are of {one.seen_on}",
            err=True,
        )


def _facts(asked: Asked, found: Iterable[int]) -> Iterator[Recorded]:
    for number in found:
        yield from asked.question.book.store.read_all(after=number - 1, upto=number)


def _step(fact: Recorded) -> Row:
    """A step of a break's life: what was done, by whom, and what was said."""
    event: Any = fact.event
    said = ("note", "reason", "how")
    told = [getattr(event, name) for name in said if getattr(event, name, "")]
    values = getattr(event, "ledger_value", None), getattr(event, "broker_value", None)
    both = [] if values[0] is None else [f"books {values[0]}, broker {values[1]}"]
    keys = [f"books {key}" for key in getattr(event, "keys", ())]
    until = [f"until {event.until}"] if getattr(event, "until", None) else []
    return {
        "number": fact.number,
        "occurred_at": fact.occurred_at,
        "step": event.TOPIC.partition("/")[0],
        "who": getattr(event, "who", "") or fact.meta.actor,
        "what": "; ".join([*both, *told, *until, *keys]),
    }


@break_.command()
@deeds("note")
def explain(deed: Deed) -> None:
    """Say what a break comes from. It stays until a run finds it gone."""
    deed.refuse_if(RESOLVED)
    event = BreakExplained(break_id=deed.known.break_id, note=deed.reason, who=deed.who)
    deed.record([deed.step(event)], f"break {deed.known.break_id} explained")


@break_.command()
@click.option("--until", required=True, metavar="DAY", help="The last day it need not be seen to.")
@deeds("reason")
def waive(deed: Deed, until: str) -> None:
    """A break need not be seen to until a day. If it is there after that day, it is open again."""
    deed.refuse_if(RESOLVED)
    last, seen_on = day_of_books("--until", until), deed.known.seen_on
    if last < seen_on:
        over = f"the break was there on {seen_on}, so it would not be waived at all"
        raise click.UsageError(f"--until {last}: {over}; give that day or a later one")
    event = BreakWaived(break_id=deed.known.break_id, who=deed.who, reason=deed.reason, until=last)
    deed.record([deed.step(event)], f"break {deed.known.break_id} waived until {last}")
    if last > deed.at.date() + FAR_AHEAD:
        click.echo(f"{last} is more than a year ahead; 'break reopen' ends a waiver", err=True)


@break_.command()
@deeds("reason")
def reopen(deed: Deed) -> None:
    """A break that was explained, waived, adjusted or resolved is to be seen to after all."""
    event = BreakReopened(break_id=deed.known.break_id, reason=deed.reason, who=deed.who)
    if event != deed.last.event:
        deed.refuse_if(OPEN)
    deed.record([deed.step(event)], f"break {deed.known.break_id} open again")


@break_.command()
@click.option("--adopt", is_flag=True, required=True, help="Take the broker's figure over.")
@click.option("--basis", metavar="AMOUNT", help="What the units of the difference cost, with its "
              "sign; by default at the average cost of what is held.")  # fmt: skip
@click.option("--at", "given_at", metavar="TIME", help="When the adjustment happened; by default "
              "the beginning of the day the break was last seen on.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Book it; without this it is only shown.")
@deeds("reason")
def adjust(deed: Deed, *, adopt: bool, basis: str | None, given_at: str | None, yes: bool) -> None:
    """Book the difference of a position or balance as a signed adjustment.

    Without --yes it says what it would book. The next run finds the break gone, if the adjustment
    was right. To take it back, 'record' the opposite adjustment and reopen the break.
    """
    if isinstance(deed.last.event, BreakAdjusted) and deed.last.event.reason == deed.reason:
        deed.record([deed.step(deed.last.event)], f"break {deed.known.break_id} adjusted")
        return
    deed.refuse_if(RESOLVED)
    require_as_seen(deed)
    booked = deed.fact(_adjustment(deed, basis), _moment(deed, given_at))
    event = BreakAdjusted(
        break_id=deed.known.break_id, keys=(booked.key,), who=deed.who, reason=deed.reason
    )
    told = f"break {deed.known.break_id} adjusted, {_told(booked.event)}"
    deed.record([booked, deed.step(event)], told, dry_run=not yes)
    if not yes:
        click.echo("nothing is booked without --yes", err=True)


def _adjustment(deed: Deed, given: str | None) -> Event:
    """The adjustment; ``click.UsageError`` where there is none, with what to do instead."""
    from adapters.reconcile.adopting import POSITIONS, adjustment, basis_at_average, instead_of

    known = deed.known
    basis = None if given is None else parse("--basis", given)
    if known.kind in POSITIONS and basis is None:
        state = deed.asked.question.book.account(deed.asked.account)
        basis = basis_at_average(state, known.subject, known.difference)
        if basis is None:
            rule = "what is held has no known cost to go by; say with --basis what the units cost"
            raise click.UsageError(f"break {known.break_id}: {rule}")
    event = adjustment(known, basis, who=deed.who, reason=deed.reason)
    if event is None:
        instead = instead_of(known.kind) if known.kind else "explain or waive it"
        rule = f"a break of {known.kind_name} has no adjustment"
        raise click.UsageError(f"{rule}; {instead}")
    return event


def _moment(deed: Deed, given: str | None) -> datetime:
    """When it happened: a day, given or that it was last seen on, is one of the account's zone."""
    zone = zone_of(deed.asked.question, deed.asked.account)
    if given is not None:
        at = beginning("--at", given, zone)
        return not_far_ahead("--at", at, deed.asked.question.book.clock())
    return datetime.combine(deed.known.seen_on, time.min, zone).astimezone(UTC)


def _told(event: Event) -> str:
    """An adjustment in words."""
    about: Any = event
    qty: Decimal | None = getattr(about, "qty", None)
    if qty is None:
        return f"{text(about.amount)} {about.currency}"
    return f"{text(qty)} units of {about.instrument_id} at a cost of {text(about.basis)}"
