"""What a random account trades: its policies, its instruments and the numbers on its fills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

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

ACCOUNT = "A"
START = datetime(2026, 1, 5, tzinfo=UTC)
SECONDS = 12
TOLD = START + timedelta(seconds=6)  # rules and definitions are written down in the midst of it
THIRD = "BNB"

CHOOSY = (Booking.STRICT, Booking.STRICT_WITH_SIZE, Booking.SPECIFIC)
PLAIN = tuple(method for method in Booking if method not in CHOOSY)

moments = st.integers(0, SECONDS).map(lambda second: START + timedelta(seconds=second))
cents = st.integers(1, 50_000).map(lambda n: Decimal(n).scaleb(-2))
signed_cents = st.integers(-50_000, 50_000).map(lambda n: Decimal(n).scaleb(-2))
charges = st.integers(-200, 500).map(lambda n: Decimal(n).scaleb(-2))
units = st.sampled_from(["1", "2", "3", "5", "7", "12", "0.5", "0.003", "1.37"]).map(Decimal)


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
IN_FULL = tuple(one for one in INSTRUMENTS if one.settles_in_full)
ON_MARGIN = tuple(one for one in INSTRUMENTS if not one.settles_in_full)


def policies(**fixed: Any) -> st.SearchStrategy[AccountOpened]:
    """Any way to keep an account's books; ``fixed`` are fields that are given."""
    free: dict[str, Any] = {
        "kind": st.sampled_from(AccountKind),
        "booking": st.sampled_from(Booking),
        "crossing": st.sampled_from([None, *Crossing]),
        "fee_rule": st.sampled_from(FeeRule),
    }
    chosen = free | {name: st.just(value) for name, value in fixed.items()}
    return st.builds(AccountOpened, base_currency=st.just("USD"), **chosen)


def prices(instrument: Instrument) -> st.SearchStrategy[Decimal]:
    """Prices an instrument may have: a linear one's may be zero or negative."""
    return signed_cents if instrument.kind is InstrumentKind.LINEAR else cents


def fee_currencies(instrument: Instrument, allowed: tuple[str, ...]) -> list[str]:
    """What a fee may be charged in: settlement, base or a third currency, if ``allowed``."""
    known = [name for name in (instrument.currency, instrument.base_currency, THIRD) if name]
    return [name for name in known if not allowed or name in allowed]


def fee_lists(instrument: Instrument, allowed: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Up to two charges or rebates."""
    currencies = st.sampled_from(fee_currencies(instrument, allowed))
    fees = st.builds(Fee, amount=charges, currency=currencies)
    return st.lists(fees, max_size=2).map(tuple)


def definitions(instruments: tuple[Instrument, ...]) -> list[Fact]:
    """The facts that define instruments from ever."""
    return [make_fact(ACCOUNT, InstrumentDefined(instrument=one), TOLD) for one in instruments]
