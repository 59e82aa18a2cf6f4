"""Prices and quantities are whole numbers; a scale says what to divide them by.

``price / priceScale`` and ``quantity / fractionalQuantityScale``, money by both: so the venue's
data model and settlement pages with worked examples, against a line of its interface description
("price / 10^price_scale"). So a scale that is no power of ten is not divided by: it may be meant
as an exponent.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import attrs

from adapters.rows import Row
from ledger.domain.numbers import ONE, ZERO, multiply, quantize, ratio
from ledger.errors import BadRowError

_POWER: Final = re.compile(r"10{0,9}", re.ASCII)
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


@attrs.frozen
class Scale:
    """What the whole numbers of one instrument are divided by."""

    price: Decimal
    qty: Decimal

    def px(self, row: Row, name: str) -> Decimal:
        """A price."""
        return divided(row, name, self.price)

    def units(self, row: Row, name: str) -> Decimal:
        """A number of contracts."""
        return divided(row, name, self.qty)

    def money(self, row: Row, name: str) -> Decimal:
        """Notional units as money."""
        return divided(row, name, multiply(self.price, self.qty))


def scale_of(row: Row, qty_name: str = "fractionalQuantityScale") -> Scale:
    """The scales a row tells. An absent one for quantities is 1, as the venue says."""
    qty = power(row, qty_name) if row.text(qty_name) not in {"", "0"} else ONE
    return Scale(power(row, "priceScale"), qty)


def power(row: Row, name: str) -> Decimal:
    """A scale: a power of ten; ``BadRowError`` for another number."""
    value = row.required(name)
    if not _POWER.fullmatch(value):
        rule = "a scale that is no power of ten: is it an exponent? nothing is divided by it"
        raise BadRowError(name, value, rule)
    return Decimal(value)


def whole(row: Row, name: str) -> Decimal:
    """A 64-bit whole number; an absent one is zero, which the venue does not write."""
    value = row.text(name)
    if value and not _INTEGER.fullmatch(value):
        raise BadRowError(name, value, "not a whole number")
    return Decimal(value) if value else ZERO


def divided(row: Row, name: str, scale: Decimal) -> Decimal:
    """A whole number by its scale, exact."""
    return quantize(ratio(whole(row, name), ONE, scale))
