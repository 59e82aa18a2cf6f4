"""What the rebuild of an account is compared with: decode its rows, and fold them as simply as
can be done right.

Fills are kept by execution id, so that busts and corrections find them; at the end they are put
in order of time and matched first in, first out. Plain dictionaries, lists and ``Decimal``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from ledger.domain.events import (
    TOPICS,
    Event,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderCancelled,
    OrderPlaced,
    Side,
    StopMoved,
)
from ledger.store.sqlite_module import sqlite3

ZERO = Decimal(0)
SELECT = "SELECT topic, occurred_at, state FROM events WHERE stream = ? ORDER BY version"

Stored = tuple[str, str, bytes]
Decode = Callable[[bytes], Any]


class Holding(NamedTuple):
    """What is compared of a position."""

    qty: Decimal
    basis: Decimal
    realized: Decimal
    fees: Decimal


class Totals(NamedTuple):
    """What is compared of an account."""

    positions: dict[str, Holding]
    cash: Decimal
    open_orders: int


class Fill:
    """An execution as it stands after its amendments."""

    __slots__ = ("at", "fees", "instrument_id", "order", "px", "qty")

    def __init__(self, at: str, event: FillBooked) -> None:
        self.at = at
        self.instrument_id = event.instrument_id
        self.qty = event.last_qty if event.side is Side.BUY else -event.last_qty
        self.px = event.last_px or ZERO
        self.order = event.cl_ord_id
        self.fees: list[tuple[str, Decimal]] = []  # when, how much


class Order:
    """An order: what was asked for, what was executed, whether it was cancelled."""

    __slots__ = ("cancelled_at", "cum_qty", "placed_at", "qty", "stop_px")

    def __init__(self, at: str, event: OrderPlaced) -> None:
        self.placed_at = at
        self.cancelled_at = ""
        self.qty = event.order_qty
        self.stop_px = event.stop_px
        self.cum_qty = ZERO

    @property
    def is_open(self) -> bool:
        return not self.cancelled_at and self.cum_qty < self.qty


class Fifo:
    """The lots of one position, and what was realized."""

    def __init__(self) -> None:
        self.lots: deque[tuple[Decimal, Decimal]] = deque()
        self.qty = self.realized = self.fees = self.flow = ZERO

    def fill(self, qty: Decimal, px: Decimal) -> None:
        """Take in a signed quantity at a price."""
        self.flow -= qty * px
        held = self.qty
        self.qty = held + qty
        lots = self.lots
        while qty and held and (qty > 0) is not (held > 0):
            lot, cost = lots[0]
            closed = -lot if abs(lot) <= abs(qty) else qty
            self.realized += (px - cost) * -closed
            if closed == -lot:
                lots.popleft()
            else:
                lots[0] = (lot + closed, cost)
            held += closed
            qty -= closed
        if qty:
            lots.append((qty, px))

    def copy(self) -> Fifo:
        """An independent copy."""
        twin = Fifo()
        twin.lots = self.lots.copy()
        twin.qty, twin.realized, twin.fees, twin.flow = (
            self.qty, self.realized, self.fees, self.flow
        )  # fmt: skip
        return twin

    def holding(self) -> Holding:
        basis = sum((qty * px for qty, px in self.lots), ZERO)
        return Holding(self.qty, basis, self.realized, self.fees)


class Replay:
    """One account's history, taken in row by row."""

    def __init__(self) -> None:
        self.fills: dict[str, Fill] = {}
        self.orders: dict[str, Order] = {}

    def take(self, at: str, event: Event) -> None:
        """Take in one fact."""
        match event:
            case OrderPlaced():
                self.orders[event.cl_ord_id] = Order(at, event)
            case FillBooked():
                self.fills[event.exec_id] = fill = Fill(at, event)
                self._executed(fill.order, event.last_qty)
            case FeeCharged():
                self.fills[event.exec_id or ""].fees.append((at, event.amount))
            case StopMoved():
                self.orders[event.cl_ord_id].stop_px = event.stop_px
            case OrderCancelled():
                order = self.orders[event.cl_ord_id]
                order.cancelled_at = order.cancelled_at or at
            case FillBusted():
                fill = self.fills.pop(event.exec_ref_id)
                self._executed(fill.order, -abs(fill.qty))
            case FillCorrected():
                fill = self.fills.pop(event.exec_ref_id)
                self._executed(fill.order, event.last_qty - abs(fill.qty))
                fill.qty = event.last_qty.copy_sign(fill.qty)
                fill.px = event.last_px or ZERO
                self.fills[event.exec_id] = fill

    def _executed(self, order: str | None, qty: Decimal) -> None:
        if order is not None:
            self.orders[order].cum_qty += qty

    def in_order(self) -> list[Fill]:
        """The fills as they stand, by time."""
        return sorted(self.fills.values(), key=lambda fill: fill.at)

    def totals(self) -> Totals:
        """Match the fills, and add up."""
        books: dict[str, Fifo] = {}
        for fill in self.in_order():
            book_in(books, fill)
            for _, amount in fill.fees:
                books[fill.instrument_id].fees += amount
        return totals_of(books, sum(order.is_open for order in self.orders.values()))


def book_in(books: dict[str, Fifo], fill: Fill) -> None:
    """Match one more fill."""
    book = books.get(fill.instrument_id)
    if book is None:
        book = books[fill.instrument_id] = Fifo()
    book.fill(fill.qty, fill.px)


def totals_of(books: dict[str, Fifo], open_orders: int) -> Totals:
    """What the positions hold, and the cash that leaves."""
    cash = sum((book.flow - book.fees for book in books.values()), ZERO)
    return Totals({name: book.holding() for name, book in books.items()}, cash, open_orders)


def gated() -> dict[str, Decode]:
    """Decoders into the events, through the gates for numbers and texts."""
    return {topic: msgspec.json.Decoder(kind).decode for topic, kind in TOPICS.items()}


def ungated() -> dict[str, Decode]:
    """The same without the gates: nothing is checked but types. Takes them from the classes of
    this process for good."""
    for kind in TOPICS.values():
        if "__attrs_post_init__" in vars(kind):
            del kind.__attrs_post_init__  # type: ignore[attr-defined]
    return gated()


def rows_of(path: str, account: str) -> Iterator[Stored]:
    """An account's rows, from a connection of its own."""
    connection = sqlite3.connect(path)
    try:
        yield from connection.execute(SELECT, (account,))
    finally:
        connection.close()


def replayed(rows: Iterable[Stored], decoders: dict[str, Decode]) -> Replay:
    """Decode and take in every row."""
    replay = Replay()
    take = replay.take
    for topic, at, state in rows:
        take(at, decoders[topic](state))
    return replay
