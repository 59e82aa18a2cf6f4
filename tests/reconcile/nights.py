"""Nights: books and a broker's reports of one day after the other, and what a run makes of both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

import ledger
from adapters.port import Batch, Coverage, Record, digest_of
from adapters.reconcile import Outcome, reconcile
from adapters.reconcile.known import KnownBreak, KnownBreaks
from adapters.reconcile.life import Life
from adapters.reconcile.lifecycle import look, record
from ledger.domain.events import (
    Event,
    Fee,
    FillBooked,
    InstrumentDefined,
    Recorded,
    Side,
    make_fact,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from projections.database import connect
from projections.reports import Reports

ACCOUNT, VENUE = "A", "V"
INSTRUMENTS = ("V:X", "V:Y")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day(nth: int) -> datetime:
    """The beginning of a day, counted from a Monday."""
    return MONDAY + nth * DAY


def fill(exec_id: str, **other: Any) -> FillBooked:
    """Ten units bought at 5."""
    values: dict[str, Any] = {
        "exec_id": exec_id, "venue": VENUE, "instrument_id": "V:X", "side": Side.BUY,
        "last_qty": Decimal(10), "last_px": Decimal(5),
    }  # fmt: skip
    return FillBooked(**values | other)


def fee(amount: str) -> tuple[Fee, ...]:
    return (Fee(amount=Decimal(amount), currency="USD"),)


@attrs.define
class Nights:
    """One account with two instruments, defined long before the first night."""

    book: ledger.Book
    reports: Reports

    @classmethod
    def begin(cls, store: str = "memory://", tables: str = "sqlite://") -> Nights:
        nights = cls.again(store, tables)
        book = nights.book
        book.open_account(ACCOUNT, base_currency="USD", occurred_at=MONDAY - 9 * DAY)
        for name in INSTRUMENTS:
            instrument = Instrument(
                instrument_id=name, symbol=name[2:], kind=InstrumentKind.EQUITY, currency="USD"
            )
            defined = InstrumentDefined(instrument=instrument)
            book.record(ACCOUNT, defined, occurred_at=MONDAY - 9 * DAY)
        return nights

    @classmethod
    def again(cls, store: str, tables: str) -> Nights:
        """The books of a store that was begun already."""
        book = ledger.open(store, clock=lambda: NOW)
        return cls(book, Reports(book, connect(tables)))

    def booked(self, event: Event, at: datetime) -> None:
        self.book.record_all([make_fact(ACCOUNT, event, at)])

    def batch(
        self,
        nth: int,
        told: Iterable[tuple[Event, datetime]] = (),
        *,
        days: int = 1,
        venue: str = VENUE,
        **other: Any,
    ) -> Batch:
        """What a venue reports at the end of a day of it, and of so many days before."""
        records = [
            Record(event=event, occurred_at=at, row=f"row {place}", digest=f"{nth} {place}")
            for place, (event, at) in enumerate(told, 1)
        ]
        covers: dict[str, Any] = {"covers_from": day(nth + 1 - days), "covers_to": day(nth + 1)}
        covers |= other.pop("coverage", {})
        digest = digest_of([venue, str(nth), str(days), str(records), str(other)])
        return Batch(
            venue=venue, account=ACCOUNT, parser="t", parser_version="1", digest=digest,
            statement_id=f"{venue}{nth}", records=tuple(records),
            coverage=Coverage(sections=("trades",), **covers), **other,
        )  # fmt: skip

    def outcome(self, batch: Batch) -> Outcome:
        return reconcile(self.book, self.reports, batch, now=NOW)

    def run(self, batch: Batch) -> Life:
        """Reconcile, look, record: what was looked at is what was recorded."""
        outcome = self.outcome(batch)
        life = look(self.reports, outcome)
        assert record(self.book, self.reports, outcome, now=NOW) == life
        return life

    def facts(self) -> list[Recorded]:
        return list(self.book.log(ACCOUNT))

    def topics(self, after: int = 0) -> list[str]:
        return [fact.event.TOPIC.partition("/")[0] for fact in self.facts() if fact.number > after]

    def known(self) -> list[KnownBreak]:
        return list(KnownBreaks(self.reports, ACCOUNT, self.book.store.head()).every())

    def status(self) -> dict[str, str]:
        """The status of each break, by its kind."""
        return {one.kind_name: one.status for one in self.known()}

    def head(self) -> int:
        return self.book.store.head()
