"""The other rows of an investment statement: income, charges, units moved, splits, options' ends.

Each reader gives the facts of one row; none of them for a journal between the sub-accounts of the
account, which the books hold as one. ``TOTAL`` is signed as cash is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from adapters.brokers.ofx.context import Context, require_unreversed
from adapters.brokers.ofx.row import OfxRow
from adapters.brokers.ofx.securities import VENUE
from adapters.brokers.ofx.trades import TRADES, income, read_reinvest, read_trade
from ledger.domain.events import (
    Event,
    FeeCharged,
    FeeKind,
    FillBooked,
    InterestPaid,
    Leg,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    Side,
    SplitApplied,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import negate, quantize, ratio, subtract, text
from ledger.errors import BadRowError

Reader = Callable[[OfxRow, Context], list[Event]]

# Interactive Brokers' words for a split, which it tells as a transfer.
_SPLIT: Final = re.compile(r"\bSPLIT [0-9.]{1,20} FOR [0-9.]{1,20}\b", re.ASCII | re.IGNORECASE)


def read_income(row: OfxRow, of: Context) -> list[Event]:
    """A distribution, or one that is taken back."""
    money = row.decimal("TOTAL")
    if row.decimal_or_zero("WITHHOLDING"):
        rule = "tax beside a total: OFX does not say whether the total is before or after it"
        raise BadRowError("WITHHOLDING", row.text("WITHHOLDING"), f"{rule}; enter it by hand")
    if row.text("REVERSALFITID") and money >= 0:
        rule = "undoes earlier income and takes nothing back: not booked"
        raise BadRowError("TOTAL", text(money), rule)
    return [income(row, of, money)]


def read_expense(row: OfxRow, of: Context) -> list[Event]:
    """A charge: money that went is positive as a fee."""
    money = row.decimal("TOTAL")
    _look_at_gain(row, of, money, "an expense")
    return [
        FeeCharged(
            id=of.id(row),
            amount=negate(money),
            currency=of.currency(row),
            kind=FeeKind.OTHER,
            venue=VENUE,
            scope=of.scope,
            instrument_id=of.instrument(row).instrument_id if row.has("SECID.UNIQUEID") else None,
            description=row.text("MEMO"),
        )
    ]


def read_margin_interest(row: OfxRow, of: Context) -> list[Event]:
    """Interest on what was borrowed: negative was paid."""
    money = row.decimal("TOTAL")
    _look_at_gain(row, of, money, "interest on a loan")
    return [
        InterestPaid(
            id=of.id(row),
            amount=money,
            currency=of.currency(row),
            venue=VENUE,
            scope=of.scope,
            description=row.text("MEMO"),
        )
    ]


def _look_at_gain(row: OfxRow, of: Context, money: Decimal, what: str) -> None:
    if money > 0 and not row.text("REVERSALFITID"):
        of.find(row, f"{what} of {text(money)} that came in: booked as given back, as it is signed")


def read_transfer(row: OfxRow, of: Context) -> list[Event]:
    """Units that came from, or went to, another account; what they cost is not told."""
    require_unreversed(row)
    units, leg = row.decimal("UNITS"), row.one_of("TFERACTION", {"IN": Leg.IN, "OUT": Leg.OUT})
    if _SPLIT.search(row.text("MEMO")):
        rule = "a split told as units that move, without their cost: enter the split by hand"
        raise BadRowError("MEMO", row.text("MEMO"), rule)
    if row.word("POSTYPE") == "SHORT":
        raise BadRowError("POSTYPE", "SHORT", "a short position that moves: enter it by hand")
    if not units or (leg is Leg.IN and units < 0):
        rule = "a transfer that moves nothing, or the other way than it says: not booked"
        raise BadRowError("UNITS", text(units), rule)
    return [
        PositionTransferred(
            id=of.id(row),
            leg=leg,
            instrument_id=of.instrument(row).instrument_id,
            qty=units.copy_abs(),
            counterparty=row.text("INVACCTFROM.ACCTID") or "not told",
            unknown_basis=leg is Leg.IN,
            venue=VENUE,
            scope=of.scope,
        )
    ]


def read_split(row: OfxRow, of: Context) -> list[Event]:
    """New units for old; the fraction of a unit that is paid out is sold for that money."""
    require_unreversed(row)
    defined = of.instrument(row)
    split = SplitApplied(
        id=of.id(row),
        instrument_id=defined.instrument_id,
        numerator=row.decimal("NUMERATOR"),
        denominator=row.decimal("DENOMINATOR"),
        venue=VENUE,
        scope=of.scope,
    )
    paid = row.decimal_or_zero("FRACCASH")
    if paid:
        return [split, _fraction(row, of, split, defined, paid)]
    _look_at_units(row, of, split)
    return [split]


def _look_at_units(row: OfxRow, of: Context, split: SplitApplied) -> None:
    if not row.has("OLDUNITS", "NEWUNITS"):
        return
    old, new = row.decimal("OLDUNITS"), row.decimal("NEWUNITS")
    made = quantize(ratio(old, split.numerator, split.denominator))
    if made == new:
        return
    if quantize(ratio(old, split.denominator, split.numerator)) == new:
        rule = "the ratio is the wrong way round for the units that are stated: enter it by hand"
        raise BadRowError("NUMERATOR", row.text("NUMERATOR"), rule)
    what = f"the ratio makes {text(made)} units, {row.text('NEWUNITS')} are stated"
    of.find(row, f"{what}: the ratio is booked")


def _fraction(
    row: OfxRow, of: Context, split: SplitApplied, defined: Instrument, paid: Decimal
) -> FillBooked:
    """What the ratio makes over the units that are stated."""
    made = quantize(ratio(row.decimal("OLDUNITS"), split.numerator, split.denominator))
    units = subtract(made, row.decimal("NEWUNITS"))
    if units <= 0 or paid < 0:
        rule = f"paid for {text(units)} of a unit, which the ratio does not leave over"
        raise BadRowError("FRACCASH", text(paid), rule)
    return FillBooked(
        exec_id=f"{split.id}:fraction",
        instrument_id=defined.instrument_id,
        side=Side.SELL,
        last_qty=units,
        currency=defined.currency,
        venue=VENUE,
        scope=of.scope,
        gross_trade_amt=paid,
    )


def read_closure(row: OfxRow, of: Context) -> list[Event]:
    """The end of an option; what an exercise delivers is a trade of its own."""
    require_unreversed(row)
    action, defined = row.word("OPTACTION"), of.instrument(row)
    if defined.kind is not InstrumentKind.OPTION:
        rule = f"{defined.symbol} is no option: what one delivered is a trade, enter it by hand"
        raise BadRowError("SECID.UNIQUEID", row.text("SECID.UNIQUEID"), rule)
    about: dict[str, Any] = {
        "id": of.id(row),
        "instrument_id": defined.instrument_id,
        "qty": row.decimal("UNITS").copy_abs(),
        "venue": VENUE,
        "scope": of.scope,
    }
    if action == "EXPIRE":
        return [OptionExpired(**about)]
    if action in {"EXERCISE", "ASSIGN"}:
        return [OptionExercised(**about, assigned=action == "ASSIGN")]
    raise BadRowError("OPTACTION", action, "unknown: not booked until it is known")


def read_journal(row: OfxRow, of: Context) -> list[Event]:
    """Between sub-accounts of one account: nothing comes or goes."""
    row.required("SUBACCTFROM")
    row.required("SUBACCTTO")
    return []


def refuse_return(row: OfxRow, of: Context) -> list[Event]:
    """A return of capital is money and a lower cost at once, which no one fact is."""
    rule = "a return of capital lowers the cost of what is held: enter both by hand"
    raise BadRowError("RETOFCAP", row.text("TOTAL"), rule)


READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys(TRADES, read_trade),
    "REINVEST": read_reinvest,
    "INCOME": read_income,
    "INVEXPENSE": read_expense,
    "MARGININTEREST": read_margin_interest,
    "TRANSFER": read_transfer,
    "SPLIT": read_split,
    "CLOSUREOPT": read_closure,
    "JRNLFUND": read_journal,
    "JRNLSEC": read_journal,
    "RETOFCAP": refuse_return,
}
