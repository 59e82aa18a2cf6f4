"""Which sections of a statement are read, which only inform, and which are set aside.

A section that is not among these may move money or units for all that is known: its rows are set
aside. Where the same money or units stand in rows of several levels of detail, they count once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapters.brokers.ibkr_flex.row import Row
from ledger.errors import BadRowError

READ: Final = (
    "Trades", "CashTransactions", "CorporateActions", "OptionEAE", "Transfers", "SalesTaxes",
    "TransactionTaxes", "StmtFunds", "OpenPositions", "CashReport",
)  # fmt: skip

UNBOOKED: Final = {
    "TradeTransfers": "a trade settled with another broker: whether Trades holds it is not told",
    "DebitCardActivities": "a debit card payment: its currency may be the base summary's",
    "CFDCharges": "a charge on a CFD: whether CashTransactions holds it is not told",
    "SLBFees": "a securities lending fee: whether CashTransactions holds it is not told",
    "HardToBorrowDetails": "a borrow fee of a day: CashTransactions holds the sum of a month",
    "HardToBorrowMarkupDetails": "a borrow fee of a day: CashTransactions holds the sum of a month",
    "ClientFees": "a client's fee: whether CashTransactions holds it is not told",
    "ClientFeesDetail": "a client's fee: whether CashTransactions holds it is not told",
    "SoftDollars": "a soft dollar entry: whether CashTransactions holds it is not told",
    "CommissionCredits": "a commission credit: whether CashTransactions holds it is not told",
    "StockGrantActivities": "units granted: a grant and its vesting are rows of one kind",
    "HKIPOSubscriptionActivity": "money or units of a public offering",
    "IBGNoteTransactions": "a movement of notes",
    "Adjustments": "an adjustment of unknown kind",
}
"""Sections whose rows may move money or units that no row which is read shows, and why they are
not booked."""

INFORMING: Final = frozenset(
    {
        "AccountInformation", "ChangeInDividendAccruals", "ChangeInNAV", "ChangeInPositionValues",
        "ComplexPositions", "ConversionRates", "DepositsOnHold", "EquitySummaryInBase",
        "FIFOPerformanceSummaryInBase", "FdicInsuredDepositsByBank", "FxPositions",
        "FxTransactions", "HKIPOOpenSubscriptions", "IncentiveCouponAccrualDetails",
        "InterestAccruals", "MTDYTDPerformanceSummary", "MTMPerformanceSummaryInBase",
        "NetStockPositionSummary", "OpenDividendAccruals", "PendingExcercises",
        "PriorPeriodPositions", "RoutingCommissions", "SLBActivities", "SLBCollaterals",
        "SLBOpenContracts", "SecuritiesInfo", "TierInterestDetails", "UnbookedTrades",
        "UnbundledCommissionDetails", "UnsettledTransfers",
    }
)  # fmt: skip
"""Sections that repeat, value or announce what others book: listed and counted, never booked."""


def is_summary(row: Row) -> bool:
    """Whether the row repeats others, where those are there."""
    return row.values.get("levelOfDetail") == "SUMMARY"


def details(rows: Iterable[Row]) -> list[Row]:
    """The rows without the summaries of one another; summaries alone are kept."""
    held = list(rows)
    finer = [row for row in held if not is_summary(row)]
    return finer or held


def refuse(row: Row) -> None:
    """Raise ``BadRowError`` for a row of a section that is not booked, with the reason."""
    named = row.text("description") or row.text("activityDescription") or row.text("type")
    if row.section in UNBOOKED:
        rule = f"{UNBOOKED[row.section]}; it is not booked by this adapter: enter it by hand"
    else:
        rule = f"of an unknown section, {row.section}: enter by hand what it moved, if it did"
    raise BadRowError(row.element, named, rule)
