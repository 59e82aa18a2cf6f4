"""What a break is worth in the account's base currency, at recorded marks and rates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from adapters.reconcile.breaks import Break
from ledger.domain.accounts import Account
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import multiply, negate, quantize
from ledger.domain.prices import Price
from ledger.history import KnownAt
from ledger.reading import Reader
from projections.valuation import opening


def value_in_base(
    book: Reader, one: Break, as_of: datetime | None, known_at: KnownAt
) -> Decimal | None:
    """The difference in base currency, with its sign: units at the mark that held ``as_of``, then
    money by the rate that did. None for a break without a difference, and where a mark, a rate or
    the instrument's definition is missing: nothing is guessed."""
    state = book.at(one.account, known_at=known_at)
    opened = opening(state)
    if one.difference is None or opened is None:
        return None
    money: Decimal | None = one.difference
    currency: str | None = one.unit
    if one.unit == "units":
        mark = book.price(one.instrument_id or "", as_of=as_of, known_at=known_at)
        money, currency = _worth(state, one.instrument_id, one.difference, mark)
    if money is None or currency is None or currency == opened.base_currency:
        return money if money is None else quantize(money)
    rate = book.rate(currency, opened.base_currency, as_of=as_of, known_at=known_at)
    return None if rate is None else quantize(multiply(money, rate.px))


def _worth(
    state: Account, instrument_id: str | None, units: Decimal, mark: Price | None
) -> tuple[Decimal | None, str | None]:
    """Units as money at the mark, and in which currency."""
    instrument = state.instrument(instrument_id or "")
    if instrument is None or mark is None:
        return None, None
    value = instrument.value(units, mark.px)
    # The value of an inverse contract has the sign of what is owed for it.
    is_inverse = instrument.kind is InstrumentKind.INVERSE
    return (negate(value) if is_inverse else value), instrument.currency
