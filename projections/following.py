"""Following: the log folded fact by fact, and what each fact changed.

The read models are made from this alone, so they depend on the facts and their order in the log,
and on nothing else: not on how many were read at a time, nor on who else was reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Final, NamedTuple

from ledger.domain.accounts import Account
from ledger.domain.events import FillBooked, Recorded
from ledger.domain.numbers import ZERO, add, negate
from ledger.domain.orders import Order, order_ids
from ledger.domain.positions import PositionKey
from ledger.domain.postings import NOTHING, Valued, add_zero, cash_legs, totals_of
from ledger.history import account_at
from ledger.rebuilding import complete, rebuild_order
from ledger.store.port import EventStore
from projections.hearing import Heard, Money, grown

SLIM_EVERY: Final = 256
UNPLACED: Final = 1_000
"""So many orders that are known by their fills alone are kept."""

_NEVER: Final[Valued] = (NOTHING, None)


class Moved(NamedTuple):
    """A position that a fact moved: what it was worth before and after, and each step of it.
    ``is_first``: nothing was ever known of it before."""

    key: PositionKey
    before: Valued
    after: Valued
    heard: Heard
    is_first: bool


class Movement(NamedTuple):
    """Money that a fact moved: of a position and from what source, or of the account itself."""

    key: PositionKey | None
    source: str
    currency: str
    amount: Decimal


class Change(NamedTuple):
    """What one fact changed in its account. ``totals`` are the balances before it, unrounded."""

    recorded: Recorded
    account: Account
    totals: Mapping[str, Decimal]
    movements: Sequence[Movement]
    moved: Sequence[Moved]
    orders: Sequence[tuple[str, Order]]


class Followed:
    """One account on its way through the log."""

    def __init__(self, store: EventStore, name: str, at: int) -> None:
        self._store = store
        self.account = account_at(store, name, known_at=at) if at else Account(name)
        self._touched = self.account.touched = set()
        self._changed = self.account.orders.changed = set()
        self._heard: dict[PositionKey, Heard] = {}
        self._worth: dict[PositionKey, Valued] = {}
        self._totals = self.account.totals()
        self._unplaced: dict[str, Order] = {}
        self._folded = 0
        self.account.watchers = self._watcher
        for key, position in self.account.positions.items():
            position.begin_watching(self._watcher(key))
            self._heard[key].clear()
            self._worth[key] = self._worth_of(key)

    def _watcher(self, key: PositionKey) -> Heard:
        """Who hears of a position: the same one when that is read again from the store."""
        return self._heard.setdefault(key, Heard())

    def _worth_of(self, key: PositionKey) -> Valued:
        holding = self.account.positions[key].holding
        return totals_of(holding), self.account.policy.instrument(key.instrument_id)

    def follow(self, recorded: Recorded) -> Change:
        """Take in the account's next fact. What is given holds until the next one."""
        account = self.account
        for key in self._touched:
            self._heard[key].clear()
        self._touched.clear()
        self._changed.clear()
        cash = account.cash.copy()
        account.evolve(recorded)
        if account.unsettled_positions or account.orphans or account.orders.stale:
            complete(self._store, account, recorded.number)
        moved = [self._moved(key) for key in sorted(self._touched)]
        is_plain = bool(self._changed) and _is_fill_as_booked(recorded, moved)
        orders = [(root, self._order(root, recorded, is_plain)) for root in sorted(self._changed)]
        self._folded += 1
        if self._folded % SLIM_EVERY == 0:
            account.slim()
        movements = [*_of_account(cash, account.cash), *chain(*map(_of_position, moved))]
        totals = self._totals
        if movements:
            self._totals = totals.copy()
            for one in movements:
                self._totals[one.currency] = add(self._totals.get(one.currency, ZERO), one.amount)
        return Change(recorded, account, totals, movements, moved, orders)

    def _moved(self, key: PositionKey) -> Moved:
        before, after = self._worth.get(key, _NEVER), self._worth_of(key)
        self._worth[key] = after
        return Moved(key, before, after, self._heard[key], before is _NEVER)

    def _order(self, root: str, recorded: Recorded, is_plain: bool) -> Order:
        """An order that a fact has changed. One that nobody placed leaves the account's memory at
        once; the last of those are kept here, and take in the fills that follow, if all there is to
        know of one is what it says itself."""
        resident, kept = self.account.orders.find(root), self._unplaced.pop(root, None)
        if resident is not None:
            return resident
        if kept is not None and is_plain and order_ids(recorded.event) == (root,):
            kept.evolve(recorded)
        else:
            kept = rebuild_order(self._store, self.account, root)
        self._unplaced[root] = kept  # the newest one is the last to leave memory
        if len(self._unplaced) > UNPLACED:
            del self._unplaced[next(iter(self._unplaced))]
        return kept


def _is_fill_as_booked(recorded: Recorded, moved: Sequence[Moved]) -> bool:
    """Whether a fact is a fill that nothing which came before it has busted or corrected."""
    if not isinstance(recorded.event, FillBooked):
        return False
    told = (one.heard.steps.get(recorded.number) for one in moved)
    return any(step is not None and step.entry.event is recorded.event for step in told)


def _of_account(before: Money, after: Money) -> Iterator[Movement]:
    """What moved that no position accounts for."""
    if before == after:
        return
    for currency, amount in grown(before, after).items():
        yield Movement(None, "account", currency, amount)


def _of_position(moved: Moved) -> Iterator[Movement]:
    """What moved through a position: new less old, source by source."""
    if moved.before == moved.after:
        return
    sums: dict[tuple[str, str], Decimal] = {}
    for worth, sign in ((moved.before, negate), (moved.after, add_zero)):
        for source, currency, amount in cash_legs(*worth):
            place = (source, currency)
            sums[place] = add(sums.get(place, ZERO), sign(amount))
    for place, amount in sums.items():
        if amount:
            yield Movement(moved.key, *place, amount)


class Follower:
    """All accounts of a store, from a number of its log on."""

    def __init__(self, store: EventStore, at: int) -> None:
        self._store = store
        self.number = at
        self._begin = at
        self._accounts: dict[str, Followed] = {}

    def follow(self, facts: Iterable[Recorded]) -> Iterator[Change]:
        """What each of the next facts of the log changed."""
        for recorded in facts:
            followed = self._accounts.get(recorded.stream)
            if followed is None:
                followed = Followed(self._store, recorded.stream, self._begin)
                self._accounts[recorded.stream] = followed
            self.number = recorded.number
            yield followed.follow(recorded)
