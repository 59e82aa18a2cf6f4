"""Start-up: what a bot has to know before it trades again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Final

import attrs

from adapters.port import Batch, Record
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Kind
from adapters.reconcile.outcome import Outcome, Verdict
from adapters.reconcile.run import reconcile
from ledger.reading import Reader
from projections.reports import Reports


class Action(Enum):
    """What is proposed for a break; nothing is done."""

    INGEST = "ingest the report"
    ASK_VENUE = "ask the venue for the order's last state"
    ADOPT_ORDER = "record the order, or cancel it at the venue"
    MOVE_STOP = "send the stop again, or record that it was moved"
    LOOK = "look before trading"


_ACTIONS: Final = {
    Kind.MISSING_IN_LEDGER: Action.INGEST,
    Kind.LATE_REPORTED: Action.INGEST,
    Kind.BUSTED_NOT_REVERSED: Action.INGEST,
    Kind.CORRECTION_NOT_BOOKED: Action.INGEST,
    Kind.CASH_MISSING: Action.INGEST,
    Kind.ORDER_CUM_QTY: Action.INGEST,
    Kind.ORDER_OPEN_HERE: Action.ASK_VENUE,
    Kind.ORDER_OPEN_THERE: Action.ASK_VENUE,
    Kind.ORDER_UNKNOWN_HERE: Action.ADOPT_ORDER,
    Kind.ORDER_STOP_PRICE: Action.MOVE_STOP,
}


@attrs.frozen(kw_only=True)
class Proposal:
    """What may be done about a break."""

    about: Break
    action: Action


@attrs.frozen(kw_only=True)
class StartUp:
    """What is missing on either side (the outcome's breaks), what happened while the bot was away
    (``away``: the venue's rows that the books do not have, in the order of time), what is proposed.

    ``unsaid`` names what the venue did not say: it is unknown then, never flat and never closed.
    """

    outcome: Outcome
    away: tuple[Record, ...]
    proposals: tuple[Proposal, ...]
    unsaid: tuple[str, ...]

    @property
    def may_trade(self) -> bool:
        """Whether both sides agree on everything, and the venue has spoken of everything."""
        return self.outcome.verdict is Verdict.CLEAN and not self.unsaid


def start_up(
    book: Reader, reports: Reports, batch: Batch, *, now: datetime, other_account: bool = False
) -> StartUp:
    """Compare open orders, recent fills, positions and balances of a venue with the books of a bot
    that comes up. It books nothing; ``adapters.ingest`` books what happened meanwhile.
    ``other_account``: the venue calls the account otherwise now, and its answers are meant."""
    outcome = reconcile(book, reports, batch, now=now, other_account=other_account)
    proposals = [
        Proposal(about=one, action=_ACTIONS.get(one.kind, Action.LOOK)) for one in outcome.breaks
    ]
    return StartUp(
        outcome=outcome,
        away=tuple(_away(book, batch)),
        proposals=tuple(proposals),
        unsaid=tuple(_unsaid(book, batch, outcome)),
    )


def _away(book: Reader, batch: Batch) -> Iterator[Record]:
    """The rows that the books do not have."""
    keyed = []
    for record in batch.records:
        identity = record.event.identity()
        keyed.append((record, identity.key(batch.account) if identity else ""))
    known = book.store.by_key([key for _, key in keyed])
    missing = [record for record, key in keyed if key not in known]
    yield from sorted(missing, key=lambda record: record.occurred_at)


def _unsaid(book: Reader, batch: Batch, outcome: Outcome) -> Iterator[str]:
    """What the books hold and the venue said nothing of."""
    yield from outcome.incomplete
    covers = batch.coverage
    if not covers.lists_orders and book.open_orders(batch.account):
        stated = {name for one in batch.orders for name in (one.order_id, one.cl_ord_id) if name}
        for order in book.open_orders(batch.account):
            if stated.isdisjoint({*order.cl_ord_ids, order.order_id}):
                yield f"order {order.cl_ord_id} is open in the books: the venue did not speak of it"
    if not covers.lists_positions:
        told = {one.instrument_id for one in batch.positions}
        for view in book.positions(batch.account):
            if not view.is_flat and view.instrument_id not in told:
                yield f"{view.instrument_id} is held in the books: the venue did not speak of it"
    if not covers.lists_balances and not batch.balances:
        yield "the venue did not speak of money"
