"""``BUY...`` and ``SELL...`` of stocks, funds, bonds, options and other things, and ``REINVEST``.

The money is ``TOTAL``, which is signed as cash is and holds the charges: what is left of it is the
fill's value, also where units and price make another by a rounding. Charges are positive here and
there. A row with ``REVERSALFITID`` undoes that fill.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.ofx.context import Context
from adapters.brokers.ofx.row import OfxRow
from adapters.brokers.ofx.securities import VENUE
from ledger.domain.events import (
    DividendPaid,
    Event,
    Fee,
    FeeKind,
    FillBooked,
    FillBusted,
    InterestPaid,
    Side,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, multiply, negate, subtract, text, total
from ledger.errors import BadRowError

TRADES: Final = frozenset(
    f"{way}{what}" for way in ("BUY", "SELL") for what in ("DEBT", "MF", "OPT", "OTHER", "STOCK")
)
_CHARGES: Final = {
    "COMMISSION": FeeKind.COMMISSION,
    "FEES": FeeKind.OTHER,
    "LOAD": FeeKind.OTHER,
    "PENALTY": FeeKind.OTHER,
    "TAXES": FeeKind.TAX,
    "WITHHOLDING": FeeKind.WITHHOLDING_TAX,
    "STATEWITHHOLDING": FeeKind.WITHHOLDING_TAX,
}
_TYPES: Final = ("BUYTYPE", "OPTBUYTYPE", "SELLTYPE", "OPTSELLTYPE")
_SIDES: Final = {
    ("BUY", ""): Side.BUY,
    ("BUY", "BUY"): Side.BUY,
    ("BUY", "BUYTOCOVER"): Side.BUY,
    ("BUY", "BUYTOOPEN"): Side.BUY,
    ("BUY", "BUYTOCLOSE"): Side.BUY,
    ("SELL", ""): Side.SELL,
    ("SELL", "SELL"): Side.SELL,
    ("SELL", "SELLSHORT"): Side.SELL_SHORT,
    ("SELL", "SELLTOCLOSE"): Side.SELL,
    ("SELL", "SELLTOOPEN"): Side.SELL_SHORT,
}
_CENT: Final = Decimal("0.01")


def read_trade(row: OfxRow, of: Context) -> list[Event]:
    """A fill, with the interest that was bought or sold with a bond; or what undoes a fill."""
    side = _side(row)
    if row.text("REVERSALFITID"):
        return [bust(row, of)]
    units, paid = row.decimal("UNITS"), row.decimal("TOTAL")
    if not units or (side.is_buy and units < 0):
        rule = "not the units of a purchase; a row that undoes one names it in REVERSALFITID"
        raise BadRowError("UNITS", text(units), rule)
    if paid and (paid < 0) is not side.is_buy:
        rule = f"not the sign of money {'paid' if side.is_buy else 'received'}: not booked"
        raise BadRowError("TOTAL", text(paid), rule)
    filled = fill(row, of, side, paid.copy_abs())
    accrued = row.decimal_or_zero("ACCRDINT").copy_abs()
    return [filled, *_interest(row, of, filled, negate(accrued) if side.is_buy else accrued)]


def fill(row: OfxRow, of: Context, side: Side, money: Decimal) -> FillBooked:
    """One execution; ``money`` is what it cost or brought with all charges, unsigned."""
    defined, fees = of.instrument(row), _fees(row, of.currency(row))
    units, px = row.decimal("UNITS").copy_abs(), row.decimal("UNITPRICE")
    made = multiply(multiply(units, px), defined.multiplier).copy_abs()
    gross = _gross(row, side, money, fees)
    apart = subtract(gross, made).copy_abs()
    slack = _slack(units, px, defined)
    if apart > slack:
        _require_sign(row, side, (made, money, slack), fees)
        what = f"units and price make {text(made)}, its total and charges {text(gross)}"
        of.find(row, f"{what}: the latter is booked")
    return FillBooked(
        exec_id=of.id(row),
        instrument_id=defined.instrument_id,
        side=side,
        last_qty=units,
        last_px=px,
        currency=defined.currency,
        venue=VENUE,
        scope=of.scope,
        gross_trade_amt=gross if apart else None,
        fees=fees,
        trade_id=row.text("SRVRTID") or None,
        settl_date=row.day_or_none("DTSETTLE"),
    )


def bust(row: OfxRow, of: Context) -> FillBusted:
    """The fill of an earlier row is undone, with its charges."""
    return FillBusted(
        exec_id=of.id(row),
        exec_ref_id=row.required("REVERSALFITID"),
        venue=VENUE,
        scope=of.scope,
        instrument_id=of.instrument(row).instrument_id,
        reason=row.text("MEMO") or "undone by the institution",
    )


def read_reinvest(row: OfxRow, of: Context) -> list[Event]:
    """Income and what was bought of it, in one row: no money is left over."""
    paid = row.decimal("TOTAL").copy_abs()
    if row.text("REVERSALFITID"):
        return [bust(row, of), income(row, of, negate(paid))]
    if row.decimal("UNITS") <= 0:
        raise BadRowError("UNITS", row.text("UNITS"), "income that bought nothing: not booked")
    return [fill(row, of, Side.BUY, paid), income(row, of, paid)]


def income(row: OfxRow, of: Context, money: Decimal) -> DividendPaid | InterestPaid:
    """What a security paid: positive was received."""
    kind = row.word("INCOMETYPE")
    description = " ".join(filter(None, (kind, row.text("MEMO"))))
    if kind not in {"DIV", "CGLONG", "CGSHORT", "MISC", "INTEREST"}:
        raise BadRowError("INCOMETYPE", kind, "unknown: not booked until it is known")
    if kind == "INTEREST":
        return InterestPaid(id=of.id(row), amount=money, currency=of.currency(row), venue=VENUE,
                            scope=of.scope, description=description)  # fmt: skip
    return DividendPaid(
        id=of.id(row),
        amount=money,
        currency=of.currency(row),
        instrument_id=of.instrument(row).instrument_id,
        venue=VENUE,
        scope=of.scope,
        description=description,
    )


def _side(row: OfxRow) -> Side:
    """The way the element's name says, if its type does not contradict it."""
    way = "BUY" if row.kind.startswith("BUY") else "SELL"
    name = next((name for name in _TYPES if row.has(name)), _TYPES[0])
    word = row.word(name)
    if (way, word) not in _SIDES:
        raise BadRowError(name, word, f"no type of a {row.kind} that is known: not booked")
    return _SIDES[way, word]


def _fees(row: OfxRow, currency: str) -> tuple[Fee, ...]:
    """Every charge that is not nothing: positive was charged."""
    amounts = ((kind, row.decimal_or_zero(name)) for name, kind in _CHARGES.items())
    return tuple([Fee(amount=one, currency=currency, kind=kind) for kind, one in amounts if one])


def _gross(row: OfxRow, side: Side, money: Decimal, fees: tuple[Fee, ...]) -> Decimal:
    """The total without the charges in it."""
    charged = total(fee.amount for fee in fees)
    gross = subtract(money, charged) if side.is_buy else add(money, charged)
    if gross < ZERO:
        raise BadRowError("TOTAL", row.text("TOTAL"), "less than the charges in it: not booked")
    return gross


def _require_sign(
    row: OfxRow, side: Side, sums: tuple[Decimal, Decimal, Decimal], fees: tuple[Fee, ...]
) -> None:
    """``BadRowError`` where the total is made with the charges turned round alone."""
    made, money, slack = sums
    turned = _gross(row, side, money, tuple([Fee(amount=negate(f.amount), currency=f.currency)
                                             for f in fees]))  # fmt: skip
    if fees and subtract(turned, made).copy_abs() <= slack:
        rule = "its total is made by charges of the other sign: charged or given back is unknown"
        raise BadRowError("TOTAL", row.text("TOTAL"), rule)


def _slack(units: Decimal, px: Decimal, defined: Instrument) -> Decimal:
    """How far rounding alone can take units times price from the total: one of the last digit of
    each, but at least a cent."""
    of_px = multiply(units, _last_digit(px, at_most=-2))
    whole = units == units.to_integral_value()
    of_units = ZERO if whole else multiply(px.copy_abs(), _last_digit(units, at_most=0))
    return add(multiply(add(of_px, of_units), defined.multiplier), _CENT)


def _last_digit(value: Decimal, *, at_most: int) -> Decimal:
    """One in the last digit that is written, zeros behind it apart."""
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(exponent if isinstance(exponent, int) else 0, at_most))


def _interest(row: OfxRow, of: Context, filled: FillBooked, amount: Decimal) -> list[Event]:
    """Accrued interest of a bond, which by OFX's rule is not in the total."""
    if not amount:
        return []
    return [
        InterestPaid(
            id=f"{filled.exec_id}:accrued",
            amount=amount,
            currency=of.currency(row),
            venue=VENUE,
            scope=of.scope,
            description="accrued interest traded with the bond",
        )
    ]
