"""The fields of a row by the map: which cell each is, and what the row is about."""

from __future__ import annotations

from decimal import Decimal

from adapters.brokers.csv_map.cells import Cell, Cells
from adapters.brokers.csv_map.columns import ColumnMap
from adapters.brokers.csv_map.ids import RowIds
from adapters.brokers.csv_map.table import Table
from adapters.sharing import remembering
from adapters.text import Reader, number_reader
from ledger.domain.gates import require_text
from ledger.domain.instruments import Instrument
from ledger.errors import BadRowError


class Fields:
    """Functions from a row of one table to its fields' texts; ``instruments`` collects what the
    rows are about."""

    def __init__(self, table: Table, columns: ColumnMap) -> None:
        self.map = columns
        self.table = table
        number = number_reader(columns.decimal, columns.thousands, columns.strip)
        self.number: Reader = remembering(number)
        self.instruments: list[Instrument] = []
        self._by_name: dict[str, Instrument] = {}
        self.id, self.symbol, self.security = map(self.cell, ("id", "symbol", "security_id"))
        self.qty, self.px, self.amount = map(self.cell, ("qty", "px", "amount"))
        self.priced_in, self._amount_currency = map(self.cell, ("currency", "amount_currency"))
        self.currency = self._money_currency()
        mapped = {field: self.cell(field) for field in sorted(columns.columns)}
        if "amount_currency" in mapped:
            mapped["amount_currency"] = self.currency
        self._ids = RowIds(list(mapped.items()), self.number)

    def cell(self, field: str) -> Cell:
        """A function from a row to the field's text: a column, a constant, or nothing."""
        if field in self.map.columns:
            return self._written(field, self.table.cell(self.map.columns[field]))
        constant = self.map.constants.get(field, "")
        return lambda _: constant

    def _written(self, field: str, cell: Cell) -> Cell:
        """The cell, or the one that holds where it is empty; a time without its declared end."""
        end = self.map.time_end
        if field in self.map.otherwise:
            other = self.table.cell((*self.map.otherwise[field], ""))
            return lambda row: cell(row) or other(row)
        if field == "time" and end:
            return lambda row: cell(row).removesuffix(end)
        return cell

    def row_id(self, row: Cells) -> str:
        """The venue's id, or one made from the mapped cells and the place among equals."""
        return self.id(row) or self._ids.of(row)

    def optional(self, field: str, written: str) -> Decimal | None:
        """A number, or None where the file has none, or the word for none."""
        return None if written in {"", self.map.absent} else self.number(field, written)

    def name(self, row: Cells) -> str:
        """What the instrument is called in its id."""
        return self.security(row) or required("symbol", self.symbol(row))

    def instrument(self, row: Cells, currency: str) -> Instrument:
        """The instrument; one seen for the first time is defined."""
        known = self._by_name.get(self.security(row) or self.symbol(row))
        if known is None:
            known = self._define(row, currency)
        return known

    def _define(self, row: Cells, currency: str) -> Instrument:
        symbol = require_text("symbol", required("symbol", self.symbol(row)))
        name, rule = self.name(row), self.map.rule(symbol)
        defined = Instrument(
            instrument_id=self.map.prefix + name,
            symbol=symbol,
            kind=rule.kind,
            currency=rule.currency or require_text("currency", currency),
            multiplier=rule.multiplier,
            base_currency=rule.base_currency,
            security_id=self.security(row) or None,
            venue=self.map.venue,
        )
        self.instruments.append(defined)
        self._by_name[name] = defined
        return defined

    def _money_currency(self) -> Cell:
        """Where the currency of an amount stands: a column, its header's star, or the price's."""
        headers = self.map.columns.get("amount", ())
        told = self.table.star(headers) if headers else ""
        is_mapped = any(
            "amount_currency" in given for given in (self.map.columns, self.map.constants)
        )
        if not is_mapped and not told:
            return self.priced_in
        return lambda row: self._amount_currency(row) or told


def required(field: str, value: str) -> str:
    """The text; ``BadRowError`` when it is none."""
    if not value:
        raise BadRowError(field, value, "missing")
    return value
