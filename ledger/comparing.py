"""What changed in an account between two knowledge times, and the facts learned in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from ledger.domain.accounts import Account
from ledger.domain.events import FillBusted, FillCorrected, Recorded
from ledger.domain.numbers import text
from ledger.history import KnownAt, account_at, resolve
from ledger.rebuilding import rebuild_order
from ledger.store.port import EventStore


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
