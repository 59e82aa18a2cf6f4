"""Trades by lot: each piece of a lot that was closed, as the fold of the position tells it.

The account's own booking method says which lots a reduction takes. Quantity, basis and proceeds are
those of the fold: proceeds are shared by quantity, the last piece taking what is left, so that
pieces add up to what the position realized.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

import attrs

from ledger.domain.accounts import Account
from ledger.domain.canonical import Entry, SortKey, fees_of, identifier
from ledger.domain.events import FillBooked, SplitApplied
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument
from ledger.domain.lots import Lot
from ledger.domain.numbers import ZERO, add, quantize, ratio, subtract
from ledger.domain.positions import PositionKey
from ledger.domain.watching import Cycle, Disposal, Issue, Record
from ledger.reading import Reader
from ledger.rebuilding import rebuild_position

Money = Mapping[str, Decimal]


@attrs.frozen(kw_only=True)
class LotTrade:
    """A piece of a lot, from the fill that opened it to the one that closed it. ``qty`` is
    unsigned; ``side`` that of what was held; money is in ``currency``, the instrument's.

    ``entry_px`` is what the piece cost a unit by the booking method (under AVERAGE its share of the
    pool), ``exit_px`` what it brought. ``opened_by`` and ``closed_by`` are log numbers; the first
    is None where the lot came otherwise than by one fill of this position. ``cycle`` is the trip
    in which it was closed.

    ``fees`` is the piece's share by quantity of what both fills were charged in ``currency``,
    ``other_fees`` the same in other currencies. Both are None, and ``why`` says so, where that
    cannot be told exactly. Fees that were paid in the units themselves close no piece.
    """

    account: str
    instrument_id: str
    position_id: str
    currency: str | None
    cycle: int
    side: str
    opened_at: datetime
    closed_at: datetime
    opened_by: int | None
    closed_by: int
    entry_exec_id: str
    exit_exec_id: str
    cl_ord_id: str | None
    exit_cl_ord_id: str | None
    qty: Decimal
    entry_px: Decimal | None
    exit_px: Decimal | None
    gross_pnl: Decimal
    fees: Decimal | None
    other_fees: Money | None
    why: str

    @property
    def holding_time(self) -> timedelta:
        """From the fill that opened it to the one that closed it."""
        return self.closed_at - self.opened_at

    @property
    def net_pnl(self) -> Decimal | None:
        """Gross less fees; None where those cannot be told."""
        return None if self.fees is None else subtract(self.gross_pnl, self.fees)


class _Piece(NamedTuple):
    """A slice that was closed: its signed units, what it cost and brought, and by which entries."""

    cycle: int
    lot: Lot
    proceeds: Decimal
    closing: Entry
    opening: Entry | None
    was_split: bool


_NO_FILL: Final = "the lot was not opened by one fill of this position"
_SPLIT: Final = "units were split between the two fills"
_SUSPENSE: Final = "a part of a fill found nothing to close"


class _Pieces(Record):
    """Hears of a position's steps, and keeps what was closed of which lot."""

    def __init__(self) -> None:
        super().__init__()
        self._begin()

    def _begin(self) -> None:
        self.pieces: list[_Piece] = []
        self.suspended: set[str] = set()
        self._waiting: list[Disposal] = []
        self._ready: list[tuple[int, Disposal]] = []
        self._openings: dict[tuple[datetime, str], Entry | None] = {}
        self._splits = 0
        self._splits_at: dict[str, int] = {}

    def rewound(self, holding: Holding, since: SortKey) -> None:
        """All of it is told from the beginning."""
        self._begin()

    def disposal(self, disposal: Disposal) -> None:
        """Units were closed; which trip's they are is told next."""
        self._waiting.append(disposal)

    def cycle(self, cycle: Cycle) -> None:
        """The position went flat: so far it was this trip."""
        self._assign(cycle.number)

    def issue(self, issue: Issue) -> None:
        """A part of a fill stands beside the position."""
        self.suspended.add(issue.key)

    def step(self, entry: Entry, holding: Holding) -> None:
        """A fact was folded: what it closed, and what it may have opened."""
        self._assign(holding.cycle_number)
        for cycle, disposal in self._ready:
            self._close(cycle, disposal, entry)
        self._ready = []
        if isinstance(entry.event, FillBooked):
            name = (entry.at, entry.event.exec_id)
            self._openings[name] = None if name in self._openings else entry
            self._splits_at[entry.key] = self._splits
        self._splits += isinstance(entry.event, SplitApplied)

    def _assign(self, cycle: int) -> None:
        self._ready += [(cycle, one) for one in self._waiting]
        self._waiting = []

    def _close(self, cycle: int, disposal: Disposal, closing: Entry) -> None:
        left, units = disposal.proceeds, disposal.qty.copy_abs()
        for nth, lot in enumerate(disposal.slices, 1):
            qty = lot.qty.copy_abs()
            is_last = nth == len(disposal.slices)
            proceeds = left if is_last else ratio(disposal.proceeds, qty, units)
            left = subtract(left, proceeds)
            opening = self._openings.get((lot.opened_at, lot.exec_id))
            splits = self._splits + isinstance(closing.event, SplitApplied)
            was_split = opening is not None and self._splits_at[opening.key] != splits
            self.pieces.append(_Piece(cycle, lot, proceeds, closing, opening, was_split))


def lot_trades_of(book: Reader, state: Account, key: PositionKey) -> Iterator[LotTrade]:
    """The closed pieces of a position's lots, as an account knows them, in canonical order."""
    heard = _Pieces()
    rebuild_position(book.store, state, key, state.number, heard)
    instrument = state.instrument(key.instrument_id)
    for piece in heard.pieces:
        yield _told(piece, state.name, key, instrument, heard.suspended)


def _told(
    piece: _Piece,
    account: str,
    key: PositionKey,
    instrument: Instrument | None,
    suspended: set[str],
) -> LotTrade:
    lot, opening, closing = piece.lot, piece.opening, piece.closing
    entry_px = instrument.average(lot.qty, lot.basis) if instrument else None
    exit_px = instrument.average(lot.qty, piece.proceeds) if instrument else None
    why = _why(piece, suspended)
    fees = _fees(piece) if not why else None
    currency = instrument.currency if instrument else None
    apart = {currency, instrument.base_currency if instrument else None}
    return LotTrade(
        account=account,
        instrument_id=key.instrument_id,
        position_id=key.position_id,
        currency=currency,
        cycle=piece.cycle,
        side="long" if lot.qty > ZERO else "short",
        opened_at=lot.opened_at,
        closed_at=closing.at,
        opened_by=opening.recorded.number if opening else None,
        closed_by=closing.recorded.number,
        entry_exec_id=lot.exec_id,
        exit_exec_id=identifier(closing.booked),
        cl_ord_id=_order_of(opening),
        exit_cl_ord_id=_order_of(closing),
        qty=quantize(lot.qty.copy_abs()),
        entry_px=entry_px,
        exit_px=exit_px,
        gross_pnl=quantize(subtract(piece.proceeds, lot.basis)),
        fees=None if fees is None else fees.get(currency or "", ZERO),
        other_fees=None if fees is None else _without(fees, apart),
        why=why,
    )


def _why(piece: _Piece, suspended: set[str]) -> str:
    """Why the fees of a piece cannot be told; empty where they can."""
    if piece.opening is None:
        return _NO_FILL
    if piece.was_split:
        return _SPLIT
    return _SUSPENSE if {piece.opening.key, piece.closing.key} & suspended else ""


def _fees(piece: _Piece) -> Money:
    """The shares of a piece in the fees of both fills, by currency."""
    sums: dict[str, Decimal] = {}
    units = piece.lot.qty.copy_abs()
    for entry in (piece.opening, piece.closing):
        fill = entry.event if entry else None
        if entry is not None and isinstance(fill, FillBooked):
            for fee in fees_of(entry):
                share = ratio(fee.amount, units, fill.last_qty)
                sums[fee.currency] = add(sums.get(fee.currency, ZERO), share)
    return {currency: quantize(amount) for currency, amount in sums.items()}


def _without(fees: Money, apart: set[str | None]) -> Money:
    """Fees in other currencies; what was paid in units left the lots at cost."""
    return MappingProxyType({name: fees[name] for name in sorted(fees) if name not in apart})


def _order_of(entry: Entry | None) -> str | None:
    return getattr(entry.event, "cl_ord_id", None) if entry is not None else None
