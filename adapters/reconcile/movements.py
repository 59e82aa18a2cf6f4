"""Movements of money other than trades: by key, then by currency, amount and day, one to one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from adapters.port import Batch, Record
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.trades import MARGIN, Span
from ledger.conflicts import told_apart
from ledger.domain.events import (
    BalanceAdjusted,
    CashEvent,
    CashWithdrawn,
    Event,
    FeeCharged,
    TradeSettled,
)
from ledger.domain.numbers import ZERO, negate, subtract, text
from ledger.store.port import EventStore
from projections.reports import Reports

_NOT_TOLD: Final = (BalanceAdjusted, TradeSettled)
"""Movements that no broker reports as such: our own, and what only says when money came."""


class Movement(NamedTuple):
    """Money that came in (positive) or went out, on one side."""

    key: str
    what: str
    currency: str
    amount: Decimal
    at: datetime
    where: str
    event: Event


def movement_of(event: Event, key: str, at: datetime, where: str) -> Movement | None:
    """A cash fact as a movement; None for what is no movement of its own, such as a fee that
    belongs to a fill, which is compared with the fill."""
    if not isinstance(event, CashEvent) or isinstance(event, _NOT_TOLD):
        return None
    if isinstance(event, FeeCharged) and event.exec_id is not None:
        return None
    about: Any = event
    out = isinstance(event, FeeCharged | CashWithdrawn)
    amount = negate(about.amount) if out else about.amount
    what = event.TOPIC.partition("/")[0]
    return Movement(key, what, about.currency, amount, at, where, event)


def told_movements(batch: Batch) -> list[Movement]:
    """What a report says, each key once."""
    found: dict[str, Movement] = {}
    for record in batch.records:
        one = movement_of(record.event, _key(record, batch), record.occurred_at, record.row)
        if one is not None:
            found.setdefault(one.key, one)
    return list(found.values())


def compare_movements(
    batch: Batch, reports: Reports, store: EventStore, span: Span, number: int
) -> Iterator[Break]:
    """The breaks of all movements; none are looked for on the books' side alone when the report
    tells no movement at all, or not what it covers."""
    told = told_movements(batch)
    booked = store.by_key([one.key for one in told])
    left = []
    for one in told:
        known = booked.get(one.key)
        if known is None or known.number > number:
            left.append(one)
        elif told_apart(known.event, one.event):
            ours = movement_of(known.event, one.key, known.occurred_at, str(known.number))
            yield _break(
                Kind.CASH_MOVEMENT, batch.account, one, Cause.CORRECTION, ours=ours, theirs=one
            )
    here = _booked(batch, reports, store, _about(span, told), number) if told else []
    keys = {one.key for one in told}
    here, left = _paired([one for one in here if one.key not in keys], left)
    for one in left:
        cause = Cause.TIMING if span.ends_after(one.at) else Cause.MISSING_FEED
        yield _break(Kind.CASH_MISSING, batch.account, one, cause, theirs=one)
    for one in here:
        if span.since is not None and span.until is not None and span.holds(one.at):
            cause = Cause.TIMING if span.ends_after(one.at) else Cause.UNKNOWN
            yield _break(Kind.CASH_EXTRA, batch.account, one, cause, ours=one)


def _about(span: Span, told: Sequence[Movement]) -> Span:
    """The times to look at: where the report does not say what it covers, those of its rows, so
    that no more is read as the books grow. Money is paired within a day."""
    times = [one.at for one in told]
    return Span(since=span.since or min(times), until=span.until or max(times))


def _booked(
    batch: Batch, reports: Reports, store: EventStore, span: Span, number: int
) -> list[Movement]:
    """The books' movements of about that time, at this venue."""
    since = None if span.since is None else span.since - MARGIN
    until = None if span.until is None else span.until + MARGIN
    causes = reports.asking.causes_of_entries(batch.account, number, since, until)
    found = []
    for fact in store.by_key(causes).values():
        one = movement_of(fact.event, fact.key, fact.occurred_at, str(fact.number))
        if one is not None and getattr(fact.event, "venue", "") in {batch.venue, ""}:
            found.append(one)
    return sorted(found, key=lambda one: (one.at, one.key))


def _paired(
    here: Sequence[Movement], there: Sequence[Movement]
) -> tuple[list[Movement], list[Movement]]:
    """What is left when the same money of one day has found each other under other ids."""
    waiting: dict[tuple[str, Decimal, str], deque[Movement]] = defaultdict(deque)
    for one in here:
        waiting[_look(one)].append(one)
    used, left = set(), []
    for one in there:
        queue = waiting.get(_look(one))
        if queue:
            used.add(queue.popleft().key)
        else:
            left.append(one)
    return [one for one in here if one.key not in used], left


def _look(one: Movement) -> tuple[str, Decimal, str]:
    return one.currency, one.amount, one.at.date().isoformat()


def _key(record: Record, batch: Batch) -> str:
    identity = record.event.identity()
    return identity.key(batch.account) if identity else record.row


def _value(one: Movement | None) -> str:
    return "none" if one is None else f"{one.what} {text(one.amount)} {one.currency}"


def _break(
    kind: Kind,
    account: str,
    one: Movement,
    cause: Cause,
    *,
    ours: Movement | None = None,
    theirs: Movement | None = None,
) -> Break:
    """A break about one movement, which stands on either side or on both."""
    evidence = []
    if ours is not None:
        evidence.append(f"ledger: {ours.where} {ours.key}")
    if theirs is not None:
        evidence.append(f"broker: {theirs.where} {theirs.key}")
    booked = ours.amount if ours else ZERO
    stated = theirs.amount if theirs else ZERO
    return Break(
        account=account,
        kind=kind,
        subject=one.currency,
        reference=one.key,
        ledger_value=_value(ours),
        broker_value=_value(theirs),
        business_date=one.at.date(),
        currency=one.currency,
        difference=subtract(stated, booked),
        unit=one.currency,
        cause=cause,
        evidence=tuple(evidence),
    )
