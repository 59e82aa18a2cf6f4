"""What a statement says is there: positions (``INVPOSLIST``), cash (``INVBAL``, ``LEDGERBAL``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapters.brokers.ofx.context import Context
from adapters.brokers.ofx.row import OfxRow
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

# What Interactive Brokers calls the balance; its AVAILCASH is another number.
_ENDING: Final = "ENDING CASH"


def position(row: OfxRow, of: Context) -> StatedPosition:
    """One line: units, negative when short. What they cost is not told in a way one can trust."""
    units = row.decimal("UNITS")
    way = row.one_of("POSTYPE", {"LONG": 1, "SHORT": -1})
    if way > 0 and units < 0:
        raise BadRowError("UNITS", row.text("UNITS"), "a long position of less than nothing")
    qty = units if way > 0 else negate(units.copy_abs())
    return StatedPosition(instrument_id=of.instrument(row).instrument_id, qty=qty)


def bank_balance(row: OfxRow, of: Context) -> StatedBalance:
    """The balance of a bank or card account, all that is booked."""
    return StatedBalance(currency=of.currency(row), ending=row.decimal("BALAMT"))


def cash(row: OfxRow, named: Iterable[OfxRow], of: Context) -> StatedBalance:
    """Cash of an investment account in the statement's currency.

    ``BadRowError`` when money is lent on margin: OFX does not say whether the cash that is
    available is with or without it.
    """
    for one in named:
        if one.word("NAME") == _ENDING:
            return StatedBalance(currency=of.currency(one), ending=one.decimal("VALUE"))
    if row.decimal_or_zero("MARGINBALANCE"):
        rule = "a margin balance beside the cash: which of them the balance is, is not said"
        raise BadRowError("MARGINBALANCE", row.text("MARGINBALANCE"), rule)
    return StatedBalance(currency=of.currency(row), ending=row.decimal("AVAILCASH"))
