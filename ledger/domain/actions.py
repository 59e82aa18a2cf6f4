"""The fold of everything that is not a fill: splits, transfers, income, corporate actions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal

from ledger.domain.canonical import Entry
from ledger.domain.events import (
    BookingMethodChanged,
    DividendPaid,
    Event,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    FundingPaid,
    Leg,
    OptionExercised,
    OptionExpired,
    PositionAdjusted,
    PositionOpenedMidLife,
    PositionTransferred,
    SpinOffReceived,
    SplitApplied,
    UnitsDelivered,
    UnitsReceived,
    VariationMarginPaid,
)
from ledger.domain.fold import Watch, apply_fill, pay_in_units
from ledger.domain.holding import Holding, Rules
from ledger.domain.lots import Lot, split
from ledger.domain.numbers import (
    ONE,
    ZERO,
    add,
    multiply,
    negate,
    ratio,
    steps,
    subtract,
)
from ledger.domain.watching import Disposal


def apply(holding: Holding, entry: Entry, rules: Rules, watch: Watch = None) -> None:
    """Move the holding by one entry of its canonical history; a busted fill moves nothing."""
    event = entry.event
    if type(event) is FillBooked:
        apply_fill(holding, entry, event, rules, watch)
    elif event is not None and (handler := _HANDLERS.get(type(event))) is not None:
        handler(holding, entry, event, rules, watch)


def _fee(holding: Holding, entry: Entry, event: FeeCharged, rules: Rules, _: Watch) -> None:
    holding.charge(event.amount, event.currency)
    if rules.instrument is not None and event.currency == rules.instrument.base_currency:
        pay_in_units(holding, entry, event.amount, rules)


def _funding(holding: Holding, _: Entry, event: FundingPaid, *__: object) -> None:
    holding.fund(event.amount, event.currency)


def _dividend(holding: Holding, _: Entry, event: DividendPaid, *__: object) -> None:
    holding.earn(event.amount, event.currency)


def _variation(holding: Holding, _: Entry, event: VariationMarginPaid, *__: object) -> None:
    holding.variation = add(holding.variation, event.amount)


def _mid_life(
    holding: Holding, entry: Entry, event: PositionOpenedMidLife, rules: Rules, _: Watch
) -> None:
    """Units that were there before the books began; an unknown basis taints what depends on it."""
    _receive(holding, entry, event.qty, event.cost_basis, rules)


def _receive(
    holding: Holding,
    entry: Entry,
    qty: Decimal,
    basis: Decimal | None,
    rules: Rules,
    label: str | None = None,
) -> None:
    """Put signed units in without a trade: their basis came in kind."""
    if not qty:
        return
    holding.unknown_basis |= basis is None
    amount = basis if basis is not None else ZERO
    if holding.qty and (holding.qty > ZERO) is not (qty > ZERO):
        _deliver(holding, entry, qty, negate(amount), rules, None)
        return
    if not holding.qty:
        holding.begin_cycle(rules.instrument, entry.at, ZERO)
    holding.in_kind = subtract(holding.in_kind, amount)
    holding.put(Lot(qty, amount, ZERO, entry.at, _name(entry), label))


def _name(entry: Entry) -> str:
    """What a lot that no fill opened is called: the id of the fact that brought it."""
    return getattr(entry.booked, "id", entry.key)


def _deliver(
    holding: Holding, entry: Entry, qty: Decimal, proceeds: Decimal, rules: Rules, watch: Watch
) -> None:
    """Let signed units go without a trade, at a value in kind; what is not held is suspense."""
    units = qty.copy_abs()
    against = bool(holding.qty) and (holding.qty > ZERO) is not (qty > ZERO)
    part = min(units, holding.qty.copy_abs()) if against else ZERO
    value = ratio(proceeds, part, units)
    if part:
        basis, charges, slices = holding.close_in_order(part)
        holding.realized = add(holding.realized, subtract(value, basis))
        holding.in_kind = add(holding.in_kind, value)
        if watch:
            signed = part if qty > ZERO else negate(part)
            amounts = (signed, value, basis, charges, ZERO)
            watch.disposal(Disposal(entry.key, entry.at, _name(entry), *amounts, tuple(slices)))
            if not holding.qty:
                watch.cycle(holding.cycle(rules.instrument, entry.at, ZERO))
    if units > part:
        rest = subtract(units, part)
        holding.suspend(rest if qty > ZERO else negate(rest), ZERO)


def _transfer(
    holding: Holding, entry: Entry, event: PositionTransferred, rules: Rules, watch: Watch
) -> None:
    """Out: lots leave at their basis, by the booking method. In: they arrive with it."""
    if event.leg is Leg.IN:
        _transfer_in(holding, entry, event, rules)
        return
    holds_short = holding.qty < ZERO
    part = min(event.qty, holding.qty.copy_abs())
    if part:
        basis, charges, _ = holding.close_in_order(part)
        holding.in_kind = add(holding.in_kind, basis)
        holding.transferred_charges = add(holding.transferred_charges, charges)
        if watch and not holding.qty:
            watch.cycle(holding.cycle(rules.instrument, entry.at, ZERO))
    if event.qty > part:
        missing = subtract(part, event.qty)
        holding.suspend(negate(missing) if holds_short else missing, ZERO)


def _transfer_in(holding: Holding, entry: Entry, event: PositionTransferred, rules: Rules) -> None:
    if not event.lots:
        _receive(holding, entry, event.qty, None, rules)
        return
    for lot in event.lots:
        if holding.qty and (holding.qty > ZERO) is not (lot.qty > ZERO):
            _deliver(holding, entry, lot.qty, negate(lot.basis), rules, None)
            continue
        if not holding.qty:
            holding.begin_cycle(rules.instrument, entry.at, ZERO)
        holding.in_kind = subtract(holding.in_kind, lot.basis)
        holding.put(Lot(lot.qty, lot.basis, ZERO, lot.opened_at, lot.exec_id, lot.label))


def _units_in(holding: Holding, entry: Entry, event: UnitsReceived, rules: Rules, _: Watch) -> None:
    """Units received: their fair value is income, and their basis from here on."""
    if event.basis is not None:
        holding.unit_income = add(holding.unit_income, event.basis)
    _receive(holding, entry, event.qty, event.basis, rules, event.label)


def _units_out(
    holding: Holding, entry: Entry, event: UnitsDelivered, rules: Rules, watch: Watch
) -> None:
    _deliver(holding, entry, negate(event.qty), event.value, rules, watch)


def _run_out(
    holding: Holding,
    entry: Entry,
    event: OptionExpired | OptionExercised,
    rules: Rules,
    watch: Watch,
) -> None:
    """An option ends: what is held of it closes at zero, long or short."""
    qty = negate(event.qty) if holding.qty > ZERO else event.qty
    _deliver(holding, entry, qty, ZERO, rules, watch)


def _spin_off(
    holding: Holding, entry: Entry, event: SpinOffReceived, rules: Rules, _: Watch
) -> None:
    """The new units arrive with the basis that leaves the parent; the total is conserved."""
    if rules.instrument is not None and rules.instrument.instrument_id == event.parent_id:
        holding.in_kind = add(holding.in_kind, event.basis)
        _shift_basis(holding, negate(event.basis))
        return
    _receive(holding, entry, event.qty, event.basis, rules)


def _adjust(
    holding: Holding, entry: Entry, event: PositionAdjusted, rules: Rules, watch: Watch
) -> None:
    """A correction by hand: signed units at the stated basis, or basis alone."""
    if event.qty and (not holding.qty or (holding.qty > ZERO) is (event.qty > ZERO)):
        _receive(holding, entry, event.qty, event.basis, rules)
    elif event.qty:
        _deliver(holding, entry, event.qty, negate(event.basis), rules, watch)
    else:
        holding.in_kind = subtract(holding.in_kind, event.basis)
        _shift_basis(holding, event.basis)


def _shift_basis(holding: Holding, amount: Decimal) -> None:
    """Spread a change of basis over the lots by quantity, the last one taking what is left."""
    lots, left = [], amount
    held = holding.lot_list()
    for lot in held[:-1]:
        part = ratio(amount, lot.qty, holding.qty)
        left = subtract(left, part)
        lots.append(lot._replace(basis=add(lot.basis, part)))
    if not held:
        holding.realized = subtract(holding.realized, amount)
        return
    lots.append(held[-1]._replace(basis=add(held[-1].basis, left)))
    holding.basis = add(holding.basis, amount)
    holding.replace_lots(lots)


def _split(holding: Holding, _: Entry, event: SplitApplied, rules: Rules, *__: object) -> None:
    """New units for old in every lot; total basis is conserved. With ``whole``, the fraction
    left over goes at its basis for cash in lieu."""
    if not holding.qty:
        return
    scaled = multiply(holding.qty, event.numerator)
    paid = ZERO
    lots = [lot._replace(qty=multiply(lot.qty, event.numerator)) for lot in holding.lot_list()]
    if event.whole:
        units = multiply(steps(scaled, event.denominator, ROUND_DOWN), event.denominator)
        paid = subtract(scaled, units)
    if paid:
        lots = _pay_out_fraction(holding, event, paid, lots, rules)
    holding.qty = ratio(subtract(scaled, paid), ONE, event.denominator)
    holding.replace_lots(_rescaled(lots, event.denominator, holding.qty))


def _pay_out_fraction(
    holding: Holding, event: SplitApplied, paid: Decimal, lots: list[Lot], rules: Rules
) -> list[Lot]:
    """Take the fraction (in units of 1/denominator) from the first lots for cash in lieu."""
    px = event.cash_in_lieu_px or ZERO
    multiplier = rules.instrument.multiplier if rules.instrument else ONE
    cash = ratio(multiply(px, multiplier), paid, event.denominator)
    basis, rest, left = ZERO, [], paid.copy_abs()
    for lot in lots:
        taken = min(left, lot.qty.copy_abs())
        left = subtract(left, taken)
        part, remaining = split(lot, taken) if taken else (None, lot)
        if part:
            basis = add(basis, part.basis)
        if remaining.qty:
            rest.append(remaining)
    holding.basis = subtract(holding.basis, basis)
    holding.realized = add(holding.realized, subtract(cash, basis))
    return rest


def _rescaled(lots: list[Lot], denominator: Decimal, qty: Decimal) -> list[Lot]:
    """Lots in new units; the last one takes what rounding left, so that they add up to ``qty``."""
    result, left = [], qty
    for lot in lots[:-1]:
        units = ratio(lot.qty, ONE, denominator)
        left = subtract(left, units)
        result.append(lot._replace(qty=units))
    return [*result, lots[-1]._replace(qty=left)] if lots else []


def _rebook(holding: Holding, _: Entry, event: BookingMethodChanged, *__: object) -> None:
    holding.use(event.booking)


_Handler = Callable[..., None]
_HANDLERS: dict[type[Event], _Handler] = {
    FeeCharged: _fee,
    FundingPaid: _funding,
    DividendPaid: _dividend,
    VariationMarginPaid: _variation,
    PositionOpenedMidLife: _mid_life,
    PositionTransferred: _transfer,
    UnitsReceived: _units_in,
    UnitsDelivered: _units_out,
    OptionExpired: _run_out,
    OptionExercised: _run_out,
    SpinOffReceived: _spin_off,
    PositionAdjusted: _adjust,
    SplitApplied: _split,
    BookingMethodChanged: _rebook,
}

# The facts that a position folds, fills and their amendments included.
MOVES_POSITIONS = (FillBooked, FillBusted, FillCorrected, *_HANDLERS)
