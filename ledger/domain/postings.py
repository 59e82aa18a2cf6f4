"""Postings: an event's effect as balanced double entry.

A position's totals before and after an event differ by amounts that, put on these accounts,
sum to zero per commodity; so a late fact's re-fold is one adjusting entry, new less old. The
sign is a debit's: what an account gained.

=================  ==================================================================
account            what is posted
=================  ==================================================================
``cash``           money that moved (all of it, or the realized result on margin)
``position``       basis that came in; and, in units of the instrument, the units
``contract``       the value that margin instruments trade but do not pay
``realized``       the result, as income: negative is gain
``fees``           charges, an expense; ``base_fees`` those paid in units, at cost
``funding`` and    money that came from neither trading nor outside, as income
``income``
``suspense``       flows of units that found no counterpart
``in_kind``        basis that came or went with units, not with money
``external``       deposits, withdrawals, transfers, adjustments
``market``         the other side of units
=================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument, InstrumentKind, Settles
from ledger.domain.numbers import ZERO, add, negate, subtract

# Past the generated constructors, which take as long as the rest of a tuple's making.
_new = tuple.__new__


class Posting(NamedTuple):
    """One signed leg: account, commodity (a currency or an instrument id) and amount."""

    account: str
    commodity: str
    amount: Decimal


class JournalEntry(NamedTuple):
    """The postings of one recorded fact; they sum to zero per commodity."""

    number: int
    version: int
    key: str
    postings: tuple[Posting, ...]

    def imbalance(self) -> dict[str, Decimal]:
        """The commodities that do not sum to zero, with by how much; empty when it balances."""
        sums: dict[str, Decimal] = {}
        for posting in self.postings:
            sums[posting.commodity] = add(sums.get(posting.commodity, ZERO), posting.amount)
        return {commodity: amount for commodity, amount in sums.items() if amount}


class Totals(NamedTuple):
    """The amounts of a position that postings are made from."""

    qty: Decimal
    basis: Decimal
    flow: Decimal
    realized: Decimal
    in_kind: Decimal
    base_fee_cost: Decimal
    suspense_qty: Decimal
    suspense_flow: Decimal
    variation: Decimal
    fees: Mapping[str, Decimal]
    funding: Mapping[str, Decimal]
    income: Mapping[str, Decimal]


def totals_of(holding: Holding) -> Totals:
    """The amounts as they stand."""
    amounts = (
        holding.qty,
        holding.basis,
        holding.flow,
        holding.realized,
        holding.in_kind,
        holding.base_fee_cost,
        holding.suspense_qty,
        holding.suspense_flow,
        holding.variation,
        holding.fees.copy(),
        holding.funding.copy(),
        holding.income.copy(),
    )
    return _new(Totals, amounts)


NOTHING = totals_of(Holding())
"""The amounts of a position that never was, whatever its instrument."""


def trading_cash(totals: Totals, instrument: Instrument | None) -> Decimal:
    """What trading moved in settlement cash: the full flow, or the result on margin."""
    if instrument is None:
        return ZERO
    if instrument.settles_in_full:
        return totals.flow
    return totals.variation if instrument.settles is Settles.VARIATION else totals.realized


def delivers(instrument: Instrument | None) -> str | None:
    """The currency that a spot pair delivers, whose balance is the units themselves."""
    if instrument is None or instrument.kind is not InstrumentKind.SPOT:
        return None
    return instrument.base_currency


class CashLeg(NamedTuple):
    """Cash that a position accounts for, and where it came from: ``trade``, ``units`` (what a
    spot pair delivers), ``fees``, ``funding`` or ``income``."""

    source: str
    currency: str
    amount: Decimal


def cash_legs(totals: Totals, instrument: Instrument | None) -> Iterator[CashLeg]:
    """All cash a position accounts for, by its source; the sign is the account's."""
    base = delivers(instrument)
    if instrument is not None:
        cash = trading_cash(totals, instrument)
        yield _new(CashLeg, ("trade", instrument.currency, cash))
    if base is not None:
        yield CashLeg("units", base, add(totals.qty, totals.suspense_qty))
    for currency, fee in totals.fees.items():
        if currency != base:
            yield _new(CashLeg, ("fees", currency, negate(fee)))
    for source, by_currency in (("funding", totals.funding), ("income", totals.income)):
        for currency, amount in by_currency.items():
            yield CashLeg(source, currency, amount)


def cash_of(totals: Totals, instrument: Instrument | None) -> dict[str, Decimal]:
    """All cash a position accounts for, by currency."""
    cash: dict[str, Decimal] = {}
    for _, currency, amount in cash_legs(totals, instrument):
        cash[currency] = add(cash.get(currency, ZERO), amount)
    return cash


def _other_legs(
    totals: Totals, instrument: Instrument | None, instrument_id: str
) -> Iterator[Posting]:
    """The legs that stand against the cash of a position."""
    base = delivers(instrument)
    money = instrument.currency if instrument else instrument_id
    units = base or f"{instrument_id} units"
    cash = trading_cash(totals, instrument)
    yield Posting("position", money, totals.basis)
    yield Posting("realized", money, negate(totals.realized))
    yield Posting("base_fees", money, totals.base_fee_cost)
    yield Posting("in_kind", money, totals.in_kind)
    yield Posting("suspense", money, negate(totals.suspense_flow))
    yield Posting("contract", money, subtract(totals.flow, cash))
    held = add(totals.qty, totals.suspense_qty)
    if base is None:
        yield Posting("position", units, held)
    yield Posting("market", units, negate(held))
    for currency, fee in totals.fees.items():
        if currency != base:
            yield Posting("fees", currency, fee)
    for account, by_currency in (("funding", totals.funding), ("income", totals.income)):
        for currency, amount in by_currency.items():
            yield Posting(account, currency, negate(amount))


# Totals, and the definition of the instrument that says what commodities they are of.
Valued = tuple[Totals, Instrument | None]


def position_postings(before: Valued, after: Valued, instrument_id: str) -> tuple[Posting, ...]:
    """New less old, on every account where they differ; also where it is the definition of the
    instrument that is new."""
    sums: dict[tuple[str, str], Decimal] = {}
    for (totals, instrument), sign in ((before, negate), (after, add_zero)):
        legs = cash_legs(totals, instrument)
        cash = (Posting("cash", currency, amount) for _, currency, amount in legs)
        for account, commodity, amount in (*cash, *_other_legs(totals, instrument, instrument_id)):
            place = (account, commodity)
            sums[place] = add(sums.get(place, ZERO), sign(amount))
    return tuple(Posting(*place, amount) for place, amount in sums.items() if amount)


def add_zero(amount: Decimal) -> Decimal:
    """The amount itself: the counterpart of ``negate``."""
    return amount


def cash_postings(account: str, currency: str, amount: Decimal) -> tuple[Posting, ...]:
    """Money from or to outside, or another account of the books."""
    return Posting("cash", currency, amount), Posting(account, currency, negate(amount))
