"""History: what the books said at a past moment.

A question names two times. ``as_of`` is when things happened; ``known_at`` when we had learned
of them, and resolves to a log number, which every answer carries: an answer for a number never
changes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice, pairwise
from operator import attrgetter
from typing import Final

from ledger.collector import full_collections_held_off
from ledger.domain.accounts import Account
from ledger.domain.events import (
    Recorded,
)
from ledger.domain.gates import require_time
from ledger.domain.skimmed import Skimmed
from ledger.errors import UnknownNumberError
from ledger.rebuilding import complete, is_ahead
from ledger.store.checkpoints import Checkpoints
from ledger.store.port import EventStore
from ledger.store.port import KnownAt as KnownAt
from ledger.store.saved_rows import SavedRow

# Facts folded at a time: bounds what is in memory, not what is read.
CHUNK = 1_000
FEW = 16
SAVED_AT_ONCE = 32


def resolve(store: EventStore, known_at: KnownAt, field: str = "known_at") -> int:
    """The log number a knowledge time stands for: a time after the last committed event is that
    event; ``UnknownNumberError`` for a number there is not, ``NaiveTimeError`` for a time
    without a zone."""
    head = store.head()
    if known_at is None:
        return head
    if not isinstance(known_at, int):
        return min(store.number_at(require_time(field, known_at)), head)
    if not 0 <= known_at <= head:
        raise UnknownNumberError(field, known_at, head)
    return known_at


def account_at(
    store: EventStore, name: str, *, as_of: datetime | None = None, known_at: KnownAt = None
) -> Account:
    """An account as of a moment in each of the two times: from the last state that was saved
    before it, and the facts since."""
    upto = resolve(store, known_at)
    as_of = as_of if as_of is None else require_time("as_of", as_of)
    account = store.checkpoints.account(name, upto, as_of)
    fold(account, _facts_since(store, account, upto))
    complete(store, account, upto)
    account.number = upto
    return account


def _facts_since(store: EventStore, account: Account, upto: int) -> Iterator[Recorded | Skimmed]:
    """What an account has to fold after its saved state."""
    if account.as_of is None:
        return store.skim(account.name, after=account.version, upto=upto)
    windows = store.checkpoints.windows(account.name, account.saved, upto, account.as_of)
    facts = store.checkpoints.in_windows(account.name, windows, account.as_of)
    return (one for one in facts if not is_ahead(store, one, account.as_of))


def rules_at(present: Account, as_of: datetime | None, upto: int) -> Account:
    """An account as of a past moment that knows its rules, and no position yet. The present one
    must be plain (:attr:`Account.is_plain`): then each position can be made of its own facts."""
    account = Account(present.name, as_of=as_of)
    for rule in present.rules:
        if rule.number <= upto and account.counts(rule):
            account.take_rule(rule)
    account.number = upto
    return account


def fold(account: Account, news: Iterable[Recorded | Skimmed], keeper: Keeper | None = None) -> int:
    """Fold facts in chunks, each in order of time: what is late only within its chunk then costs
    nothing. The state does not depend on the order. Returns how many there were. After a chunk
    the ``keeper`` may save the state."""
    rest = iter(news)
    first = list(islice(rest, FEW + 1))
    if len(first) <= FEW:
        return _fold(account, first, keeper, FEW)
    size = len(news) if isinstance(news, list) and not _ascends(news) else CHUNK
    with full_collections_held_off():
        return _fold(account, chain(first, rest), keeper, size)


def _fold(
    account: Account, news: Iterable[Recorded | Skimmed], keeper: Keeper | None, size: int
) -> int:
    count, rest = 0, iter(news)
    while chunk := list(islice(rest, size)):
        chunk.sort(key=_when)
        if len(chunk) > FEW:
            account.defer()
        for recorded in chunk:
            account.evolve(recorded)
        count += len(chunk)
        account.settle()
        account.slim()
        if keeper is not None:
            keeper.look(account)
    return count


def _ascends(news: list[Recorded | Skimmed]) -> bool:
    """Whether facts come in order of time but for a few."""
    late = sum(first.occurred_at > second.occurred_at for first, second in pairwise(news))
    return late * 10 <= len(news)


_when: Final = attrgetter("occurred_at")


class Keeper:
    """Saves states of accounts while they are folded, several in one transaction."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._rows: list[SavedRow] = []

    def look(self, account: Account) -> None:
        """Save a state if it is time for one."""
        if self._checkpoints.is_due(account):
            row = self._checkpoints.saved(account)
            self._rows.extend(() if row is None else (row,))
            if len(self._rows) >= SAVED_AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Write what was saved."""
        rows, self._rows = self._rows, []
        if rows:
            self._checkpoints.keep(rows)
