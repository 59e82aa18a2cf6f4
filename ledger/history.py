"""History: what the books said at a past moment, what changed since, and why a number is.

A question names two times. ``as_of`` is when things happened; ``known_at`` when we had learned
of them, and resolves to a log number, which every answer carries: an answer for a number never
changes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import attrs

from ledger.domain.accounts import Account
from ledger.domain.actions import MOVES_POSITIONS
from ledger.domain.events import FillBooked, FillBusted, FillCorrected, Recorded
from ledger.domain.gates import require_time
from ledger.domain.numbers import text
from ledger.domain.orders import Order
from ledger.domain.positions import Position, PositionKey
from ledger.domain.watching import Record
from ledger.errors import UnknownNumberError
from ledger.store.port import EventStore

KnownAt = int | datetime | None

# Facts folded at a time: bounds what is in memory, not what is read.
CHUNK = 1_000
FEW = 16


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
    """Fold an account from the log, up to a moment in each of the two times."""
    upto = resolve(store, known_at)
    account = Account(name, as_of=as_of if as_of is None else require_time("as_of", as_of))
    fold(account, store.read(name, upto=upto))
    complete(store, account, upto)
    account.number = upto
    return account


def fold(account: Account, news: Iterable[Recorded]) -> int:
    """Fold facts in chunks, each in order of time: what is late only within its chunk then costs
    nothing. The state does not depend on the order. Returns how many there were."""
    size = max(len(news), 1) if isinstance(news, list) else CHUNK
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
    return count


def _when(recorded: Recorded) -> datetime:
    return recorded.occurred_at


def complete(store: EventStore, account: Account, upto: int | None = None) -> None:
    """Settle late facts; read from the store what the resident history does not reach."""
    for key in sorted(account.settle()):
        account.adopt_position(rebuild_position(store, account, key, upto))
    for root in list(account.orders.stale):
        account.orders.adopt(root, rebuild_order(store, account, root, upto))


def position_facts(
    store: EventStore, account: Account, key: PositionKey, upto: int | None = None
) -> Iterator[Recorded]:
    """A position's own facts that the account counts: from the index, and those about a
    fill that is elsewhere than they say, or that do not say where it is."""
    elsewhere = {recorded.key for found, recorded in account.linked if found != key}
    for recorded in store.refs(account.name, "instrument", key.instrument_id, upto=upto):
        named = getattr(recorded.event, "position_id", None)
        moves = isinstance(recorded.event, MOVES_POSITIONS) and recorded.key not in elsewhere
        if moves and named == key.position_id and account.counts(recorded):
            yield recorded
    for found, recorded in account.linked:
        if found == key:
            yield recorded


def rebuild_position(
    store: EventStore,
    account: Account,
    key: PositionKey,
    upto: int | None = None,
    watch: Record | None = None,
) -> Position:
    """Fold one position from its own facts alone."""
    facts = position_facts(store, account, key, upto)
    return Position.rebuild(key, account.policy, facts, watch)


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


# -- diff ------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Change:
    """A figure that differs between two knowledge times."""

    subject: str
    figure: str
    before: str
    after: str


@attrs.frozen(kw_only=True)
class Diff:
    """What we knew then and know now: the figures that differ, and the facts learned between."""

    account: str
    from_number: int
    to_number: int
    changes: tuple[Change, ...]
    facts: tuple[Recorded, ...]


def diff(
    store: EventStore,
    name: str,
    *,
    known_from: KnownAt,
    known_to: KnownAt = None,
    as_of: datetime | None = None,
) -> Diff:
    """Compare an account at two knowledge times."""
    first, last = resolve(store, known_from, "known_from"), resolve(store, known_to, "known_to")
    old = account_at(store, name, as_of=as_of, known_at=first)
    new = account_at(store, name, as_of=as_of, known_at=last)
    learned = tuple(
        recorded
        for recorded in store.read(name, after=old.version, upto=new.number)
        if recorded.number > old.number
    )
    named = _orders(store, learned)
    figures_then = dict([*_figures(old), *_order_figures(store, old, named)])
    figures_now = dict([*_figures(new), *_order_figures(store, new, named)])
    changes = tuple(
        Change(subject=subject, figure=figure, before=then, after=now)
        for subject, figure in sorted(figures_then.keys() | figures_now.keys())
        if (then := figures_then.get((subject, figure), "-"))
        != (now := figures_now.get((subject, figure), "-"))
    )
    return Diff(
        account=name,
        from_number=old.number,
        to_number=new.number,
        changes=changes,
        facts=learned,
    )


def _figures(account: Account) -> Iterable[tuple[tuple[str, str], str]]:
    """The figures of an account that a diff compares."""
    for key in account.positions:
        view = account.view(key)
        name = key.instrument_id if key.position_id == "net" else "/".join(key)
        for figure in ("net_qty", "cost_basis", "realized_pnl", "net_realized_pnl"):
            yield (f"position {name}", figure), text(getattr(view, figure))
        for currency, charged in view.fees.items():
            yield (f"position {name}", f"fees {currency}"), text(charged)
        if view.suspense_qty:
            yield (f"position {name}", "suspense_qty"), text(view.suspense_qty)
    for balance in account.balances():
        yield (f"balance {balance.currency}", "total"), text(balance.total)


def _orders(store: EventStore, learned: Sequence[Recorded]) -> list[str]:
    """The orders that facts are about, by the ids they name; a bust's by its fill."""
    events = [recorded.event for recorded in learned]
    amended = [
        event.refers_to().key(learned[0].stream)
        for event in events
        if isinstance(event, FillBusted | FillCorrected)
    ]
    fills = [recorded.event for recorded in store.by_key(amended).values()]
    ids = (getattr(event, "cl_ord_id", None) for event in (*events, *fills))
    return sorted({id for id in ids if id})


def _order_figures(
    store: EventStore, account: Account, named: Sequence[str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Status and executed quantity of orders, each under the first of its ids."""
    for cl_ord_id in named:
        order = rebuild_order(store, account, cl_ord_id)
        if order.cl_ord_ids:
            view = order.view()
            subject = f"order {order.cl_ord_ids[0]}"
            yield (subject, "status"), view.status.name.lower()
            yield (subject, "cum_qty"), text(view.cum_qty)
