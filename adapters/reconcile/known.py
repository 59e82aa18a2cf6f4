"""Known breaks: what the log has of a break, as it was known at a number.

A :class:`~ledger.domain.events.BreakOpened` has no fields for the report it is from and for what
exactly it is about. Those stand in front of its evidence, a line each: ``report:`` and a venue,
then what the report covers, and the break's own day, subject and reference.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, select

from adapters.port import Batch
from adapters.quarantine import keepable
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from ledger.domain.numbers import subtract, text
from projections.asking import held
from projections.reconciliation import RESOLVED
from projections.reports import Reports
from projections.types import optional_moment

UNKNOWN: Final = "unknown"
_KINDS: Final = {kind.value: kind for kind in Kind}
_WHERE: Final = ("ledger", "broker")
_AT_ONCE: Final = 500


def kept(one: Break, batch: Batch) -> tuple[str, ...]:
    """What is kept of a break and its report in front of the evidence, and that."""
    covers = (optional_moment(at) for at in (batch.coverage.covers_from, batch.coverage.covers_to))
    lines = {
        "report": f"{_word(batch.venue)} {batch.adapter} {batch.statement_id}".rstrip(),
        "covers": " ".join(at or UNKNOWN for at in covers),
        "date": one.business_date.isoformat(),
        "subject": one.subject,
        "reference": one.reference,
        "difference": "" if one.difference is None else f"{text(one.difference)} {one.unit}",
        "cause": "" if one.cause is Cause.UNKNOWN else one.cause.value,
        "note": one.note,
        "parted after": "" if one.parted_after is None else str(one.parted_after),
    }
    told = (f"{name}: {value}" for name, value in lines.items() if value)
    return tuple(keepable(line) for line in (*told, *one.evidence))


def _word(venue: str) -> str:
    """A venue as one word."""
    return venue.replace("%", "%25").replace(" ", "%20")


def keys_in(account: str, evidence: Iterable[str]) -> Iterator[str]:
    """The stored keys that lines of evidence name.

    >>> list(keys_in("A", ["note: see A/1", "broker: row 7 A/V//fill/x1/"]))
    ['A/V//fill/x1/']
    """
    for line in evidence:
        place = line.find(f" {account}/")
        if line.partition(": ")[0] in _WHERE and place > 0:
            yield line[place + 1 :]


@attrs.frozen(kw_only=True, slots=False)
class KnownBreak:
    """A break after the step of its life that has the log number ``number``."""

    account: str
    number: int
    break_id: str
    status: str
    kind_name: str
    severity: str
    instrument_id: str | None
    currency: str | None
    ledger_value: str
    broker_value: str
    opened_on: date
    seen_on: date
    waived_until: date | None
    who: str
    note: str
    evidence: tuple[str, ...]

    @property
    def kind(self) -> Kind | None:
        """What it is; None for a kind of another version's catalogue."""
        return _KINDS.get(self.kind_name)

    @property
    def is_resolved(self) -> bool:
        """Whether the difference is gone."""
        return self.status == RESOLVED

    @cached_property
    def told(self) -> dict[str, str]:
        """What was kept in front of the evidence, by name."""
        found: dict[str, str] = {}
        for line in self.evidence:
            name, _, value = line.partition(": ")
            if name in _WHERE:
                break
            found.setdefault(name, value)
        return found

    @property
    def subject(self) -> str:
        """The instrument or currency."""
        return self.told.get("subject", self.instrument_id or self.currency or "")

    @property
    def reference(self) -> str:
        """What of the subject: a key, an order, the statement; empty where that was not kept."""
        return self.told.get("reference", "")

    @property
    def day(self) -> date:
        """The day of what differs, which may be long before it was found."""
        day = self.told.get("date")
        return date.fromisoformat(day) if day else self.opened_on

    @property
    def covers(self) -> tuple[datetime | None, datetime | None]:
        """The half-open times of the report that found it first, as far as it said them."""
        since, _, until = self.told.get("covers", "").partition(" ")
        return _moment(since), _moment(until)

    @property
    def statement(self) -> str:
        """The broker's own name of that report, if it has one."""
        return self.told.get("report", "").partition(" ")[2].partition(" ")[2]

    def is_of(self, venue: str) -> bool:
        """Whether a report of this venue found it."""
        return self._venue == _word(venue)

    def is_of_another(self, venue: str) -> bool:
        """Whether a report of another venue found it; not, where whose it was is not kept."""
        return self._venue not in {"", _word(venue)}

    @property
    def _venue(self) -> str:
        return self.told.get("report", "").partition(" ")[0]

    @property
    def difference(self) -> Decimal:
        """The broker's figure less ours, as they were last seen; of a position or balance."""
        return subtract(Decimal(self.broker_value), Decimal(self.ledger_value))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The stored keys it is about, on either side."""
        return frozenset({self.reference, *keys_in(self.account, self.evidence)})


class KnownBreaks:
    """The breaks of an account as they were known at a number of the log."""

    def __init__(self, reports: Reports, account: str, number: int) -> None:
        self._asking, self._account = reports.asking, account
        self._asking.reach(number)
        self._table = self._asking.table("breaks")
        self._mine = (self._table.c.account == account, held(self._table, number))

    def unresolved(self) -> Iterator[KnownBreak]:
        """Those that are open, explained, waived or adjusted, in the order of their keys."""
        yield from self._read(self._table.c.status != RESOLVED)

    def named(self, break_ids: Collection[str]) -> dict[str, KnownBreak]:
        """Those with these keys, resolved or not."""
        wanted, found = sorted(break_ids), list[KnownBreak]()
        for begin in range(0, len(wanted), _AT_ONCE):
            part = wanted[begin : begin + _AT_ONCE]
            found += self._read(self._table.c.break_id.in_(part))
        return {one.break_id: one for one in found}

    def beginning(self, prefix: str) -> list[KnownBreak]:
        """Those whose keys begin like this."""
        return list(self._read(self._table.c.break_id.startswith(prefix, autoescape=True)))

    def every(self) -> Iterator[KnownBreak]:
        """All there ever were."""
        yield from self._read()

    def resolved_last(self) -> Iterator[KnownBreak]:
        """Resolved ones, those of the last step first."""
        where, last_first = self._table.c.status == RESOLVED, self._table.c.number.desc()
        yield from self._read(where, order=last_first)

    def steps(self, break_id: str, upto: int) -> list[int]:
        """The log numbers of all steps of a break's life, in their order."""
        table = self._table.c
        question = select(table.number).where(
            table.account == self._account, table.break_id == break_id, table.number <= upto
        )
        return sorted(row.number for row in self._asking.rows(question))

    def _read(
        self, *where: ColumnElement[bool], order: ColumnElement[Any] | None = None
    ) -> Iterator[KnownBreak]:
        by = self._table.c.break_id if order is None else order
        question = select(self._table).where(*self._mine, *where).order_by(by)
        for row in self._asking.stream(question, _AT_ONCE):
            yield _known(row)


def _known(row: Any) -> KnownBreak:
    """A row of the read model."""
    opened_on = _day(row.opened_on) or row.opened_at.date()
    return KnownBreak(
        account=row.account,
        number=row.number,
        break_id=row.break_id,
        status=row.status,
        kind_name=row.kind,
        severity=row.severity,
        instrument_id=row.instrument_id,
        currency=row.currency,
        ledger_value=row.ledger_value,
        broker_value=row.broker_value,
        opened_on=opened_on,
        seen_on=_day(row.seen_on) or opened_on,
        waived_until=_day(row.waived_until),
        who=row.who,
        note=row.note,
        evidence=tuple(json.loads(row.evidence)),
    )


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)


def _moment(told: str) -> datetime | None:
    return datetime.fromisoformat(told) if told and told != UNKNOWN else None
