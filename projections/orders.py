"""Orders: each order after each fact about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from ledger.domain.events import OrderAccepted, OrderPlaced
from ledger.domain.orders import Order
from projections.following import Change
from projections.tables import ORDERS, order_changes
from projections.types import amount_text, optional_amount, optional_moment
from projections.versions import REMEMBERED, Versions


class Orders:
    """The blotter: what each order was after each fact, as the facts were recorded."""

    name = ORDERS
    version = 2

    @staticmethod
    def tables(generation: int) -> tuple[Table, ...]:
        """The table of a generation."""
        return (order_changes(generation),)

    def __init__(self, generation: int) -> None:
        self._changes = Versions(order_changes(generation), ["cl_ord_id"])
        self.versions = (self._changes,)
        self._told: dict[tuple[str, str], tuple[OrderPlaced, tuple[str | None, ...]]] = {}

    def take(self, connection: Connection, change: Change) -> None:
        """Write what a fact made of the orders it names."""
        number, account = change.recorded.number, change.account.name
        for root, order in change.orders:
            ids = order.cl_ord_ids or (root,)
            told = self._placed_with(account, ids[0], order)
            values = order_values(change, ids[0], order, told)
            first = order.numbers == [number]
            self._changes.put(connection, account, number, values, is_new=first)
            for other in {root, *ids} - {ids[0]}:
                self._merge(connection, change, other)

    def _placed_with(self, account: str, root: str, order: Order) -> tuple[str | None, ...]:
        """What an order was placed with, which is written again with each change of it."""
        placed = order.facts.terms.placed
        if placed is None:
            return _told(order)
        known = self._told.get((account, root))
        if known is None or known[0] is not placed:
            known = placed, _told(order)
            self._told[account, root] = known
            if len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
        return known[1]

    def _merge(self, connection: Connection, change: Change, cl_ord_id: str) -> None:
        """What was kept under an id that turned out to be another order's ends."""
        old = self._changes.holding(connection, (change.account.name, cl_ord_id))
        if old is not None:
            self._changes.end(change.recorded.number, old)


def order_values(
    change: Change, cl_ord_id: str, order: Order, told: Sequence[str | None]
) -> list[Any]:
    """An order as it stands, in the order of the table's columns; ``told`` is what it was placed
    with."""
    heading, facts = change.heading, order.facts
    terms, fills, latest = facts.terms, facts.fills, facts.standing.latest
    accepted = latest.get(OrderAccepted)
    leaves = order.leaves_qty
    return [
        cl_ord_id,
        terms.cl_ord_id or cl_ord_id,
        order.order_id,
        heading.event,
        heading.occurred_at,
        heading.recorded_at,
        order.status.fix_name,
        facts.standing.reason if latest else "",
        *told,
        optional_amount(order.order_qty),
        amount_text(fills.cum_qty),
        amount_text(leaves),
        optional_amount(fills.avg_px) if fills.cum_qty else None,
        optional_amount(terms.limit_px),
        optional_amount(terms.stop_px),
        optional_amount(terms.initial_stop_px),
        optional_amount(terms.target_px),
        optional_moment(accepted.occurred_at if accepted else None),
        optional_moment(fills.last_at),
        int(bool(leaves)),
    ]


def _told(order: Order) -> tuple[str | None, ...]:
    """What an order was placed with, or what its first fill says of it."""
    placed, side = order.facts.terms.placed, order.side
    return (
        order.instrument_id,
        order.position_id,
        placed.strategy if placed else None,
        placed.intent.value if placed and placed.intent else None,
        side.value if side else None,
        placed.ord_type.value if placed else None,
        placed.tif.value if placed else None,
        optional_amount(placed.decision_px if placed else None),
        optional_moment(order.placed_at),
    )
