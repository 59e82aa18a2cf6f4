"""Fees in other currencies than the trade's: by currency, and by recorded rates in its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from ledger.domain.numbers import ZERO, add, multiply, quantize, ratio, subtract, total
from ledger.domain.prices import Rate
from ledger.history import KnownAt
from ledger.reading import Reader


class ForeignFee(NamedTuple):
    """A fee, or the part of one, in another currency; ``at`` is the moment of what it is for. A
    rebate is negative."""

    at: datetime
    currency: str
    amount: Decimal


Fees = Sequence[ForeignFee]


def fees_elsewhere(step: Any, *, begins: bool) -> tuple[Fees, Fees]:
    """The fees of a step in other currencies: those of the trade that goes on or ends in it, and
    those of the one that ``begins``. Of a fill that crosses zero each has its part by quantity.
    What was paid in the units that a pair delivers is no such fee: it left at cost."""
    told = json.loads(step.elsewhere).get("fees", {}) if step.elsewhere else {}
    fees = [ForeignFee(step.at, currency, Decimal(amount)) for currency, amount in told.items()]
    if not begins:
        return fees, ()
    if not (step.closed_qty and step.last_qty):
        return (), fees
    part = step.closed_qty.copy_abs()
    closing = [fee._replace(amount=ratio(fee.amount, part, step.last_qty)) for fee in fees]
    opening = [
        fee._replace(amount=subtract(fee.amount, ended.amount))
        for fee, ended in zip(fees, closing, strict=True)
    ]
    return closing, opening


def sums_of(fees: Iterable[ForeignFee]) -> Mapping[str, Decimal]:
    """The sum of each currency, 18 decimals; what comes to nothing is left out."""
    sums: dict[str, Decimal] = {}
    for fee in fees:
        sums[fee.currency] = add(sums.get(fee.currency, ZERO), fee.amount)
    rounded = {currency: quantize(sums[currency]) for currency in sorted(sums)}
    return MappingProxyType({currency: amount for currency, amount in rounded.items() if amount})


class Rates:
    """Recorded rates, as they were known; ``known`` says when each that was used was recorded."""

    def __init__(self, book: Reader, known_at: KnownAt) -> None:
        self._book, self._known_at = book, known_at
        self._found: dict[tuple[str, str, datetime], Rate | None] = {}
        self.known: list[datetime] = []

    def convert(self, fees: Iterable[ForeignFee], currency: str | None) -> tuple[Decimal, set[str]]:
        """What fees come to in a currency, 18 decimals, each by the rate that held at its moment;
        and the currencies without such a rate, whose fees are not in it."""
        amounts, without = list[Decimal](), set[str]()
        for fee in fees:
            rate = self._rate(fee.currency, currency, fee.at) if currency else None
            if rate is None:
                without.add(fee.currency)
            else:
                amounts.append(multiply(fee.amount, rate.px))
                self.known += [rate.recorded_at] if rate.recorded_at else []
        return quantize(total(amounts)), without

    def _rate(self, base: str, quote: str, at: datetime) -> Rate | None:
        asked = (base, quote, at)
        if asked not in self._found:
            self._found[asked] = self._book.rate(base, quote, as_of=at, known_at=self._known_at)
        return self._found[asked]
