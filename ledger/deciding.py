"""From commands to facts: what a book decides with, apart from the state it decides on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from ledger import history, rebuilding
from ledger.conflicts import conflict_text
from ledger.domain.account_rules import require_opened
from ledger.domain.accounts import Account
from ledger.domain.canonical import Entry
from ledger.domain.events import (
    AccountOpened,
    Event,
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    OrderPlaced,
    Recorded,
    ReplaceRequested,
    differences,
)
from ledger.domain.gates import changed, require_zone
from ledger.domain.order_commands import (
    CancelOrder,
    LinkOrders,
    MoveStop,
    MoveTarget,
    OrderCommand,
    PlaceOrder,
    ReplaceOrder,
)
from ledger.domain.order_rules import decide
from ledger.domain.orders import Order
from ledger.domain.placing import check_placing, check_replacing
from ledger.domain.positions import Position
from ledger.domain.previewing import is_within_reach, preview
from ledger.domain.watching import Issue, Record, added
from ledger.errors import ConflictError
from ledger.store.port import AlreadyAppended, Conflict, EventStore, Outcome

Decision = Callable[[Account], list[Fact]]

_TOPICS = {MoveStop: "stop-moved", MoveTarget: "target-moved"}


def key_of(account: str, command: OrderCommand, at: datetime, key: str | None) -> str:
    """The stored key of the fact a command makes, known before it is decided."""
    if key is not None:
        return Identity("", "", "command", key).key(account)
    match command:
        case PlaceOrder() | ReplaceOrder() | CancelOrder():
            return Identity("", "", "order", command.cl_ord_id).key(account)
        case LinkOrders():
            return Identity("", "", "link", command.link_id).key(account)
        case MoveStop() | MoveTarget():
            topic = _TOPICS[type(command)]
            return Identity("", command.cl_ord_id, topic, at.isoformat()).key(account)


def decided(store: EventStore, state: Account, command: OrderCommand) -> tuple[Event, ...]:
    """The facts that follow from a command on these books; ``RefusedError`` if rules refuse it."""
    order = None
    if isinstance(command, PlaceOrder):
        require_opened(state)  # before its instrument, which could be defined in a mistyped name
    elif not isinstance(command, LinkOrders):
        named = getattr(command, "orig_cl_ord_id", command.cl_ord_id)
        order = find_order(store, state, named)
    instrument_id = order.instrument_id if order else getattr(command, "instrument_id", None)
    instrument = state.instrument(instrument_id) if instrument_id else None
    events = decide(order, command, instrument)
    for event in events:
        if isinstance(event, OrderPlaced):
            check_placing(state, event)
        elif isinstance(event, ReplaceRequested) and order is not None:
            check_replacing(state, order, event)
    return events


def find_order(store: EventStore, state: Account, cl_ord_id: str) -> Order | None:
    """The order under any of its ids: resident, or rebuilt from its own facts; none that is known
    only by a bust or a correction of a fill that nobody has reported."""
    order = state.orders.find(cl_ord_id) or rebuilding.rebuild_order(store, state, cl_ord_id)
    return order if order.cl_ord_ids else None


def then(store: EventStore, state: Account, at: datetime) -> Account:
    """The account as it was at a moment, for an act that is entered after others of its future."""
    if state.last_at is None or state.last_at <= at:
        return state
    return history.account_at(store, state.name, as_of=at)


def repeated(store: EventStore, facts: Sequence[Fact]) -> list[Outcome]:
    """What an act that is entered again was recorded as: the facts known under its keys, or
    nothing while they are not. ``ConflictError`` if they say something else."""
    known = store.by_key([fact.key for fact in facts])
    if any(fact.key not in known for fact in facts):
        return []
    for fact in facts:
        recorded = known[fact.key]
        differing = differences(recorded.event, fact.event)
        if differing:
            raise ConflictError(conflict_text(Conflict(recorded, fact, differing)))
    return [AlreadyAppended(known[fact.key]) for fact in facts]


def new_issues(store: EventStore, state: Account, fact: Fact) -> list[Issue]:
    """What would find no lot because of a fill, in the fill itself or in what comes later."""
    fill, at = fact.event, fact.occurred_at
    if not isinstance(fill, FillBooked):
        raise TypeError(f"{fill.TOPIC} is not a fill")
    number, version = state.number + 1, state.version + 1
    recorded = Recorded(number, state.name, version, fact.key, at, at, fill)
    position = state.position_at(fill.instrument_id, fill.position_id)
    if is_within_reach(position, Entry(recorded)):
        return preview(position, Entry(recorded))
    before, after = Record(), Record()
    Position.rebuild(
        position.key, state.policy, rebuilding.position_facts(store, state, position.key), before
    )
    replayed = chain(rebuilding.position_facts(store, state, position.key), [recorded])
    Position.rebuild(position.key, state.policy, replayed, after)
    return added(before.issues, after.issues)


Amendment = FillBusted | FillCorrected | FeeCharged


def require_zones(facts: Sequence[Fact]) -> None:
    """Raise for an account whose days would be of a zone that nobody knows: no day of it could be
    told, nor of any account that shares its tables. One that is on record is read all the same."""
    for fact in facts:
        if isinstance(fact.event, AccountOpened):
            require_zone("time_zone", fact.event.time_zone)


def enriched(store: EventStore, facts: Sequence[Fact]) -> list[Fact]:
    """Facts about fills, with the fill's own instrument, book and order, so that each names by
    itself the aggregates it concerns; what a venue leaves out or shortens does not matter."""
    refs = {ref for fact in facts if (ref := _fill_key(fact)) is not None}
    if not refs:
        return list(facts)
    known = {fact.key: fact.event for fact in facts}
    known |= {key: found.event for key, found in store.by_key(sorted(refs)).items()}
    return [_named(store, fact, known) for fact in facts]


def _fill_key(fact: Fact) -> str | None:
    """The key of the fill that a fact is about, if it is about one."""
    event = fact.event
    if not isinstance(event, Amendment):
        return None
    identity = event.refers_to()
    return identity.key(fact.stream) if identity is not None else None


def _named(store: EventStore, fact: Fact, known: dict[str, Event]) -> Fact:
    """The fact with what its fill says of itself."""
    ref = _fill_key(fact)
    fill = _at_the_root(store, ref, fact.stream, known) if ref is not None else None
    if fill is None:
        return fact
    event: Any = fact.event
    named = changed(
        event,
        instrument_id=fill.instrument_id,
        position_id=fill.position_id,
        cl_ord_id=fill.cl_ord_id or event.cl_ord_id,
    )
    return fact._replace(event=named)


def _at_the_root(
    store: EventStore, ref: str, stream: str, known: dict[str, Event]
) -> FillBooked | None:
    """The fill at the start of a chain of corrections, as far as it is known."""
    seen: set[str] = set()
    while ref not in seen:
        seen.add(ref)
        event = known.get(ref)
        if event is None and (found := store.by_key([ref]).get(ref)):
            event = known[ref] = found.event
        if isinstance(event, FillBooked):
            return event
        if not isinstance(event, FillCorrected):
            return None
        ref = event.refers_to().key(stream)
    return None
