"""The amount that a file states of a fill beside the one that its other columns make."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.csv_map.columns import GROSS, NET, ColumnMap, InstrumentRule
from ledger.domain.events import FillBooked
from ledger.domain.instruments import IN_FULL
from ledger.domain.numbers import add, multiply, negate, subtract, text, total

_MADE_OF: Final = {
    NET: "quantity, price, multiplier and fees",
    GROSS: "quantity, price and multiplier",
}


def difference(columns: ColumnMap, rule: InstrumentRule, fill: FillBooked, stated: Decimal) -> str:
    """Both amounts in words where they differ by more than is declared; empty otherwise.

    Signs are not compared, since some files write a purchase negative and others do not. What
    is not paid in full (a future), or has neither price nor money, makes no amount.
    """
    made = _made(columns, rule, fill)
    if made is None:
        return ""
    apart = subtract(stated.copy_abs(), made.copy_abs()).copy_abs()
    if apart <= columns.amount_tolerance:
        return ""
    return (
        f"amount {text(stated)} stated, {text(made)} made of {_MADE_OF[columns.amount_is]}: "
        "the latter is booked"
    )


def _made(columns: ColumnMap, rule: InstrumentRule, fill: FillBooked) -> Decimal | None:
    """What the fill costs or brings, unsigned; None if that cannot be said."""
    gross = fill.gross_trade_amt
    if gross is None and fill.last_px is not None:
        gross = multiply(multiply(fill.last_qty, fill.last_px), rule.multiplier).copy_abs()
    if gross is None or rule.kind not in IN_FULL or columns.amount_is not in _MADE_OF:
        return None
    if columns.amount_is == GROSS:
        return gross
    fees = total([fee.amount for fee in fill.fees if fee.currency == fill.currency])
    return add(gross, fees if fill.side.is_buy else negate(fees))
