"""The books' side: executions as the read models have them, read as text, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, select

from adapters.reconcile.executions import Execution, fees_text
from ledger.history import KnownAt
from projections.asking import held
from projections.reports import Reports

T = TypeVar("T")
_PAGE: Final = 5_000
_AT_ONCE: Final = 500
_BUSTED: Final = "busted"
_COLUMNS: Final = (
    "cause", "exec_id", "order_id", "trade_id", "cl_ord_id", "instrument_id", "side",
    "last_qty", "last_px", "at", "settl_date", "fact", "fees_change", "currency", "elsewhere",
)  # fmt: skip


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
        """The fills in effect that traded in a half-open span, in the order of recording."""
        yield from self._read(self._effective(), *self._within(since, until))

    def busted(self, since: datetime | None = None, until: datetime | None = None) -> set[str]:
        """The keys of the fills of that span that do not stand any more."""
        is_busted = self._table.c.effect == _BUSTED
        return {one.key for one in self._read(is_busted, *self._within(since, until))}

    def those(self, numbers: Iterable[int]) -> Iterator[Execution]:
        """The fills in effect that these facts booked."""
        for part in _parts(sorted(numbers)):
            yield from self._read(self._effective(), self._table.c.fact.in_(part))

    def keyed(self, keys: Iterable[str]) -> Iterator[Execution]:
        """The fills in effect with these keys."""
        for part in _parts(sorted(keys)):
            yield from self._read(self._effective(), self._table.c.cause.in_(part))

    def at_times(self, times: Iterable[str]) -> Iterator[Execution]:
        """The fills in effect that traded at exactly these times."""
        for part in _parts(sorted(set(times))):
            moments = [datetime.fromisoformat(one) for one in part]
            yield from self._read(self._effective(), self._table.c.at.in_(moments))

    def _effective(self) -> ColumnElement[bool]:
        return self._table.c.effect != _BUSTED

    def _within(self, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
        spans = []
        if since is not None:
            spans.append(self._table.c.at >= since)
        if until is not None:
            spans.append(self._table.c.at < until)
        return spans

    def _read(self, *where: ColumnElement[bool]) -> Iterator[Execution]:
        table = self._table.c
        question = (
            select(*self._asking.as_text(self._table, _COLUMNS))
            .where(table.account == self.account, held(self._table, self.number))
            .where(table.event == "fill-booked", *where)
            .order_by(table.number, table.line)
        )
        for row in self._asking.stream(question, _PAGE):
            yield _execution(row)


def _parts(wanted: list[T]) -> Iterator[list[T]]:
    for begin in range(0, len(wanted), _AT_ONCE):
        yield wanted[begin : begin + _AT_ONCE]


def _execution(row: Sequence[Any]) -> Execution:
    """A row of the columns above."""
    (cause, exec_id, order_id, trade_id, cl_ord_id, instrument_id, side,
     qty, px, at, settl_date, fact, fees, currency, elsewhere) = row  # fmt: skip
    if elsewhere is not None:
        told = fees_text(_all_fees(fees, currency, elsewhere))
    else:
        told = "" if fees == "0" else f"{fees} {currency}"
    return Execution(
        cause, exec_id, order_id or "", trade_id or "", cl_ord_id or "", instrument_id,
        "buy" if side == "buy" else "sell", qty, px or "", told, at, settl_date or "", fact,
    )  # fmt: skip


def _all_fees(fees: str, currency: str | None, elsewhere: str) -> list[tuple[str, Decimal]]:
    """The fees in settlement money, and those in other currencies."""
    others = json.loads(elsewhere).get("fees", {})
    return [
        (currency or "", Decimal(fees)),
        *((name, Decimal(amount)) for name, amount in others.items()),
    ]
