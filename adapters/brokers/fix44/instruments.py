"""Instruments of FIX messages: what is told about them, and no more.

A message names its instrument; what a quantity of it is worth, few messages tell. One whose kind
(167, 460), currency (15) or multiplier (231) is not told is not defined here: its fills are kept
with their quantity, and their value is unknown until the venue's settings declare its terms.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.brokers.fix44.message import Message
from adapters.sharing import shared
from ledger.domain.gates import Positive, gated
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE
from ledger.errors import BadRowError

SHARES: Final = frozenset({"CS", "PS", "ETF", "MF", "DR", "REIT"})
CURRENCIES: Final = frozenset({"FOR", "FXSPOT"})
FAMILIES: Final = frozenset({"FUT", "OPT", "OOF", "OOC", "OOP", "MLEG"})
"""Security types (167) of which venues give many contracts one symbol."""
PUT_OR_CALL: Final = {"0": "put", "1": "call"}
CONTRACTS: Final = frozenset({InstrumentKind.LINEAR, InstrumentKind.INVERSE, InstrumentKind.OPTION})
"""The kinds that are worth nothing known without a multiplier."""
_PAIR = re.compile(r"([A-Z]{3})/([A-Z]{3})", re.ASCII)


@gated
class Terms:
    """What an instrument is, as far as its messages do not say: its kind (167), the currency of its
    price (15), money per point and unit (231)."""

    kind: InstrumentKind | None = None
    currency: str | None = None
    multiplier: Positive | None = None


def instrument_id(message: Message, venue: str) -> str:
    """The venue and the instrument's name at it."""
    return shared(f"{venue}:{name_at_venue(message)}")


def name_at_venue(message: Message) -> str:
    """The symbol (55, or 48 where it says none) and what tells contracts apart:
    suffix, maturity, put or call with its strike. Of a contract without its maturity the symbol may
    be that of all contracts of its kind: its id (48) tells it."""
    parts = [symbol(message) + (f".{message.text('65')}" if message.has("65") else "")]
    if _is_dated(message):
        parts.append(_expiry(message))
    elif message.text("167") in FAMILIES and message.text("48") not in {"", parts[0]}:
        parts.append(message.text("48"))
    if message.has("202"):
        parts.append(
            f"{message.text('201') and _put_call(message)[0].upper()}{message.text('202')}"
        )
    return ":".join(parts)


def symbol(message: Message) -> str:
    """The symbol (55), or 48 where it says none."""
    told = message.text("55")
    return message.required("48") if told in {"", "[N/A]", "N/A"} else told


def price_currency(message: Message, default: str | None) -> str | None:
    """Of the price: the second of a pair, else 15, else as configured; None when it is not told.

    15 is the currency of the quantity in currency trades: one in the second is set aside.
    """
    pair = _pair(message)
    if not pair:
        return message.text("15") or default
    if message.text("15") not in {"", pair[0]}:
        rule = (
            f"a quantity in another currency than {pair[0]}: only the first of the pair is booked"
        )
        raise BadRowError("15", message.text("15"), rule)
    return pair[1]


def instrument(
    message: Message, venue: str, default: str | None, terms: Terms
) -> Instrument | None:
    """The instrument as the message tells it, and the terms where it does not; None when both are
    not enough to define it."""
    kind, currency = _kind(message) or terms.kind, price_currency(message, default)
    multiplier = message.decimal_or_none("231") or terms.multiplier
    if kind is None or not currency or (kind in CONTRACTS and multiplier is None):
        return None
    pair = _pair(message)
    return Instrument(
        instrument_id=instrument_id(message, venue),
        symbol=symbol(message),
        kind=kind,
        currency=currency,
        multiplier=ONE if multiplier is None else multiplier,
        base_currency=pair[0] if pair else None,
        security_id=message.text("48") or None,
        venue=venue,
        expiry=_expiry(message) if _is_dated(message) else None,
        strike_px=message.decimal_or_none("202"),
        put_call=_put_call(message) if message.has("201") else None,
    )


def _kind(message: Message) -> InstrumentKind | None:
    told = message.text("167")
    if told in SHARES or (not told and message.text("460") == "5"):
        return InstrumentKind.EQUITY
    if _pair(message):
        return InstrumentKind.SPOT
    return {"FUT": InstrumentKind.LINEAR, "OPT": InstrumentKind.OPTION}.get(told)


def _pair(message: Message) -> tuple[str, str] | None:
    """Base and price currency of a currency trade."""
    found = _PAIR.fullmatch(message.text("55")[:10])
    is_currency = message.text("167") in CURRENCIES or message.text("460") == "4"
    return (found[1], found[2]) if found and is_currency else None


def _is_dated(message: Message) -> bool:
    """Shares, and currencies for spot, have no maturity that would tell them apart."""
    return message.has("541") or message.has("200")


def _expiry(message: Message) -> str:
    """MaturityDate (541), else MaturityMonthYear (200) with the day (205) of FIX 4.2."""
    on = message.text("205")
    return message.text("541") or message.text("200") + (on.zfill(2) if on else "")


def _put_call(message: Message) -> str:
    return message.one_of("201", PUT_OR_CALL, "neither put nor call")
