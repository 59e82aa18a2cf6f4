"""Snapshots: what an account was at the end of a day, as it was known when that was taken.

A snapshot keeps its moment in both times and what was told. It can be told again at any time, and
comes out the same; :meth:`Snapshots.check` says whether it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Engine, Row, select

from ledger.domain.numbers import text
from ledger.domain.prices import PriceKind
from projections.columns import row_of
from projections.errors import NoSuchSnapshotError
from projections.pnl import MIDNIGHT
from projections.state_tables import snapshots_table

if TYPE_CHECKING:
    from projections.reports import Reports

Told = dict[str, list[dict[str, Any]]]


@attrs.frozen(kw_only=True)
class Snapshot:
    """The end of a day of an account. ``as_of`` is that end, ``known_at`` when all of it was known,
    ``told`` has positions, equity, balances and the day's results as rows of plain text."""

    account: str
    day: date
    as_of: datetime
    known_at: datetime
    kind: PriceKind | None
    told: Told


class Snapshots:
    """The snapshots that were taken, kept beside the tables."""

    def __init__(self, reports: Reports, engine: Engine) -> None:
        self._reports = reports
        self._engine = engine.execution_options(writes=True)
        self._table = snapshots_table()

    def take(
        self, account: str, day: date, *, close: time = MIDNIGHT, kind: PriceKind | None = None
    ) -> Snapshot:
        """Keep what the account was at the end of a day, as far as is known by now. Taken again, it
        is one more: the one that was known earlier stays."""
        end = self._reports.worth.end_of(account, day, close)
        as_of = end.astimezone(UTC) - timedelta(microseconds=1)
        equity = self._reports.worth.equity(account, as_of=as_of, kind=kind)
        known_at = equity.known_at or as_of
        told = self._told(account, day, as_of, known_at, close, kind)
        found = Snapshot(
            account=account, day=day, as_of=as_of, known_at=known_at, kind=kind, told=told
        )
        values = _values(found, close)
        with self._engine.begin() as connection:
            self._table.create(connection, checkfirst=True)
            keys = (column == values[column.name] for column in self._table.primary_key)
            if connection.execute(select(self._table).where(*keys)).first() is None:
                connection.execute(self._table.insert().values(values))
        return found

    def of(self, account: str) -> list[Snapshot]:
        """The snapshots of an account, by day and by when they were known."""
        table = self._table
        with self._engine.begin() as connection:
            table.create(connection, checkfirst=True)
            question = select(table).where(table.c.account == account)
            rows = connection.execute(question.order_by(table.c.day, table.c.known_at)).all()
        return [_snapshot(row) for row in rows]

    def check(self, account: str, day: date) -> bool:
        """Whether the last snapshot of a day comes out again as it was taken, to the last digit;
        ``NoSuchSnapshotError`` if none was."""
        with self._engine.begin() as connection:
            self._table.create(connection, checkfirst=True)
            row = self._last(connection, account, day)
        if row is None:
            raise NoSuchSnapshotError(
                f"no snapshot of {account} was taken for {day}; take one first"
            )
        kept, close = _snapshot(row), time.fromisoformat(row.close)
        again = self._told(account, day, kept.as_of, kept.known_at, close, kept.kind)
        return again == kept.told

    def _last(self, connection: Connection, account: str, day: date) -> Row[Any] | None:
        table = self._table
        question = select(table).where(table.c.account == account, table.c.day == str(day))
        return connection.execute(question.order_by(table.c.known_at.desc()).limit(1)).first()

    def _told(
        self,
        account: str,
        day: date,
        as_of: datetime,
        known_at: datetime,
        close: time,
        kind: PriceKind | None,
    ) -> Told:
        """What is told of that moment."""
        when: dict[str, Any] = {"as_of": as_of, "known_at": known_at}
        reports = self._reports
        results = reports.pnl(account, close=close, **when)
        return {
            "positions": _plain(reports.worth.positions(account, kind=kind, **when)),
            "equity": _plain(reports.worth.equity(account, kind=kind, **when)),
            "balances": _plain(reports.balances(account, **when)),
            "results": _plain(line for line in results if line.day == day),
        }


def _plain(lines: Iterable[Any]) -> list[dict[str, Any]]:
    """Lines as JSON has them: decimals as text, times as ISO 8601."""
    rows = [row_of(line) for line in lines]
    found: list[dict[str, Any]] = json.loads(json.dumps(rows, default=_as_text))
    return found


def _as_text(value: object) -> object:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _values(one: Snapshot, close: time) -> dict[str, Any]:
    return {
        "account": one.account,
        "day": str(one.day),
        "as_of": one.as_of,
        "known_at": one.known_at,
        "close": close.isoformat(),
        "kind": one.kind.value if one.kind else "",
        "told": json.dumps(one.told, sort_keys=True, ensure_ascii=False),
    }


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        account=row.account,
        day=date.fromisoformat(row.day),
        as_of=row.as_of,
        known_at=row.known_at,
        kind=PriceKind(row.kind) if row.kind else None,
        told=json.loads(row.told),
    )
