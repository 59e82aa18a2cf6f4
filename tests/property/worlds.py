"""What a random account trades: its policies, its instruments and the numbers on its fills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.domain.events import (
    AccountKind,
    AccountOpened,
    Booking,
    Crossing,
    Fact,
    Fee,
    FeeRule,
    InstrumentDefined,
    make_fact,
)
from ledger.domain.instruments import Instrument, InstrumentKind, Settles
from tests.property.dice import Dice

ACCOUNT = "A"
START = datetime(2026, 1, 5, tzinfo=UTC)
SECONDS = 12
TOLD = START + timedelta(seconds=6)  # rules and definitions are written down in the midst of it
THIRD = "BNB"

CHOOSY = (Booking.STRICT, Booking.STRICT_WITH_SIZE, Booking.SPECIFIC)
PLAIN = tuple(method for method in Booking if method not in CHOOSY)

# What a margin account does without being told so, and shorts, as often as all else together.
CROSSINGS = (None, None, Crossing.ALLOW, Crossing.ALLOW, Crossing.SUSPENSE, Crossing.REFUSE)

UNITS = tuple(map(Decimal, ["1", "2", "3", "5", "7", "12", "0.5", "0.003", "1.37"]))
# Amounts in cents that come again and again, so that lots cost the same and money adds up.
COMMON = (100_00, 1, 101_07, 99_50, 500_00)


def moment(dice: Dice) -> datetime:
    """One of few, so that several facts share one."""
    return START + timedelta(seconds=dice.below(SECONDS + 1))


def cents(dice: Dice) -> Decimal:
    """From 0.01 to 500, often one of a few."""
    number = dice.pick(COMMON) if dice.below(4) == 0 else 1 + dice.below(50_000)
    return Decimal(number).scaleb(-2)


def signed_cents(dice: Dice) -> Decimal:
    """From -500 to 500, zero among them."""
    number = dice.pick((0, *COMMON)) if dice.below(4) == 0 else dice.below(50_001)
    return Decimal(-number if dice.coin() else number).scaleb(-2)


def charge(dice: Dice) -> Decimal:
    """A charge of up to 5 or a rebate of up to 2."""
    number = dice.below(701)
    return Decimal(number if number <= 500 else 500 - number).scaleb(-2)


def instrument(kind: InstrumentKind, **more: Any) -> Instrument:
    """One of each kind, named after it."""
    name = more.pop("name", kind.value.upper())
    fields: dict[str, Any] = {"currency": "USD", **more}
    return Instrument(instrument_id=name, symbol=name, kind=kind, **fields)


INSTRUMENTS = (
    instrument(InstrumentKind.LINEAR, multiplier=Decimal(50)),
    instrument(InstrumentKind.LINEAR, name="DAILY", settles=Settles.VARIATION),
    instrument(InstrumentKind.INVERSE, currency="BTC", multiplier=Decimal(100)),
    instrument(InstrumentKind.QUANTO, currency="EUR", multiplier=Decimal("0.0001")),
    instrument(InstrumentKind.SPOT, base_currency="ETH"),
    instrument(InstrumentKind.SPOT, name="OUNCE"),
    instrument(InstrumentKind.EQUITY),
    instrument(InstrumentKind.OPTION, multiplier=Decimal(100)),
    instrument(InstrumentKind.BOND, multiplier=Decimal("0.01")),
)
ON_MARGIN = tuple(one for one in INSTRUMENTS if not one.settles_in_full)


def policy(dice: Dice, **fixed: Any) -> AccountOpened:
    """Any way to keep an account's books; ``fixed`` are fields that are given."""
    free: dict[str, Any] = {
        "kind": dice.pick(tuple(AccountKind)),
        "booking": dice.pick(tuple(Booking)),
        "crossing": dice.pick(CROSSINGS),
        "fee_rule": dice.pick(tuple(FeeRule)),
    }
    return AccountOpened(base_currency="USD", **(free | fixed))


def one_or_two(dice: Dice, instruments: tuple[Instrument, ...], most: int) -> Any:
    """One instrument, or two that differ where ``most`` allows it."""
    first, another = dice.pick(instruments), dice.pick(instruments)
    is_one = dice.coin() or most == 1 or first is another
    return (first,) if is_one else (first, another)


def price(dice: Dice, instrument: Instrument) -> Decimal:
    """What an instrument may trade at: a linear one's price may be zero or negative."""
    return signed_cents(dice) if instrument.kind is InstrumentKind.LINEAR else cents(dice)


def fee_currencies(instrument: Instrument, allowed: tuple[str, ...]) -> list[str]:
    """What a fee may be charged in: settlement, base or a third currency, if ``allowed``."""
    known = [name for name in (instrument.currency, instrument.base_currency, THIRD) if name]
    return [name for name in known if not allowed or name in allowed]


def fees(dice: Dice, instrument: Instrument, allowed: tuple[str, ...]) -> tuple[Fee, ...]:
    """Up to two charges or rebates."""
    currencies = fee_currencies(instrument, allowed)
    return tuple(
        Fee(amount=charge(dice), currency=dice.pick(currencies)) for _ in range(dice.below(3))
    )


def definitions(instruments: tuple[Instrument, ...]) -> list[Fact]:
    """The facts that define instruments from ever."""
    return [make_fact(ACCOUNT, InstrumentDefined(instrument=one), TOLD) for one in instruments]
