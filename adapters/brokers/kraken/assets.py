"""Kraken's names of coins and pairs, and the instruments behind them.

A coin has old names (``XXBT``, ``ZEUR``) and new ones, and stands under suffixes for where it lies
(``DOT.S`` staked, ``USDT.F`` rewards, ``AAPLx.T`` a tokenised share): one balance here, under the
name that is used elsewhere. A pair is written ``XXBTZUSD``, ``XBTUSDT`` or ``XBT/EUR``; all three
become ``BASE/QUOTE``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from adapters.rows import Row
from adapters.sharing import remembering
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.errors import BadRowError

VENUE: Final = "KRAKEN"

# Names with an X or Z of their own. No coin gets one any more; money that Kraken adds does.
LEGACY: Final = {
    "ZUSD": "USD", "ZEUR": "EUR", "ZGBP": "GBP", "ZCAD": "CAD", "ZJPY": "JPY", "ZAUD": "AUD",
    "ZKRW": "KRW", "XXBT": "BTC", "XETH": "ETH", "XETC": "ETC", "XLTC": "LTC", "XXRP": "XRP",
    "XXLM": "XLM", "XXMR": "XMR", "XZEC": "ZEC", "XXDG": "DOGE", "XREP": "REP", "XMLN": "MLN",
    "XICN": "ICN", "XNMC": "NMC", "XXVN": "XVN", "XDAO": "DAO",
    "ZARS": "ARS", "ZCLP": "CLP", "ZCOP": "COP", "ZDKK": "DKK", "ZGEL": "GEL", "ZGHS": "GHS",
    "ZLKR": "LKR", "ZMXN": "MXN", "ZPLN": "PLN", "ZSEK": "SEK", "ZUGX": "UGX", "ZVND": "VND",
    "ZXOF": "XOF",
}  # fmt: skip
ALIASES: Final = {"XBT": "BTC", "XDG": "DOGE"}
# Pairs that the rule for suffixes would split in the wrong place: of an old and a new name, and
# those in AUSD, which cannot be told from a coin ending with A in USD (ADAUSD).
SPLIT: Final = {
    "USDTZUSD": ("USDT", "ZUSD"), "XBTAUSD": ("XBT", "AUSD"), "MONAUSD": ("MON", "AUSD"),
}  # fmt: skip
# What things are priced in, the strongest first: of two, the earlier one is the quote.
QUOTES: Final = (
    "ARS", "BRL", "CLP", "COP", "DKK", "GEL", "GHS", "KRW", "LKR", "MXN", "PLN", "SEK", "UGX",
    "VND", "XOF", "JPY", "CHF", "CAD", "USD", "AUD", "GBP", "EUR", "AED", "USDT", "USDC", "DAI",
    "PYUSD", "RLUSD", "AUSD", "BTC", "ETH", "DOT",
)  # fmt: skip
_ENDINGS: Final = sorted({*QUOTES, "XBT"} - {"AUSD"}, key=len, reverse=True)
_PLACE = re.compile(
    r"(?P<coin>[A-Za-z0-9]+?(?:\.[A-Z]x)?)(?:(?:[0-9]{2})?\.S|\.(?:M|B|F|P|T|HOLD))", re.ASCII
)


class Pair(NamedTuple):
    """What is traded, and what it is priced in."""

    base: str
    quote: str

    @property
    def name(self) -> str:
        """As it is written here."""
        return f"{self.base}/{self.quote}"


def coin(asset: str) -> str:
    """The coin that an asset is, wherever it lies.

    >>> coin("XXBT"), coin("DOT28.S"), coin("USDT.F"), coin("ETH2.S"), coin("ZEUR")
    ('BTC', 'DOT', 'USDT', 'ETH2', 'EUR')
    """
    lies = _PLACE.fullmatch(asset)
    bare = lies["coin"] if lies else asset
    return ALIASES.get(LEGACY.get(bare, bare), LEGACY.get(bare, bare))


def pair_of(written: str) -> Pair:
    """The pair; ``BadRowError`` when it cannot be told where the base ends.

    >>> pair_of("XXBTZUSD").name, pair_of("XTZUSD").name, pair_of("XBT/EUR").name
    ('BTC/USD', 'XTZ/USD', 'BTC/EUR')
    """
    base, slash, quote = written.partition("/")
    if not slash:
        base, quote = _split(written)
    if not base or not quote or "/" in quote:
        rule = "a pair that cannot be split into base and quote: hand over the answer of AssetPairs"
        raise BadRowError("pair", written, rule)
    return Pair(coin(base), coin(quote))


def _split(written: str) -> tuple[str, str]:
    if written in SPLIT:
        return SPLIT[written]
    if len(written) == 8 and written[:4] in LEGACY and written[4:] in LEGACY:
        return written[:4], written[4:]
    found = next((end for end in _ENDINGS if written.endswith(end)), "")
    return (written.removesuffix(found), found) if found else ("", "")


def oriented(coins: Iterable[str]) -> Pair:
    """Two coins as a pair, by what Kraken prices in what; ``BadRowError`` when neither is a quote.

    >>> oriented(["USD", "EUR"]).name, oriented(["BTC", "ETH"]).name
    ('EUR/USD', 'ETH/BTC')
    """
    one, two = sorted(coins, key=lambda c: QUOTES.index(c) if c in QUOTES else len(QUOTES))
    if one not in QUOTES:
        rule = "which is priced in which is not known: hand over the trades with the ledger"
        raise BadRowError("asset", f"{two} {one}", rule)
    return Pair(two, one)


class Pairs:
    """The pairs that an answer of AssetPairs tells of, and the rule for the others."""

    def __init__(self) -> None:
        self._told: dict[str, Pair] = {}

    def learn(self, row: Row) -> None:
        """One pair, under its name and its other name."""
        told = Pair(coin(row.required("base")), coin(row.required("quote")))
        for name in ("txid", "altname"):
            self._told[row.required(name)] = told

    def of(self, row: Row) -> Pair:
        """The pair that a row names."""
        written = row.required("pair")
        return self._told.get(written) or pair_of(written)


@remembering
def spot(pair: Pair) -> Instrument:
    """A pair whose two coins change hands."""
    return Instrument(
        instrument_id=f"{VENUE}:{pair.name}",
        symbol=pair.name,
        kind=InstrumentKind.SPOT,
        currency=pair.quote,
        base_currency=pair.base,
        venue=VENUE,
    )


@remembering
def on_margin(pair: Pair) -> Instrument:
    """The same pair on margin: nothing is delivered, the result is paid in the quote."""
    return Instrument(
        instrument_id=f"{VENUE}:margin:{pair.name}",
        symbol=f"{pair.name} margin",
        kind=InstrumentKind.LINEAR,
        currency=pair.quote,
        venue=VENUE,
    )
