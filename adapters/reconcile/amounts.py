"""What a break of a trade comes to: signed units, or money; the broker's less ours.

Of one execution that differs in several fields the amounts add up: side and quantity to the whole
difference of units. Money is what the trade costs more at the broker than here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adapters.reconcile.executions import Execution, fee_sums
from adapters.reconcile.kinds import Amount, Kind
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO, negate, subtract

UNITS = Amount.UNITS.value


class Amounts(NamedTuple):
    """A difference and what it is in: units, or a currency; neither where it has none."""

    difference: Decimal | None = None
    unit: str = ""


def amount_of(
    kind: Kind,
    ours: Execution | None,
    theirs: Execution | None,
    instrument: Instrument | None,
) -> Amounts:
    """The amount of a break about an execution that stands on either side or on both."""
    if kind.amount is Amount.NONE:
        return Amounts()
    if kind is Kind.FEE:
        return _charged(ours, theirs)
    if ours is not None and theirs is not None:
        return _differing(kind, ours, theirs, instrument)
    return Amounts(subtract(_signed(theirs), _signed(ours)), UNITS)


def _differing(
    kind: Kind, ours: Execution, theirs: Execution, instrument: Instrument | None
) -> Amounts:
    """The amount of one field of an execution that both have."""
    if kind is Kind.QUANTITY:
        apart = subtract(Decimal(theirs.qty), Decimal(ours.qty))
        return Amounts(_turned(theirs, apart), UNITS)
    if kind is Kind.SIDE:
        qty = Decimal(ours.qty)
        return Amounts(subtract(_turned(theirs, qty), _turned(ours, qty)), UNITS)
    units = subtract(_signed(theirs), _signed(ours))
    if kind is not Kind.PRICE and units:
        return Amounts(units, UNITS)
    return _priced(ours, theirs, instrument)


def _priced(ours: Execution, theirs: Execution, instrument: Instrument | None) -> Amounts:
    """Their units at both prices: what they cost more; a sale at a higher price costs less."""
    pxs = [Decimal(one.px) for one in (theirs, ours) if one.px]
    if instrument is None or len(pxs) < 2 or not all(pxs):
        return Amounts()
    there, here = (instrument.value(_signed(theirs), px) for px in pxs)
    is_inverse = instrument.kind is InstrumentKind.INVERSE
    apart = subtract(there, here)
    return Amounts(negate(apart) if is_inverse else apart, instrument.currency)


def _charged(ours: Execution | None, theirs: Execution | None) -> Amounts:
    """How much more is charged there; nothing to tell where charges are in several currencies."""
    here, there = (fee_sums(one.fees if one else "") for one in (ours, theirs))
    names = sorted(here.keys() | there.keys())
    if len(names) != 1:
        return Amounts()
    return Amounts(subtract(there.get(names[0], ZERO), here.get(names[0], ZERO)), names[0])


def _signed(one: Execution | None) -> Decimal:
    """Units of an execution, negative when sold; none of none."""
    return ZERO if one is None else _turned(one, Decimal(one.qty))


def _turned(one: Execution, units: Decimal) -> Decimal:
    return units if one.side == "buy" else negate(units)
