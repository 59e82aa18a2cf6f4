"""Rebuilding: one position, or one order, folded from its own facts as the store has them.

Live state lets go of what is old. A late fact that reaches behind what is resident, or a question
about a past moment, has the thing read again: from its own facts alone, and from a saved state
where nothing reaches behind that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

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
from ledger.domain.fill_facts import AboutFill, find_home, stated_place
from ledger.domain.fold import Watch
from ledger.domain.orders import Order
from ledger.domain.positions import Position, PositionKey
from ledger.domain.saved import named_fill
from ledger.domain.skimmed import Skimmed
from ledger.store.checkpoints import Restored
from ledger.store.port import EventStore
from ledger.store.saved_rows import Span

BEGINNING = Place(0, 0)
_STAND_STILL: Final = {fact.TOPIC for fact in FACTS if not issubclass(fact, MOVES_POSITIONS)}


def complete(store: EventStore, account: Account, upto: int | None = None) -> None:
    """Settle late facts; read from the store what the resident history does not reach."""
    account.settle()
    _settle_orphans(store, account)
    for key in sorted(account.unsettled_positions):
        watch = account.watcher(key)
        position = _from_saved(store, account, key, upto, watch, skip=1)
        account.adopt_position(position or _from_facts(store, account, key, upto, watch))
    for root in list(account.orders.stale):
        account.orders.adopt(root, rebuild_order(store, account, root, upto))


def _settle_orphans(store: EventStore, account: Account) -> None:
    """What names a fill that left memory finds it; what names one that nobody has told yet waits
    for it."""
    while account.orphans:
        recorded = account.orphans.pop(0)
        fill = _fill_named(store, recorded, account.number)
        if fill is None or not account.counts(fill):
            waiting = account.unlinked.setdefault(named_fill(recorded) or "", [])
            waiting.extend([recorded] if recorded not in waiting else [])
        else:
            find_home(account, recorded, fill)


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
            if counts and not is_ahead(store, recorded, account.as_of):
                yield recorded
    for found, recorded in account.linked:
        if found == key and recorded.number > since.number:
            yield recorded


def rebuild_position(
    store: EventStore,
    account: Account,
    key: PositionKey,
    upto: int | None = None,
    watch: Watch = None,
) -> Position:
    """Fold one position from its own facts alone: from a saved state if nothing reaches behind
    it, from the beginning if somebody watches."""
    position = _from_saved(store, account, key, upto) if watch is None else None
    return position or _from_facts(store, account, key, upto, watch)


def _from_facts(
    store: EventStore, account: Account, key: PositionKey, upto: int | None, watch: Watch
) -> Position:
    facts = position_facts(store, account, key, upto)
    return Position.rebuild(key, account.policy, facts, watch)


def _from_saved(
    store: EventStore,
    account: Account,
    key: PositionKey,
    upto: int | None,
    watch: Watch = None,
    *,
    skip: int = 0,
) -> Position | None:
    """A position that goes on from a saved state (but for the last ``skip``); None where there
    is no such state that nothing reaches behind."""
    upto = account.number if upto is None else upto
    while True:
        saved = store.checkpoints.find(account.name, upto, account.as_of, skip=skip)
        if saved is None or not _is_folded_alike(account, key, saved.span):
            return None
        position = saved.position(key, account.policy, store.checkpoints)
        if position is not None and not _has_moved(account, key, saved):
            position.begin_watching(watch)
            if _goes_on(store, account, position, saved.place, upto):
                return position
        skip = 2 * skip + 1


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


def _has_moved(account: Account, key: PositionKey, saved: Restored) -> bool:
    """Whether a fact about a fill, which waited when a state was saved, has since found its fill
    in this position, or in another one than this, which it named: the state has it elsewhere."""
    waited = set(saved.body.account.unlinked)
    return any(
        recorded.number in waited and key in {found, _stated(recorded)}
        for found, recorded in account.linked
    )


def _stated(recorded: Recorded) -> PositionKey | None:
    """The position that a fact about a fill names, if it does."""
    event = recorded.event
    if not isinstance(event, AboutFill):
        return None
    return stated_place(event.instrument_id, event.position_id)


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


def is_ahead(store: EventStore, recorded: Recorded | Skimmed, as_of: datetime | None) -> bool:
    """Whether a bust or correction is of a fill that happened after ``as_of``: it would only wait
    for that."""
    if as_of is None or recorded.occurred_at <= as_of or isinstance(recorded, Skimmed):
        return False
    fill = _fill_named(store, recorded)
    return fill is not None and fill.occurred_at > as_of


def _fill_named(store: EventStore, recorded: Recorded, upto: int | None = None) -> Recorded | None:
    """The fill that a fact is about, if it was recorded (up to a number), and so was what lies
    between them."""
    ref, seen = named_fill(recorded), set[str]()
    while ref and ref not in seen:
        seen.add(ref)
        found = store.by_key([ref]).get(ref)
        if found is None or (upto is not None and found.number > upto):
            return None
        if isinstance(found.event, FillBooked):
            return found
        ref = named_fill(found)
    return None
