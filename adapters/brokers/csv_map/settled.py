"""What a fill really moved, where the file states it: the amount, in the currency of the account.

A broker that converts by itself states a price in one currency and takes the money in another.
The amount less its charges then is the fill's value; its price is kept only where it is in the
same currency. Quantity and price, converted by the rate of the row, are compared with it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from ledger.domain.events import Fee, Side
from ledger.domain.numbers import ONE, ZERO, add, multiply, ratio, subtract, text, total
from ledger.errors import BadRowError

HUNDREDTH: Final = Decimal("0.01")


class Stated(NamedTuple):
    """What a row says of a fill: the amount that moved with its charges in it, signed as written,
    and the price with its currency's rate (units of it for one of the amount's), if told."""

    side: Side
    qty: Decimal
    amount: Decimal
    fees: tuple[Fee, ...]
    px: Decimal | None
    is_priced_in_it: bool
    rate: Decimal | None


class Settled(NamedTuple):
    """The price and the value of a fill; empty words where nothing needs to be said of it."""

    px: Decimal | None
    gross: Decimal | None
    differs: str


def settle(stated: Stated, multiplier: Decimal, tolerance: Decimal) -> Settled:
    """The fill's value, and how it differs from what quantity and price make."""
    gross = _gross(stated)
    made = _made(stated, multiplier)
    if made is None:
        return Settled(None, gross, "")
    apart = subtract(gross, made).copy_abs()
    differs = ""
    if apart > add(_slack(stated, made, multiplier), tolerance):
        both = f"amount less charges {text(gross)}, quantity and price make {text(made)}"
        differs = f"{both}: the former is booked"
    if not stated.is_priced_in_it:
        return Settled(None, gross, differs)
    return Settled(stated.px, gross if apart else None, differs)


def require_sign(side: Side, amount: Decimal) -> None:
    """``BadRowError`` for a purchase that brought money, or a sale that cost some."""
    if amount and (amount < 0) is not side.is_buy:
        rule = f"not the sign of a {side.value}: money that went is negative in this file"
        raise BadRowError("amount", text(amount), rule)


def _gross(stated: Stated) -> Decimal:
    charged = total([fee.amount for fee in stated.fees])
    money = stated.amount.copy_abs()
    gross = subtract(money, charged) if stated.side.is_buy else add(money, charged)
    if gross < ZERO:
        raise BadRowError("amount", text(stated.amount), "less than the charges in it")
    return gross


def _made(stated: Stated, multiplier: Decimal) -> Decimal | None:
    """What quantity and price make in the amount's currency; None if that cannot be said."""
    if stated.px is None or not (stated.is_priced_in_it or stated.rate):
        return None
    value = multiply(multiply(stated.qty, stated.px), multiplier).copy_abs()
    return value if stated.is_priced_in_it else ratio(value, ONE, stated.rate or ONE)


def _slack(stated: Stated, made: Decimal, multiplier: Decimal) -> Decimal:
    """How far rounding alone takes them apart: one in the last digit of price, quantity, rate."""
    of_px = multiply(multiply(stated.qty, _last_digit(stated.px)), multiplier)
    is_whole = stated.qty == stated.qty.to_integral_value()
    px = (stated.px or ZERO).copy_abs()
    of_qty = ZERO if is_whole else multiply(multiply(px, _last_digit(stated.qty)), multiplier)
    slack = add(of_px, of_qty)
    if stated.is_priced_in_it or not stated.rate:
        return slack
    of_rate = ratio(made, _last_digit(stated.rate), stated.rate)
    return add(ratio(slack, ONE, stated.rate), of_rate)


def _last_digit(value: Decimal | None) -> Decimal:
    """One in the last digit written, zeros behind it apart; of a whole number, a hundredth."""
    exponent = value.normalize().as_tuple().exponent if value is not None else 0
    return ONE.scaleb(min(exponent if isinstance(exponent, int) else 0, -2))
