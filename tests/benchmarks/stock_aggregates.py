"""An order and a position as aggregates of ``eventsourcing``, in its declarative way.

A fill is an event of both; what is charged for a fill is one of its position. Late fills and
amendments are applied as they come, last, which is less than the ledger does: it puts them where
they belong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

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
