"""Which instrument a Binance symbol is, by its market; what an answer does not tell is the venue's
own rule for symbols, never a guess.

======  ====================================  ================================================
market  symbols                               what they are
======  ====================================  ================================================
spot    ``BTCUSDT``                           a pair, delivered
um      ``BTCUSDT``, ``BTCUSDT_260327``       one unit of base, settled in the quote (USD-M)
cm      ``BTCUSD_PERP``, ``BTCUSD_260327``    100 dollars a contract of BTC, 10 of every other
                                              coin, settled in the coin (COIN-M)
======  ====================================  ================================================

The same symbol exists in two markets, so the market is part of the instrument's id.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.rows import Row
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE
from ledger.errors import BadRowError

VENUE: Final = "BINANCE"
SPOT: Final = "spot"
UM: Final = "um"
CM: Final = "cm"
QUOTES: Final = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDS", "USD1", "PAX", "DAI", "BTC", "ETH",
    "BNB", "XRP", "TRX", "DOGE", "EUR", "GBP", "AUD", "TRY", "BRL", "RUB", "UAH", "NGN", "ZAR",
    "PLN", "RON", "ARS", "JPY", "MXN", "CZK", "COP", "IDR", "IDRT", "BIDR", "BVND", "BKRW",
    "AEUR", "EURI", "UST", "VAI", "XUSD", "U",
)  # fmt: skip
"""What pairs are priced in; of several that fit a symbol, the longest is meant, but see below."""

IN_AEUR: Final = frozenset({"BTC", "ETH", "EUR"})
"""What is priced in AEUR: ``ADAEUR`` and every other one is ``ADA`` in EUR."""

NOT_IN_BIDR: Final = frozenset({"BN", "SHI"})
"""No assets: ``BNBIDR`` and ``SHIBIDR`` are BNB and SHIB in IDR."""

_COIN_M = re.compile(r"([A-Z0-9]+)USD_(?:PERP|[0-9]{6})")
_DATED = re.compile(r"(.+)_([0-9]{6})")
_KINDS: Final = {SPOT: InstrumentKind.SPOT, UM: InstrumentKind.LINEAR, CM: InstrumentKind.INVERSE}


class Terms(NamedTuple):
    """Base and settlement currency, and the money of one contract."""

    base: str
    settles: str
    size: Decimal = ONE


Told = dict[tuple[str, str], Terms]
"""The terms of a symbol, by market, where an answer of exchangeInfo says them."""


def market_of(symbol: str, *, is_spot: bool = False) -> str:
    """The market of a symbol: futures settled in the coin are called ``...USD_...``."""
    if is_spot:
        return SPOT
    return CM if _COIN_M.fullmatch(symbol) else UM


def told_terms(row: Row) -> tuple[tuple[str, str], Terms]:
    """What a symbol of ``exchangeInfo`` is; only futures name what they are margined in."""
    symbol, base, quote = (row.required(name) for name in ("symbol", "baseAsset", "quoteAsset"))
    market = market_of(symbol, is_spot=not row.has("marginAsset"))
    size = row.decimal("contractSize") if market == CM else ONE
    settles = row.required("marginAsset") if market == CM else quote
    return (market, symbol), Terms(base, settles, size)


def instrument(market: str, symbol: str, told: Told) -> Instrument:
    """The definition; ``BadRowError`` for a symbol whose currencies are not known."""
    terms = told.get((market, symbol)) or _by_rule(market, symbol)
    if terms is None:
        rule = (
            f"no {market} symbol whose currencies are known: ingest it together with the answer "
            "of exchangeInfo that names it"
        )
        raise BadRowError("symbol", symbol, rule)
    dated = None if market == SPOT else _DATED.fullmatch(symbol)
    return Instrument(
        instrument_id=f"{VENUE}:{market}:{symbol}",
        symbol=symbol,
        kind=_KINDS[market],
        currency=terms.settles,
        multiplier=terms.size,
        base_currency=terms.base if market == SPOT else None,
        venue=VENUE,
        expiry=_expiry(dated[2]) if dated else None,
    )


def _by_rule(market: str, symbol: str) -> Terms | None:
    if market == CM:
        found = _COIN_M.fullmatch(symbol)
        size = Decimal(100) if found and found[1] == "BTC" else Decimal(10)
        return Terms(found[1], found[1], size) if found else None
    dated = _DATED.fullmatch(symbol)
    pair = dated[1] if dated and market == UM else symbol
    fit = (quote for quote in QUOTES if pair.endswith(quote) and _is_meant(pair, quote))
    quote = max(fit, key=len, default="")
    return Terms(pair.removesuffix(quote), quote) if quote else None


def _is_meant(pair: str, quote: str) -> bool:
    """Whether what is left is an asset that is priced in the quote at its end."""
    base = pair.removesuffix(quote)
    if quote == "AEUR":
        return base in IN_AEUR
    return bool(base) and not (quote == "BIDR" and base in NOT_IN_BIDR)


def _expiry(written: str) -> str:
    return f"20{written[:2]}-{written[2:4]}-{written[4:]}"
