"""The one gate for numbers, and the only two arithmetics: exact, and quantized.

Every amount, quantity and price enters through :func:`parse` (text) or :func:`check`
(a ``Decimal`` made elsewhere). What passed the gate is multiplied and added in a context
wide enough for any product of such numbers, with ``Inexact`` trapped, so that nothing can
be rounded unseen. Two functions round, half-even: :func:`carry` keeps 36 decimals of what a
fold carries on (a slice of a lot's basis), and :func:`quantize` 18 of what is reported. The 18
guard digits between them are what makes the average of a dust position right to the last digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

from ledger.errors import BadNumberError

MAX_TEXT: Final = 40
MAX_BEFORE: Final = 20
MAX_AFTER: Final = 18
CARRIED: Final = 36

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_QUANTUM: Final = Decimal(1).scaleb(-MAX_AFTER)
_CARRIED: Final = Decimal(1).scaleb(-CARRIED)
_SIGNALS = [InvalidOperation, DivisionByZero, Overflow]
_GATE = Context(prec=MAX_BEFORE + MAX_AFTER, traps=[*_SIGNALS, Inexact])
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=[*_SIGNALS, Inexact])
_WIDE = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=list(_SIGNALS))

add = _EXACT.add
subtract = _EXACT.subtract
multiply = _EXACT.multiply
negate = _EXACT.minus
remainder = _WIDE.remainder


def parse(field: str, text: str) -> Decimal:
    """Read a decimal from text, or raise ``BadNumberError``.

    >>> parse("last_px", "5000.25")
    Decimal('5000.25')
    >>> parse("last_qty", "1E+999999")
    Traceback (most recent call last):
    ...
    ledger.errors.BadNumberError: last_qty: '1E+999999' is not a number this ledger keeps: ...
    """
    if not isinstance(text, str):
        raise BadNumberError(field, _shown(text), "it is not text")
    if len(text) > MAX_TEXT:
        raise BadNumberError(field, text, f"it is longer than {MAX_TEXT} characters")
    if not _PLAIN.fullmatch(text):
        raise BadNumberError(field, text, "it is not of the form -digits.digits")
    return check(field, Decimal(text))


def _shown(value: object) -> str:
    """What was given instead of a number, in a few characters, however long it is."""
    if isinstance(value, str | bytes):
        return repr(value[:MAX_TEXT])
    return repr(value) if isinstance(value, float | bool | None) else type(value).__name__


def check(field: str, value: Decimal) -> Decimal:
    """Let a ``Decimal`` through the gate, or raise ``BadNumberError``.

    >>> check("qty", Decimal("NaN"))
    Traceback (most recent call last):
    ...
    ledger.errors.BadNumberError: qty: 'NaN' is not a number this ledger keeps: it is not finite...
    """
    if type(value) is not Decimal:
        raise BadNumberError(
            field, _shown(value), "it is not a Decimal", "make one of text: Decimal('-12.50')"
        )
    if not value.is_finite():
        raise BadNumberError(field, str(value)[:MAX_TEXT], "it is not finite")
    try:
        _GATE.quantize(value, _QUANTUM)
    except (Inexact, InvalidOperation):
        why = f"it has more than {MAX_BEFORE} digits before or {MAX_AFTER} after the point"
        raise BadNumberError(field, f"{value:.12E}", why) from None
    return value if value else ZERO


def are_numbers(values: tuple[Decimal, ...]) -> bool:
    """Whether :func:`check` would let all of these decimals through.

    >>> are_numbers((Decimal("1.5"),)), are_numbers((Decimal("NaN"),))
    (True, False)
    """
    try:
        for value in values:
            _GATE.quantize(value, _QUANTUM)
    except (Inexact, InvalidOperation):
        return False
    return all(map(Decimal.is_finite, values))


def quantize(value: Decimal) -> Decimal:
    """Round a reported amount to 18 decimals, half-even, and drop the zeros behind.

    >>> quantize(Decimal("0.0000000000000000015")), quantize(Decimal("1200.50"))
    (Decimal('2E-18'), Decimal('1200.5'))
    """
    short = _WIDE.quantize(value, _QUANTUM).normalize(_WIDE)
    if not short:
        return ZERO
    whole = short.to_integral_value()
    return _WIDE.quantize(short, ONE) if short == whole else short


def carry(value: Decimal) -> Decimal:
    """Round a carried amount to 36 decimals, half-even."""
    return _WIDE.quantize(value, _CARRIED)


def ratio(value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """``value * part / whole``, carried; multiplies before it divides.

    >>> text(ratio(Decimal("0.01"), Decimal(3), Decimal(10)))
    '0.003'
    """
    return _WIDE.quantize(_WIDE.divide(_EXACT.multiply(value, part), whole), _CARRIED)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero for nothing."""
    result = ZERO
    for value in values:
        result = add(result, value)
    return result


def text(value: Decimal) -> str:
    """A decimal as plain digits without trailing zeros, for people and for JSON.

    >>> text(Decimal("1.500000000000000000")), text(Decimal("1E+3")), text(Decimal("-0.0"))
    ('1.5', '1000', '0')
    """
    return format(value.normalize(_WIDE), "f") if value else "0"


def told(value: Decimal) -> str:
    """A decimal in a message: as it is reported, with at most 18 decimals.

    >>> told(ratio(ONE, ONE, Decimal(3)))
    '0.333333333333333333'
    """
    return text(quantize(value))


def steps(value: Decimal, size: Decimal, rounding: str) -> Decimal:
    """How many whole steps of ``size`` make ``value``, rounded the way that is named."""
    return _WIDE.divide(value, size).to_integral_value(rounding=rounding)
