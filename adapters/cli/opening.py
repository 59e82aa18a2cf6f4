"""Opening an account: by a command, or with the first report that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from adapters.port import Batch
from adapters.whose import opening_of
from ledger import Book
from ledger.conflicts import told_apart
from ledger.domain.accounts import Account
from ledger.domain.events import (
    AccountKind,
    AccountOpened,
    Booking,
    BookingMethodChanged,
    Crossing,
    Fact,
    FeeRule,
    Recorded,
    make_fact,
)
from ledger.store.port import Appended, Conflict, EventStore, Outcome, Revise

# The rules of an account hold for every fact of it, however old the next report is.
SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STAYS: Final = "what an account was opened with stays; leave the option out, or use a new store"


def account_opened(
    base_currency: str, time_zone: str | None, how: dict[str, Any], whose: str | None
) -> AccountOpened:
    """The fact by which an account begins, from options of the command line."""
    return AccountOpened(
        base_currency=base_currency,
        kind=AccountKind(how["kind"]),
        booking=Booking(how["booking"]),
        crossing=Crossing(how["crossing"]) if how["crossing"] else None,
        fee_rule=FeeRule(how["fee_rule"]),
        time_zone=time_zone or "UTC",
        venue_account=whose,
    )


class Opening:
    """Books that begin with the account's opening, in the transaction of its first report.

    ``facts_before`` counts what the account held without ever having been opened.
    """

    def __init__(self, book: Book, first: Fact | None) -> None:
        self._book = book
        self._first = first
        self._outcome: Outcome | None = None
        self.facts_before = book.store.version(first.stream) if first else 0

    @property
    def event(self) -> AccountOpened | None:
        """The fact by which the account is opened here; None if it is open already."""
        event = self._first.event if self._first and self.is_new else None
        return event if isinstance(event, AccountOpened) else None

    @property
    def is_new(self) -> bool:
        """Whether the account is opened here, and not by somebody who was faster."""
        return self._first is not None and isinstance(self._outcome, Appended | None)

    @property
    def contradiction(self) -> str:
        """How whoever was faster opened the account, if that is not as it was meant here."""
        return rules_apart(self._outcome) if isinstance(self._outcome, Conflict) else ""

    @property
    def store(self) -> EventStore:
        """The store behind the book."""
        return self._book.store

    def over(self, book: Book) -> Opening:
        """The same opening for another book, such as a copy to try things on."""
        return Opening(book, self._first)

    def facts_of(self, account: str) -> list[Fact]:
        """The facts of an account as they can be told to another book."""
        return [Fact(one.stream, one.key, one.occurred_at, one.event, one.meta)
                for one in self._book.log(account)]  # fmt: skip

    def record_all(
        self, facts: Sequence[Fact], *, revise: Revise | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Record the facts, after the opening if there is one; outcomes of the facts alone."""
        before = [self._first] if self._first else []
        outcomes = self._book.record_all([*before, *facts], revise=revise, dry_run=dry_run)
        self._outcome = outcomes[0] if before else None
        return outcomes[len(before) :]


def prepare(
    book: Book, batch: Batch, zone: str | None, how: dict[str, Any], given: Mapping[str, str]
) -> Opening:
    """What a batch needs of its account: it is open already, or is opened by these rules.

    ``given`` are the rules somebody asked for; ``click.UsageError`` where they contradict those
    of an account that is open.
    """
    opening = opening_of(book.store, batch.account)
    if opening is not None:
        require_rules(book.account(batch.account), opening, given)
        return Opening(book, None)
    base = how["base_currency"] or batch.base_currency or currency_of(batch)
    event = account_opened(base, zone, how, batch.whose)
    return Opening(book, make_fact(batch.account, event, SINCE_EVER))


def require_rules(account: Account, opening: Recorded, given: Mapping[str, str]) -> None:
    """``click.UsageError`` if an account is kept by other rules than were asked for."""
    kept = rules_of(account)
    since = f"on {opening.recorded_at.date().isoformat()} (number {opening.number})"
    for name, asked in given.items():
        if asked != kept[name]:
            option = f"--{name.replace('_', '-')} {asked}"
            change = f"tradeledger record booking {asked} --account {account.name}"
            how = f"change it with '{change}', or leave the option out"
            raise click.UsageError(
                f"{option}: account {account.name} was opened {since} and its "
                f"{name.replace('_', ' ')} is {kept[name]}; nothing was recorded: "
                f"{how if name == 'booking' else _STAYS}"
            )


def rules_of(account: Account) -> dict[str, str]:
    """The rules an account is kept by today, by the names of their options."""
    policy, event = account.policy, account.policy.opened
    changes = [one.event for one in policy.changes if _is_of_account(one)]
    last = changes[-1] if changes else None
    booking = last.booking if isinstance(last, BookingMethodChanged) else policy.booking
    return {
        "base_currency": event.base_currency if event else "",
        "kind": event.kind.value if event else "",
        "booking": booking.value,
        "crossing": policy.crossing.value,
        "fee_rule": policy.fee_rule.value,
    }


def _is_of_account(change: Recorded) -> bool:
    """Whether a change of booking method is for the whole account."""
    return isinstance(change.event, BookingMethodChanged) and change.event.instrument_id is None


def rules_apart(conflict: Conflict) -> str:
    """The rules that an account has been opened by, where others were meant."""
    differing = told_apart(conflict.recorded.event, conflict.fact.event)
    return ", ".join(f"{one.field} {one.booked}" for one in differing)


def told(event: AccountOpened) -> str:
    """The rules of an account in a line."""
    crossing = event.crossing.value if event.crossing else "by kind"
    return (
        f"kind {event.kind.value}, base currency {event.base_currency}, "
        f"booking {event.booking.value}, crossing {crossing}, zone {event.time_zone}"
    )


def currency_of(batch: Batch) -> str:
    """The currency that most of a report is in; ``click.UsageError`` if it names none."""
    named = Counter(_currencies(batch))
    if not named:
        raise click.UsageError("the report names no currency; give --base-currency")
    return min(named, key=lambda currency: (-named[currency], currency))


def _currencies(batch: Batch) -> list[str]:
    instruments = [defined.instrument.currency for defined in batch.instruments]
    of_records = [getattr(record.event, "currency", None) for record in batch.records]
    of_balances = [balance.currency for balance in batch.balances]
    return [one for one in (*instruments, *of_records, *of_balances) if one]
