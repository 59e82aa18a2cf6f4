"""The fold of splits: new units for old in every lot, and cash for the fraction left over."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from ledger.domain.canonical import Entry
from ledger.domain.events import SplitApplied
from ledger.domain.fold import Watch
from ledger.domain.holding import Holding, Rules
from ledger.domain.lots import Lot, split
from ledger.domain.numbers import (
    ONE,
    ZERO,
    add,
    carry,
    multiply,
    negate,
    quantize,
    ratio,
    steps,
    subtract,
    total,
)
from ledger.domain.watching import Disposal


def apply_split(
    holding: Holding, entry: Entry, event: SplitApplied, rules: Rules, watch: Watch
) -> None:
    """New units for old in every lot, at the 18 decimals that a fill can close; total basis is
    conserved. With ``whole``, the fraction
    left over goes at its basis for cash in lieu, out of the first lots."""
    if not holding.qty:
        return
    scaled = multiply(holding.qty, event.numerator)
    lots = [lot._replace(qty=multiply(lot.qty, event.numerator)) for lot in holding.lot_list()]
    paid = ZERO
    if event.whole:
        units = multiply(steps(scaled, event.denominator, ROUND_DOWN), event.denominator)
        paid = subtract(scaled, units)
    cut, lots = _cut(lots, paid.copy_abs())
    holding.qty = quantize(ratio(subtract(scaled, paid), ONE, event.denominator))
    holding.replace_lots(_rescaled(lots, event.denominator, holding.qty))
    if paid:
        fraction = ratio(paid, ONE, event.denominator)
        slices = _rescaled(cut, event.denominator, fraction)
        _pay_out(holding, entry, event, fraction, slices, rules, watch)


def _cut(lots: list[Lot], units: Decimal) -> tuple[list[Lot], list[Lot]]:
    """The first ``units`` of the lots, and the rest."""
    cut, rest = [], []
    for lot in lots:
        taken = min(units, lot.qty.copy_abs())
        units = subtract(units, taken)
        part, remaining = split(lot, taken) if taken else (None, lot)
        if part is not None:
            cut.append(part)
        if remaining.qty:
            rest.append(remaining)
    return cut, rest


def _pay_out(
    holding: Holding,
    entry: Entry,
    event: SplitApplied,
    fraction: Decimal,
    slices: list[Lot],
    rules: Rules,
    watch: Watch,
) -> None:
    """A fraction of a unit, no longer among the lots, is paid for in cash."""
    multiplier = rules.instrument.multiplier if rules.instrument else ONE
    cash = carry(multiply(multiply(event.cash_in_lieu_px or ZERO, multiplier), fraction))
    basis, charges = total(lot.basis for lot in slices), total(lot.charges for lot in slices)
    holding.basis = subtract(holding.basis, basis)
    holding.charges = subtract(holding.charges, charges)
    holding.realized = add(holding.realized, subtract(cash, basis))
    if watch:
        amounts = (negate(fraction), cash, basis, charges, ZERO)
        watch.disposal(Disposal(entry.key, entry.at, event.id, *amounts, tuple(slices)))
        if not holding.qty:
            watch.cycle(holding.cycle(rules.instrument, entry.at, ZERO))


def _rescaled(lots: list[Lot], denominator: Decimal, qty: Decimal) -> list[Lot]:
    """Lots in new units, so that they add up to ``qty``: what rounding left over goes to the last
    lot that does not come out even."""
    exact = [ratio(lot.qty, ONE, denominator) for lot in lots]
    units = [quantize(one) for one in exact]
    over = subtract(qty, total(units))
    if over:
        uneven = [n for n, one in enumerate(exact) if one != units[n]]
        last = uneven[-1] if uneven else -1
        units[last] = add(units[last], over)
    return [lot._replace(qty=one) for lot, one in zip(lots, units, strict=True)]
