"""Following: the log folded fact by fact, and what each fact changed.

The read models are made from this alone, so they depend on the facts and their order in the log,
and on nothing else: not on how many were read at a time, nor on who else was reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from ledger.domain.accounts import Account
from ledger.domain.events import FillBooked, Recorded
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, subtract
from ledger.domain.orders import Order, order_ids
from ledger.domain.positions import PositionKey
from ledger.domain.postings import NOTHING, Totals, cash_legs, totals_of
from ledger.history import account_at
from ledger.rebuilding import complete, rebuild_order
from ledger.store.port import EventStore
from projections.hearing import Heard, Money, grown
from projections.types import moment_text

SLIM_EVERY: Final = 256
UNPLACED: Final = 1_000
"""So many orders that are known by their fills alone are kept."""

# Past the generated constructors, which take as long as the rest of a tuple's making.
_new = tuple.__new__


class _Worth(NamedTuple):
    """What a position is worth: its amounts, the definition that says what they are of, and the
    cash it accounts for by source and currency."""

    totals: Totals
    instrument: Instrument | None
    cash: Mapping[tuple[str, str], Decimal]


_SOURCES: Final = {"trade": 0, "units": 1, "fees": 2, "funding": 3, "income": 4}

_NEVER: Final = _Worth(NOTHING, None, {})


class Heading(NamedTuple):
    """What every row that a fact makes tells of it: its event, its key and its times, as text."""

    event: str
    cause: str
    occurred_at: str
    recorded_at: str


class Moved(NamedTuple):
    """A position that a fact moved: where it stands, and each step of it. ``is_other``: some
    amount, or its instrument, is another than before; ``is_first``: nothing was ever known of
    it before."""

    key: PositionKey
    holding: Holding
    instrument: Instrument | None
    heard: Heard
    is_other: bool
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
    heading: Heading
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
        self._worth: dict[PositionKey, _Worth] = {}
        self._totals = self.account.totals()
        self._unplaced: dict[str, Order] = {}
        self._folded = 0
        self.account.watchers = self._watcher
        for key, position in self.account.positions.items():
            position.begin_watching(self._watcher(key))
            self._heard[key].clear()
            self._worth[key] = self._worth_of(key, position.holding)

    def _watcher(self, key: PositionKey) -> Heard:
        """Who hears of a position: the same one when that is read again from the store."""
        return self._heard.setdefault(key, Heard())

    def _worth_of(self, key: PositionKey, holding: Holding) -> _Worth:
        totals, instrument = totals_of(holding), self.account.policy.instrument(key.instrument_id)
        legs = cash_legs(totals, instrument)
        cash = {(source, currency): amount for source, currency, amount in legs}
        return _new(_Worth, (totals, instrument, cash))

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
        movements = [] if cash == account.cash else _of_account(cash, account.cash)
        moved = [self._moved(key, movements) for key in sorted(self._touched)]
        orders = [(root, self._order(root, recorded, moved)) for root in sorted(self._changed)]
        self._folded += 1
        if self._folded % SLIM_EVERY == 0:
            account.slim()
        totals = self._totals
        if movements:
            self._totals = totals.copy()
            for one in movements:
                self._totals[one.currency] = add(self._totals.get(one.currency, ZERO), one.amount)
        changed = (recorded, heading_of(recorded), account, totals, movements, moved, orders)
        return _new(Change, changed)

    def _moved(self, key: PositionKey, movements: list[Movement]) -> Moved:
        """What a fact did to a position; the money that it moved is added to the movements."""
        holding, before = self.account.positions[key].holding, self._worth.get(key, _NEVER)
        after = self._worth[key] = self._worth_of(key, holding)
        is_other = before != after
        if is_other:
            movements += _of_position(key, before.cash, after.cash)
        one = (key, holding, after.instrument, self._heard[key], is_other, before is _NEVER)
        return _new(Moved, one)

    def _order(self, root: str, recorded: Recorded, moved: Sequence[Moved]) -> Order:
        """An order that a fact has changed. One that nobody placed leaves the account's memory at
        once; the last of those are kept here, and take in the fills that follow, if all there is to
        know of one is what it says itself."""
        resident = self.account.orders.find(root)
        kept = self._unplaced.pop(root, None)
        if resident is not None:
            return resident
        is_plain = order_ids(recorded.event) == (root,) and _is_fill_as_booked(recorded, moved)
        if is_plain and kept is not None:
            kept.evolve(recorded)
        elif is_plain and self._is_first(root, recorded):
            kept = Order.fold([recorded])
        else:
            kept = rebuild_order(self._store, self.account, root)
        self._unplaced[root] = kept  # the newest one is the last to leave memory
        if len(self._unplaced) > UNPLACED:
            del self._unplaced[next(iter(self._unplaced))]
        return kept

    def _is_first(self, root: str, recorded: Recorded) -> bool:
        """Whether no earlier fact names an order."""
        earlier = self._store.refs(self.account.name, "order", root, upto=recorded.number - 1)
        return next(earlier, None) is None


def _is_fill_as_booked(recorded: Recorded, moved: Sequence[Moved]) -> bool:
    """Whether a fact is a fill that nothing which came before it has busted or corrected."""
    if not isinstance(recorded.event, FillBooked):
        return False
    told = (one.heard.steps.get(recorded.number) for one in moved)
    return any(step is not None and step.entry.event is recorded.event for step in told)


def heading_of(recorded: Recorded) -> Heading:
    """What the rows of a fact tell of it."""
    event = recorded.event.TOPIC.partition("/")[0]
    times = moment_text(recorded.occurred_at), moment_text(recorded.recorded_at)
    return _new(Heading, (event, recorded.key, *times))


def _of_account(before: Money, after: Money) -> list[Movement]:
    """What moved that no position accounts for."""
    moved = grown(before, after).items()
    return [Movement(None, "account", currency, amount) for currency, amount in moved]


def _of_position(
    key: PositionKey,
    before: Mapping[tuple[str, str], Decimal],
    after: Mapping[tuple[str, str], Decimal],
) -> Iterator[Movement]:
    """What moved through a position: new less old, source by source, currencies by name: in which
    order the fold came by them may depend on what it had to fold again."""
    for place in sorted({**before, **after}, key=_rank):
        amount = subtract(after.get(place, ZERO), before.get(place, ZERO))
        if amount:
            yield _new(Movement, (key, *place, amount))


def _rank(place: tuple[str, str]) -> tuple[int, str]:
    return _SOURCES[place[0]], place[1]


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
