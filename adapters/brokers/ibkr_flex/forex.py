"""What the commission of a currency trade was taken in: its row prints it in the account's base.

The statement of funds by currency tells it line by line. Without one the row itself does. What was
taken in the base was turned into it when it was traded, at the rate of an earlier day; what was
taken in another currency is printed in the base by the statement, at its own rate of the day
(``fxRateToBase``). A commission that such a rate makes of an amount of six decimals was taken in
that currency; by chance one of a thousand would look so. It is believed only where it makes the
commissions of the cash report in every currency that it moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from adapters.brokers.ibkr_flex.cash import ADJUSTMENT, without_twins
from adapters.brokers.ibkr_flex.row import Row
from adapters.brokers.ibkr_flex.stated import ROUNDING
from adapters.text import UNREADABLE
from ledger.domain.numbers import ZERO, add, multiply, parse, steps, subtract

Charge = tuple[str, Decimal]
"""The currency and the amount, with IB's sign: negative is a charge."""
Rates = Mapping[tuple[str, str], str]
"""What one unit of a currency is worth in the base, by the currency and the ``reportDate``."""

SMALLEST: Final = Decimal("0.000001")
"""IB takes 0.2 of a ten-thousandth of the trade, or a minimum: no more decimals were seen."""
HALF: Final = Decimal("0.0000000005")
"""IB prints nine decimals at most: so much a printed amount may be off."""


def commissions_taken(
    trades: Iterable[Row], others: Iterable[Row], report: Iterable[Row]
) -> dict[str, Charge]:
    """What was taken for the currency trades that print it translated, by the trade's posting;
    nothing where the ``report`` (the cash report's currencies) does not agree with it. The
    ``others`` are rows of any kind, for their rates and for commissions adjusted, which the report
    counts among the commissions."""
    try:
        stated = {row.required("currency"): row.decimal("commissions") for row in report}
        held, rest = [*trades], [*others]
        for row, is_contradiction in without_twins(filter(_is_adjustment, rest)):
            currency = row.text("currency")
            if currency in stated and not is_contradiction:
                stated[currency] = subtract(stated[currency], row.decimal("amount"))
        return _believed(held, _rates([*held, *rest]), stated)
    except UNREADABLE:
        return {}


def _is_adjustment(row: Row) -> bool:
    return row.section == "CashTransactions" and row.values.get("type") == ADJUSTMENT


def _believed(
    trades: Iterable[Row], rates: Rates, stated: Mapping[str, Decimal]
) -> dict[str, Charge]:
    found: dict[str, Charge] = {}
    made: dict[str, Decimal] = defaultdict(lambda: ZERO)
    moved: set[str] = set()
    for row in trades:
        printed = row.text("ibCommissionCurrency") or row.text("currency")
        charge = printed, row.decimal_or_zero("ibCommission")
        for taken in _candidates(row, printed, rates, stated):
            charge = found[row.id("transactionID")] = taken
            moved |= {printed, taken[0]}
        made[charge[0]] = add(made[charge[0]], charge[1])
    is_it = all(
        name in stated and subtract(made[name], stated[name]).copy_abs() <= ROUNDING
        for name in moved
    )
    return found if is_it else {}


def _candidates(
    row: Row, printed: str, rates: Rates, currencies: Iterable[str]
) -> Iterator[Charge]:
    """The currencies of the report in which the row's commission may have been taken."""
    amount = row.decimal_or_zero("ibCommission")
    if row.text("assetCategory") != "CASH" or not amount or not row.id("transactionID"):
        return
    for currency in currencies:
        rate = parse("fxRateToBase", rates.get((currency, row.text("reportDate")), "0"))
        if rate > ZERO and currency != printed:
            count = steps(amount, multiply(rate, SMALLEST), ROUND_HALF_EVEN)
            taken = multiply(count, SMALLEST)
            if subtract(multiply(taken, rate), amount).copy_abs() <= HALF:
                yield currency, taken


def _rates(rows: Iterable[Row]) -> Rates:
    """The rates that rows of the day were translated at, and those of the statement's own list."""
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        currency, rate = row.text("currency"), row.text("fxRateToBase")
        if row.element == "ConversionRate":
            currency, rate = row.text("fromCurrency"), row.text("rate")
        if currency and rate:
            found.setdefault((currency, row.text("reportDate")), rate)
    return found
