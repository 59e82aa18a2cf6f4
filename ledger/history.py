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
from ledger.domain.accounts import Account, Place
from ledger.domain.actions import MOVES_POSITIONS
from ledger.domain.events import (
    FACTS,
    AccountOpened,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    Recorded,
)
from ledger.domain.gates import require_time
from ledger.domain.orders import Order
from ledger.domain.positions import Position, PositionKey
from ledger.domain.saved import named_fill
from ledger.domain.skimmed import Skimmed
from ledger.domain.watching import Record
from ledger.errors import UnknownNumberError
from ledger.store.checkpoints import Checkpoints
from ledger.store.port import EventStore
from ledger.store.saved_rows import SavedRow, Span

KnownAt = int | datetime | None

# Facts folded at a time: bounds what is in memory, not what is read.
CHUNK = 1_000
FEW = 16
SAVED_AT_ONCE = 32
BEGINNING = Place(0, 0)
_STAND_STILL: Final = {fact.TOPIC for fact in FACTS if not issubclass(fact, MOVES_POSITIONS)}


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
    return (one for one in facts if not _is_ahead(store, one, account.as_of))


def _is_ahead(store: EventStore, recorded: Recorded | Skimmed, as_of: datetime | None) -> bool:
    """Whether a bust or correction is of a fill that happened after ``as_of``: it would only wait
    for that."""
    if as_of is None or recorded.occurred_at <= as_of or isinstance(recorded, Skimmed):
        return False
    fill = _fill_named(store, recorded)
    return fill is not None and fill.occurred_at > as_of


def _fill_named(store: EventStore, recorded: Recorded) -> Recorded | None:
    """The fill that a bust or correction is of, if that is recorded."""
    ref, seen = named_fill(recorded), set[str]()
    while ref and ref not in seen:
        seen.add(ref)
        found = store.by_key([ref]).get(ref)
        if found is None or isinstance(found.event, FillBooked):
            return found
        ref = named_fill(found)
    return None


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


def complete(store: EventStore, account: Account, upto: int | None = None) -> None:
    """Settle late facts; read from the store what the resident history does not reach."""
    for key in sorted(account.settle()):
        account.adopt_position(rebuild_position(store, account, key, upto, skip=1))
    orphans, account.orphans = account.orphans, []
    for recorded in orphans:
        fill = _fill_named(store, recorded)
        cl_ord_id = getattr(fill.event, "cl_ord_id", None) if fill is not None else None
        if cl_ord_id is not None:
            account.orders.stale.add(cl_ord_id)
    for root in list(account.orders.stale):
        account.orders.adopt(root, rebuild_order(store, account, root, upto))


def position_facts(
    store: EventStore,
    account: Account,
    key: PositionKey,
    upto: int | None = None,
    since: Place = BEGINNING,
) -> Iterator[Recorded]:
    """A position's own facts that the account counts: from the index, and those about a
    fill that is elsewhere than they say, or that do not say where it is."""
    upto = account.number if upto is None else upto
    elsewhere = {recorded.key for found, recorded in account.linked if found != key}
    for window in store.checkpoints.windows(account.name, since, upto, account.as_of):
        facts = store.refs(
            account.name,
            "instrument",
            key.instrument_id,
            after=window.gt_number,
            upto=window.lte_number,
            but=_STAND_STILL,
        )
        for recorded in facts:
            named = getattr(recorded.event, "position_id", None)
            moves = isinstance(recorded.event, MOVES_POSITIONS) and recorded.key not in elsewhere
            counts = moves and named == key.position_id and account.counts(recorded)
            if counts and not _is_ahead(store, recorded, account.as_of):
                yield recorded
    for found, recorded in account.linked:
        if found == key and recorded.number > since.number:
            yield recorded


def rebuild_position(
    store: EventStore,
    account: Account,
    key: PositionKey,
    upto: int | None = None,
    watch: Record | None = None,
    *,
    skip: int = 0,
) -> Position:
    """Fold one position from its own facts alone: from a saved state (but for the last ``skip``)
    if nothing reaches behind it, from the beginning if somebody watches."""
    upto = account.number if upto is None else upto
    while watch is None:
        saved = store.checkpoints.find(account.name, upto, account.as_of, skip=skip)
        if saved is None or not _is_folded_alike(account, key, saved.span):
            break
        position = saved.position(key, account.policy, store.checkpoints)
        if position is not None and _goes_on(store, account, position, saved.place, upto):
            return position
        skip = 2 * skip + 1
    facts = position_facts(store, account, key, upto)
    return Position.rebuild(key, account.policy, facts, watch)


def _is_folded_alike(account: Account, key: PositionKey, span: Span) -> bool:
    """Whether the rules that a saved state was folded under are those of the account still."""
    return not any(
        rule.number > span.number
        and isinstance(rule.event, AccountOpened | InstrumentDefined)
        and _defines(rule.event, key.instrument_id)
        for rule in account.rules
    )


def _defines(event: AccountOpened | InstrumentDefined, instrument_id: str) -> bool:
    if isinstance(event, AccountOpened):
        return True
    return event.instrument.instrument_id == instrument_id


def _goes_on(
    store: EventStore, account: Account, position: Position, since: Place, upto: int
) -> bool:
    """Let a saved position fold what came since; False if something reaches behind it."""
    position.defers = True
    for change in account.policy.changes_for(position.key.instrument_id):
        if change.number > since.number:
            position.evolve(change)
    for recorded in position_facts(store, account, position.key, upto, since):
        position.evolve(recorded)
    position.defers = False
    return position.settle()


def order_facts(
    store: EventStore, account: Account, cl_ord_id: str, upto: int | None = None
) -> list[Recorded]:
    """An order's own facts: those under its id and under the ids of its requests, and what
    became of its fills, whether or not that names the order."""
    upto = account.number if upto is None else upto
    found: dict[int, Recorded] = {}
    queue, seen = [("order", cl_ord_id)], {cl_ord_id}
    while queue:
        kind, name = queue.pop()
        for recorded in store.refs(account.name, kind, name, upto=upto):
            if kind == "order" or isinstance(recorded.event, FillBusted | FillCorrected):
                found[recorded.number] = recorded
                queue += [link for link in _links(recorded) if link[1] not in seen]
                seen.update(link[1] for link in _links(recorded))
    return [found[number] for number in sorted(found) if account.counts(found[number])]


def _links(recorded: Recorded) -> list[tuple[str, str]]:
    """Where more facts of the same order are to be found: its other ids, its fills' keys."""
    event = recorded.event
    links: list[tuple[str, str]] = []
    if not isinstance(event, FillBusted | FillCorrected):
        ids = (getattr(event, "cl_ord_id", None), getattr(event, "orig_cl_ord_id", None))
        links = [("order", one) for one in ids if one]
    if isinstance(event, FillBooked | FillCorrected):
        links.append(("exec", recorded.key))
    return links


def rebuild_order(
    store: EventStore, account: Account, cl_ord_id: str, upto: int | None = None
) -> Order:
    """Fold one order from its own facts alone."""
    return Order.fold(order_facts(store, account, cl_ord_id, upto))
