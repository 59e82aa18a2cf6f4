"""From a row's cells to a fact, by the column map. Files are long and say the same words again and
again: what a cell means is remembered, and nothing is made that the row does not need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from operator import itemgetter
from typing import Final

from adapters.brokers.csv_map.amounts import difference
from adapters.brokers.csv_map.cells import (
    Cell,
    Cells,
    check_sign,
    digest_of_cells,
    one_line,
    whole,
)
from adapters.brokers.csv_map.columns import ColumnMap
from adapters.brokers.csv_map.ids import RowIds
from adapters.brokers.csv_map.table import Table
from adapters.port import FIRST_PLACE, Finding, Page, Record, external_order_id
from adapters.text import Reader, formatted_moment, iso_moment, number_reader
from ledger.domain.events import (
    CashDeposited,
    CashEvent,
    CashWithdrawn,
    DividendPaid,
    Event,
    Fee,
    FeeCharged,
    FeeKind,
    FillBooked,
    InterestPaid,
    Side,
)
from ledger.domain.gates import require_text
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

IGNORED: Final = "ignore"
REMEMBERED: Final = 8_192
"""So many different cells of a kind are kept in mind, whatever the length of the file."""

_remembering = lru_cache(maxsize=REMEMBERED)


class RowReader:
    """Reads rows of one table; ``instruments`` collects the definitions of what they name."""

    def __init__(self, table: Table, columns: ColumnMap, page: Page) -> None:
        self._map = columns
        self._table = table
        self._page = page
        self._places: Counter[tuple[str, str, str]] = Counter()
        self._counts_places = True
        self.findings: list[Finding] = []
        number = number_reader(columns.decimal, columns.thousands, columns.strip)
        self._number: Reader = _remembering(number)
        self._is_charge_negative = columns.fee_sign == "charged-negative"
        self._moment = self._moments()
        self._fees: Callable[[str, str], tuple[Fee, ...]] = _remembering(self._charges)
        self._settles: Callable[[str], date] = _remembering(self._settlement)
        mapped = [(field, self.cell(field)) for field in sorted(columns.columns)]
        self._ids = RowIds(mapped, self._number)
        self._by_symbol: dict[str, str] = {}
        self._makers = self._all_makers()
        self._states_amounts = "amount" in columns.columns
        self.instruments: list[Instrument] = []
        self._kind, self._id, self._time = map(self.cell, ("kind", "id", "time"))
        self._date, self._symbol, self._side = map(self.cell, ("date", "symbol", "side"))
        self._qty, self._px, self._gross = map(self.cell, ("qty", "px", "gross"))
        self._fee, self._fee_currency = map(self.cell, ("fee", "fee_currency"))
        self._currency, self._amount = map(self.cell, ("currency", "amount"))
        self._order, self._cl_ord = map(self.cell, ("order_id", "cl_ord_id"))
        self._trade, self._settl = map(self.cell, ("trade_id", "settl_date"))
        self._seq, self._description = map(self.cell, ("seq", "description"))

    def cell(self, field: str) -> Cell:
        """A function from a row to the field's text: a column, a constant, or nothing."""
        if field in self._map.columns:
            return itemgetter(self._table.column(self._map.columns[field]))
        constant = self._map.constants.get(field, "")
        return lambda _: constant

    def expect(self, rows: Iterable[Cells]) -> None:
        """Be told of the table's rows: where the venue named or ordered each of them, none has a
        place that needs to be counted."""
        self._counts_places = not all(self._id(row) or self._seq(row) for row in rows)

    def read(self, line: int, row: Cells) -> Record | None:
        """The row's record; None for a kind that is declared to be ignored.

        Rows are given from the oldest on. Every row counts in its instant, read or not, so that
        a row keeps its place when others of the file can be read later.
        """
        place = self._next_place(row) if self._counts_places else None
        kind = self._kind_of(self._kind(row))
        if kind == IGNORED:
            return None
        at = self._at(row)
        event = self._makers[kind](row, place)
        where, is_counted = f"line {line}", False
        if isinstance(event, FillBooked):
            is_counted = place is not None and event.seq == place
            if self._states_amounts:
                self._compare(event, where, row)
        return Record(
            event=event,
            occurred_at=at,
            row=where,
            digest=digest_of_cells(row),
            page=self._page if is_counted else None,
            raw=",".join(row) if is_counted else "",
        )

    def _kind_of(self, word: str) -> str:
        """What the file's word for the row's kind means."""
        kinds = self._map.kinds
        kind = kinds.get(word, word) if kinds else word
        if kind != IGNORED and (kind not in self._makers or (kinds and word not in kinds)):
            raise BadRowError("kind", word, f"not declared under kinds in {self._map.name}")
        return kind

    def _next_place(self, row: Cells) -> int:
        """The place among the rows of the same symbol and time."""
        what = (one_line(self._date(row)), one_line(self._time(row)), one_line(self._symbol(row)))
        self._places[what] += 1
        return FIRST_PLACE + self._places[what] - 1

    def _compare(self, fill: FillBooked, where: str, row: Cells) -> None:
        """The stated amount beside what the fill makes."""
        written = self._amount(row)
        if written:
            rule = self._map.rule(self._symbol(row))
            told = difference(self._map, rule, fill, self._number("amount", written))
            if told:
                self.findings.append(Finding(file=self._page.name, row=where, what=told))

    def _all_makers(self) -> dict[str, Callable[[Cells, int | None], Event]]:
        return {
            "fill": self._fill,
            "buy": partial(self._fill, side=Side.BUY),
            "sell": partial(self._fill, side=Side.SELL),
            "deposit": partial(self._moved, sign=1),
            "withdrawal": partial(self._moved, sign=-1),
            "cash": partial(self._moved, sign=0),
            "dividend": partial(self._dividend, in_lieu=False),
            "in_lieu": partial(self._dividend, in_lieu=True),
            "interest": self._interest,
            "fee": partial(self._charge, kind=FeeKind.OTHER),
            "tax": partial(self._charge, kind=FeeKind.WITHHOLDING_TAX),
        }

    def _moments(self) -> Callable[[str, str], datetime]:
        zone, style = self._map.zone, self._map.time_format
        if style == "iso":
            return lambda field, value: iso_moment(field, value, zone)
        return _remembering(lambda field, value: formatted_moment(field, value, style, zone))

    def _at(self, row: Cells) -> datetime:
        """Date and time may stand in two columns; the format is then of both, with a space."""
        on = self._date(row)
        return self._moment("time", f"{on} {self._time(row)}" if on else self._time(row))

    def _row_id(self, row: Cells) -> str:
        """The venue's id, or one made from the mapped cells and the place among equals."""
        return self._id(row) or self._ids.of(row)

    def _fill(self, row: Cells, place: int | None, side: Side | None = None) -> FillBooked:
        qty = self._number("qty", self._qty(row))
        px, gross = self._px(row), self._gross(row)
        currency = self._required("currency", self._currency(row))
        named, seq = self._id(row), self._seq(row)
        order_id = self._order(row) or None
        fee, settled = self._fee(row), self._settl(row)
        return FillBooked(
            exec_id=named or self._row_id(row),
            instrument_id=self._instrument(row, currency),
            side=self._sided(row, qty, side),
            last_qty=qty.copy_abs(),
            last_px=self._number("px", px) if px or not gross else None,
            currency=currency,
            venue=self._map.venue,
            cl_ord_id=self._cl_ord(row) or external_order_id(self._map.venue, order_id),
            order_id=order_id,
            gross_trade_amt=self._number("gross", gross).copy_abs() if gross else None,
            fees=self._fees(fee, self._fee_currency(row) or currency) if fee else (),
            seq=whole(seq) if seq else (None if named else place),
            trade_id=self._trade(row) or None,
            settl_date=self._settles(settled) if settled else None,
        )

    def _sided(self, row: Cells, qty: Decimal, side: Side | None) -> Side:
        """The word for it, which the sign of the quantity may not contradict; else the sign."""
        word = self._side(row)
        if not qty:
            raise BadRowError("qty", self._qty(row), "a fill of nothing")
        if word and side is None and word not in self._map.sides:
            raise BadRowError("side", word, f"not declared under sides in {self._map.name}")
        meant = side or (self._map.sides[word] if word else None)
        if meant is None:
            return Side.BUY if qty > 0 else Side.SELL
        check_sign(self._map, self._qty(row), qty, meant)
        return meant

    def _charges(self, written: str, currency: str) -> tuple[Fee, ...]:
        """The fees of a fill, which are none where the file says zero."""
        amount = self._charged(self._number("fee", written))
        return (Fee(amount=amount, currency=currency),) if amount else ()

    def _charged(self, amount: Decimal) -> Decimal:
        """Positive when charged, whatever the file's sign."""
        return negate(amount) if self._is_charge_negative else amount

    def _settlement(self, written: str) -> date:
        return (
            formatted_moment("settl_date", written, self._map.date_format, self._map.zone)
            .astimezone(self._map.zone)
            .date()
        )

    def _instrument(self, row: Cells, currency: str) -> str:
        """The instrument's id; a symbol seen for the first time is defined."""
        symbol = self._symbol(row)
        return self._by_symbol.get(symbol) or self._define(symbol, currency)

    def _define(self, symbol: str, currency: str) -> str:
        require_text("symbol", self._required("symbol", symbol))
        rule = self._map.rule(symbol)
        defined = Instrument(
            instrument_id=self._map.prefix + symbol,
            symbol=symbol,
            kind=rule.kind,
            currency=rule.currency or require_text("currency", currency),
            multiplier=rule.multiplier,
            base_currency=rule.base_currency,
            venue=self._map.venue,
        )
        self.instruments.append(defined)
        self._by_symbol[symbol] = defined.instrument_id
        return defined.instrument_id

    def _moved(self, row: Cells, _: int | None, sign: int) -> CashEvent:
        """A deposit or withdrawal: by its kind, or, for ``cash``, by the amount's sign."""
        amount = self._number("amount", self._amount(row))
        cls = CashWithdrawn if sign < 0 or (sign == 0 and amount < 0) else CashDeposited
        return cls(
            id=self._row_id(row),
            amount=amount.copy_abs(),
            currency=self._currency(row),
            venue=self._map.venue,
            description=self._description(row),
        )

    def _dividend(self, row: Cells, _: int | None, in_lieu: bool) -> CashEvent:
        return DividendPaid(
            id=self._row_id(row),
            amount=self._number("amount", self._amount(row)),
            currency=self._currency(row),
            instrument_id=self._map.prefix + self._required("symbol", self._symbol(row)),
            venue=self._map.venue,
            in_lieu=in_lieu,
            description=self._description(row),
        )

    def _interest(self, row: Cells, _: int | None) -> CashEvent:
        return InterestPaid(
            id=self._row_id(row),
            amount=self._number("amount", self._amount(row)),
            currency=self._currency(row),
            venue=self._map.venue,
            description=self._description(row),
        )

    def _charge(self, row: Cells, _: int | None, kind: FeeKind) -> CashEvent:
        return FeeCharged(
            id=self._row_id(row),
            amount=self._charged(self._number("amount", self._amount(row))),
            currency=self._currency(row),
            kind=kind,
            venue=self._map.venue,
            description=self._description(row),
        )

    def _required(self, field: str, value: str) -> str:
        if not value:
            raise BadRowError(field, value, "missing")
        return value
