"""What the fold is compared with: the same Decimal work on tuples, and nothing else.

Each loop does what a position must do to the money of a fill: its value, its fee, the basis
that opens or leaves, and the realized result, in the same contexts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from ledger.domain.numbers import ZERO, add, multiply, ratio, subtract

Row = tuple[Decimal, Decimal, Decimal]  # signed quantity, price, fee
Totals = tuple[Decimal, Decimal, Decimal, Decimal]  # quantity, basis, realized, fees


def average(rows: Iterable[Row]) -> Totals:
    """A pool at average cost; the rows never cross zero."""
    qty = basis = realized = fees = ZERO
    for units, px, fee in rows:
        value = multiply(px, units)
        fees = add(fees, fee)
        if not qty or (qty > ZERO) is (units > ZERO):
            basis = add(basis, value)
        else:
            taken = ratio(basis, units.copy_abs(), qty.copy_abs())
            realized = subtract(realized, add(value, taken))
            basis = subtract(basis, taken)
        qty = add(qty, units)
    return qty, basis, realized, fees


def fifo(rows: Iterable[Row]) -> Totals:
    """First in, first out; the rows never cross zero."""
    qty = basis = realized = fees = ZERO
    lots: deque[tuple[Decimal, Decimal]] = deque()
    for units, px, fee in rows:
        value = multiply(px, units)
        fees = add(fees, fee)
        if not qty or (qty > ZERO) is (units > ZERO):
            basis = add(basis, value)
            lots.append((units, value))
        else:
            taken = _take(lots, units.copy_abs())
            realized = subtract(realized, add(value, taken))
            basis = subtract(basis, taken)
        qty = add(qty, units)
    return qty, basis, realized, fees


def _take(lots: deque[tuple[Decimal, Decimal]], left: Decimal) -> Decimal:
    taken = ZERO
    while left:
        held, basis = lots[0]
        if held > left:
            part = ratio(basis, left, held)
            lots[0] = (subtract(held, left), subtract(basis, part))
            return add(taken, part)
        lots.popleft()
        taken, left = add(taken, basis), subtract(left, held)
    return taken
