"""The fold of everything that is not a fill or a split: transfers, income, corporate actions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

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
from ledger.domain.fold import Watch, apply_fill, pay_in_units, suspend
from ledger.domain.holding import Holding, Rules
from ledger.domain.instruments import Settles
from ledger.domain.lots import Lot, Shortfall, split
from ledger.domain.numbers import (
    ZERO,
    add,
    negate,
    ratio,
    subtract,
)
from ledger.domain.splits import apply_split
from ledger.domain.watching import Disposal


def apply(holding: Holding, entry: Entry, rules: Rules, watch: Watch = None) -> None:
    """Move the holding by one entry of its canonical history; a busted fill moves nothing."""
    event = entry.event
    if type(event) is FillBooked:
        apply_fill(holding, entry, event, rules, watch)
    elif event is not None and (handler := _HANDLERS.get(type(event))) is not None:
        handler(holding, entry, event, rules, watch)


def _fee(holding: Holding, entry: Entry, event: FeeCharged, rules: Rules, watch: Watch) -> None:
    holding.charge(event.amount, event.currency)
    if rules.instrument is not None and event.currency == rules.instrument.base_currency:
        pay_in_units(holding, entry, event.amount, rules, watch)


def _funding(holding: Holding, _: Entry, event: FundingPaid, *__: object) -> None:
    holding.fund(event.amount, event.currency)


def _dividend(holding: Holding, _: Entry, event: DividendPaid, *__: object) -> None:
    holding.earn(event.amount, event.currency)


def _variation(
    holding: Holding, _: Entry, event: VariationMarginPaid, rules: Rules, __: Watch
) -> None:
    """What a broker pays in another currency than the contract's is money by itself."""
    instrument = rules.instrument
    if instrument is None or event.currency == instrument.currency:
        holding.variation = add(holding.variation, event.amount)
    elif instrument.settles is Settles.VARIATION:
        holding.earn(event.amount, event.currency)


def _mid_life(
    holding: Holding, entry: Entry, event: PositionOpenedMidLife, rules: Rules, watch: Watch
) -> None:
    """Units that were there before the books began; an unknown basis taints what depends on it."""
    _receive(holding, entry, event.qty, event.cost_basis, rules, watch)


def _receive(
    holding: Holding,
    entry: Entry,
    qty: Decimal,
    basis: Decimal | None,
    rules: Rules,
    watch: Watch,
    label: str | None = None,
) -> None:
    """Put signed units in as a lot of their own, at a basis that may be unknown."""
    holding.unknown_basis |= basis is None and bool(qty)
    lot = Lot(qty, basis if basis is not None else ZERO, ZERO, entry.at, _name(entry), label)
    _bring(holding, entry, lot, rules, watch)


def _bring(holding: Holding, entry: Entry, lot: Lot, rules: Rules, watch: Watch) -> None:
    """Put a lot in without a trade, its basis in kind. It covers first what is held the other
    way, at its own cost; the rest opens."""
    if lot.qty and holding.qty and (holding.qty > ZERO) is not (lot.qty > ZERO):
        part = min(lot.qty.copy_abs(), holding.qty.copy_abs())
        covering, lot = split(lot, part)
        _deliver(holding, entry, covering.qty, negate(covering.basis), rules, watch)
    if not lot.qty:
        return
    if not holding.qty:
        holding.begin_cycle(rules.instrument, entry.at, ZERO)
    holding.in_kind = subtract(holding.in_kind, lot.basis)
    holding.put(lot)


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
        _miss(holding, entry, rest if qty > ZERO else negate(rest), watch)


def _miss(holding: Holding, entry: Entry, qty: Decimal, watch: Watch) -> None:
    """Signed units that went, or came to cover, without being there to."""
    suspend(holding, entry, (qty, ZERO, ZERO), Shortfall.INSUFFICIENT, watch)


def _transfer(
    holding: Holding, entry: Entry, event: PositionTransferred, rules: Rules, watch: Watch
) -> None:
    """Out: lots leave at their basis, by the booking method. In: they arrive with it."""
    if event.leg is Leg.IN:
        _transfer_in(holding, entry, event, rules, watch)
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
        _miss(holding, entry, negate(missing) if holds_short else missing, watch)


def _transfer_in(
    holding: Holding, entry: Entry, event: PositionTransferred, rules: Rules, watch: Watch
) -> None:
    holding.unknown_basis |= event.unknown_basis
    if not event.lots:
        _receive(holding, entry, event.qty, None, rules, watch)
    for carried in event.lots:
        origin = (carried.opened_at, carried.exec_id, carried.label)
        _bring(holding, entry, Lot(carried.qty, carried.basis, ZERO, *origin), rules, watch)


def _units_in(
    holding: Holding, entry: Entry, event: UnitsReceived, rules: Rules, watch: Watch
) -> None:
    """Units received: their fair value is income, and their basis from here on."""
    if event.basis is not None:
        holding.unit_income = add(holding.unit_income, event.basis)
    _receive(holding, entry, event.qty, event.basis, rules, watch, event.label)


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
    holding: Holding, entry: Entry, event: SpinOffReceived, rules: Rules, watch: Watch
) -> None:
    """The new units arrive with the basis that leaves the parent; the total is conserved."""
    if rules.instrument_id == event.parent_id:
        holding.in_kind = add(holding.in_kind, event.basis)
        _shift_basis(holding, negate(event.basis))
        return
    _receive(holding, entry, event.qty, event.basis, rules, watch)


def _adjust(
    holding: Holding, entry: Entry, event: PositionAdjusted, rules: Rules, watch: Watch
) -> None:
    """A correction by hand: signed units at the stated basis, or basis alone."""
    if event.qty:
        _receive(holding, entry, event.qty, event.basis, rules, watch)
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
    SplitApplied: apply_split,
    BookingMethodChanged: _rebook,
}

# The facts that a position folds, fills and their amendments included.
MOVES_POSITIONS = (FillBooked, FillBusted, FillCorrected, *_HANDLERS)
