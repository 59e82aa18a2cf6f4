"""What the statement says is there: open positions, cash by currency, and its control totals."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.instruments import instrument_id
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Control, CostMeaning, Record
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    InterestPaid,
    Side,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate, subtract, total

BASE: Final = "BASE_SUMMARY"
BASE_LEVEL: Final = "BaseCurrency"
# The cash report's lines whose rows this adapter reads whole, and what they stand under there.
# IB's words, IB's signs.
CONTROLS: Final = {
    "commissions": ("commissions",),
    "dividends": ("dividends",),
    "paymentInLieu": ("paymentInLieu",),
    "withholdingTax": ("withholdingTax", "withholding871m"),
    "depositWithdrawals": ("depositWithdrawals",),
    "salesTax": ("salesTax",),
    "brokerInterest": ("brokerInterest", "bondInterest"),
    "otherFees": ("otherFees", "advisorFees", "brokerFees"),
    "netTrades": ("netTradesSales", "netTradesPurchases"),
}
NET_TRADES: Final = "netTrades"
FEES: Final = {
    FeeKind.COMMISSION: "commissions",
    FeeKind.WITHHOLDING_TAX: "withholdingTax",
    FeeKind.TAX: "salesTax",
    FeeKind.OTHER: "otherFees",
}
# What the cash report's lines must name so that all of them together can be judged.
CORE: Final = (
    "startingCash", "endingCash", "netTradesSales", "netTradesPurchases", "commissions",
    "dividends", "brokerInterest", "withholdingTax", "depositWithdrawals",
)  # fmt: skip
LINES: Final = (
    *CORE[2:], "accountTransfers", "advisorFees", "billPay", "billableCommissions",
    "billableSalesTax", "bondInterest", "brokerFees", "carbonCredits", "cashSettlingMtm",
    "cfdCharges", "clientFees", "commissionCreditsRedemption", "debitCardActivity", "donations",
    "excessFundSweep", "feesReceivables", "fxTranslationGainLoss", "insuredDepositInterest",
    "internalTransfers", "ipoSubscription", "linkingAdjustments", "other", "otherFees",
    "otherIncome", "paxosTransfers", "paymentInLieu", "realizedForexVm", "realizedVm",
    "referralFee", "salesTax", "taxReceivables", "transactionTax", "withholding871m",
    "withholdingCollectedTax",
)  # fmt: skip
ROUNDING: Final = Decimal("0.000001")
"""IB rounds each line to some nine digits: so much their sum, or a balance, may be off."""

COST: Final = CostMeaning(with_fees=True, rounding=ROUNDING)
"""IB nets commissions into the cost basis; which lots are closed the customer chooses there."""


def is_position(row: Row) -> bool:
    """Lots repeat what the summary says."""
    return row.values.get("levelOfDetail", "SUMMARY") in ("SUMMARY", "")


def position(row: Row) -> StatedPosition:
    """One line of the open positions: signed quantity and total basis, as stated."""
    return StatedPosition(
        instrument_id=instrument_id(row),
        qty=row.decimal("position"),
        cost_basis=row.decimal_or_none("costBasisMoney"),
    )


def base_currency(information: Iterable[Row]) -> str:
    """What the account reports in, or "" where the statement does not say."""
    told = {row.values.get("currency", "") for row in information}
    named = told.pop() if len(told) == 1 else ""
    return named if re.fullmatch("[A-Z]{3}", named) else ""


def is_balance(row: Row) -> bool:
    """The summary in base currency is a conversion, not a balance."""
    return row.values.get("currency") != BASE and row.values.get("levelOfDetail") != BASE_LEVEL


def balance(row: Row) -> StatedBalance:
    """One currency of the cash report, on trade date; settled beside it."""
    return StatedBalance(
        currency=row.required("currency"),
        ending=row.decimal("endingCash"),
        opening=row.decimal_or_none("startingCash"),
        settled=row.decimal_or_none("endingSettledCash"),
        rounding=ROUNDING,
    )


def controls(
    row: Row, records: Iterable[Record], instruments: Mapping[str, Instrument]
) -> Iterator[Control]:
    """The totals of a currency of the cash report beside the sums of the rows that were read.

    They differ where the statement differs from itself.
    """
    held = list(records)
    reversals = [r.event for r in held if isinstance(r.event, FillBusted | FillCorrected)]
    undone = {reversal.refers_to() for reversal in reversals}
    fills = {r.event.identity() for r in held if isinstance(r.event, FillBooked)}
    are_whole = undone <= fills and not any(isinstance(r, FillCorrected) for r in reversals)
    currency, sums = row.required("currency"), _sums(held, instruments, undone)
    for name, columns in CONTROLS.items():
        if row.text(columns[0]) and (name != NET_TRADES or are_whole):
            made = sums.get((name, currency), ZERO)
            yield _control(name, row, total(map(row.decimal_or_zero, columns)), made)


def _control(name: str, row: Row, stated: Decimal, made: Decimal) -> Control:
    """What IB rounds away is not counted."""
    is_same = subtract(made, stated).copy_abs() <= ROUNDING
    currency = row.required("currency")
    return Control(name=name, currency=currency, stated=stated, rows=stated if is_same else made)


def closing(row: Row) -> Iterator[Control]:
    """The cash report's own lines beside the balance it ends with, where it tells enough of them:
    a statement that does not close contradicts itself."""
    if not all(row.text(name) for name in CORE):
        return
    ending = row.decimal("endingCash")
    made = total([row.decimal("startingCash"), *map(row.decimal_or_zero, LINES)])
    yield _control("endingCash of its own lines", row, ending, made)


def _sums(
    records: Iterable[Record],
    instruments: Mapping[str, Instrument],
    undone: Container[Identity],
) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for record in records:
        for name, currency, amount in _parts(record):
            sums[name, currency] = add(sums[name, currency], amount)
        for currency, amount in _traded(record, instruments, undone):
            sums[NET_TRADES, currency] = add(sums[NET_TRADES, currency], amount)
    return sums


def _traded(
    record: Record, instruments: Mapping[str, Instrument], undone: Container[Identity]
) -> Iterator[tuple[str, Decimal]]:
    """What a trade that stands moved, of what settles in full: of a pair both currencies."""
    fill = record.event
    if not isinstance(fill, FillBooked) or not is_of_trade(record):
        return
    traded = instruments.get(fill.instrument_id)
    if fill.identity() in undone or traded is None or not traded.settles_in_full:
        return
    worth = fill.gross_trade_amt or traded.value(fill.last_qty, fill.last_px or ZERO)
    yield traded.currency, negate(worth) if fill.side is Side.BUY else worth
    if traded.base_currency:
        yield traded.base_currency, fill.signed_qty


def is_of_trade(record: Record) -> bool:
    """Whether a row of ``Trades`` tells it."""
    return record.row.startswith("Trade[")


def _line_of(record: Record, charged: FeeCharged) -> str:
    """The line of a charge; none of what a cancel keeps, which the cancelled fill has counted."""
    if charged.kind is FeeKind.COMMISSION and is_of_trade(record):
        return ""
    if charged.kind is FeeKind.TAX and charged.instrument_id:
        return "transactionTax"
    return FEES.get(charged.kind, "")


def _parts(record: Record) -> Iterator[tuple[str, str, Decimal]]:
    """The control lines a record belongs to, with IB's sign."""
    match record.event:
        case FillBooked(fees=fees):
            yield from (
                ("commissions", fee.currency, negate(fee.amount))
                for fee in fees
                if fee.kind is FeeKind.COMMISSION
            )
        case DividendPaid() as paid:
            name = "paymentInLieu" if paid.in_lieu else "dividends"
            yield name, paid.currency, paid.amount
        case FeeCharged() as charged:
            yield _line_of(record, charged), charged.currency, negate(charged.amount)
        case InterestPaid() as paid:
            yield "brokerInterest", paid.currency, paid.amount
        case CashDeposited() as moved:
            yield "depositWithdrawals", moved.currency, moved.amount
        case CashWithdrawn() as moved:
            yield "depositWithdrawals", moved.currency, negate(moved.amount)
    for fee in record.refund:
        if fee.kind is FeeKind.COMMISSION:
            yield "commissions", fee.currency, negate(fee.amount)
