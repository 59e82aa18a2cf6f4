"""Orders: each order after each fact about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from ledger.domain.events import OrderAccepted, OrderPlaced
from ledger.domain.orders import Order
from projections.following import Change
from projections.tables import ORDERS, order_changes
from projections.types import amount_text, optional_amount, optional_moment
from projections.versions import REMEMBERED, Versions


class Terms(NamedTuple):
    """What an order was placed with, its quantity and its prices, as text, and from what that was
    made."""

    placed: OrderPlaced | None
    amounts: tuple[Decimal | None, ...]
    told: tuple[str | None, ...]
    order_qty: str | None
    levels: tuple[str | None, ...]


def terms_of(
    placed: OrderPlaced | None, told: tuple[str | None, ...], amounts: tuple[Decimal | None, ...]
) -> Terms:
    """The terms of an order; of the amounts the first is its quantity."""
    order_qty, *levels = map(optional_amount, amounts)
    return Terms(placed, amounts, told, order_qty, tuple(levels))


class Orders:
    """The blotter: what each order was after each fact, as the facts were recorded."""

    name = ORDERS
    version = 3

    @staticmethod
    def tables(generation: int) -> tuple[Table, ...]:
        """The table of a generation."""
        return (order_changes(generation),)

    def __init__(self, generation: int) -> None:
        self._changes = Versions(order_changes(generation), ["cl_ord_id"])
        self.versions = (self._changes,)
        self._terms: dict[tuple[str, str], Terms] = {}

    def take(self, connection: Connection, change: Change) -> None:
        """Write what a fact made of the orders it names."""
        number, account = change.recorded.number, change.account.name
        for root, order in change.orders:
            ids = order.cl_ord_ids or (root,)
            first = ids[0]
            values = order_values(change, first, order, self._terms_of(account, first, order))
            is_new = order.numbers == [number]
            self._changes.put(connection, account, number, values, is_new=is_new)
            if len(ids) > 1 or first != root:
                for other in {root, *ids} - {first}:
                    self._merge(connection, change, other)

    def _terms_of(self, account: str, first: str, order: Order) -> Terms:
        """An order's terms, written again with each change of it, of which few change them."""
        terms, place = order.facts.terms, (account, first)
        placed, stops = terms.placed, (terms.stop_px, terms.initial_stop_px, terms.target_px)
        amounts = (order.order_qty, terms.limit_px, *stops)
        known = self._terms.get(place)
        if known is None or placed is None or known.placed is not placed:
            known = terms_of(placed, _placed_with(order), amounts)
        elif known.amounts != amounts:
            known = terms_of(placed, known.told, amounts)
        else:
            return known
        self._terms[place] = known
        if len(self._terms) > REMEMBERED:
            del self._terms[next(iter(self._terms))]
        return known

    def _merge(self, connection: Connection, change: Change, cl_ord_id: str) -> None:
        """What was kept under an id that turned out to be another order's ends."""
        old = self._changes.holding(connection, (change.account.name, cl_ord_id))
        if old is not None:
            self._changes.end(change.recorded.number, old)


def order_values(change: Change, cl_ord_id: str, order: Order, terms: Terms) -> list[Any]:
    """An order as it stands, in the order of the table's columns."""
    heading, facts = change.heading, order.facts
    fills, latest = facts.fills, facts.standing.latest
    accepted, leaves = latest.get(OrderAccepted), order.leaves_qty
    is_whole = leaves and not fills.cum_qty
    return [
        cl_ord_id,
        facts.terms.cl_ord_id or cl_ord_id,
        order.order_id,
        heading.event,
        heading.occurred_at,
        heading.recorded_at,
        order.status.fix_name,
        facts.standing.reason if latest else "",
        *terms.told,
        terms.order_qty,
        amount_text(fills.cum_qty),
        terms.order_qty if is_whole else amount_text(leaves),
        optional_amount(fills.avg_px),
        *terms.levels,
        optional_moment(accepted.occurred_at if accepted else None),
        optional_moment(fills.last_at),
        int(bool(leaves)),
    ]


def _placed_with(order: Order) -> tuple[str | None, ...]:
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
