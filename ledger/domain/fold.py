"""The fold of fills: how an execution moves a holding.

A fill either extends what is held or reduces it; one that crosses zero closes first and opens
the rest, its value and fee shared by quantity with the remainder to the second part. What
finds nothing to close, where going short is not allowed, stands in suspense beside the
position: position + suspense is always the sum of the effective fills.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ledger.domain.canonical import Entry, fees_of, identifier
from ledger.domain.events import Fee, FeeCharged, FillBooked, Side
from ledger.domain.holding import Closed, Holding, Rules, value_of
from ledger.domain.lots import Lot, Shortfall
from ledger.domain.numbers import ZERO, add, multiply, negate, ratio, subtract
from ledger.domain.watching import Disposal, Issue, Watcher

Watch = Watcher | None
BUY = Side.BUY


# A fill, or the closing or opening part of one that crosses zero: its signed quantity and value,
# and what was charged for it in the settlement currency. Plain tuples, for this is the hot path.
Part = tuple[Decimal, Decimal, Decimal]


def apply_fill(
    holding: Holding, entry: Entry, fill: FillBooked, rules: Rules, watch: Watch = None
) -> None:
    """Move the holding by one effective fill with all its fees."""
    units, px, is_buy = fill.last_qty, fill.last_px, fill.side is BUY
    qty = units if is_buy else units.copy_negate()
    is_plain = rules.is_plain and px is not None and fill.gross_trade_amt is None
    if is_plain and (fill.currency is None or fill.currency == rules.currency):
        value = multiply(px, qty)  # type: ignore[arg-type]
    else:
        value = _value(holding, fill, qty, rules)
    fee = base_fee = ZERO
    if fill.fees or entry.fees:
        fees = fees_of(entry) if entry.fees else fill.fees
        fee, base_fee = _charge(holding, fees, rules)
    held = holding.qty
    extends = (held > ZERO) is is_buy
    if extends and held and (is_buy or rules.may_cross):
        holding.put(_lot(entry, fill, qty, value, fee if rules.in_cost else ZERO))
    elif extends or not held:
        _open(holding, entry, fill, (qty, value, fee), rules, watch)
    elif units > held.copy_abs():
        _cross(holding, entry, fill, (qty, value, fee), rules, watch)
    elif holding.pool is not None and watch is None:  # nobody wants the slices of a pool
        holding.pool.skip(units)
        left, _ = holding.leave_pool(units)
        holding.realized = subtract(holding.realized, add(value, left))
    elif units:
        _close(holding, entry, fill, units, (qty, value, fee), rules, watch)
    if base_fee:
        pay_in_units(holding, entry, base_fee, rules, watch)


def _value(holding: Holding, fill: FillBooked, qty: Decimal, rules: Rules) -> Decimal:
    """The value of a fill; one that cannot be known is counted and taken as zero."""
    value = value_of(fill, qty, rules.instrument)
    if value is None:
        holding.unvalued += 1
        return ZERO
    return value


def _charge(
    holding: Holding, fees: Iterable[Fee | FeeCharged], rules: Rules
) -> tuple[Decimal, Decimal]:
    """Count each fee in its currency; returns those in settlement money and those in units."""
    settled = in_units = ZERO
    charged = holding.fees
    for fee in fees:
        amount, currency = fee.amount, fee.currency
        charged[currency] = add(charged[currency], amount) if currency in charged else amount
        if currency == rules.currency:
            settled = add(settled, amount) if settled else amount
        elif currency == rules.base_currency:
            in_units = add(in_units, amount)
    return settled, in_units


def _open(
    holding: Holding, entry: Entry, fill: FillBooked, part: Part, rules: Rules, watch: Watch
) -> None:
    """Open from flat, unless that would make a short, or more of one, where none may be."""
    qty, value, fee = part
    if not rules.may_cross and qty < ZERO:
        suspend(holding, entry, part, Shortfall.INSUFFICIENT, watch)
    elif qty:
        holding.begin_cycle(rules.instrument, entry.at, fee)
        holding.put(_lot(entry, fill, qty, value, fee if rules.in_cost else ZERO))


def _lot(entry: Entry, fill: FillBooked, qty: Decimal, basis: Decimal, charges: Decimal) -> Lot:
    """The lot a fill opens. Past the generated constructor, which costs as much as the sums do."""
    return tuple.__new__(Lot, (qty, basis, charges, entry.at, fill.exec_id, fill.label))


def _close(
    holding: Holding,
    entry: Entry,
    fill: FillBooked,
    units: Decimal,
    part: Part,
    rules: Rules,
    watch: Watch,
    later_fee: Decimal = ZERO,
) -> bool:
    """Close ``units`` against the lots; False when no lot could be chosen. ``later_fee`` is what
    the fill was charged for the cycle that it opens."""
    closed = holding.close(units, fill.lots)
    if isinstance(closed, Shortfall):
        suspend(holding, entry, part, closed, watch)
        return False
    holding.realized = subtract(holding.realized, add(part[1], closed[0]))
    if watch is not None:
        watch.disposal(_disposal(entry, fill, part, closed, rules))
        if not holding.qty:
            watch.cycle(holding.cycle(rules.instrument, entry.at, later_fee))
    return True


def _cross(
    holding: Holding, entry: Entry, fill: FillBooked, part: Part, rules: Rules, watch: Watch
) -> None:
    """Close all that is held; the rest of the fill opens the other way or goes to suspense."""
    held = holding.qty.copy_abs()
    closing, rest = _shared(part, held, fill.last_qty)
    later_fee = rest[2] if rules.may_cross else ZERO
    closed = _close(holding, entry, fill, held, closing, rules, watch, later_fee)
    if closed and rules.may_cross:
        _open(holding, entry, fill, rest, rules, watch)
    else:
        suspend(holding, entry, rest, Shortfall.INSUFFICIENT, watch, held)


def _shared(part: Part, held: Decimal, units: Decimal) -> tuple[Part, Part]:
    """A fill that crosses zero, as its closing and its opening part."""
    qty, value, fee = part
    closed_qty = held if qty > ZERO else negate(held)
    closed_value, closed_fee = ratio(value, held, units), ratio(fee, held, units)
    rest = (subtract(qty, closed_qty), subtract(value, closed_value), subtract(fee, closed_fee))
    return (closed_qty, closed_value, closed_fee), rest


def _disposal(entry: Entry, fill: FillBooked, part: Part, closed: Closed, rules: Rules) -> Disposal:
    """What a reduction closed, for those who want to know."""
    qty, value, fee = part
    basis, charges, slices = closed
    closing = fee if rules.in_cost else ZERO
    amounts = (qty, negate(value), basis, charges, closing)
    return Disposal(entry.key, entry.at, fill.exec_id, *amounts, tuple(slices))


def pay_in_units(
    holding: Holding, entry: Entry, units: Decimal, rules: Rules, watch: Watch
) -> None:
    """A fee in the base currency leaves the holding at cost and is expensed; a rebate comes in
    at no cost, and covers a short first. What is not held is owed: a short that brought nothing,
    whose cover will be its cost; where none may be, suspense."""
    held, is_fee = holding.qty, units > ZERO
    part = min(units.copy_abs(), held.copy_abs()) if (held > ZERO) is is_fee else ZERO
    if part:
        basis, _, _ = holding.close_in_order(part)
        holding.base_fee_cost = add(holding.base_fee_cost, basis)
        if watch and not holding.qty:
            watch.cycle(holding.cycle(rules.instrument, entry.at))
    moved = negate(subtract(units, part)) if is_fee else negate(add(units, part))
    if moved < ZERO and not rules.may_cross:
        suspend(holding, entry, (moved, ZERO, ZERO), Shortfall.INSUFFICIENT, watch)
    elif moved:
        if not holding.qty:
            holding.begin_cycle(rules.instrument, entry.at, ZERO)
        holding.put(Lot(moved, ZERO, ZERO, entry.at, entry.key))


def suspend(
    holding: Holding,
    entry: Entry,
    part: Part,
    why: Shortfall,
    watch: Watch,
    found: Decimal | None = None,
) -> None:
    """Keep a part that found nothing to close beside the position, and say so; ``found`` is
    what it did find (unsigned), where that is no longer held."""
    if watch is not None:
        there = holding.qty.copy_abs() if found is None else found
        watch.issue(Issue(entry.key, entry.at, identifier(entry.booked), there, part[0], why))
    holding.suspend(part[0], negate(part[1]))
