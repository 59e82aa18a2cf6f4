"""What the facts mean, worked out again in fractions and without the ledger's own fold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    Event,
    Fact,
    Fee,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    FundingPaid,
    InstrumentDefined,
    InterestPaid,
    SplitApplied,
    VariationMarginPaid,
)
from ledger.domain.instruments import Instrument, InstrumentKind, Settles
from ledger.domain.numbers import ZERO, subtract
from ledger.domain.policy import Policy
from ledger.domain.positions import PositionKey

Money = dict[str, Fraction]


def effective(facts: Iterable[Fact]) -> list[tuple[Fact, FillBooked, tuple[Fee, ...]]]:
    """Each fill that stands, as it stands, with all its fees. Chains of amendments are linear."""
    events = [fact.event for fact in facts]
    amendments = {e.exec_ref_id: e for e in events if isinstance(e, FillBusted | FillCorrected)}
    found = []
    for fact in facts:
        if isinstance(fact.event, FillBooked):
            ids, fill = [fact.event.exec_id], fact.event
            standing = _amended(fill, ids, amendments)
            later = [e for e in events if isinstance(e, FeeCharged) and e.exec_id in ids]
            if standing is not None:
                found.append((fact, standing, (*standing.fees, *map(_fee, later))))
    return found


def _amended(fill: FillBooked, ids: list[str], amendments: dict[str, Any]) -> FillBooked | None:
    while (change := amendments.get(ids[-1])) is not None:
        if isinstance(change, FillBusted):
            return None
        ids.append(change.exec_id)
        fill = FillBooked(
            exec_id=fill.exec_id,
            instrument_id=fill.instrument_id,
            position_id=fill.position_id,
            side=change.side or fill.side,
            last_qty=change.last_qty,
            last_px=change.last_px,
            fees=fill.fees if change.fees is None else change.fees,
        )
    return fill


def _fee(charged: FeeCharged) -> Fee:
    return Fee(amount=charged.amount, currency=charged.currency)


def signed(fill: FillBooked) -> Fraction:
    """A fill's quantity with the position's sign."""
    return Fraction(fill.last_qty) if fill.side.is_buy else -Fraction(fill.last_qty)


def worth(fill: FillBooked, instrument: Instrument) -> Fraction:
    """What a fill of a fixed definition adds to the basis."""
    qty, px = signed(fill), Fraction(fill.last_px or 0)
    multiplier = Fraction(instrument.multiplier)
    if instrument.kind is InstrumentKind.INVERSE:
        return -qty * multiplier / px
    return px * qty * multiplier


def held(
    facts: Iterable[Fact], instruments: Iterable[Instrument]
) -> dict[tuple[str, str], Fraction]:
    """Signed units by instrument and book: the fills that stand, less fees paid in units."""
    traded = {one.instrument_id: one for one in instruments}
    units: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for _, fill, fees in effective(list(facts)):
        taken = in_units(traded[fill.instrument_id], fees)
        units[fill.instrument_id, fill.position_id] += signed(fill) - taken
    return units


def in_units(instrument: Instrument, fees: Iterable[Fee]) -> Fraction:
    """What fees in the base currency take out of a holding."""
    base = instrument.base_currency
    return sum((Fraction(fee.amount) for fee in fees if fee.currency == base), Fraction(0))


def cash_without_results(facts: list[Fact], instruments: Iterable[Instrument]) -> Money:
    """All money but the results of margin instruments: deposits, full values, fees, carry."""
    traded = {one.instrument_id: one for one in instruments}
    money: Money = defaultdict(Fraction)
    for _, fill, fees in effective(facts):
        for currency, amount in _fill_moves(fill, fees, traded[fill.instrument_id]):
            money[currency] += amount
    for fact in facts:
        for currency, amount in _cash_moves(fact.event, traded):
            money[currency] += amount
    return money


def _fill_moves(
    fill: FillBooked, fees: tuple[Fee, ...], instrument: Instrument
) -> Iterator[tuple[str, Fraction]]:
    if instrument.settles_in_full:
        yield instrument.currency, -worth(fill, instrument)
    if instrument.base_currency:
        yield instrument.base_currency, signed(fill)
    for fee in fees:
        yield fee.currency, -Fraction(fee.amount)


def _cash_moves(event: Event, traded: dict[str, Instrument]) -> Iterator[tuple[str, Fraction]]:
    match event:
        case CashDeposited() | InterestPaid() | BalanceAdjusted() | FundingPaid() | DividendPaid():
            yield event.currency, Fraction(event.amount)
        case CashWithdrawn():
            yield event.currency, -Fraction(event.amount)
        case FeeCharged(exec_id=None):
            yield event.currency, -Fraction(event.amount)
        case VariationMarginPaid():
            if traded[event.instrument_id].settles is Settles.VARIATION:
                yield event.currency, Fraction(event.amount)


def flows(facts: Iterable[Fact]) -> dict[PositionKey, Decimal]:
    """What the fills that stand moved in money, each by the definition of its time."""
    policy = Policy()
    facts = list(facts)
    for fact in facts:
        if isinstance(fact.event, InstrumentDefined):
            policy.define(fact.event)
    moved: dict[PositionKey, Decimal] = defaultdict(lambda: ZERO)
    for fact, fill, _ in effective(facts):
        instrument = policy.instrument(fill.instrument_id, fact.occurred_at)
        if instrument is not None and fill.last_px is not None:
            value = instrument.value(fill.signed_qty, fill.last_px)
            key = PositionKey(fill.instrument_id, fill.position_id)
            moved[key] = subtract(moved[key], value)
    return moved


def pays_cash_in_lieu(facts: Iterable[Fact]) -> bool:
    """Whether a split pays money for what is left over, which no fill says."""
    return any(isinstance(fact.event, SplitApplied) and fact.event.whole for fact in facts)


def fifo_realized(fills: Iterable[tuple[FillBooked, Instrument]]) -> Fraction:
    """The result of fills in order, oldest lot first, shorts allowed."""
    lots: list[list[Fraction]] = []
    realized = Fraction(0)
    for fill, instrument in fills:
        qty, unit = signed(fill), worth(fill, instrument) / signed(fill)
        while qty and lots and (lots[0][0] > 0) is not (qty > 0):
            part = min(abs(qty), abs(lots[0][0])) * (1 if qty > 0 else -1)
            realized -= part * (unit - lots[0][1])
            qty -= part
            lots[0][0] += part
            if not lots[0][0]:
                lots.pop(0)
        if qty:
            lots.append([qty, unit])
    return realized


def average_realized(fills: Iterable[tuple[FillBooked, Instrument]]) -> Fraction:
    """The result of fills in order, out of one pool at its average, shorts allowed."""
    held_units = basis = realized = Fraction(0)
    for fill, instrument in fills:
        qty, unit = signed(fill), worth(fill, instrument) / signed(fill)
        if held_units and (held_units > 0) is not (qty > 0):
            part = min(abs(qty), abs(held_units)) * (1 if qty > 0 else -1)
            left = -basis * part / held_units
            realized -= part * unit + left
            held_units, basis, qty = held_units + part, basis - left, qty - part
        if qty:
            held_units, basis = held_units + qty, basis + qty * unit
    return realized
