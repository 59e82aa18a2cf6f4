"""The books' side: executions as the read models have them, read as text, a page at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, or_, select

from adapters.reconcile.executions import Execution, fees_text
from ledger.history import KnownAt
from projections.reports import Reports
from projections.types import IN_UNITS

T = TypeVar("T")
_PAGE: Final = 500
_AT_ONCE: Final = 500
_BUSTED: Final = "busted"
_CONTENT: Final = (
    "cause", "instrument_id", "side", "last_qty", "last_px", "at", "settl_date", "fact",
    "fees_change", "currency", "elsewhere",
)  # fmt: skip
_IDS: Final = ("exec_id", "order_id", "trade_id", "cl_ord_id")
_COLUMNS: Final = (*_CONTENT, *_IDS)


class BookedExecutions:
    """The executions of one account as they were known at a number of the log."""

    def __init__(self, reports: Reports, account: str, known_at: KnownAt = None) -> None:
        self._asking = reports.asking
        self.account = account
        self.number = self._asking.reach(known_at)
        self._table = self._asking.table("position_steps")

    def standing(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Execution]:
        """The fills in effect that traded in a half-open span, in the order of recording. Ids other
        than the key are left out: this is for very many, and :meth:`those` has the whole."""
        within = self._within(since, until)
        yield from map(_content, self._rows(_CONTENT, self._effective(), *within))

    def those(self, numbers: Iterable[int]) -> Iterator[Execution]:
        """The fills in effect that these facts booked."""
        for rows in self._of_facts(numbers):
            yield from (one for one, is_busted in rows if not is_busted)

    def keyed(self, keys: Iterable[str]) -> Iterator[Execution]:
        """The fills in effect with these keys."""
        yield from self.those(self._numbers(keys))

    def busted(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys whose fills do not stand any more."""
        found = self._of_facts(self._numbers(keys))
        return {one.key for rows in found for one, is_busted in rows if is_busted}

    def at_times(self, places: Iterable[tuple[str, str]]) -> Iterator[Execution]:
        """The fills in effect of these instruments at exactly these times."""
        times: dict[str, set[str]] = defaultdict(set)
        for instrument_id, at in places:
            times[instrument_id].add(at)
        table = self._table.c
        for instrument_id, position_id in self._positions(times):
            position = (
                table.instrument_id == instrument_id,
                table.position_id == position_id,
            )
            for part in _parts(sorted(times[instrument_id])):
                moments = [datetime.fromisoformat(one) for one in part]
                rows = self._rows(
                    _COLUMNS, self._effective(), *position, table.at.in_(moments), by_time=True
                )
                yield from map(_execution, rows)

    def _positions(self, instruments: Iterable[str]) -> list[tuple[str, str]]:
        """The books in which any of these instruments was ever held."""
        table = self._table.c
        found: list[tuple[str, str]] = []
        for part in _parts(sorted(instruments)):
            question = select(table.instrument_id, table.position_id).distinct()
            where = (table.account == self.account, table.instrument_id.in_(part))
            found += [(row[0], row[1]) for row in self._asking.rows(question.where(*where))]
        return sorted(found)

    def _numbers(self, keys: Iterable[str]) -> list[int]:
        """The log numbers of the facts with these keys."""
        found = self._asking.book.store.by_key(sorted(keys))
        return sorted(one.number for one in found.values())

    def _of_facts(self, numbers: Iterable[int]) -> Iterator[list[tuple[Execution, bool]]]:
        """What these facts booked, and whether it was undone. Nearly every row was made by its own
        fact and is found by its number; only those that were told again are looked for."""
        wanted = set(numbers)
        table = self._table.c
        for by_number in (True, False):
            for part in _parts(sorted(wanted)):
                column = table.number if by_number else table.fact
                found = list(self._marked(column.in_(part), table.fact.in_(part)))
                wanted -= {int(one.where) for one, _ in found}
                yield found

    def _known(self) -> tuple[ColumnElement[bool], ...]:
        """Rows that held at the number. The sum keeps SQLite from going through all of an
        account's rows by their numbers where another index leads to the few that are wanted."""
        table = self._table.c
        still = or_(table.until.is_(None), table.until > self.number)
        return table.number + 0 <= self.number, still

    def _effective(self) -> ColumnElement[bool]:
        return self._table.c.effect != _BUSTED

    def _within(self, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
        spans = []
        if since is not None:
            spans.append(self._table.c.at >= since)
        if until is not None:
            spans.append(self._table.c.at < until)
        return spans

    def _marked(self, *where: ColumnElement[bool]) -> Iterator[tuple[Execution, bool]]:
        for row in self._rows((*_COLUMNS, "effect"), *where):
            yield _execution(row[:-1]), row[-1] == _BUSTED

    def _rows(
        self, columns: Sequence[str], *where: ColumnElement[bool], by_time: bool = False
    ) -> Iterator[Any]:
        """Rows in the order of recording. Of one position they are asked for by time: else SQLite
        goes through all of the account's to have them in order."""
        table = self._table.c
        question = (
            select(*self._asking.as_text(self._table, columns))
            .where(table.account == self.account, *self._known())
            .where(table.event == "fill-booked", *where)
            .order_by(*([table.at] if by_time else []), table.number, table.line)
        )
        yield from self._asking.stream(question, _PAGE)


def _parts(wanted: list[T]) -> Iterator[list[T]]:
    for begin in range(0, len(wanted), _AT_ONCE):
        yield wanted[begin : begin + _AT_ONCE]


def _content(row: Sequence[Any]) -> Execution:
    """A row of the columns that have to be equal."""
    cause, instrument_id, side, qty, px, at, settl_date, fact, fees, currency, elsewhere = row
    if elsewhere is not None:
        told = fees_text(_all_fees(fees, currency, elsewhere))
    else:
        told = "" if fees == "0" else f"{fees} {currency}"
    return Execution(
        cause, "", "", "", "", instrument_id,
        "buy" if side == "buy" else "sell", qty, px or "", told, at, settl_date or "", fact,
    )  # fmt: skip


def _execution(row: Sequence[Any]) -> Execution:
    """A row of the columns above."""
    exec_id, order_id, trade_id, cl_ord_id = row[-len(_IDS) :]
    return _content(row[: -len(_IDS)])._replace(
        exec_id=exec_id,
        order_id=order_id or "",
        trade_id=trade_id or "",
        cl_ord_id=cl_ord_id or "",
    )


def _all_fees(fees: str, currency: str | None, elsewhere: str) -> list[tuple[str, Decimal]]:
    """The fees in settlement money, and those in other currencies."""
    told = json.loads(elsewhere)
    return [
        (currency or "", Decimal(fees)),
        *(
            (name, Decimal(amount))
            for kind in ("fees", IN_UNITS)
            for name, amount in told.get(kind, {}).items()
        ),
    ]
