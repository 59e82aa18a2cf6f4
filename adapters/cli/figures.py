"""Figures for people: rounded when they are printed, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

from adapters.cli.answers import Column, Kind, Row
from ledger.domain.numbers import text

PLACES: Final = 8
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
# Minor units after ISO 4217 where they are not two; money of other kinds is shown to 8 places.
_MINOR: Final = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_FIAT: Final = frozenset({
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CNH", "CNY", "COP", "CZK", "DKK", "EGP",
    "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "KES", "KZT", "MAD", "MXN", "MYR", "NGN",
    "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD",
    "THB", "TRY", "TWD", "UAH", "USD", "UYU", "ZAR",
})  # fmt: skip


class Shown(NamedTuple):
    """A cell's text, and whether it says less than the value."""

    text: str
    is_rounded: bool = False


def readable(row: Row, column: Column, exact: Callable[[object], str]) -> Shown:
    """A value of a row as it is printed in a table."""
    value = row.get(column.name)
    if not isinstance(value, Decimal) or column.kind is Kind.TEXT:
        return Shown(exact(value))
    if column.kind is Kind.MONEY:
        return amount(value, str(row.get("currency") or ""))
    return quantity(value)


def quantity(value: Decimal) -> Shown:
    """All its digits, up to eight after the point.

    >>> quantity(Decimal("0.100")).text, quantity(Decimal(1) / 3)
    ('0.1', Shown(text='0.33333333', is_rounded=True))
    """
    short = _rounded(value, PLACES)
    return Shown(text(short), short != value)


def amount(value: Decimal, currency: str) -> Shown:
    """With the currency's digits; of money that is no country's, all digits up to eight.

    >>> amount(Decimal("12.5"), "USD").text, amount(Decimal("0.00012"), "BTC").text
    ('12.50', '0.00012')
    """
    if currency not in _FIAT and currency not in _MINOR:
        return quantity(value)
    short = _rounded(value, _MINOR.get(currency, 2))
    return Shown(format(short if short else short.copy_abs(), "f"), short != value)


def _rounded(value: Decimal, places: int) -> Decimal:
    return _WIDE.quantize(value, Decimal(1).scaleb(-places))
