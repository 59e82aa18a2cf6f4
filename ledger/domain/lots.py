"""Lots and the booking methods: which open lot a reduction takes, and what basis leaves with it.

A lot is what one fill opened; lots are never merged. Quantity and basis carry the position's
sign. ``basis`` is before charges; ``charges`` is what the fee rule put into the lot's cost.
Taking part of a lot takes ``basis * part / whole``; the last slice takes what is
left, so that the slices of a lot always add up to it.
"""

from __future__ import annotations

import heapq
from bisect import insort_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple, Protocol

from ledger.domain.events import Booking
from ledger.domain.numbers import ONE, ZERO, add, negate, ratio, subtract

SKIPS = 256


class Lot(NamedTuple):
    """An open lot: signed quantity and basis, and the fill that opened it."""

    qty: Decimal
    basis: Decimal
    charges: Decimal
    opened_at: datetime
    exec_id: str
    label: str | None = None

    @property
    def unit_cost(self) -> Decimal:
        """Basis with charges for one unit: what HIFO and LOFO rank by."""
        return ratio(add(self.basis, self.charges), ONE, self.qty)


class Shortfall(Enum):
    """Why a reduction could not be matched with lots."""

    INSUFFICIENT = "insufficient_lots"
    AMBIGUOUS = "ambiguous_lots"
    NO_MATCH = "no_matching_lot"
    NOT_THE_METHODS = "not_the_lot_the_method_takes"


def opened_at(lot: Lot) -> datetime:
    """The time a lot is ordered by."""
    return lot.opened_at


def split(lot: Lot, units: Decimal) -> tuple[Lot, Lot]:
    """The slice of ``units`` (unsigned) taken from a lot, and what is left of it."""
    held, basis, charges, since, exec_id, label = lot
    whole = held.copy_abs()
    qty = units if held > ZERO else negate(units)
    part = ratio(basis, units, whole) if basis else ZERO
    part_charges = ratio(charges, units, whole) if charges else ZERO
    return (
        Lot(qty, part, part_charges, since, exec_id, label),
        Lot(
            subtract(held, qty),
            subtract(basis, part),
            subtract(charges, part_charges) if charges else ZERO,
            since,
            exec_id,
            label,
        ),
    )


class LotBook(Protocol):
    """The open lots of one position under one booking method."""

    def put(self, lot: Lot) -> None:
        """Add a lot at its place in time."""

    def take(self, units: Decimal) -> list[Lot]:
        """Remove ``units`` (unsigned, at most all): slices in the order the method takes."""

    def copy(self) -> LotBook:
        """An independent book with the same lots."""

    def __iter__(self) -> Iterator[Lot]:
        """The lots, oldest first."""

    def __len__(self) -> int:
        """How many lots are open."""


class Queue:
    """Lots in order of time, taken from the oldest end or from the newest.

    A pool (AVERAGE) only has to know which dates are left, so :meth:`skip` puts off taking
    from the front until somebody looks.
    """

    __slots__ = ("head", "lots", "newest_first", "skipped", "skips")

    def __init__(self, lots: Iterable[Lot] = (), *, newest_first: bool = False) -> None:
        self.lots = list(lots)
        self.head = 0
        self.newest_first = newest_first
        self.skipped = ZERO
        self.skips = 0

    def put(self, lot: Lot) -> None:
        """Add a lot; nearly always the newest."""
        if self.lots and lot.opened_at < self.lots[-1].opened_at:
            self._catch_up()
            insort_right(self.lots, lot, lo=self.head, key=opened_at)
        else:
            self.lots.append(lot)

    def take(self, units: Decimal) -> list[Lot]:
        """Slices from the end the method starts at."""
        self._catch_up()
        slices: list[Lot] = []
        while units:
            at = len(self.lots) - 1 if self.newest_first else self.head
            lot = self.lots[at]
            held = lot.qty.copy_abs()
            if held > units:
                taken, self.lots[at] = split(lot, units)
                slices.append(taken)
                return slices
            self._drop(at)
            slices.append(lot)
            units = subtract(units, held)
        return slices

    def skip(self, units: Decimal) -> None:
        """Take units from the front without a need for their slices."""
        self.skipped = add(self.skipped, units)
        self.skips += 1
        if self.skips >= SKIPS:
            self._catch_up()

    def _catch_up(self) -> None:
        """Drop what was put off: units only, for the basis is the pool's."""
        if not self.skips:
            return
        units, self.skipped, self.skips = self.skipped, ZERO, 0
        lots, head = self.lots, self.head
        while units:
            lot = lots[head]
            held = lot.qty.copy_abs()
            if held > units:
                left = subtract(held, units)
                lots[head] = lot._replace(qty=left if lot.qty > ZERO else negate(left))
                break
            units = subtract(units, held)
            head += 1
        del lots[:head]
        self.head = 0

    def _drop(self, at: int) -> None:
        """Forget a used-up lot; the used front of the list is cut off now and then."""
        if self.newest_first:
            del self.lots[at]
            return
        self.head += 1
        if self.head > 64 and self.head * 2 > len(self.lots):
            del self.lots[: self.head]
            self.head = 0

    def copy(self) -> Queue:
        """An independent copy; lots themselves are immutable and shared."""
        self._catch_up()
        return Queue(self.lots[self.head :], newest_first=self.newest_first)

    def __iter__(self) -> Iterator[Lot]:
        self._catch_up()
        return iter(self.lots[self.head :])

    def __len__(self) -> int:
        self._catch_up()
        return len(self.lots) - self.head


class Ranked:
    """Lots ranked by unit cost, highest (HIFO) or lowest (LOFO) first, ties oldest first."""

    __slots__ = ("count", "heap", "highest_first")

    def __init__(self, lots: Iterable[Lot] = (), *, highest_first: bool) -> None:
        self.highest_first = highest_first
        self.heap: list[tuple[Decimal, datetime, int, Lot]] = []
        self.count = 0
        for lot in lots:
            self.put(lot)

    def put(self, lot: Lot) -> None:
        """Add a lot under its unit cost, which does not change while it is open."""
        self.count += 1
        rank = negate(lot.unit_cost) if self.highest_first else lot.unit_cost
        heapq.heappush(self.heap, (rank, lot.opened_at, self.count, lot))

    def take(self, units: Decimal) -> list[Lot]:
        """Slices from the best ranked lots."""
        slices: list[Lot] = []
        while units:
            rank, since, nth, lot = self.heap[0]
            held = lot.qty.copy_abs()
            if held > units:
                taken, rest = split(lot, units)
                self.heap[0] = (rank, since, nth, rest)
                slices.append(taken)
                return slices
            heapq.heappop(self.heap)
            slices.append(lot)
            units = subtract(units, held)
        return slices

    def copy(self) -> Ranked:
        """An independent copy."""
        twin = Ranked(highest_first=self.highest_first)
        twin.heap, twin.count = self.heap.copy(), self.count
        return twin

    def __iter__(self) -> Iterator[Lot]:
        return (lot for _, _, _, lot in sorted(self.heap, key=lambda item: item[1:3]))

    def __len__(self) -> int:
        return len(self.heap)


def book_for(booking: Booking, lots: Iterable[Lot] = ()) -> LotBook:
    """An empty or filled book of lots for a booking method."""
    if booking is Booking.LIFO:
        return Queue(lots, newest_first=True)
    if booking in {Booking.HIFO, Booking.LOFO}:
        return Ranked(lots, highest_first=booking is Booking.HIFO)
    return Queue(lots)
