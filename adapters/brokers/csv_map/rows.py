"""From a row's cells to a fact, by the column map. One row costs a dozen calls: files are long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import partial
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
from adapters.brokers.csv_map.table import Table
from adapters.port import FIRST_PLACE, Finding, Ordinals, Page, Record, external_order_id
from adapters.text import UNREADABLE, formatted_moment, iso_moment, number_reader
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
from ledger.domain.numbers import negate, text
from ledger.errors import BadRowError

IGNORED: Final = "ignore"
NUMBERS: Final = frozenset({"qty", "px", "gross", "amount", "fee"})


class RowReader:
    """Reads rows of one table; ``instruments`` collects the definitions of what they name."""

    def __init__(self, table: Table, columns: ColumnMap, page: Page) -> None:
        self._map = columns
        self._table = table
        self._page = page
        self._places: Counter[tuple[str, str, str]] = Counter()
        self.findings: list[Finding] = []
        self._ids = Ordinals()
        self._number = number_reader(columns.decimal, columns.thousands, columns.strip)
        self._is_charge_negative = columns.fee_sign == "charged-negative"
        self._moment = self._moments()
        self._mapped = [(field, self.cell(field)) for field in sorted(columns.columns)]
        self._by_symbol: dict[str, str] = {}
        self._makers = self._all_makers()
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

    def read(self, line: int, row: Cells) -> Record | None:
        """The row's record; None for a kind that is declared to be ignored.

        Rows are given from the oldest on. Every row counts in its instant, read or not, so that
        a row keeps its place when others of the file can be read later.
        """
        place = self._next_place(row)
        word = self._kind(row)
        kind = self._map.kinds.get(word, word) if self._map.kinds else word
        if kind == IGNORED:
            return None
        if kind not in self._makers or (self._map.kinds and word not in self._map.kinds):
            raise BadRowError("kind", word, f"not declared under kinds in {self._map.name}")
        at = self._at(row)
        event = self._makers[kind](row, place)
        is_counted = isinstance(event, FillBooked) and event.seq == place
        if isinstance(event, FillBooked):
            self._compare(event, line, row)
        return Record(
            event=event,
            occurred_at=at,
            row=f"line {line}",
            digest=digest_of_cells(row),
            page=self._page if is_counted else None,
            raw=",".join(row) if is_counted else "",
        )

    def _next_place(self, row: Cells) -> int:
        """The place among the rows of the same symbol and time."""
        what = (one_line(self._date(row)), one_line(self._time(row)), one_line(self._symbol(row)))
        self._places[what] += 1
        return FIRST_PLACE + self._places[what] - 1

    def _compare(self, fill: FillBooked, line: int, row: Cells) -> None:
        """The stated amount beside what the fill makes."""
        written = self._amount(row)
        if written and "amount" in self._map.columns:
            rule = self._map.rule(self._symbol(row))
            told = difference(self._map, rule, fill, self._number("amount", written))
            if told:
                self.findings.append(Finding(file=self._page.name, row=f"line {line}", what=told))

    def _all_makers(self) -> dict[str, Callable[[Cells, int], Event]]:
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
        return lambda field, value: formatted_moment(field, value, style, zone)

    def _at(self, row: Cells) -> datetime:
        """Date and time may stand in two columns; the format is then of both, with a space."""
        on = self._date(row)
        return self._moment("time", f"{on} {self._time(row)}" if on else self._time(row))

    def _row_id(self, row: Cells) -> str:
        """The venue's id, or one made from the mapped cells and the place among equals."""
        return self._id(row) or self._ids.of(self._content(row))

    def _content(self, row: Cells) -> Iterator[str]:
        """The mapped cells by field, written the same way whatever the file's zeros and spaces."""
        for field, cell in self._mapped:
            written = one_line(cell(row))
            if written:
                yield f"{field}={self._plain(field, written)}"

    def _plain(self, field: str, written: str) -> str:
        """A number without the zeros that say nothing; another text as it is."""
        if field not in NUMBERS:
            return written
        try:
            return text(self._number(field, written))
        except UNREADABLE:
            return written

    def _fill(self, row: Cells, place: int, side: Side | None = None) -> FillBooked:
        qty = self._number("qty", self._qty(row))
        px, gross = self._px(row), self._gross(row)
        currency = self._required("currency", self._currency(row))
        named, seq = self._id(row), self._seq(row)
        order_id = self._order(row) or None
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
            fees=self._fees(row, currency),
            seq=whole(seq) if seq else (None if named else place),
            trade_id=self._trade(row) or None,
            settl_date=self._settles(row),
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

    def _fees(self, row: Cells, currency: str) -> tuple[Fee, ...]:
        written = self._fee(row)
        amount = self._charged(self._number("fee", written)) if written else None
        return (Fee(amount=amount, currency=self._fee_currency(row) or currency),) if amount else ()

    def _charged(self, amount: Decimal) -> Decimal:
        """Positive when charged, whatever the file's sign."""
        return negate(amount) if self._is_charge_negative else amount

    def _settles(self, row: Cells) -> date | None:
        written = self._settl(row)
        if not written:
            return None
        return (
            formatted_moment("settl_date", written, self._map.date_format, self._map.zone)
            .astimezone(self._map.zone)
            .date()
        )

    def _instrument(self, row: Cells, currency: str) -> str:
        """The instrument's id; a symbol seen for the first time is defined."""
        symbol = self._symbol(row)
        if symbol not in self._by_symbol:
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
        return self._by_symbol[symbol]

    def _moved(self, row: Cells, _: int, sign: int) -> CashEvent:
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

    def _dividend(self, row: Cells, _: int, in_lieu: bool) -> CashEvent:
        return DividendPaid(
            id=self._row_id(row),
            amount=self._number("amount", self._amount(row)),
            currency=self._currency(row),
            instrument_id=self._map.prefix + self._required("symbol", self._symbol(row)),
            venue=self._map.venue,
            in_lieu=in_lieu,
            description=self._description(row),
        )

    def _interest(self, row: Cells, _: int) -> CashEvent:
        return InterestPaid(
            id=self._row_id(row),
            amount=self._number("amount", self._amount(row)),
            currency=self._currency(row),
            venue=self._map.venue,
            description=self._description(row),
        )

    def _charge(self, row: Cells, _: int, kind: FeeKind) -> CashEvent:
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
