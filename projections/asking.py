"""Asking: rows of the read models as they were known at a number, and pages of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)

from ledger.domain.gates import require_time
from ledger.history import KnownAt, resolve
from ledger.reading import Reader
from projections.answers import Answer
from projections.errors import BadCursorError, NotThereYetError, OvertakenError
from projections.runner import Runner
from projections.types import Moment

T = TypeVar("T")
_FILLS: Final = ("fill-booked", "fill-corrected")
"""What gives the account back the money of fees that are its own after all."""
_MOST: Final = 2**62
_DIGITS: Final = 18
"""What a database can count to: lines of a page, and digits of a number."""
_TIME: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class Asking:
    """Asks the tables of a book, and sees to it that they have come far enough."""

    def __init__(self, book: Reader, engine: Engine, *, catches_up: bool) -> None:
        self.book = book
        self.runner = Runner(book.store, engine)
        self._engine = engine
        self._catches_up = catches_up

    def reach(self, known_at: KnownAt) -> int:
        """The number a question is about, once the tables are there."""
        number = resolve(self.book.store, known_at)
        while min(self.runner.numbers().values()) < number:
            if not self._catches_up:
                raise NotThereYetError(
                    f"the tables have not reached event {number}; run tradeledger project, "
                    "or ask known_at an earlier one"
                )
            try:
                self.runner.catch_up(number)
            except OvertakenError:
                continue  # somebody else is bringing them there
        return number

    def table(self, name: str) -> Table:
        """The table in use behind a name."""
        return self.runner.tables()[name]

    def of(self, table: Table, account: str, instrument: str | None) -> list[ColumnElement[bool]]:
        """The rows of an account that the store knows, and of an instrument by id or symbol."""
        state = self.book.at(account)
        where = [table.c.account == account]
        if instrument is not None:
            where.append(table.c.instrument_id == state.resolve(instrument))
        return where

    def page(
        self,
        table: Table,
        where: Sequence[ColumnElement[bool]],
        number: int,
        after: str | None,
        limit: int | None,
        read: Callable[[Any], T],
    ) -> Answer[T]:
        """Rows in the order of recording, from behind a cursor; pages stay as they are while
        more is recorded."""
        if limit is not None and limit < 1:
            raise BadCursorError(f"a page of {limit} lines has no next one; ask for 1 or more")
        place = tuple_(table.c.number, table.c.line)
        question = select(table).where(*where, table.c.number <= number)
        if after is not None:
            question = question.where(place > tuple_(*_place(after)))
        question = question.order_by(table.c.number, table.c.line)
        rows = self.rows(question if limit is None else question.limit(min(limit, _MOST) + 1))
        shown = rows if limit is None else rows[:limit]
        more = len(rows) > len(shown)
        cursor = f"{shown[-1].number}:{shown[-1].line}" if more else None
        return Answer(lines=[read(row) for row in shown], number=number, next=cursor)

    def rows(self, question: Select[Any]) -> Sequence[Any]:
        """All rows that answer a question."""
        with self._engine.connect() as connection:
            return connection.execute(question).all()

    def stream(self, question: Select[*tuple[Any, ...]], page: int) -> Iterator[Any]:
        """The rows that answer a question, so many in memory at a time."""
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=page).execute(question)
            for rows in found.partitions():
                yield from rows

    def as_text(self, table: Table, names: Sequence[str]) -> list[ColumnElement[str]]:
        """Columns as text that is the same on either database: plain digits, UTC times of one
        width."""
        is_text = self._engine.dialect.name != "postgresql"
        columns = (table.c[name] for name in names)
        return [type_coerce(one, Text()) if is_text else _cast(one) for one in columns]

    def steps(
        self, account: str, instrument: str | None, number: int, *, as_of: datetime | None
    ) -> Sequence[Any]:
        """The steps that were known at a number, position by position, in canonical order."""
        table = self.table("position_steps")
        where = [*self.of(table, account, instrument), held(table, number)]
        if as_of is not None:
            where.append(table.c.at <= require_time("as_of", as_of))
        order = (table.c.instrument_id, table.c.position_id, table.c.at, table.c.place)
        return self.rows(select(table).where(*where).order_by(*order))

    def causes_of_entries(
        self, account: str, number: int, since: datetime | None, until: datetime | None
    ) -> list[str]:
        """The keys of the facts other than fills that moved money in a half-open span."""
        table = self.table("balance_ledger")
        where = [table.c.account == account, table.c.number <= number]
        where.append(table.c.event.not_in(["fill-booked", "fill-busted", "fill-corrected"]))
        if since is not None:
            where.append(table.c.occurred_at >= since)
        if until is not None:
            where.append(table.c.occurred_at < until)
        rows = self.rows(select(table.c.cause).where(*where).distinct())
        return sorted(row.cause for row in rows)

    def own_entries(self, account: str, number: int, as_of: datetime | None) -> Sequence[Any]:
        """What the account itself earned and paid, without any position. A fee that was told before
        its fill, and did not say of what, is the account's own until the fill is there."""
        table = self.table("balance_ledger")
        where = [*self.of(table, account, None), table.c.instrument_id.is_(None)]
        where.append(table.c.number <= number)
        taken_back = [*where, table.c.event.in_(_FILLS)]
        is_plain = not self.rows(select(table.c.number).where(*taken_back).limit(1))
        if as_of is not None:
            where.append(table.c.occurred_at <= require_time("as_of", as_of))
        found = self.rows(select(table).where(*where))
        if is_plain:
            return found
        state = self.book.at(account, as_of=as_of, known_at=number)
        placed = {fact.key for _, fact in state.linked}
        return [one for one in found if one.event not in _FILLS and one.cause not in placed]


def _cast(column: Column[Any]) -> ColumnElement[str]:
    """A column of PostgreSQL as the text that SQLite keeps of it."""
    if isinstance(column.type, Moment):
        return func.to_char(func.timezone("UTC", column), _TIME)
    return cast(column, Text())


def held(table: Table, number: int) -> ColumnElement[bool]:
    """Whether a row held at a log number."""
    return and_(table.c.number <= number, or_(table.c.until.is_(None), table.c.until > number))


def recorded(
    table: Table, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Whether a row was recorded in a span, its end not included."""
    where: list[ColumnElement[bool]] = []
    if since is not None:
        where.append(table.c.recorded_at >= require_time("since", since))
    if until is not None:
        where.append(table.c.recorded_at < require_time("until", until))
    return where


def _place(cursor: str) -> tuple[int, int]:
    """The place a cursor stands for."""
    number, _, line = cursor.partition(":")
    if not (number.isdecimal() and line.isdecimal() and max(len(number), len(line)) <= _DIGITS):
        raise BadCursorError(
            f"{cursor!r} is no cursor; take the next of the page before, or none to begin"
        )
    return int(number), int(line)
