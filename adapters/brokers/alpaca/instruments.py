"""Which instrument an Alpaca symbol means, and what it is.

An activity names a symbol and nothing else, so its form decides: an OCC symbol is an option, a
slash makes a pair of currencies, and so do six letters and more that end in a quote currency (no
US share has more than five). Where the row tells the asset class, the two must agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from adapters.rows import Row
from adapters.sharing import remembering
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import multiply, quantize
from ledger.errors import BadRowError

VENUE: Final = "ALPACA"
USD: Final = "USD"
STANDARD: Final = Decimal(100)
"""Units of the underlying that a US equity option of an unadjusted symbol delivers (OCC)."""

CLASSES: Final = {
    "us_equity": InstrumentKind.EQUITY,
    "us_option": InstrumentKind.OPTION,
    "crypto": InstrumentKind.SPOT,
}
QUOTES: Final = ("USDT", "USDC", "USD", "BTC")
SHORTEST_PAIR: Final = 6

_OPTION = re.compile(r"([A-Z]{1,6})([0-9]?)([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8})")
_PAIR = re.compile(r"([A-Z0-9]{1,12})/([A-Z0-9]{1,12})")
_CUSIP = re.compile(r"[0-9][0-9A-Z]{8}")
_THOUSANDTH = Decimal("0.001")


def instrument(row: Row) -> Instrument:
    """The instrument of a row's ``symbol``; ``BadRowError`` where the symbol does not tell.

    >>> instrument(Row({"symbol": "ETHUSD"}, "row")).instrument_id
    'ALPACA:ETH/USD'
    """
    symbol, told = row.required("symbol"), row.text("asset_class")
    kind = row.one_of("asset_class", CLASSES) if told else None
    made = next(_readings(row, symbol, kind), None) or _share(symbol)
    if kind is not None and kind is not made.kind:
        raise BadRowError("asset_class", told, f"the symbol {symbol} is not one of that class")
    return made


def _readings(row: Row, symbol: str, kind: InstrumentKind | None) -> Iterator[Instrument]:
    if found := _OPTION.fullmatch(symbol):
        yield _option(symbol, found)
    if found := _PAIR.fullmatch(symbol):
        yield _pair(found[1], found[2])
    if kind is not InstrumentKind.EQUITY:
        yield from _unslashed(symbol)
        if _CUSIP.fullmatch(symbol):
            rule = "a CUSIP: whether it is of a share or of a bond is not told, enter it by hand"
            raise BadRowError("symbol", row.text("symbol"), rule)


def _unslashed(symbol: str) -> Iterator[Instrument]:
    """A pair as older rows and positions write it, such as BTCUSD."""
    if len(symbol) >= SHORTEST_PAIR and symbol.isascii() and symbol.isalnum():
        for quote in QUOTES:
            if symbol.endswith(quote) and symbol != quote:
                yield _pair(symbol.removesuffix(quote), quote)


@remembering
def _pair(base: str, quote: str) -> Instrument:
    symbol = f"{base}/{quote}"
    return Instrument(
        instrument_id=f"{VENUE}:{symbol}",
        symbol=symbol,
        kind=InstrumentKind.SPOT,
        currency=quote,
        base_currency=base,
        venue=VENUE,
    )


@remembering
def _share(symbol: str) -> Instrument:
    return Instrument(
        instrument_id=f"{VENUE}:{symbol}",
        symbol=symbol,
        kind=InstrumentKind.EQUITY,
        currency=USD,
        venue=VENUE,
    )


def _option(symbol: str, found: re.Match[str]) -> Instrument:
    root, adjusted, year, month, day, put_call, strike = found.groups()
    if adjusted:
        rule = "an adjusted option: what it delivers, and so its multiplier, is not told"
        raise BadRowError("symbol", symbol, rule)
    return Instrument(
        instrument_id=f"{VENUE}:{symbol}",
        symbol=symbol,
        kind=InstrumentKind.OPTION,
        currency=USD,
        multiplier=STANDARD,
        venue=VENUE,
        underlying_id=f"{VENUE}:{root}",
        expiry=f"20{year}-{month}-{day}",
        strike_px=quantize(multiply(Decimal(strike), _THOUSANDTH)),
        put_call=put_call,
    )
