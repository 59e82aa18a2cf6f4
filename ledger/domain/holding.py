"""The holding: the running state of one position, and how each fact moves it.

All money is in the instrument's settlement currency but for fees, which keep their own. The
signs are those of the account: ``flow`` is what trading brought in cash (a purchase is
negative), ``basis`` what the open units cost (negative for a short), so that always

    realized_pnl == flow + basis + base_fee_cost + in_kind - suspense_flow

and what is flat has realized exactly its flows. A fill that crosses zero closes first and
opens the rest; its fee is shared by quantity, the remainder to the second part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from ledger.domain.choosing import CHOOSY, choose, take_chosen
from ledger.domain.events import Booking, FillBooked, LotSelector
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.lots import Lot, LotBook, Queue, Shortfall, book_for
from ledger.domain.numbers import ZERO, add, negate, ratio, subtract
from ledger.domain.watching import Cycle


class Rules(NamedTuple):
    """What the fold must know of instrument and account at a moment. ``is_plain``: the value
    of a quantity is quantity times price, with nothing else to know."""

    instrument: Instrument | None
    may_cross: bool
    in_cost: bool
    is_plain: bool = False
    currency: str | None = None
    base_currency: str | None = None
    instrument_id: str = ""


# What left with closed units: their basis and charges, and the slices of lots.
Closed = tuple[Decimal, Decimal, Sequence[Lot]]


class Holding:
    """The state of one position. Mutable, slotted, owned by one fold."""

    __slots__ = (
        "base_fee_cost", "basis", "booking", "charges", "cycle_from", "cycle_number", "fees",
        "funding", "in_kind", "income", "is_choosy", "last_at", "lots", "opened_at", "pool",
        "qty", "realized", "suspense_flow", "suspense_qty", "transferred_charges", "unit_income",
        "unknown_basis", "unvalued", "variation",
    )  # fmt: skip

    def __init__(self, booking: Booking = Booking.FIFO) -> None:
        self._use(booking, [])
        self.qty = self.basis = self.charges = ZERO
        self.realized = self.in_kind = self.base_fee_cost = ZERO
        self.unit_income = self.variation = ZERO
        self.suspense_qty = self.suspense_flow = self.transferred_charges = ZERO
        self.fees: dict[str, Decimal] = {}
        self.funding: dict[str, Decimal] = {}
        self.income: dict[str, Decimal] = {}
        self.unknown_basis = False
        self.unvalued = 0
        self.last_at: datetime | None = None
        self.opened_at: datetime | None = None
        self.cycle_number = 0
        self.cycle_from = (ZERO, ZERO, ZERO, ZERO)

    def copy(self) -> Holding:
        """An independent copy: a restart point."""
        twin = Holding.__new__(Holding)
        (
            twin.qty, twin.basis, twin.charges, twin.realized, twin.in_kind, twin.base_fee_cost,
            twin.unit_income, twin.variation, twin.suspense_qty, twin.suspense_flow,
            twin.transferred_charges, twin.unknown_basis, twin.unvalued, twin.last_at,
            twin.opened_at, twin.cycle_number, twin.cycle_from,
        ) = _figures(self)  # fmt: skip
        twin.booking, twin.is_choosy = self.booking, self.is_choosy
        twin.lots = self.lots.copy()
        twin.pool = twin.lots if self.pool is not None else None  # type: ignore[assignment]
        twin.fees = self.fees.copy()
        twin.funding = self.funding.copy()
        twin.income = self.income.copy()
        return twin

    def use(self, booking: Booking) -> None:
        """Go on under another booking method with the lots as they are."""
        if booking is self.booking:
            return
        self._use(booking, self.lot_list())

    def _use(self, booking: Booking, lots: list[Lot]) -> None:
        self.booking = booking
        self.lots: LotBook = book_for(booking, lots)
        self.is_choosy = booking in CHOOSY
        is_pool = booking is Booking.AVERAGE and isinstance(self.lots, Queue)
        self.pool: Queue | None = self.lots if is_pool else None  # type: ignore[assignment]

    def replace_lots(self, lots: list[Lot]) -> None:
        """Put other lots in place of those there are; the totals are the caller's business."""
        self._use(self.booking, lots)

    # -- what is read off ---------------------------------------------------------------

    def lot_list(self) -> list[Lot]:
        """The open lots, oldest first; under AVERAGE each with its share of the pool."""
        lots = list(self.lots)
        if self.pool is None or not lots:
            return lots
        return shared_out(lots, self.qty, self.basis, self.charges)

    @property
    def flow(self) -> Decimal:
        """The cash that trading moved: what was realized, less what is tied up in basis. Derived,
        so that what is flat has realized exactly its flows by construction."""
        tied = add(add(self.basis, self.base_fee_cost), self.in_kind)
        return add(subtract(self.realized, tied), self.suspense_flow)

    def settled_fees(self, instrument: Instrument | None) -> Decimal:
        """Fees charged in the settlement currency."""
        return self.fees.get(instrument.currency, ZERO) if instrument else ZERO

    def settled_funding(self, instrument: Instrument | None) -> Decimal:
        """Funding in the settlement currency."""
        return self.funding.get(instrument.currency, ZERO) if instrument else ZERO

    def cycle(
        self,
        instrument: Instrument | None,
        closed_at: datetime | None = None,
        later_fee: Decimal = ZERO,
    ) -> Cycle:
        """The results since the position was last flat; ``later_fee`` is the next cycle's."""
        realized, fees, base_fees, funding = self.cycle_from
        fees = add(fees, later_fee)
        return Cycle(
            self.cycle_number,
            self.opened_at,
            closed_at,
            subtract(self.realized, realized),
            subtract(self.settled_fees(instrument), fees),
            subtract(self.base_fee_cost, base_fees),
            subtract(self.settled_funding(instrument), funding),
        )

    # -- opening ------------------------------------------------------------------------

    def put(self, lot: Lot) -> None:
        """Put units in at their basis; under AVERAGE into the pool."""
        self.qty = add(self.qty, lot.qty)
        self.basis = add(self.basis, lot.basis)
        if lot.charges:
            self.charges = add(self.charges, lot.charges)
        self.lots.put(lot)

    def begin_cycle(
        self, instrument: Instrument | None, at: datetime, opening_fee: Decimal
    ) -> None:
        """Remember where the totals stand, so that the cycle's own results can be told; the
        opening fill's fee, already counted, is the cycle's own."""
        self.cycle_number += 1
        self.opened_at = at
        fees = subtract(self.settled_fees(instrument), opening_fee)
        funding = self.settled_funding(instrument)
        self.cycle_from = (self.realized, fees, self.base_fee_cost, funding)

    # -- closing ------------------------------------------------------------------------

    def close(self, units: Decimal, selectors: tuple[LotSelector, ...] = ()) -> Shortfall | Closed:
        """Take ``units`` (unsigned, at most what is held) out, or say why it cannot be."""
        if self.pool is not None:
            return self._close_shared(self.pool, units)
        if self.is_choosy or selectors:
            return self._close_chosen(units, selectors)
        return self._released(self.lots.take(units))

    def close_in_order(self, units: Decimal) -> Closed:
        """Take ``units`` out in the method's plain order; STRICT and SPECIFIC, whose choice
        was not asked for, take the oldest."""
        if self.pool is not None:
            return self._close_shared(self.pool, units)
        return self._released(self.lots.take(units))

    def _close_chosen(
        self, units: Decimal, selectors: tuple[LotSelector, ...]
    ) -> Shortfall | Closed:
        parts = choose(self.booking, self.lots, units, selectors)
        if isinstance(parts, Shortfall):
            return parts
        slices, self.lots = take_chosen(self.booking, self.lots, parts)
        return self._released(slices)

    def _close_shared(self, pool: Queue, units: Decimal) -> Closed:
        """AVERAGE: the pool's share leaves; the dates go oldest first."""
        signed = units if self.qty > ZERO else negate(units)
        basis, charges = self.leave_pool(units)
        return basis, charges, shared_out(pool.take(units), signed, basis, charges)

    def leave_pool(self, units: Decimal) -> tuple[Decimal, Decimal]:
        """The share of a pool's basis and charges that leaves with ``units`` (unsigned)."""
        qty, basis, charges = self.qty, self.basis, self.charges
        signed = units if qty > ZERO else negate(units)
        if signed != qty:
            basis = ratio(basis, signed, qty)
            charges = ratio(charges, signed, qty) if charges else ZERO
        self.qty = subtract(qty, signed)
        self.basis = subtract(self.basis, basis)
        if charges:
            self.charges = subtract(self.charges, charges)
        return basis, charges

    def _released(self, slices: list[Lot]) -> Closed:
        """Let matched slices leave the totals."""
        basis = charges = ZERO
        for lot in slices:
            self.qty = subtract(self.qty, lot.qty)
            basis = add(basis, lot.basis)
            if lot.charges:
                charges = add(charges, lot.charges)
        self.basis = subtract(self.basis, basis)
        if charges:
            self.charges = subtract(self.charges, charges)
        return basis, charges, slices

    def charge(self, amount: Decimal, currency: str) -> None:
        """Count a fee in its own currency."""
        self.fees[currency] = add(self.fees.get(currency, ZERO), amount)

    def fund(self, amount: Decimal, currency: str) -> None:
        """Count funding in its own currency."""
        self.funding[currency] = add(self.funding.get(currency, ZERO), amount)

    def earn(self, amount: Decimal, currency: str) -> None:
        """Count income in its own currency."""
        self.income[currency] = add(self.income.get(currency, ZERO), amount)

    def suspend(self, units: Decimal, flow: Decimal) -> None:
        """Keep signed units without a counterpart beside the position."""
        self.suspense_qty = add(self.suspense_qty, units)
        self.suspense_flow = add(self.suspense_flow, flow)


_figures = attrgetter(
    "qty", "basis", "charges", "realized", "in_kind", "base_fee_cost", "unit_income", "variation",
    "suspense_qty", "suspense_flow", "transferred_charges", "unknown_basis", "unvalued", "last_at",
    "opened_at", "cycle_number", "cycle_from",
)  # fmt: skip


def shared_out(lots: list[Lot], qty: Decimal, basis: Decimal, charges: Decimal) -> list[Lot]:
    """A pooled basis over lots by quantity, the last one taking what is left."""
    shared: list[Lot] = []
    left, left_charges = basis, charges
    for lot in lots[:-1]:
        part = ratio(basis, lot.qty, qty)
        part_charges = ratio(charges, lot.qty, qty) if charges else ZERO
        shared.append(Lot(lot.qty, part, part_charges, *lot[3:]))
        left, left_charges = subtract(left, part), subtract(left_charges, part_charges)
    shared.append(Lot(lots[-1].qty, left, left_charges, *lots[-1][3:]))
    return shared


def value_of(fill: FillBooked, qty: Decimal, instrument: Instrument | None) -> Decimal | None:
    """The signed value a fill adds to the basis; None when it cannot be known.

    It cannot where the instrument is not defined, no price is told (or an inverse contract's is
    zero), or the price is told in
    another currency than the instrument's: nothing is converted silently. The stated money is
    the value where it was given; its sign is the quantity's (turned round
    for an inverse contract and for a negative price).
    """
    px = fill.last_px
    if instrument is None or not instrument.is_priced_in(fill.currency):
        return None
    if px == ZERO and instrument.kind is InstrumentKind.INVERSE:
        px = None
    if fill.gross_trade_amt is None:
        return None if px is None else instrument.value(qty, px)
    negative = px is not None and px < ZERO
    flips = (not fill.side.is_buy) ^ negative ^ (instrument.kind is InstrumentKind.INVERSE)
    return negate(fill.gross_trade_amt) if flips else fill.gross_trade_amt
