"""One run of ``reconcile``: the comparison, the life of its breaks, and the files of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import attrs

from adapters.cli.fetched import Covers
from adapters.cli.folder import replaced
from adapters.cli.questions import Question
from adapters.cli.read_models import bring, opened, tables_url
from adapters.cli.settings import now
from adapters.port import Batch, Coverage
from adapters.reconcile import Outcome, reconcile
from adapters.reconcile.ageing import Calendar, LeftOut, aged
from adapters.reconcile.life import Life
from adapters.reconcile.lifecycle import look, record
from adapters.reconcile.remembering import Remembering
from adapters.reconcile.trades import Sink
from adapters.reconcile.valuing import value_in_base
from adapters.reconcile.writing import MATCHES, NAMES, WRITERS, Input, Matches, Report
from ledger.domain.events import AccountOpened
from ledger.domain.gates import require_zone
from ledger.history import KnownAt
from ledger.reading import Reader
from projections.reports import Reports


def unread(account: str, broker: str, covers: Covers, *why: str) -> Batch:
    """A report that could not be read: it says nothing, and why."""
    return Batch(
        venue=broker,
        account=account,
        parser=broker,
        parser_version="",
        digest="",
        coverage=Coverage(covers_from=covers[0], covers_to=covers[1], missing=why),
    )


def values_of(book: Reader, outcome: Outcome, learned: KnownAt) -> dict[str, Decimal | None]:
    """What the breaks come to in base currency, at the marks and rates that were learned then;
    today those too that came behind the last event."""
    as_of = outcome.as_of
    apart = (one for one in outcome.breaks if one.difference is not None)
    return {one.break_id: value_in_base(book, one, as_of, learned) for one in apart}


@attrs.frozen
class Comparing:
    """A question, and what a run of it needs besides. What is asked of a past state of knowledge
    is never recorded. Ages are counted by the calendar, if there is one."""

    question: Question
    opening: AccountOpened | None
    inputs: tuple[Input, ...]
    tolerances: Mapping[str, Decimal]
    may_record: bool
    calendar: Calendar | None = None

    def into(self, place: Path | None, batch: Batch) -> Report:
        """Compare, and write the report into a folder, if there is one."""
        with self._tables() as reports:
            if place is None:
                return self._report(reports, batch, None)
            with replaced(place, NAMES) as folder:
                return self._write(reports, batch, folder)

    @contextmanager
    def _tables(self) -> Iterator[Reports]:
        with opened(tables_url(self.question.settings)) as engine:
            reports = Reports(self.question.book, engine)
            bring(reports.asking.runner, self.question.number)
            yield reports

    def _write(self, reports: Reports, batch: Batch, folder: Path) -> Report:
        with (folder / MATCHES).open("w", encoding="utf-8", newline="") as file:
            report = self._report(reports, batch, Matches(file).take)
        for name, write in WRITERS.items():
            (folder / name).write_bytes(write(report))
        return report

    def _report(self, reports: Reports, batch: Batch, sink: Sink | None) -> Report:
        book = Remembering(self.question.book.store)
        outcome = reconcile(
            book,
            reports,
            batch,
            now=self._moment(),
            as_of=self.question.as_of,
            known_at=self.question.number,
            tolerances=self.tolerances,
            sink=sink,
            other_account=True,  # asked already
        )
        life, left_out = self._aged(self._life(reports, outcome), outcome)
        return Report(
            outcome=outcome,
            life=life,
            left_out=left_out,
            inputs=self.inputs,
            values=values_of(book, outcome, self.question.learned),
            base_currency=self.opening.base_currency if self.opening else "",
        )

    def _moment(self) -> datetime:
        """What dates a report that has no times: the moment asked for, else the present one."""
        zone = require_zone("time_zone", self.opening.time_zone if self.opening else "UTC")
        return (self.question.as_of or now()).astimezone(zone)

    def _life(self, reports: Reports, outcome: Outcome) -> Life:
        if self.may_record and self.question.learned is None:
            return record(self.question.book, reports, outcome, now=now())
        return look(reports, outcome)

    def _aged(self, life: Life, outcome: Outcome) -> tuple[Life, LeftOut | None]:
        if self.calendar is None:
            return life, None
        return aged(life, self.calendar, outcome.business_date)
