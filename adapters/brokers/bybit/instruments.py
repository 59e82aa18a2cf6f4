"""Which instrument a Bybit symbol is, by its category; what an answer does not tell is the
venue's own rule for symbols, never a guess.

==========  =======================================  ==========================================
category    symbols                                  what they are
==========  =======================================  ==========================================
spot        ``BTCUSDT``                              a pair, delivered
linear      ``BTCUSDT``, ``BTCUSDT-27DEC24``         one coin a unit, settled in USDT
linear      ``BTCPERP``, ``BTC-27DEC24``             one coin a unit, settled in USDC
inverse     ``BTCUSD``, ``BTCUSDH25``                one dollar a unit, settled in the coin
option      ``BTC-27DEC24-80000-C`` (``-USDT``)      one coin a unit, premium in USDC (USDT)
==========  =======================================  ==========================================

The same symbol exists in several categories, so the category is part of the instrument's id.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.rows import Row
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import parse
from ledger.errors import BadRowError

VENUE: Final = "BYBIT"
CATEGORIES: Final = ("spot", "linear", "inverse", "option")
QUOTES: Final = (
    "USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "MNT", "BTC", "ETH", "SOL", "DAI", "EUR",
    "BRL", "BRZ", "PLN", "TRY", "KZT", "GEL",
)  # fmt: skip
"""What spot pairs are priced in; of several that fit a symbol, the longest is meant."""

_MONTHS: Final = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)
_DATE = r"[0-9]{1,2}[A-Z]{3}[0-9]{2}"
_LINEAR = re.compile(rf"(?:(?P<usdt>[A-Z0-9]+)USDT(?:-{_DATE})?|[A-Z0-9]+PERP|[A-Z0-9]+-{_DATE})")
_INVERSE = re.compile(r"([A-Z0-9]+?)USD(?:[FGHJKMNQUVXZ][0-9]{2})?")
_OPTION = re.compile(rf"([A-Z0-9]+)-({_DATE})-([0-9.]+)-([CP])(?:-(USDT))?")

Told = dict[tuple[str, str], tuple[str, str, str]]
"""Base, quote and settlement coin by category and symbol, where an answer says them."""


def category_of(row: Row, page_category: str) -> str:
    """The row's category, else its page's; ``BadRowError`` when neither tells a known one."""
    category = row.text("category") or page_category
    if category not in CATEGORIES:
        rule = (
            "the answer does not say of which category it is, and the same symbol may be spot and "
            "a future: keep result.category with the rows"
        )
        raise BadRowError("category", category, rule)
    return category


def told_coins(row: Row, page_category: str) -> tuple[tuple[str, str], tuple[str, str, str]]:
    """What a row of ``/v5/market/instruments-info`` says of a symbol's coins."""
    quote = row.required("quoteCoin")
    coins = (row.required("baseCoin"), quote, row.text("settleCoin") or quote)
    return (category_of(row, page_category), row.required("symbol")), coins


def instrument(category: str, symbol: str, told: Told) -> Instrument:
    """The definition; ``BadRowError`` for a symbol whose currencies are not known."""
    coins = told.get((category, symbol)) or _by_rule(category, symbol)
    if coins is None:
        rule = (
            f"no {category} symbol whose currencies are known: ingest it together with the answer "
            "of /v5/market/instruments-info that names it"
        )
        raise BadRowError("symbol", symbol, rule)
    base, _, settles = coins
    kinds = {"spot": InstrumentKind.SPOT, "linear": InstrumentKind.LINEAR,
             "inverse": InstrumentKind.INVERSE, "option": InstrumentKind.OPTION}  # fmt: skip
    option = _OPTION.fullmatch(symbol) if category == "option" else None
    return Instrument(
        instrument_id=f"{VENUE}:{category}:{symbol}",
        symbol=symbol,
        kind=kinds[category],
        currency=settles,
        base_currency=base if category == "spot" else None,
        venue=VENUE,
        expiry=_expiry(option[2]) if option else None,
        strike_px=parse("symbol", option[3]) if option else None,
        put_call=option[4] if option else None,
    )


def _by_rule(category: str, symbol: str) -> tuple[str, str, str] | None:
    """Base, quote and settlement coin by the venue's rule for symbols, if it fits."""
    if category == "spot":
        quote = max((q for q in QUOTES if _ends(symbol, q)), key=len, default="")
        return (symbol.removesuffix(quote), quote, quote) if quote else None
    if category == "linear" and (linear := _LINEAR.fullmatch(symbol)):
        coin = "USDT" if linear["usdt"] else "USDC"
        return symbol, coin, coin
    if category == "inverse" and (inverse := _INVERSE.fullmatch(symbol)):
        return inverse[1], "USD", inverse[1]
    if category == "option" and (option := _OPTION.fullmatch(symbol)):
        coin = option[5] or "USDC"
        return option[1], coin, coin
    return None


def _expiry(written: str) -> str:
    """A date such as 27DEC24 with the year first."""
    month = written[-5:-2]
    if month not in _MONTHS:
        raise BadRowError("symbol", written, "there is no such month")
    return f"20{written[-2:]}-{_MONTHS.index(month) + 1:02}-{written[:-5]:0>2}"


def _ends(symbol: str, quote: str) -> bool:
    return len(symbol) > len(quote) and symbol.endswith(quote)
