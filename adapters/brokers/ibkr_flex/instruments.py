"""Which instrument a Flex row is about, and what it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.row import Row
from adapters.sharing import shared
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE, ZERO, multiply, ratio
from ledger.errors import BadRowError

VENUE: Final = "IBKR"
PERCENT: Final = Decimal("0.01")
MULTIPLIED: Final = frozenset({"OPT", "FOP", "FUT"})
WORTH: Final = (("markPrice", "positionValue"), ("costBasisPrice", "costBasisMoney"))
LEFT_OUT: Final = "missing: add it to the Flex query"
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


def standing(known: Instrument | None, defined: Instrument) -> Instrument:
    """Of two definitions of a contract the first, but for a multiplier that its row left out."""
    is_left_out = known is not None and known.multiplier == ONE != defined.multiplier
    if known is None or (is_left_out and known.kind is not InstrumentKind.BOND):
        return defined
    return known


def is_implied(row: Row) -> bool:
    """Whether the row leaves out the multiplier of an option or a future."""
    return row.text("assetCategory") in MULTIPLIED and not row.decimal_or_zero("multiplier")


def is_untold(row: Row) -> bool:
    """Whether the row neither states that multiplier nor has the money that says it: such a row
    defines no instrument."""
    return is_implied(row) and _said(row) is None


def _implied(row: Row) -> Decimal:
    """The multiplier where the query lacks it: one, but of options and futures what the row's money
    says."""
    return (_said(row) if is_implied(row) else None) or ONE


def _said(row: Row) -> Decimal | None:
    """What the money of a row says; None where it says none. ``BadRowError`` for a trade whose
    money has no exact multiplier: without it the trade cannot be booked."""
    if row.section == "OpenPositions":
        return _said_of_position(row)
    points = multiply(row.decimal_or_zero("quantity"), row.decimal_or_zero("tradePrice"))
    if not points:
        return None
    implied = _exact(row.decimal_or_zero("proceeds") or row.decimal_or_zero("tradeMoney"), points)
    if implied is None:
        raise BadRowError("multiplier", row.values.get("multiplier", ""), LEFT_OUT)
    return implied.copy_abs()


def _said_of_position(row: Row) -> Decimal | None:
    """By the value at the mark, else by the cost; nothing where the two differ, or where a long of
    a positive price is worth less than nothing: then the numbers do not belong together."""
    told = []
    for price, money in WORTH:
        points = multiply(row.decimal_or_zero("position"), row.decimal_or_zero(price))
        worth = row.decimal_or_zero(money)
        if points and worth:
            told.append(_exact(worth, points))
    first = told[0] if told else None
    differs = any(other not in {None, first} for other in told)
    return None if first is None or first < ZERO or differs else first


def _exact(money: Decimal, points: Decimal) -> Decimal | None:
    """Money per point, where that makes the money again to the digit."""
    implied = ratio(money, ONE, points)
    return implied if money and multiply(implied, points) == money else None


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
