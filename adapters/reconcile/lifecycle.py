"""The life of breaks: what a run means for each of them, and the facts that say so.

A break that nobody knew is opened; one that is there again grows older under the same key; one
that is gone is resolved, but only by a report, or by books, that can tell so. Each step is keyed
by the break and the log number of the step before it: whoever decides on the same state, again
or at the same time, decides the same step, and it is recorded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Final

from adapters.quarantine import keepable
from adapters.reconcile.ageing import age
from adapters.reconcile.breaks import Break
from adapters.reconcile.known import KnownBreak, KnownBreaks, kept
from adapters.reconcile.life import BreakState, Life, ResolvedBreak
from adapters.reconcile.outcome import Outcome
from adapters.reconcile.settling import Settling, is_of_a_moment
from ledger import Book
from ledger.domain.events import (
    BreakEvent,
    BreakOpened,
    BreakReopened,
    BreakResolved,
    BreakSeenAgain,
    Fact,
    Meta,
    Recorded,
    Source,
    make_fact,
)
from ledger.reading import Reader
from projections.reconciliation import OPEN, RESOLVED, WAIVED
from projections.reports import Reports

ACTOR: Final = "reconcile"
WAIVER_RAN_OUT: Final = "the waiver ran out"
CAME_BACK: Final = "the difference is there again"
_TICK: Final = timedelta(microseconds=1)


def look(reports: Reports, outcome: Outcome) -> Life:
    """What a run means for the breaks of its account, by what was known at the outcome's number;
    nothing is recorded. An incomplete outcome means nothing."""
    return _Run(reports, outcome).life()


def record(book: Book, reports: Reports, outcome: Outcome, *, now: datetime) -> Life:
    """The same, recorded in one transaction. The facts happened at the end of the business date,
    or ``now`` if that is earlier. A step that somebody else took since the outcome's number stands,
    and ours is left out; the same outcome again records nothing."""
    run = _Run(reports, outcome)
    life = run.life()
    facts = run.facts(now)
    if facts:
        book.record_all(facts)
    return life


def step_key(break_id: str, after: int, nth: int = 0) -> str:
    """The key of a step that was decided when ``after`` was the number of the last one."""
    return f"{break_id}:{after}.{nth}"


def last_step(book: Reader, known: KnownBreak) -> Recorded:
    """The fact that made a break what it is."""
    return next(book.store.read_all(after=known.number - 1, upto=known.number))


class _Run:
    """One outcome and the breaks that were known at its number."""

    def __init__(self, reports: Reports, outcome: Outcome) -> None:
        self._reports, self._outcome = reports, outcome
        self._day = outcome.business_date
        self._known = KnownBreaks(reports, outcome.account, outcome.known_at)
        self._steps: list[tuple[KnownBreak | None, list[BreakEvent]]] = []

    def life(self) -> Life:
        """What becomes of each break."""
        if self._outcome.incomplete:
            return Life()
        known = {one.break_id: one for one in self._known.unresolved()}
        found = {one.break_id for one in self._outcome.breaks}
        known |= self._known.named(found - known.keys())
        states = {
            one.break_id: self._state(one, known.get(one.break_id)) for one in self._outcome.breaks
        }
        gone = [one for name, one in known.items() if name not in found]
        resolved = sorted([*self._gone(gone), *self._before()], key=lambda one: one.break_id)
        return Life(states=states, resolved=tuple(resolved))

    def facts(self, now: datetime) -> list[Fact]:
        """The steps as facts."""
        return [fact for known, events in self._steps for fact in self._facts(known, events, now)]

    # -- what is there ------------------------------------------------------------------

    def _state(self, one: Break, known: KnownBreak | None) -> BreakState:
        """A break of this run, and the steps that make it so."""
        if known is None:
            self._steps.append((None, [_opened(one, self._outcome)]))
            return BreakState(
                break_id=one.break_id, status=OPEN, opened_on=self._day, age=0, is_new=True
            )
        again = self._why_again(known)
        events: list[BreakEvent] = []
        if again:
            events.append(BreakReopened(break_id=one.break_id, reason=again))
        if again or known.status not in {WAIVED, RESOLVED}:
            events += self._seen(one, known)
        self._steps.append((known, events))
        return BreakState(
            break_id=one.break_id,
            status=OPEN if again else known.status,
            opened_on=known.opened_on,
            age=age(known.opened_on, self._day),
            is_new=known.opened_on >= self._day and (bool(again) or not known.is_resolved),
            who="" if again else known.who,
            note=again or known.note,
            waived_until=None if again else known.waived_until,
        )

    def _why_again(self, known: KnownBreak) -> str:
        """Why a break that was waived or resolved is open again; empty if it is not. What a later
        report has settled of a figure, an earlier one does not bring back."""
        if known.status == WAIVED:
            until = known.waived_until
            return "" if until is None or self._day <= until else WAIVER_RAN_OUT
        if not known.is_resolved:
            return ""
        settled_on = last_step(self._reports.book, known).occurred_at.date()
        return "" if is_of_a_moment(known) and self._day < settled_on else CAME_BACK

    def _seen(self, one: Break, known: KnownBreak) -> Iterator[BreakEvent]:
        """That it is there on another business date, or on the same one with other figures."""
        values = keepable(one.ledger_value), keepable(one.broker_value)
        is_other = values != (known.ledger_value, known.broker_value)
        if self._day > known.seen_on or (self._day == known.seen_on and is_other):
            yield BreakSeenAgain(
                break_id=one.break_id,
                business_date=self._day,
                ledger_value=values[0],
                broker_value=values[1],
            )

    # -- what is gone -------------------------------------------------------------------

    def _gone(self, known: list[KnownBreak]) -> Iterator[ResolvedBreak]:
        """What was open and is settled, by what this report and the books can tell."""
        mine = [one for one in known if one.is_of(self._outcome.batch.venue)]
        settling = Settling(self._reports, self._outcome, mine)
        for one in mine:
            how = settling.how(one)
            if how:
                self._steps.append((one, [BreakResolved(break_id=one.break_id, how=how)]))
                yield _resolved(one, how)

    def _before(self) -> Iterator[ResolvedBreak]:
        """What an earlier run with this very report has resolved: a run that is made again says
        the same."""
        digest, book = self._outcome.batch.digest, self._reports.book

        def is_ours(known: KnownBreak) -> bool:
            source = last_step(book, known).meta.source
            return source is not None and source.digest == digest

        found = {one.break_id for one in self._outcome.breaks}
        for one in takewhile(is_ours, self._known.resolved_last()):
            if one.break_id not in found:
                yield _resolved(one, one.note)

    # -- facts --------------------------------------------------------------------------

    def _facts(
        self, known: KnownBreak | None, events: list[BreakEvent], now: datetime
    ) -> Iterator[Fact]:
        if not events:
            return
        batch = self._outcome.batch
        row = keepable(batch.statement_id)
        source = Source(adapter=batch.adapter, digest=batch.digest, row=row)
        at, after = min(self._end(), now), 0
        if known is not None:
            at = max(at, last_step(self._reports.book, known).occurred_at)
            after = known.number
        for nth, event in enumerate(events):
            key = step_key(event.break_id, after, nth)
            meta = Meta(actor=ACTOR, source=source)
            yield make_fact(batch.account, event, at, meta=meta, key=key)

    def _end(self) -> datetime:
        """The end of the business date, or of the report if that is earlier."""
        until = self._outcome.batch.coverage.covers_to
        day = datetime.combine(self._day, time.min, UTC) + timedelta(days=1)
        return min(until or day, day) - _TICK


def _opened(one: Break, outcome: Outcome) -> BreakOpened:
    """That a break is there for the first time. It is open since this run's business date, however
    old what differs is."""
    return BreakOpened(
        break_id=one.break_id,
        kind=one.kind.value,
        severity=one.severity.value,
        instrument_id=one.instrument_id or None,
        currency=one.currency or None,
        ledger_value=keepable(one.ledger_value),
        broker_value=keepable(one.broker_value),
        business_date=outcome.business_date,
        evidence=kept(one, outcome.batch),
    )


def _resolved(known: KnownBreak, how: str) -> ResolvedBreak:
    return ResolvedBreak(
        break_id=known.break_id,
        kind=known.kind_name,
        subject=known.subject,
        how=how,
        opened_on=known.opened_on,
    )
