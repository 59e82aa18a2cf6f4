"""What the pages of one report have given so far, for parsers that read row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import attrs

from adapters.port import (
    AccountConfig,
    Batch,
    Control,
    CostMeaning,
    Coverage,
    Finding,
    Ordinals,
    Quarantined,
    RawPage,
    Record,
    StatedOrder,
    digest_of,
)
from adapters.rows import Row
from adapters.text import UNREADABLE
from ledger.domain.events import (
    Event,
    FillBooked,
    Identity,
    InstrumentDefined,
    StatedBalance,
    StatedPosition,
    differences,
)
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class Gathering:
    """One report being read: a bad row is set aside with its reason and the rest goes on.

    ``file`` is the name of the page being read; ``ids`` make ids for rows without one;
    ``statement_id`` names what is stated, whatever pages it came in; ``venue_account`` is what
    the pages call the account, ``also_called`` what else they do. A parser appends to the lists,
    sets what of ``Coverage`` it knows, and asks for the ``batch`` at the end.
    """

    def __init__(self, pages: Sequence[RawPage], config: AccountConfig) -> None:
        self.pages = pages
        self.config = config
        self.file = ""
        self.ids = Ordinals()
        self.statement_id = ""
        self.venue_account = ""
        self.also_called: tuple[str, ...] = ()
        self._known: dict[Identity, Event] = {}
        self._first_on: dict[str, str] = {}
        self.sections: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.instruments: dict[str, Instrument] = {}
        self.records: list[Record] = []
        self.positions: list[StatedPosition] = []
        self.balances: list[StatedBalance] = []
        self.orders: list[StatedOrder] = []
        self.controls: list[Control] = []
        self.missing: list[str] = []
        self.cost: CostMeaning | None = None
        self.lists_positions = self.lists_balances = self.lists_orders = False
        self.covers_from: datetime | None = None
        self.covers_to: datetime | None = None
        self.quarantine: list[Quarantined] = []
        self.findings: list[Finding] = []

    def section(self, name: str, rows: Iterable[R], read: Callable[[R], T]) -> list[T]:
        """Read each row of a section, which may be empty; the rows that could not be read are
        set aside. What ``read`` gives back, in the order of the rows."""
        self.sections.add(name)
        results: list[T] = []
        for row in rows:
            self.counts[name] += 1
            results += self.guarded(row, read)
        return results

    def guarded(self, row: R, read: Callable[[R], T]) -> list[T]:
        """What the row says, or nothing and a line in the quarantine."""
        try:
            return [read(row)]
        except UNREADABLE as error:
            self.set_aside(row, error)
            return []

    def set_aside(self, row: Row, error: Exception) -> None:
        """Keep a row out of the books, with the field, the value and the rule it breaks."""
        self.quarantine.append(
            Quarantined.of(error, file=self.file, row=row.where, digest=row.digest, raw=row.raw)
        )

    def find(self, row: Row, what: str) -> None:
        """Somebody has to look at the row, although it was booked."""
        self.findings.append(Finding(file=self.file, row=row.where, what=what))

    def define(self, instrument: Instrument) -> Instrument:
        """Declare an instrument; the first definition of a report stands."""
        return self.instruments.setdefault(instrument.instrument_id, instrument)

    def is_on_another_page(self, row: Row) -> bool:
        """Whether the very same row was read from an earlier page: pages that overlap."""
        many = len(self.pages) > 1
        return many and self._first_on.setdefault(row.digest, self.file) != self.file

    def record(
        self,
        row: Row,
        event: Event,
        at: datetime,
        also: tuple[Identity, ...] = (),
        *,
        again: bool = False,
    ) -> Record:
        """Add the fact that a row tells; ``also`` holds further ids of the same thing; ``again``:
        the row says itself that it was told before."""
        again = self.is_on_another_page(row) or again
        made = Record(
            event=event, occurred_at=at, row=row.where, digest=row.digest, also=also, again=again
        )
        self.records.append(made)
        return made

    def record_once(self, row: Row, event: Event, at: datetime) -> None:
        """Add a fact unless the very same one is here already; another telling of a known one is
        left to ingest, which keeps the first and says what differs."""
        identity = event.identity()
        known = self._known.get(identity) if identity else None
        if known is None or not _is_again(known, event):
            self.record(row, event, at)
        if identity is not None:
            self._known.setdefault(identity, event)

    def knows(self, identity: Identity) -> bool:
        """Whether a fact of this identity was added once."""
        return identity in self._known

    def account(self, told: str = "", *others: str) -> str:
        """The ledger's account: as configured, else as told, by the first of its names;
        ``BadFileError`` for none."""
        self.venue_account, self.also_called = told, others
        named = self.config.account or self.config.venue_account or told
        if not named:
            raise BadFileError(
                f"{self.pages[0].name if self.pages else 'the report'} does not say whose account "
                "it is of: name the account"
            )
        return named

    def batch(self, *, venue: str, account: str, parser: str, version: str) -> Batch:
        """Everything gathered."""
        digests = [page.digest for page in self.pages]
        return Batch(
            venue=venue,
            account=account,
            parser=parser,
            parser_version=version,
            digest=digests[0] if len(digests) == 1 else digest_of(digests),
            venue_account=self.venue_account,
            also_called=self.also_called,
            statement_id=self.statement_id,
            coverage=self.coverage(),
            instruments=tuple([InstrumentDefined(instrument=i) for i in self.instruments.values()]),
            records=tuple(self.records),
            positions=tuple(self.positions),
            balances=tuple(self.balances),
            orders=tuple(self.orders),
            quarantine=tuple(self.quarantine),
            findings=tuple(self.findings),
        )

    def coverage(self) -> Coverage:
        """What the report covers: the times are its own, else those that were asked for."""
        return Coverage(
            covers_from=self.covers_from or self.config.covers_from,
            covers_to=self.covers_to or self.config.covers_to,
            sections=tuple(sorted(self.sections)),
            rows=tuple(sorted(self.counts.items())),
            controls=tuple(self.controls),
            lists_positions=self.lists_positions,
            lists_balances=self.lists_balances,
            lists_orders=self.lists_orders,
            missing=tuple(self.missing),
            cost=self.cost,
        )


def joined(parts: Sequence[Sequence[Record]]) -> tuple[Record, ...]:
    """The records of pages that may overlap, in order: a row that is on an earlier page too is
    told again."""
    if len(parts) == 1:
        return tuple(parts[0])
    told: set[str] = set()
    found: list[Record] = []
    for part in parts:
        found += [attrs.evolve(one, again=True) if one.digest in told else one for one in part]
        told.update(one.digest for one in part)
    return tuple(found)


def _is_again(known: Event, event: Event) -> bool:
    """Whether a second telling adds nothing: the same content and, of fills, the same fees."""
    if differences(known, event):
        return False
    if isinstance(known, FillBooked) and isinstance(event, FillBooked):
        return not event.fees or sorted(map(repr, known.fees)) == sorted(map(repr, event.fees))
    return True
