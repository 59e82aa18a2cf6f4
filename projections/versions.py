"""Versions: the rows of one table, each kept with the span of the log for which it held.

Rows are collected and written together. One that is made void before it was written is written
with its end; one that was written before gets its end by an update.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, bindparam, select

from projections.bulk import insert_rows
from projections.types import encoder

NUMBER, LINE, UNTIL, FIRST = 1, 2, 3, 4
"""Places in a row; the values of the table's own columns follow."""

REMEMBERED: Final = 4_000
"""So many rows that hold are kept in memory; others are asked for."""

Values = Sequence[Any]

Row = list[Any]
"""A row as it is, or will be, in its table."""

_PLACE = ("of_account", "of_number", "of_line", "end")
_NOT_ASKED: Final[Row] = []


class Versions:
    """The rows of one table. Of each thing (told by the columns of its ``identity``) one row
    holds at most."""

    def __init__(self, table: Table, identity: Sequence[str]) -> None:
        self.table = table
        self._places = {column.name: place for place, column in enumerate(table.columns)}
        self._thing = itemgetter(0, *(self._places[name] for name in identity))
        self._encode = encoder(table)
        held = [table.c.account == bindparam("account"), table.c.until.is_(None)]
        self._same = and_(*held, *(table.c[name] == bindparam(f"id_{name}") for name in identity))
        place = (table.c[name] == bindparam(f"of_{name}") for name in ("account", "number", "line"))
        self._ending = table.update().where(*place).values(until=bindparam("end"))
        self._keys = ["account", *(f"id_{name}" for name in identity)]
        self.reset()

    def reset(self) -> None:
        """Forget everything that is not in the table."""
        self._new: list[Row] = []
        self._ended: list[Row] = []
        self._holding: dict[tuple[Any, ...], Row | None] = {}
        self._number = self._line = 0

    def place_of(self, column: str) -> int:
        """Where a column stands in a row."""
        return self._places[column]

    # -- changing -----------------------------------------------------------------------

    def put(
        self,
        connection: Connection,
        account: str,
        number: int,
        values: Values,
        *,
        is_new: bool = False,
    ) -> Row:
        """What holds of a thing from an event on, in place of what held of it before. That is
        not looked for where the thing is new. Returns the row."""
        self._line = self._line + 1 if number == self._number else 0
        self._number = number
        row = [account, number, self._line, None, *values]
        thing, holding = self._thing(row), self._holding
        old = holding.pop(thing, _NOT_ASKED)  # the newest one is the last to leave memory
        if not is_new:
            if old is _NOT_ASKED:
                old = self._ask(connection, thing)
            if old is not None:
                self._end(old, number)
        self._new.append(row)
        holding[thing] = row
        return row

    def end(self, number: int, row: Row) -> None:
        """A row holds no longer, and nothing comes in its place."""
        self._holding.pop(self._thing(row), None)
        self._end(row, number)

    def _end(self, row: Row, number: int) -> None:
        row[UNTIL] = number
        if not self._new or row[NUMBER] <= self._new[0][NUMBER]:  # it may be in the table
            self._ended.append(row)

    # -- asking -------------------------------------------------------------------------

    def holding(self, connection: Connection, thing: tuple[Any, ...]) -> Row | None:
        """The row that holds of a thing, if there is one."""
        known = self._holding.get(thing, _NOT_ASKED)
        if known is _NOT_ASKED:
            known = self._holding[thing] = self._ask(connection, thing)
        return known

    def _ask(self, connection: Connection, thing: tuple[Any, ...]) -> Row | None:
        """The same, from the table."""
        question = select(self.table).where(self._same)
        names = dict(zip(self._keys, thing, strict=True))
        found = connection.execute(question, names).one_or_none()
        return None if found is None else self._encode(found)

    def remembered(self, thing: tuple[Any, ...]) -> Row | None:
        """The row that holds of a thing, if it is in memory."""
        return self._holding.get(thing)

    def among(self, connection: Connection, *conditions: Any) -> Iterator[Row]:
        """The rows that hold under some conditions, in the order of their identity's columns."""
        self.flush(connection)
        question = select(self.table).where(self.table.c.until.is_(None), *conditions)
        for found in connection.execute(question).all():
            row = self._encode(found)
            thing = self._thing(row)
            known = self._holding.get(thing)
            if known is None:
                known = self._holding[thing] = row
            yield known

    # -- writing ------------------------------------------------------------------------

    def flush(self, connection: Connection) -> None:
        """Write what was collected."""
        if self._new:
            insert_rows(connection, self.table, self._new)
            self._new = []
        if self._ended:
            ends = [dict(zip(_PLACE, row[: UNTIL + 1], strict=True)) for row in self._ended]
            connection.execute(self._ending, ends)
            self._ended = []

    def trim(self) -> None:
        """Let the rows that were touched longest ago leave memory; they are asked for again."""
        spare = len(self._holding) - REMEMBERED
        if spare > 0:
            for thing in list(self._holding)[: spare + REMEMBERED // 4]:
                del self._holding[thing]
