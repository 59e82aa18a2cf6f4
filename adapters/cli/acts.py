"""Acts: facts that a person enters by hand, signed with who asked for them and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import click

from adapters.cli.answers import Section, numbers, texts
from adapters.cli.moments import beginning, not_far_ahead
from adapters.cli.questions import Command, Question, ask, places, styles
from adapters.cli.settings import Settings
from adapters.port import digest_of
from ledger.conflicts import conflict_text, readable
from ledger.domain.account_rules import check_booking_change
from ledger.domain.events import (
    BookingMethodChanged,
    Event,
    Meta,
    Source,
    make_fact,
)
from ledger.errors import BookingChangeError, ConflictError
from ledger.store.port import AlreadyAppended, Conflict, Outcome

ADAPTER: Final = "by-hand"
_FACTS: Final = (*numbers("number"), *texts("occurred_at", "topic", "key", "who", "reason"))


@attrs.frozen
class Act:
    """One act about one account: when it happened, who asked for it and why, and its id."""

    question: Question
    account: str
    at: datetime
    who: str
    reason: str
    given_id: str | None
    dry_run: bool

    def id(self, *content: object) -> str:
        """The id that was given, or one made from the content, so that the same act again has
        no effect."""
        made = digest_of([*map(readable, content), self.at.isoformat()])
        return self.given_id or f"{ADAPTER}:{made[:20]}"

    def instrument(self, name: str) -> str:
        """The id of an instrument that the account knows."""
        return self.question.instrument(self.account, name)

    def record(self, event: Event) -> Outcome:
        """Record the fact, by the rules there are for it; in a dry run only say what would be."""
        book = self.question.book
        meta = Meta(actor=self.who, source=Source(adapter=ADAPTER, row=self.reason))
        if isinstance(event, BookingMethodChanged) and not self.dry_run:
            return book.change_booking(
                self.account,
                event.booking,
                instrument_id=event.instrument_id,
                occurred_at=self.at,
                meta=meta,
            )
        if isinstance(event, BookingMethodChanged):
            then = book.at(self.account, as_of=self.at)
            check_booking_change(book.account(self.account), then, event, self.at)
        fact = make_fact(self.account, event, self.at, meta=meta)
        return book.record_all([fact], dry_run=self.dry_run)[0]

    def answer(self, outcome: Outcome, told: str) -> None:
        """Say what became of it; ``ConflictError`` if its id is known with other content."""
        if isinstance(outcome, Conflict):
            raise ConflictError(conflict_text(outcome))
        is_known = isinstance(outcome, AlreadyAppended)
        fact = outcome.recorded
        row = {
            "number": None if self.dry_run and not is_known else fact.number,
            "occurred_at": fact.occurred_at,
            "topic": fact.event.TOPIC,
            "key": fact.key,
            "who": fact.meta.actor,
            "reason": fact.meta.source.row if fact.meta.source else "",
        }
        verb = "would be recorded" if self.dry_run else "recorded"
        verb = f"recorded already as number {fact.number}" if is_known else verb
        about = {"account": self.account, "dry_run": self.dry_run, "is_new": not is_known}
        self.question.answer(Section("facts", _FACTS, [row]), result=f"{told}: {verb}", **about)


def acts(function: Callable[..., tuple[Event, str]]) -> Command:
    """A command that records one fact: it gets an ``Act`` and its own options, and returns the
    event and what it is in words."""

    @wraps(function)
    def command(
        settings: Settings,
        *,
        store: str | None,
        account: str | None,
        zone: str | None,
        style: str | None,
        at: str,
        who: str,
        reason: str,
        given_id: str | None,
        dry_run: bool,
        **own: Any,
    ) -> None:
        settings.override(store, account, zone)
        with settings.open_existing() as book:
            question = ask(book, settings, style, None, None)
            name = opened_account(question)
            require_signature(who=who, reason=reason)
            when = beginning("--at", at, zone_of(question, name))
            not_far_ahead("--at", when, book.clock())
            act = Act(question, name, when, who, reason, given_id, dry_run)
            event, told = function(act, **own)
            with by_symbol(question, name):
                outcome = act.record(event)
            now = attrs.evolve(act, question=ask(book, settings, style, None, None))
            now.answer(outcome, told)

    return places(styles(_signed(click.pass_obj(command))))


def _signed(command: Command) -> Command:
    """The options that every act has."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Say what would be recorded, record nothing."),
        click.option("--id", "given_id", metavar="ID", help="Its id, where two acts are the same "
                     "in all else; by default made from what the act says."),
        click.option("--reason", required=True, metavar="TEXT", help="Why."),
        click.option("--who", required=True, metavar="NAME", help="Who asks for it."),
        click.option("--at", required=True, metavar="TIME",
                     help="When it happened: a time, or a day, which is its first moment."),
    ):  # fmt: skip
        command = option(command)
    return command


def require_signature(**given: str) -> None:
    """``click.UsageError`` for a signature that says nothing."""
    for name, value in given.items():
        if not value.strip():
            raise click.UsageError(
                f"--{name} is empty: an act is signed with who asks for it and why"
            )


@contextmanager
def by_symbol(question: Question, account: str) -> Iterator[None]:
    """A refusal names an instrument by its id; say beside it what people call it."""
    try:
        yield
    except BookingChangeError as error:
        told = str(error)
        for instrument_id, symbol in question.symbols(account).items():
            if told.startswith(f"{instrument_id} ") and symbol != instrument_id:
                raise BookingChangeError(f"{symbol}, {told}") from None
        raise


def opened_account(question: Question) -> str:
    """The account that is meant; ``click.UsageError`` if it was never opened."""
    name = question.account
    if question.book.account(name).policy.opened is None:
        how = f"'tradeledger open-account {name}' opens it"
        raise click.UsageError(f"account {name} was never opened; {how}")
    return name


def zone_of(question: Question, account: str) -> ZoneInfo:
    """The zone that was given, else the account's own."""
    opened = question.book.account(account).policy.opened
    return question.settings.zone_info or ZoneInfo(opened.time_zone if opened else "UTC")


__all__ = ["Act", "acts"]
