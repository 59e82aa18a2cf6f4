"""Choosing lots by name: what STRICT and SPECIFIC ask of a reduction, and what selectors mean.

FIFO and its kin know which lot they take. These methods want to be told, and answer with a
:class:`~ledger.domain.lots.Shortfall` where what they were told does not single out lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ledger.domain.events import Booking, LotSelector
from ledger.domain.lots import Lot, LotBook, Shortfall, book_for, split
from ledger.domain.numbers import ZERO, add, quantize, subtract, total

CHOOSY = frozenset({Booking.STRICT, Booking.STRICT_WITH_SIZE, Booking.SPECIFIC})


def fits(lot: Lot, selector: LotSelector) -> bool:
    """Whether a lot is one that the selector means."""
    return (
        (selector.exec_id is None or lot.exec_id == selector.exec_id)
        and (selector.unit_cost is None or quantize(lot.unit_cost) == selector.unit_cost)
        and (selector.opened_on is None or lot.opened_at.date() == selector.opened_on)
        and (selector.label is None or lot.label == selector.label)
    )


def choose(
    booking: Booking, lots: LotBook, units: Decimal, selectors: Sequence[LotSelector]
) -> Shortfall | list[tuple[Lot, Decimal]]:
    """The lots and units a choosy reduction takes, or why there is no answer."""
    wanted = selectors or (LotSelector(),)
    found = [lot for lot in lots if any(fits(lot, selector) for selector in wanted)]
    if not found:
        return Shortfall.NO_MATCH if selectors else Shortfall.INSUFFICIENT
    if booking not in CHOOSY:
        return _as_the_method_takes(lots, units, found)
    if any(selector.qty is not None for selector in selectors):
        return _by_quantity(found, units, selectors)
    held = total(lot.qty.copy_abs() for lot in found)
    if units > held:
        return Shortfall.INSUFFICIENT
    exact = [lot for lot in found if lot.qty.copy_abs() == units]
    if booking is Booking.STRICT_WITH_SIZE and exact:
        found = exact[:1]
    elif len(found) > 1 and units != held:
        return Shortfall.AMBIGUOUS
    return _spread(found, units)


def _spread(lots: Iterable[Lot], units: Decimal) -> list[tuple[Lot, Decimal]]:
    """Units over lots, front to back."""
    parts = []
    for lot in lots:
        part = min(lot.qty.copy_abs(), units)
        if part:
            parts.append((lot, part))
        units = subtract(units, part)
    return parts


def _as_the_method_takes(
    lots: LotBook, units: Decimal, found: list[Lot]
) -> Shortfall | list[tuple[Lot, Decimal]]:
    """FIFO and its kin accept a named lot only where they would take it anyway."""
    held = total(lot.qty.copy_abs() for lot in lots)
    if units > held:
        return Shortfall.INSUFFICIENT
    named, left, parts = {id(lot) for lot in found}, list(lots), []
    for part in lots.copy().take(units):
        # A slice is its whole lot, or a part of one with its name; two lots may share a name.
        same = [lot for lot in left if lot == part] or [
            lot for lot in left if lot[3:5] == part[3:5]
        ]
        if id(same[0]) not in named:
            return Shortfall.NOT_THE_METHODS
        left = [lot for lot in left if lot is not same[0]]
        parts.append((same[0], part.qty.copy_abs()))
    return parts


def _by_quantity(
    found: list[Lot], units: Decimal, selectors: Sequence[LotSelector]
) -> Shortfall | list[tuple[Lot, Decimal]]:
    """SPECIFIC: each selector names a lot and how much of it."""
    parts: list[tuple[Lot, Decimal]] = []
    asked: dict[int, Decimal] = {}
    for selector in selectors:
        fitting = [lot for lot in found if fits(lot, selector)]
        part = selector.qty if selector.qty is not None else units
        if len(fitting) != 1:
            return Shortfall.AMBIGUOUS if fitting else Shortfall.NO_MATCH
        lot = fitting[0]
        asked[id(lot)] = add(asked.get(id(lot), ZERO), part)
        if asked[id(lot)] > lot.qty.copy_abs():
            return Shortfall.INSUFFICIENT
        parts.append((lot, part))
    taken = total(part for _, part in parts)
    return parts if taken == units else Shortfall.INSUFFICIENT


def take_chosen(
    booking: Booking, lots: LotBook, parts: Sequence[tuple[Lot, Decimal]]
) -> tuple[list[Lot], LotBook]:
    """The chosen slices, and the book without them."""
    slices, rest = [], []
    chosen: dict[int, Decimal] = {}
    for lot, part in parts:
        chosen[id(lot)] = add(chosen.get(id(lot), ZERO), part)
    for lot in lots:
        part = chosen.get(id(lot), ZERO)
        if part == lot.qty.copy_abs():
            slices.append(lot)
        elif part:
            taken, left = split(lot, part)
            slices.append(taken)
            rest.append(left)
        else:
            rest.append(lot)
    return slices, book_for(booking, rest)
