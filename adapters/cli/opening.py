"""Opening an account: by a command, or with the first report that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from adapters.port import Batch
from ledger import Book
from ledger.domain.events import (
    AccountKind,
    AccountOpened,
    Booking,
    Crossing,
    Fact,
    FeeRule,
    Identity,
    make_fact,
)
from ledger.store.port import EventStore, Outcome, Revise

# The rules of an account hold for every fact of it, however old the next report is.
SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def account_opened(base_currency: str, time_zone: str | None, how: dict[str, Any]) -> AccountOpened:
    """The fact by which an account begins, from options of the command line."""
    return AccountOpened(
        base_currency=base_currency,
        kind=AccountKind(how["kind"]),
        booking=Booking(how["booking"]),
        crossing=Crossing(how["crossing"]) if how["crossing"] else None,
        fee_rule=FeeRule(how["fee_rule"]),
        time_zone=time_zone or "UTC",
    )


def opened(store: EventStore, account: str) -> AccountOpened | None:
    """The fact by which an account began; None if it was never opened."""
    key = Identity("", "", "account", "opened").key(account)
    found = store.by_key([key]).get(key)
    return found.event if found and isinstance(found.event, AccountOpened) else None


class Opening:
    """Books that begin with the account's opening, in the transaction of its first report."""

    def __init__(self, book: Book, first: Fact | None) -> None:
        self._book = book
        self._first = first

    @property
    def event(self) -> AccountOpened | None:
        """The fact by which the account is opened here; None if it is open already."""
        event = self._first.event if self._first else None
        return event if isinstance(event, AccountOpened) else None

    @property
    def is_new(self) -> bool:
        """Whether the account is opened here."""
        return self._first is not None

    @property
    def store(self) -> EventStore:
        """The store behind the book."""
        return self._book.store

    def record_all(
        self, facts: Sequence[Fact], *, revise: Revise | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Record the facts, after the opening if there is one; outcomes of the facts alone."""
        before = [self._first] if self._first else []
        outcomes = self._book.record_all([*before, *facts], revise=revise, dry_run=dry_run)
        return outcomes[len(before) :]


def prepare(book: Book, batch: Batch, zone: str | None, how: dict[str, Any]) -> Opening:
    """What a batch needs of its account: it is open already, or is opened by these rules."""
    if opened(book.store, batch.account) is not None:
        return Opening(book, None)
    event = account_opened(how["base_currency"] or currency_of(batch), zone, how)
    return Opening(book, make_fact(batch.account, event, SINCE_EVER))


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
