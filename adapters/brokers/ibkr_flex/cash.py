"""``CashTransactions``: dividends, taxes, interest, fees, money in and out; each once.

The same money may stand there twice, as SUMMARY (``accountId="-"``, no id) and as DETAIL. Per group
of currency, type, day, contract and action the details are taken and the summaries they make
dropped; a summary without details is money of its own and is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument_id
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Ordinals, Record
from ledger.domain.events import (
    CashDeposited,
    CashEvent,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    InterestPaid,
)
from ledger.domain.numbers import negate, text, total
from ledger.errors import BadRowError

TIMES: Final = ("dateTime", "reportDate", "settleDate")

ADJUSTMENT: Final = "Commission Adjustments"

Group = tuple[str, ...]
Maker = Callable[[Row, str, Decimal], CashEvent]


def read_cash(row: Row, ids: Ordinals) -> Record:
    """One cash row as a record; ``BadRowError`` and kin for a row unread."""
    kind = row.required("type")
    if kind not in TYPES:
        raise BadRowError("type", kind, "an unknown kind of cash row: enter it by hand")
    amount = row.decimal("amount")
    event = TYPES[kind](row, row.id("transactionID") or ids.of(_content(row, amount)), amount)
    at = row.happened(*TIMES)
    return Record(event=event, occurred_at=at, row=row.where, digest=row.digest)


def _content(row: Row, amount_: Decimal) -> list[str]:
    """What tells a row without id apart, with the day it was posted where that is another one: a
    dividend that is paid again has the time of the one that was taken back."""
    written, posted = row.written(*TIMES), str(row.date_or_none("reportDate") or "")
    return [
        *("cash", row.text("type"), row.required("currency"), written, text(amount_)),
        *(row.id("conid"), row.id("actionID"), row.text("description")),
        *([] if written.startswith(posted) else [posted]),
    ]


def read_sales_tax(row: Row, ids: Ordinals) -> Record:
    """One row of ``SalesTaxes`` as a record: IB writes a charge negative."""
    amount, at = row.decimal("salesTax"), row.happened("date")
    content = ["sales tax", row.required("currency"), row.written("date"), text(amount)]
    content += [row.text("taxableDescription"), row.id("taxableTransactionID")]
    event = sales_tax(row, row.id("transactionID") or ids.of(content), amount)
    return Record(event=event, occurred_at=at, row=row.where, digest=row.digest)


def sales_tax(row: Row, id_: str, amount_: Decimal) -> CashEvent:
    """A tax on fees, whichever section tells it."""
    return tax(row, id_, amount_, row.text("taxableDescription"))


def tax(
    row: Row, id_: str, amount_: Decimal, told: str, instrument: str | None = None
) -> CashEvent:
    """A tax: IB writes a charge negative. The statement of funds tells it in words of its own."""
    return FeeCharged(
        id=id_,
        amount=negate(amount_),
        currency=row.required("currency"),
        kind=FeeKind.TAX,
        venue=VENUE,
        instrument_id=instrument,
        description=told or row.text("activityDescription"),
    )


def without_twins(rows: Iterable[Row]) -> Iterator[tuple[Row, bool]]:
    """The rows that are money, and for each whether it contradicts its details instead."""
    groups: dict[Group, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_group(row)].append(row)
    for group in groups.values():
        details = [row for row in group if row.values.get("levelOfDetail") != "SUMMARY"]
        summaries = [row for row in group if row.values.get("levelOfDetail") == "SUMMARY"]
        yield from ((row, False) for row in details)
        yield from _unmade(summaries, details)


def _unmade(summaries: list[Row], details: list[Row]) -> Iterator[tuple[Row, bool]]:
    """The summaries that the details do not make: all of them, or, row by row, the rest."""
    amounts = [amount(row) for row in details]
    if total([amount(row) for row in summaries]) == total(amounts) and details:
        return
    rest = []
    for row in summaries:
        if amount(row) in amounts:
            amounts.remove(amount(row))
        else:
            rest.append(row)
    if amounts and total([amount(row) for row in rest]) == total(amounts):
        return
    yield from ((row, bool(amounts)) for row in rest)


def amount(row: Row) -> Decimal:
    """The row's money, or nothing when it cannot be read (it is quarantined when it is booked)."""
    try:
        return row.decimal("amount")
    except ValueError:
        return Decimal(0)


def _group(row: Row) -> Group:
    day = row.values.get("reportDate") or row.values.get("dateTime", "")
    names = ("currency", "type", "conid", "actionID")
    return (day.partition(";")[0], *(row.values.get(name, "") for name in names))


def _dividend(row: Row, id_: str, amount_: Decimal, in_lieu: bool = False) -> CashEvent:
    return DividendPaid(
        id=id_,
        amount=amount_,
        currency=row.required("currency"),
        instrument_id=instrument_id(row),
        venue=VENUE,
        in_lieu=in_lieu,
        ex_date=row.date_or_none("exDate"),
        description=row.text("description"),
    )


def _in_lieu(row: Row, id_: str, amount_: Decimal) -> CashEvent:
    return _dividend(row, id_, amount_, in_lieu=True)


def _interest(row: Row, id_: str, amount_: Decimal) -> CashEvent:
    return InterestPaid(
        id=id_,
        amount=amount_,
        currency=row.required("currency"),
        venue=VENUE,
        description=row.text("description"),
    )


def _moved(row: Row, id_: str, amount_: Decimal) -> CashEvent:
    """A deposit or a withdrawal, by the sign; both are positive as facts."""
    cls = CashWithdrawn if amount_ < 0 else CashDeposited
    return cls(
        id=id_,
        amount=amount_.copy_abs(),
        currency=row.required("currency"),
        venue=VENUE,
        description=row.text("description"),
    )


def _charge(kind: FeeKind) -> Maker:
    """A maker of fees: what IB writes negative was charged, positive was given back."""

    def make(row: Row, id_: str, amount_: Decimal) -> CashEvent:
        return FeeCharged(
            id=id_,
            amount=negate(amount_),
            currency=row.required("currency"),
            kind=kind,
            venue=VENUE,
            instrument_id=instrument_id(row) if row.id("conid") else None,
            description=row.text("description"),
        )

    return make


TYPES: Final[dict[str, Maker]] = {
    "Dividends": _dividend,
    "Payment In Lieu Of Dividends": _in_lieu,
    "Withholding Tax": _charge(FeeKind.WITHHOLDING_TAX),
    "871(m) Withholding": _charge(FeeKind.WITHHOLDING_TAX),
    "Deposits/Withdrawals": _moved,
    "Deposits & Withdrawals": _moved,
    "Broker Interest Paid": _interest,
    "Broker Interest Received": _interest,
    "Bond Interest Paid": _interest,
    "Bond Interest Received": _interest,
    "Other Fees": _charge(FeeKind.OTHER),
    "Broker Fees": _charge(FeeKind.OTHER),
    ADJUSTMENT: _charge(FeeKind.COMMISSION),
    "Advisor Fees": _charge(FeeKind.OTHER),
    "Fees": _charge(FeeKind.OTHER),
}
