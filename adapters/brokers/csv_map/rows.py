"""From a row's cells to a fact, by the column map. Files are long and say the same words again and
again: what a cell means is remembered, and nothing is made that the row does not need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from adapters.brokers.csv_map.amounts import difference
from adapters.brokers.csv_map.cells import Cells, digest_of_cells, one_line
from adapters.brokers.csv_map.columns import AMOUNT, ColumnMap
from adapters.brokers.csv_map.facts import Facts
from adapters.brokers.csv_map.fields import Fields, required
from adapters.brokers.csv_map.splits import SIDES, Half
from adapters.brokers.csv_map.table import Table
from adapters.port import FIRST_PLACE, Control, Finding, Page, Record
from adapters.sharing import remembering
from adapters.text import UNREADABLE, formatted_moment, iso_moment
from ledger.domain.events import FillBooked
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import total
from ledger.errors import BadRowError

IGNORED = "ignore"
MANY = "*"


class RowReader:
    """Reads rows of one table; ``instruments`` collects the definitions of what they name, and
    ``backdated`` the rows that stand in the file at another time than they hold for."""

    def __init__(self, table: Table, columns: ColumnMap, page: Page) -> None:
        self._map = columns
        self._page = page
        self._places: Counter[tuple[str, str, str]] = Counter()
        self._counts_places = True
        self._after = columns.time_after
        self.findings: list[Finding] = []
        self.backdated: set[str] = set()
        self._fields = Fields(table, columns)
        self._facts = Facts(self._fields)
        self.cell = self._fields.cell
        self._moment = self._moments()
        self._compares = "amount" in columns.columns and columns.money != AMOUNT
        self._begins = tuple(
            word.removesuffix(MANY)
            for word in sorted({**columns.kinds, **columns.unbooked}, key=len, reverse=True)
            if word.endswith(MANY)
        )
        self._kind, self._id, self._seq = map(self.cell, ("kind", "id", "seq"))
        self._date, self._time, self._symbol = map(self.cell, ("date", "time", "symbol"))

    @property
    def instruments(self) -> list[Instrument]:
        """What the rows that were read are about."""
        return self._fields.instruments

    def expect(self, rows: Iterable[Cells]) -> None:
        """Be told of the table's rows: where the venue named or ordered each of them, none has a
        place that needs to be counted."""
        self._counts_places = not all(self._id(row) or self._seq(row) for row in rows)

    def read(self, line: int, row: Cells) -> Record | Half | None:
        """The row's record, or one side of a split; None for a kind that is declared to be
        ignored.

        Rows are given from the oldest on. Every row counts in its instant, read or not, so that
        a row keeps its place when others of the file can be read later.
        """
        place = self._next_place(row) if self._counts_places else None
        kind = self._kind_of(self._kind(row))
        if kind == IGNORED:
            return None
        at = self._at(row)
        if kind in SIDES:
            return self._half(kind, line, row, at)
        event = self._facts.make(kind, row, place)
        where, is_counted, differs = f"line {line}", False, ""
        if isinstance(event, FillBooked):
            is_counted = place is not None and event.seq == place
            differs = self._compare(event, row) if self._compares else self._facts.differs
        if differs:
            self.findings.append(Finding(file=self._page.name, row=where, what=differs))
        if self._after and self._after in self._time(row):
            self.backdated.add(where)
        return Record(
            event=event,
            occurred_at=at,
            row=where,
            digest=digest_of_cells(row),
            page=self._page if is_counted else None,
            raw=",".join(row) if is_counted else "",
        )

    def _half(self, kind: str, line: int, row: Cells, at: datetime) -> Half:
        """One side of a split, which names all units."""
        fields = self._fields
        currency = required("currency", fields.currency(row))
        return Half(
            kind=kind,
            file=self._page.name,
            row=f"line {line}",
            digest=digest_of_cells(row),
            raw=",".join(row),
            at=at,
            instrument_id=fields.instrument(row, currency).instrument_id,
            qty=fields.number("qty", fields.qty(row)),
            worth=fields.optional("amount", fields.amount(row)),
            id=fields.row_id(row),
        )

    def total(self, row: Cells, rows: Iterable[Cells]) -> Control:
        """The total that a row states, beside the amounts of the others."""
        written = [self._fields.amount(one) for one in rows]
        return Control(
            name="total",
            currency=self._fields.currency(row),
            stated=self._fields.number("amount", self._fields.amount(row)),
            rows=total([self._fields.number("amount", one) for one in written if one]),
        )

    def time_of(self, row: Cells) -> datetime | None:
        """When a row of units happened, for the direction of the file; None for another row."""
        if not self._fields.qty(row) or (self._after and self._after in self._time(row)):
            return None
        try:
            return self._at(row)
        except UNREADABLE:
            return None

    def _kind_of(self, word: str) -> str:
        """What the file's word for the row's kind means."""
        kinds, unbooked, named = self._map.kinds, self._map.unbooked, word
        if self._begins and word not in kinds and word not in unbooked:
            begins = next((one for one in self._begins if word.startswith(one)), None)
            named = word if begins is None else begins + MANY
        if named in unbooked:
            raise BadRowError("kind", word, unbooked[named])
        kind = kinds.get(named, named) if kinds else word
        is_known = kind == IGNORED or kind in SIDES or kind in self._facts.kinds
        if not is_known or (kind != IGNORED and kinds and named not in kinds):
            raise BadRowError("kind", word, f"not declared under kinds in {self._map.name}")
        return kind

    def _next_place(self, row: Cells) -> int:
        """The place among the rows of the same symbol and time."""
        when = one_line(self._effective(self._time(row)))
        what = (one_line(self._date(row)), when, one_line(self._symbol(row)))
        self._places[what] += 1
        return FIRST_PLACE + self._places[what] - 1

    def _compare(self, fill: FillBooked, row: Cells) -> str:
        """The stated amount beside what the fill makes; empty where they agree."""
        written = self._fields.amount(row)
        if not written:
            return ""
        rule = self._map.rule(self._symbol(row))
        return difference(self._map, rule, fill, self._fields.number("amount", written))

    def _moments(self) -> Callable[[str, str], datetime]:
        zone, style = self._map.zone, self._map.time_format
        if style == "iso":
            return lambda field, value: iso_moment(field, value, zone)
        return remembering(lambda field, value: formatted_moment(field, value, style, zone))

    def _effective(self, time: str) -> str:
        """The time that holds, where a row states the one of its entry before it."""
        after = self._after
        return time.rpartition(after)[2] if after and after in time else time

    def _at(self, row: Cells) -> datetime:
        """Date and time may stand in two columns; the format is then of both, with a space."""
        on, time = self._date(row), self._effective(self._time(row))
        return self._moment("time", f"{on} {time}" if on else time)
