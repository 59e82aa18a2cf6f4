"""The charges of a row that stand in several columns, each with a currency of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adapters.brokers.csv_map.cells import Cell, Cells
from adapters.brokers.csv_map.columns import ColumnMap, FeeColumn
from adapters.brokers.csv_map.table import Table
from adapters.text import Reader
from ledger.domain.events import Fee
from ledger.domain.numbers import ONE, negate, quantize, ratio
from ledger.errors import BadRowError


class Money(NamedTuple):
    """The currency that money moved in, and the rate from the price's: units of it for one."""

    currency: str
    priced_in: str
    rate: Decimal | None

    def of(self, amount: Decimal, told: str) -> Decimal:
        """An amount of another currency in this one; ``BadRowError`` when no rate is stated."""
        if told == self.currency:
            return amount
        if told != self.priced_in or not self.rate:
            rule = f"charged out of {self.currency}, and the row states no rate between them"
            raise BadRowError("fee_currency", told, rule)
        return quantize(ratio(amount, ONE, self.rate))


class FeeColumns:
    """Reads all charges of a row in the currency that its money moved in.

    One in another currency was taken out of that money too: it is converted by the rate that the
    row itself states (units of the price's currency for one of the money's), or the row is set
    aside.
    """

    def __init__(self, table: Table, columns: ColumnMap, number: Reader) -> None:
        self._number = number
        self._is_negative = columns.fee_sign == "charged-negative"
        self._columns = [
            (fee, table.cell(fee.column), self._currency(table, fee)) for fee in columns.fees
        ]

    @staticmethod
    def _currency(table: Table, fee: FeeColumn) -> Cell:
        """The currency in the header's place of a star, else in a column of its own."""
        told = table.star(fee.column)
        return (lambda _: told) if told else table.cell((*fee.currency, ""))

    def of(self, row: Cells, money: Money) -> tuple[Fee, ...]:
        """Every charge that is not nothing: positive was charged."""
        fees = []
        for column, cell, currency_of in self._columns:
            written = cell(row)
            amount = self._number("fee", written) if written else None
            if amount:
                charged = money.of(negate(amount) if self._is_negative else amount,
                                   currency_of(row) or money.currency)  # fmt: skip
                fees.append(Fee(amount=charged, currency=money.currency, kind=column.kind))
        return tuple(fees)
