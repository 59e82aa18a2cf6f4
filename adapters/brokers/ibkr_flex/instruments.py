"""Which instrument a Flex row is about, and what it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.row import Row
from adapters.sharing import shared
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE, multiply, ratio
from ledger.errors import BadRowError

VENUE: Final = "IBKR"
PERCENT: Final = Decimal("0.01")
MULTIPLIED: Final = frozenset({"OPT", "FOP", "FUT"})
KINDS: Final = {
    "STK": InstrumentKind.EQUITY,
    "FUND": InstrumentKind.EQUITY,
    "WAR": InstrumentKind.EQUITY,
    "IOPT": InstrumentKind.EQUITY,
    "CMDTY": InstrumentKind.EQUITY,
    "OPT": InstrumentKind.OPTION,
    "FOP": InstrumentKind.OPTION,
    "FUT": InstrumentKind.LINEAR,
    "CFD": InstrumentKind.LINEAR,
    "FXCFD": InstrumentKind.LINEAR,
    "CASH": InstrumentKind.SPOT,
    "CRYPTO": InstrumentKind.SPOT,
    "BOND": InstrumentKind.BOND,
    "BILL": InstrumentKind.BOND,
}


def instrument_id(row: Row) -> str:
    """IB's contract id where there is one: symbols are renamed, contract ids are not."""
    conid = row.id("conid")
    if conid:
        return shared(f"{VENUE}:{conid}")
    if row.id("isin"):
        return f"{VENUE}:{row.id('isin')}"
    return f"{VENUE}:{row.required('assetCategory')}:{row.required('symbol')}"


def instrument(row: Row) -> Instrument:
    """The definition the row gives; ``BadRowError`` for a kind that is not known."""
    kind = KINDS.get(row.required("assetCategory"))
    if kind is None:
        rule = "an unknown asset category, so that is not told how it is paid: enter it by hand"
        raise BadRowError("assetCategory", row.text("assetCategory"), rule)
    symbol = row.required("symbol")
    is_pair = kind is InstrumentKind.SPOT
    underlying = row.id("underlyingConid")
    return Instrument(
        instrument_id=instrument_id(row),
        symbol=symbol,
        kind=kind,
        currency=row.required("currency"),
        multiplier=_multiplier(row, kind),
        base_currency=_base(row, symbol) if is_pair else None,
        security_id=row.id("isin") or None,
        venue=VENUE,
        underlying_id=f"{VENUE}:{underlying}" if underlying else None,
        expiry=_expiry(row),
        strike_px=row.decimal_or_none("strike") or None,
        put_call=row.text("putCall") or None,
    )


def _multiplier(row: Row, kind: InstrumentKind) -> Decimal:
    """Money per point and unit. A bond's price is percent of par, unless its proceeds say not."""
    stated = row.decimal_or_zero("multiplier") or _implied(row)
    if kind is not InstrumentKind.BOND:
        return stated
    qty, px = row.decimal_or_zero("quantity"), row.decimal_or_zero("tradePrice")
    proceeds = row.decimal_or_zero("proceeds")
    whole = multiply(multiply(qty, px), stated)
    agrees = whole and proceeds.copy_abs() == whole.copy_abs()
    return stated if agrees else multiply(stated, PERCENT)


def is_implied(row: Row) -> bool:
    """Whether the row leaves out the multiplier of an option or a future."""
    return row.text("assetCategory") in MULTIPLIED and not row.decimal_or_zero("multiplier")


def _implied(row: Row) -> Decimal:
    """The multiplier where the query lacks it: one, but of a trade in options or futures what its
    money says."""
    points = multiply(row.decimal_or_zero("quantity"), row.decimal_or_zero("tradePrice"))
    if not points or not is_implied(row):
        return ONE
    money = row.decimal_or_zero("proceeds") or row.decimal_or_zero("tradeMoney")
    implied = ratio(money, ONE, points).copy_abs()
    if not money or multiply(implied, points).copy_abs() != money.copy_abs():
        rule = "missing: add it to the Flex query"
        raise BadRowError("multiplier", row.values.get("multiplier", ""), rule)
    return implied


def _base(row: Row, symbol: str) -> str:
    base, dot, settles = symbol.partition(".")
    if row.text("assetCategory") == "CRYPTO":
        return base
    if not dot or not base or settles != row.text("currency"):
        raise BadRowError("symbol", symbol, "not a pair BASE.QUOTE that settles in its currency")
    return base


def _expiry(row: Row) -> str | None:
    on = row.date_or_none("expiry")
    return on.isoformat() if on else None
