"""The same work with ``eventsourcing`` as it comes: aggregates, an application, its recorders.

An order and a position are aggregates. A fill is an event of both; what is charged for a fill is
one of its position. Late fills and amendments are applied as they come, last, which is less than
the ledger does: it puts them where they belong.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ledger.domain.events import (
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    StopMoved,
)
from tests.benchmarks.replay import Fifo

ZERO: Final = Decimal(0)


class Order(Aggregate):
    """One order from its placing to its end."""

    @event("Placed")
    def __init__(
        self,
        account: str,
        cl_ord_id: str,
        instrument_id: str,
        side: str,
        qty: Decimal,
        limit_px: Decimal | None,
        stop_px: Decimal | None,
    ) -> None:
        self.account = account
        self.cl_ord_id = cl_ord_id
        self.instrument_id = instrument_id
        self.side = side
        self.qty = qty
        self.limit_px = limit_px
        self.stop_px = stop_px
        self.cum_qty = ZERO
        self.order_id: str | None = None
        self.is_cancelled = False

    @staticmethod
    def create_id(account: str, cl_ord_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/orders/{account}/{cl_ord_id}")

    @event("Accepted")
    def accept(self, order_id: str | None) -> None:
        self.order_id = order_id

    @event("StopMoved")
    def move_stop(self, stop_px: Decimal, reason: str) -> None:
        self.stop_px = stop_px

    @event("Filled")
    def fill(self, exec_id: str, qty: Decimal, px: Decimal) -> None:
        self.cum_qty += qty

    @event("Amended")
    def amend(self, exec_id: str, exec_ref_id: str, qty: Decimal) -> None:
        self.cum_qty += qty

    @event("Cancelled")
    def cancel(self) -> None:
        self.is_cancelled = True


class Position(Aggregate):
    """One position: lots first in, first out, what was realized and charged."""

    @event("Opened")
    def __init__(self, account: str, instrument_id: str) -> None:
        self.account = account
        self.instrument_id = instrument_id
        self.book = Fifo()

    @staticmethod
    def create_id(account: str, instrument_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/positions/{account}/{instrument_id}")

    @event("Filled")
    def fill(self, exec_id: str, qty: Decimal, px: Decimal) -> None:
        self.book.fill(qty, px)

    @event("Amended")
    def amend(
        self, exec_id: str, exec_ref_id: str, qty: Decimal, px: Decimal, old_px: Decimal
    ) -> None:
        self.book.fill(-qty, old_px)
        if px:
            self.book.fill(qty, px)

    @event("Charged")
    def charge(self, id: str, exec_id: str, amount: Decimal, currency: str) -> None:
        self.book.fees += amount


class Stock:
    """A program that keeps its aggregates in memory and saves what it did to them."""

    def __init__(self, env: dict[str, str]) -> None:
        self.app: Application[UUID] = Application(env)
        self.orders: dict[str, Order] = {}
        self.positions: dict[tuple[str, str], Position] = {}
        self.fills: dict[str, FillBooked] = {}
        self.facts = 0

    def record(self, facts: Iterable[Fact]) -> None:
        """Do what the facts say, and save all of it in one transaction."""
        changed: dict[UUID, Aggregate] = {}
        for fact in facts:
            self.facts += 1
            for one in self._apply(fact):
                changed[one.id] = one
        self.app.save(*changed.values())

    def rebuild(self) -> int:
        """Get every aggregate back from the database; how many facts they stand for."""
        get = self.app.repository.get
        for one in (*self.orders.values(), *self.positions.values()):
            get(one.id)
        return self.facts

    def _apply(self, fact: Fact) -> list[Aggregate]:
        account = fact.stream
        match fact.event:
            case OrderPlaced() as placed:
                return [self._place(account, placed)]
            case OrderAccepted() as accepted:
                order = self.orders[account + accepted.cl_ord_id]
                order.accept(accepted.order_id)
                return [order]
            case StopMoved() as moved:
                order = self.orders[account + moved.cl_ord_id]
                order.move_stop(moved.stop_px, moved.reason.value)
                return [order]
            case OrderCancelled() as cancelled:
                order = self.orders[account + cancelled.cl_ord_id]
                order.cancel()
                return [order]
            case FillBooked() as fill:
                return self._fill(account, fill)
            case FeeCharged() as fee:
                position = self._position(account, fee.instrument_id or "")
                position.charge(fee.id, fee.exec_id or "", fee.amount, fee.currency)
                return [position]
            case FillBusted() | FillCorrected() as amendment:
                return self._amend(account, amendment)
        return []

    def _place(self, account: str, placed: OrderPlaced) -> Order:
        order = self.orders[account + placed.cl_ord_id] = Order(
            account=account,
            cl_ord_id=placed.cl_ord_id,
            instrument_id=placed.instrument_id,
            side=placed.side.value,
            qty=placed.order_qty,
            limit_px=placed.limit_px,
            stop_px=placed.stop_px,
        )
        return order

    def _position(self, account: str, instrument_id: str) -> Position:
        key = (account, instrument_id)
        found = self.positions.get(key)
        if found is None:
            found = self.positions[key] = Position(account=account, instrument_id=instrument_id)
        return found

    def _fill(self, account: str, fill: FillBooked) -> list[Aggregate]:
        self.fills[account + fill.exec_id] = fill
        position = self._position(account, fill.instrument_id)
        position.fill(fill.exec_id, fill.signed_qty, fill.last_px or ZERO)
        if fill.cl_ord_id is None:
            return [position]
        order = self.orders[account + fill.cl_ord_id]
        order.fill(fill.exec_id, fill.last_qty, fill.last_px or ZERO)
        return [order, position]

    def _amend(self, account: str, said: FillBusted | FillCorrected) -> list[Aggregate]:
        """A bust takes a fill back; a correction is another price for it."""
        fill = self.fills.get(account + said.exec_ref_id)
        if fill is None:
            return []
        is_bust = isinstance(said, FillBusted)
        px = ZERO if isinstance(said, FillBusted) else said.last_px or ZERO
        old_px = fill.last_px or ZERO
        position = self._position(account, fill.instrument_id)
        position.amend(said.exec_id, said.exec_ref_id, fill.signed_qty, px, old_px)
        if fill.cl_ord_id is None:
            return [position]
        order = self.orders[account + fill.cl_ord_id]
        order.amend(said.exec_id, said.exec_ref_id, -fill.last_qty if is_bust else ZERO)
        return [order, position]


def in_file(path: Path) -> Stock:
    """On SQLite, all settings as they come."""
    return Stock({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})
