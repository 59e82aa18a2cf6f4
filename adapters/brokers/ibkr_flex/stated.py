"""What the statement says is there: open positions, cash by currency, and its control totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.instruments import instrument_id
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Control, Record
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.numbers import ZERO, add, negate

BASE: Final = "BASE_SUMMARY"
# The cash report's lines whose rows this adapter reads whole. IB's words, IB's signs.
CONTROLS: Final = (
    "commissions",
    "dividends",
    "paymentInLieu",
    "withholdingTax",
    "depositWithdrawals",
)


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


def is_balance(row: Row) -> bool:
    """The summary in base currency is a conversion, not a balance."""
    return row.values.get("currency") != BASE


def balance(row: Row) -> StatedBalance:
    """One currency of the cash report, on trade date; settled beside it."""
    return StatedBalance(
        currency=row.required("currency"),
        ending=row.decimal("endingCash"),
        opening=row.decimal_or_none("startingCash"),
        settled=row.decimal_or_none("endingSettledCash"),
    )


def controls(rows: Iterable[Row], records: Iterable[Record]) -> tuple[Control, ...]:
    """The cash report's totals beside the sums of the rows that were read.

    They differ where the statement differs from itself: IB prints the commission of a currency
    trade in the base currency and may take it in the other.
    """
    sums = _sums(records)
    found = []
    for row in rows:
        currency = row.required("currency")
        for name in CONTROLS:
            stated = row.decimal_or_none(name)
            if stated is not None:
                found.append(
                    Control(
                        name=name,
                        currency=currency,
                        stated=stated,
                        rows=sums.get((name, currency), ZERO),
                    )
                )
    return tuple(found)


def _sums(records: Iterable[Record]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for record in records:
        for name, currency, amount in _parts(record):
            sums[name, currency] = add(sums[name, currency], amount)
    return sums


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
        case FeeCharged(kind=FeeKind.WITHHOLDING_TAX) as tax:
            yield "withholdingTax", tax.currency, negate(tax.amount)
        case CashDeposited() as moved:
            yield "depositWithdrawals", moved.currency, moved.amount
        case CashWithdrawn() as moved:
            yield "depositWithdrawals", moved.currency, negate(moved.amount)
    for fee in record.refund:
        if fee.kind is FeeKind.COMMISSION:
            yield "commissions", fee.currency, negate(fee.amount)
