"""``STMTTRN``: money of a bank or card account, and of an investment account (``INVBANKTRAN``).

``TRNAMT`` is signed as the balance is. A type that only says how the money moved (a check, a card,
a terminal) is a deposit or a withdrawal by its sign.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.brokers.ofx.context import Context
from adapters.brokers.ofx.row import OfxRow
from adapters.brokers.ofx.securities import VENUE
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    Event,
    FeeCharged,
    FeeKind,
    InterestPaid,
)
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

_INTEREST: Final = frozenset({"INT", "DIV"})
_CHARGES: Final = frozenset({"FEE", "SRVCHG"})
_MOVED: Final = frozenset({
    "CREDIT", "DEBIT", "DEP", "ATM", "POS", "XFER", "CHECK", "PAYMENT", "CASH", "DIRECTDEP",
    "DIRECTDEBIT", "REPEATPMT", "OTHER",
})  # fmt: skip


def read_cash(row: OfxRow, of: Context) -> list[Event]:
    """One movement; ``BadRowError`` for one that is held only, or amends an earlier one."""
    amended = row.text("CORRECTFITID")
    if amended:
        rule = f"{row.word('CORRECTACTION') or 'amends'} of an earlier row: enter it by hand"
        raise BadRowError("CORRECTFITID", amended, rule)
    kind, money = row.word("TRNTYPE"), row.decimal("TRNAMT")
    if kind in _INTEREST:
        return [InterestPaid(**_about(row, of, money))]
    if kind in _CHARGES:
        return [FeeCharged(**_about(row, of, negate(money)), kind=FeeKind.OTHER)]
    if kind not in _MOVED:
        raise BadRowError("TRNTYPE", kind, "unknown, or not yet posted: not booked")
    cls = CashWithdrawn if money < 0 else CashDeposited
    return [cls(**_about(row, of, money.copy_abs()))]


def _about(row: OfxRow, of: Context, amount: Decimal) -> dict[str, Any]:
    """What all facts of cash have in common."""
    words = (row.text("NAME"), row.text("PAYEE.NAME"), row.text("MEMO"))
    return {
        "id": of.id(row),
        "amount": amount,
        "currency": of.currency(row),
        "venue": VENUE,
        "scope": of.scope,
        "description": "; ".join(dict.fromkeys(filter(None, words))),
    }
