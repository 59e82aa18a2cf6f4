"""CSV files of any broker by a declared column map: ``parser_for(map)`` gives a ``Parser``.

The file is strict: an unbalanced quote, a short or long row, a column named twice, a NUL or an
encoding other than the declared one refuses it as a whole. A row whose words or numbers cannot be
read is quarantined and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise

from adapters.brokers.csv_map.cells import Cells, digest_of_cells
from adapters.brokers.csv_map.columns import ColumnMap
from adapters.brokers.csv_map.kept import KeptRows
from adapters.brokers.csv_map.loading import load_map
from adapters.brokers.csv_map.order import require_declared, runs_backwards, unordered
from adapters.brokers.csv_map.rows import RowReader
from adapters.brokers.csv_map.splits import Half, judged, split_of
from adapters.brokers.csv_map.table import Table
from adapters.gathering import joined
from adapters.port import (
    AccountConfig,
    Batch,
    Control,
    Coverage,
    Finding,
    Page,
    Parser,
    Quarantined,
    RawPage,
    Record,
    digest_of,
)
from adapters.text import UNREADABLE
from ledger.collector import full_collections_held_off
from ledger.domain.events import InstrumentDefined
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadRowError

__all__ = ["NAME", "VERSION", "ColumnMap", "load_map", "parse", "parser_for"]

NAME = "csv"
VERSION = "1"


def parser_for(columns: ColumnMap) -> Parser:
    """A parser with the map built in, like every other broker's."""
    return partial(parse, columns=columns)


def parse(pages: Sequence[RawPage], config: AccountConfig, *, columns: ColumnMap) -> Batch:
    """Read CSV files by a map. Without an account column, ``config.account`` must be given."""
    reading = _Reading(columns, config)
    with full_collections_held_off():
        for number, page in enumerate(pages):
            reading.page(number, page)
    reading.pair_splits()
    account = config.account or reading.account
    if not account:
        raise BadFileError(f"{columns.name} maps no account column: say which account this is")
    return Batch(
        venue=columns.venue,
        account=account,
        parser=NAME,
        parser_version=VERSION,
        digest=pages[0].digest if len(pages) == 1 else digest_of(p.digest for p in pages),
        venue_account=reading.account,
        coverage=Coverage(
            covers_from=config.covers_from,
            covers_to=config.covers_to,
            sections=("rows",),
            rows=(("row", reading.rows),),
            controls=tuple(reading.controls),
        ),
        instruments=tuple(InstrumentDefined(instrument=i) for i in reading.instruments.values()),
        records=reading.all_records(),
        quarantine=tuple(reading.quarantine),
        findings=tuple(reading.findings),
    )


class _Reading:
    """What the pages have given so far."""

    def __init__(self, columns: ColumnMap, config: AccountConfig) -> None:
        self._map = columns
        self._config = config
        self.account = config.venue_account or ""
        self.rows = 0
        self.instruments: dict[str, Instrument] = {}
        self.records: list[Record] = []
        self.quarantine: list[Quarantined] = []
        self.findings: list[Finding] = []
        self.controls: list[Control] = []
        self._begins: list[int] = []
        self._halves: list[Half] = []
        self._splits: list[Record] = []

    def page(self, number: int, page: RawPage) -> None:
        """Read one file, from its oldest row on; rows of other accounts than the configured one
        are passed over."""
        table = Table(page, self._map)
        reader = RowReader(table, self._map, Page(number, page.name))
        account, first = reader.cell("account"), len(self.records)
        rows = self._without_totals(reader, page.name, table.rows())
        self.rows += len(rows)
        reader.expect(rows)
        is_backwards = runs_backwards(self._map, map(reader.time_of, rows))
        for line, row in rows.taken(backwards=is_backwards):
            named = account(row)
            if not named or named == self.account or self._is_ours(named, page.name, line):
                self._row(reader, page.name, line, row)
        aside = self._in_order(reader, page.name, first)
        self._begins.append(first)
        self.findings += [one for one in reader.findings if one.row not in aside]
        for defined in reader.instruments:
            self.instruments.setdefault(defined.instrument_id, defined)

    def pair_splits(self) -> None:
        """Make the splits of all files from their sides; a side without another is set aside."""
        scope = "split" if self._map.id_scope else ""
        for sides, error in judged(self._halves):
            if error is None:
                try:
                    self._splits.append(split_of(sides, self._map.venue, scope))
                    continue
                except UNREADABLE as unreadable:
                    error = unreadable
            for half in sides:
                self._set_aside(error, half.file, half.row, half.digest, half.raw)

    def all_records(self) -> tuple[Record, ...]:
        """Those of every file, in the order of the files."""
        places = pairwise([*self._begins, len(self.records)])
        records = joined([self.records[begin:end] for begin, end in places])
        return (*records, *self._splits)

    def _is_ours(self, named: str, file: str, line: int) -> bool:
        """Whether a row that names an account, not yet known as ours, is ours; the first row
        decides when none is configured."""
        if self._config.venue_account is None and self.account:
            both = f"rows of {self.account} and of {named}"
            raise BadFileError(f"{file}, line {line}: {both}; say which account is meant")
        self.account = self.account or named
        return named == self.account

    def _without_totals(
        self, reader: RowReader, name: str, rows: Iterable[tuple[int, Cells]]
    ) -> KeptRows:
        """The rows; those that state the total of the others are compared with it."""
        begins, kept = self._map.total_row, KeptRows()
        totals: list[tuple[int, Cells]] = []
        for line, row in rows:
            if begins and row[0].startswith(begins):
                totals.append((line, row))
            else:
                kept.add(line, row)
        for line, row in totals:
            try:
                self.controls.append(reader.total(row, kept))
            except UNREADABLE as error:
                where = f"line {line}"
                self._set_aside(error, name, where, digest_of_cells(row), ",".join(row))
        return kept

    def _in_order(self, reader: RowReader, name: str, first: int) -> set[str]:
        """Set aside the rows of which nobody can say which came first, and name them."""
        counted = [record for record in self.records[first:] if record.page is not None]
        dated = [record for record in counted if record.row not in reader.backdated]
        require_declared(dated, self._map, name)
        doubtful = {id(record): rule for record, rule in unordered(counted, self._map)}
        for record in counted:
            if id(record) in doubtful:
                error = BadRowError("time", record.occurred_at.isoformat(), doubtful[id(record)])
                self._set_aside(error, name, record.row, record.digest, record.raw)
        self.records[first:] = [r for r in self.records[first:] if id(r) not in doubtful]
        return {record.row for record in counted if id(record) in doubtful}

    def _set_aside(self, error: Exception, file: str, row: str, digest: str, raw: str) -> None:
        aside = Quarantined.of(error, file=file, row=row, digest=digest, raw=raw)
        self.quarantine.append(aside)

    def _row(self, reader: RowReader, file: str, line: int, row: Cells) -> None:
        try:
            record = reader.read(line, row)
        except UNREADABLE as error:
            self._set_aside(error, file, f"line {line}", digest_of_cells(row), ",".join(row))
        else:
            if isinstance(record, Half):
                self._halves.append(record)
            elif record is not None:
                self.records.append(record)
