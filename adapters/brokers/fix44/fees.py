"""Commission (12, 13, 479) and the group of miscellaneous fees (136: 137, 138, 139, 891)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.fix44.message import Message
from ledger.domain.events import Fee, FeeKind
from ledger.domain.numbers import ZERO, multiply, negate
from ledger.errors import BadRowError

KINDS: Final = {
    "1": FeeKind.REGULATORY, "2": FeeKind.TAX, "3": FeeKind.COMMISSION, "4": FeeKind.EXCHANGE,
    "5": FeeKind.TAX, "6": FeeKind.REGULATORY, "7": FeeKind.OTHER, "8": FeeKind.OTHER,
    "9": FeeKind.TAX, "10": FeeKind.OTHER, "11": FeeKind.OTHER, "12": FeeKind.COMMISSION,
    "13": FeeKind.OTHER, "14": FeeKind.BORROW, "15": FeeKind.REGULATORY, "16": FeeKind.TAX,
    "17": FeeKind.TAX, "18": FeeKind.OTHER, "19": FeeKind.OTHER, "20": FeeKind.OTHER,
    "21": FeeKind.EXCHANGE, "22": FeeKind.TAX, "23": FeeKind.TAX, "24": FeeKind.EXCHANGE,
    "25": FeeKind.EXCHANGE, "26": FeeKind.EXCHANGE, "27": FeeKind.EXCHANGE, "28": FeeKind.OTHER,
    "29": FeeKind.OTHER, "30": FeeKind.OTHER, "31": FeeKind.CLEARING, "32": FeeKind.CLEARING,
}  # fmt: skip
"""MiscFeeType (139): 1 regulatory, 2 tax, 3 local commission, 4 exchange, 5 stamp, 6 levy, 7 other,
8 markup, 9 consumption tax, 10 per transaction, 11 conversion, 12 agent. Later versions of FIX
add: 13 transfer, 14 security lending, 15 trade reporting, 16 tax on principal, 17 on accrued
interest, 18 new issue, 19 service, 20 odd lot, 21 auction, 22 value added tax, 23 sales tax,
24 execution venue, 25 to 27 order or quote entry, change, cancel, 28 to 30 market data,
31 clearing, 32 settlement. Not 33 rebate, 34 discount, 35 payment, 36 not money: the standard does
not say whether their amount is written with a sign."""

TOTAL, PER_UNIT = "total", "per unit"
COMMISSIONS: Final = {"3": TOTAL, "1": PER_UNIT}
BASES: Final = {"0": TOTAL, "1": PER_UNIT}
_RULE: Final = "only an absolute amount or one per unit can be booked"


def fees(message: Message, qty: Decimal, default: str | None, *, negative: bool) -> tuple[Fee, ...]:
    """What the execution cost: positive is charged, negative is a rebate.

    FIX writes a charge positive; ``negative`` says that this venue writes it negative. Currencies
    are 479 and 138, else the message's (15), else ``default``; a fee of none is set aside.
    """
    told = [*_commission(message, qty, default), *_miscellaneous(message, qty, default)]
    return tuple(_turned(fee) for fee in told) if negative else tuple(told)


def _turned(fee: Fee) -> Fee:
    return Fee(amount=negate(fee.amount), currency=fee.currency, kind=fee.kind)


def _commission(message: Message, qty: Decimal, default: str | None) -> Iterator[Fee]:
    amount = message.decimal_or_none("12")
    if amount:
        basis = message.one_of("13", COMMISSIONS, _RULE)
        currency = message.text("479") or _currency(message, "479", default)
        yield Fee(amount=_whole(amount, basis, qty), currency=currency)


def _miscellaneous(message: Message, qty: Decimal, default: str | None) -> Iterator[Fee]:
    told = [*message.groups("137")]
    if (message.decimal_or_none("136") or ZERO) != len(told):
        raise BadRowError("136", message.text("136"), f"the group has {len(told)} entries")
    for entry in told:
        amount = entry.decimal("137")
        basis = entry.one_of("891", BASES, _RULE) if entry.has("891") else TOTAL
        currency = entry.text("138") or _currency(message, "138", default)
        if amount:
            kind = entry.one_of("139", KINDS)
            yield Fee(amount=_whole(amount, basis, qty), currency=currency, kind=kind)


def _whole(amount: Decimal, basis: str, qty: Decimal) -> Decimal:
    return multiply(amount, qty) if basis == PER_UNIT else amount


def _currency(message: Message, field: str, default: str | None) -> str:
    found = message.text("15") or default
    if not found:
        raise BadRowError(field, "", "a fee without a currency (nor 15): configure the currency")
    return found
