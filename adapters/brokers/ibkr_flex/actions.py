"""Corporate actions and other sections that move units or money: read, or set aside with a reason.

A split is booked when the file leaves no doubt: one row for the action, typed FS or RS, with the
ratio in its description, and the contract stays the same. A split that changes the contract (one
leg out, one leg in) and every other action is quarantined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument_id
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Ordinals, Record
from ledger.domain.events import SplitApplied
from ledger.domain.numbers import parse
from ledger.errors import BadRowError

_RATIO = re.compile(r"\bSPLIT ([0-9]{1,9}) FOR ([0-9]{1,9})\b", re.ASCII)
SPLITS: Final = frozenset({"FS", "RS"})

# Sections whose rows move units or money that no trade or cash row shows.
UNBOOKED: Final = {
    "Transfers": "a transfer of units or money",
    "TradeTransfers": "a trade transferred to or from another broker",
    "TransactionTaxes": "a transaction tax",
    "SalesTaxes": "a sales tax",
    "DebitCardActivities": "a debit card payment",
    "CFDCharges": "a charge on a CFD",
    "SLBFees": "a securities lending fee",
    "HardToBorrowDetails": "a borrow fee",
}


def action_of(row: Row) -> str:
    """What ties the rows of one action together: its id, or what happened when."""
    return (
        row.id("actionID") or f"{row.text('description').partition('(')[0]} {row.text('dateTime')}"
    )


def legs(rows: Iterable[Row]) -> Counter[str]:
    """How many rows each action has, summaries apart."""
    return Counter(action_of(row) for row in rows if not is_summary(row))


def is_summary(row: Row) -> bool:
    """Whether the row repeats others."""
    return row.values.get("levelOfDetail") == "SUMMARY"


def read_action(row: Row, counts: Counter[str], ids: Ordinals) -> Record:
    """A split as a record; ``BadRowError`` for every other action, with its reason."""
    kind = row.text("type")
    ratio = _RATIO.search(row.text("description"))
    if kind not in SPLITS or not ratio or counts[action_of(row)] != 1:
        rule = "a corporate action that is not booked by itself: enter what it did by hand"
        raise BadRowError("type", kind or row.text("description"), rule)
    at = row.happened("dateTime", "reportDate")
    written = row.written("dateTime", "reportDate")
    content = ["split", instrument_id(row), written, ratio.group()]
    split = SplitApplied(
        id=row.id("transactionID") or row.id("actionID") or ids.of(content),
        instrument_id=instrument_id(row),
        numerator=parse("numerator", ratio[1]),
        denominator=parse("denominator", ratio[2]),
        venue=VENUE,
    )
    return Record(event=split, occurred_at=at, row=row.where, digest=row.digest)


def refuse_unbooked(row: Row) -> None:
    """Raise ``BadRowError`` for a row of a section that is known and not booked."""
    rule = f"{UNBOOKED[row.section]} is not booked by this adapter: enter it by hand"
    raise BadRowError(row.element, row.text("description") or row.text("type"), rule)
