"""Acts about one break: found by its key, or the beginning of it, and signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from adapters.cli.acts import ADAPTER, require_signature
from adapters.cli.answers import Section, numbers, texts
from adapters.cli.questions import Command, ask
from adapters.cli.reporting import Asked, reporting
from ledger.domain.events import (
    BreakAdjusted,
    BreakEvent,
    BreakOpened,
    BreakReopened,
    BreakSeenAgain,
    Event,
    Fact,
    Meta,
    Recorded,
    Source,
    make_fact,
)
from ledger.domain.numbers import text
from ledger.errors import ConflictError, StaleStreamError

if TYPE_CHECKING:
    from adapters.reconcile.known import KnownBreak

SHORTEST: Final = 6
"""So many characters of a key are enough, if no other key begins with them."""

_RUN_AGAIN: Final = "run 'tradeledger reconcile' again before it is adjusted"
_END_WAIVER: Final = "a run keeps nothing of what is waived: 'tradeledger break reopen' it, then "
_FACTS: Final = (*numbers("number"), *texts("occurred_at", "topic", "key", "who", "reason"))


@attrs.frozen
class Deed:
    """What somebody does about a break as it stands after its ``last`` step. A step is keyed by
    the one before it: if another is taken in between, nothing of the deed is recorded."""

    asked: Asked
    known: KnownBreak
    last: Recorded
    who: str
    reason: str

    @property
    def at(self) -> datetime:
        """When it is done: now, and not before what was done last."""
        return max(self.asked.question.book.clock(), self.last.occurred_at)

    def meta(self) -> Meta:
        """Who does it and why."""
        return Meta(actor=self.who, source=Source(adapter=ADAPTER, row=self.reason))

    def step(self, event: BreakEvent) -> Fact:
        """A step in the break's life."""
        from adapters.reconcile.lifecycle import step_key

        key = step_key(self.known.break_id, self.known.number)
        return make_fact(self.asked.account, event, self.at, meta=self.meta(), key=key)

    def fact(self, event: Event, at: datetime) -> Fact:
        """Something that is booked because of it."""
        return make_fact(self.asked.account, event, at, meta=self.meta())

    def refuse_if(self, *statuses: str) -> None:
        """``click.UsageError`` for a break that cannot take this step from where it is."""
        if self.known.status in statuses:
            rule = f"break {self.known.break_id} is {self.known.status}"
            raise click.UsageError(f"{rule}; 'tradeledger break show' tells its life")

    def record(self, facts: Sequence[Fact], told: str, *, dry_run: bool = False) -> None:
        """Record all of it or nothing, and say so; what was the last step already has no effect.
        In a dry run only say what would be recorded."""
        if facts[-1].event == self.last.event:
            self._answer([self.last], f"{told}: recorded already")
            return
        store = self.asked.question.book.store
        try:
            outcomes = store.append(facts, all_or_nothing=True, dry_run=dry_run)
        except ConflictError as error:
            rule = f"somebody else has taken a step about break {self.known.break_id}"
            raise StaleStreamError(f"{rule} meanwhile; look at it again") from error
        verb = "would be recorded" if dry_run else "recorded"
        self._answer([one.recorded for one in outcomes], f"{told}: {verb}", dry_run=dry_run)

    def _answer(self, facts: Sequence[Recorded], told: str, *, dry_run: bool = False) -> None:
        """Say what is in the log now, or would be."""
        rows = [_row(fact) | ({"number": None} if dry_run else {}) for fact in facts]
        old = self.asked.question
        question = ask(old.book, old.settings, old.style, None, None)
        about = {"account": self.asked.account, "break_id": self.known.break_id}
        question.answer(Section("facts", _FACTS, rows), result=told, dry_run=dry_run, **about)


def _row(fact: Recorded) -> dict[str, Any]:
    return {
        "number": fact.number,
        "occurred_at": fact.occurred_at,
        "topic": fact.event.TOPIC,
        "key": fact.key,
        "who": fact.meta.actor,
        "reason": fact.meta.source.row if fact.meta.source else "",
    }


def require_as_seen(deed: Deed) -> None:
    """``click.UsageError`` where the books have moved since a run saw the break last: its
    difference would be booked for what is answered already."""
    from adapters.reconcile.adopting import BALANCES, POSITIONS, moved_since
    from projections.reconciliation import WAIVED

    known = deed.known
    if known.kind not in POSITIONS | BALANCES:
        return
    then = f"{_END_WAIVER if known.status == WAIVED else ''}{_RUN_AGAIN}"
    for step in _steps(deed):
        if isinstance(step.event, BreakOpened | BreakSeenAgain | BreakReopened):
            break
        if isinstance(step.event, BreakAdjusted):
            rule = f"was adjusted by {step.event.who}, number {step.number}"
            raise click.UsageError(f"break {known.break_id} {rule}; {then}")
    seen = next(one for one in _steps(deed) if isinstance(one.event, BreakOpened | BreakSeenAgain))
    moved = moved_since(deed.asked.question.book, known, seen)
    if moved:
        rule = f"the books of then have moved by {text(moved)} since number {seen.number}"
        raise click.UsageError(f"break {known.break_id}: {rule}; {then}")


def _steps(deed: Deed) -> Iterator[Recorded]:
    """The steps of the break's life, the last one first."""
    from adapters.reconcile.known import KnownBreaks

    life = KnownBreaks(deed.asked.reports, deed.asked.account, deed.asked.question.number)
    store = deed.asked.question.book.store
    for number in reversed(life.steps(deed.known.break_id, deed.known.number)):
        yield from store.read_all(after=number - 1, upto=number)


def named_break(asked: Asked, name: str) -> KnownBreak:
    """The break whose key is, or begins like, ``name``; ``click.UsageError`` for none or more."""
    from adapters.reconcile.known import KnownBreaks

    if len(name) < SHORTEST:
        raise click.UsageError(f"{name}: give at least {SHORTEST} characters of the break's key")
    found = KnownBreaks(asked.reports, asked.account, asked.question.number).beginning(name)
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(one.break_id for one in found)
        raise click.UsageError(f"{name}: more than one break begins like this: {keys}")
    how = "'tradeledger breaks --all' lists them"
    raise click.UsageError(f"{name}: no such break in account {asked.account}; {how}")


def deeds(reason: str) -> Callable[[Callable[..., None]], Command]:
    """A command about one break that is signed; ``reason`` is the option that says why. It gets a
    ``Deed`` and, by name, its own options."""

    def decorate(function: Callable[..., None]) -> Command:
        @wraps(function)
        def command(asked: Asked, *, name: str, who: str, **own: Any) -> None:
            from adapters.reconcile.lifecycle import last_step

            why = own.pop(reason)
            require_signature(**{"who": who, reason: why})
            known = named_break(asked, name)
            last = last_step(asked.question.book, known)
            function(Deed(asked, known, last, who, why), **own)

        told = "Why." if reason == "reason" else "What it comes from."
        command = click.option(f"--{reason}", required=True, metavar="TEXT", help=told)(command)
        command = click.option("--who", required=True, metavar="NAME", help="Who says so.")(command)
        return click.argument("name", metavar="ID")(reporting(command))

    return decorate
