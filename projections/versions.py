"""Versions: the rows of one table, each kept with the span of the log for which it held.

Rows are collected and written together. One that is made void before it was written is written
with its end; one that was written before gets its end by an update.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, bindparam, select

from projections.bulk import insert_rows
from projections.types import encoder

NUMBER, LINE, UNTIL, FIRST = 1, 2, 3, 4
"""Places in a row; the values of the table's own columns follow."""

REMEMBERED: Final = 4_000
"""So many rows that hold are kept in memory; others are asked for."""

Values = Sequence[Any]
_PLACE = ("of_account", "of_number", "of_line", "end")


class Version:
    """A row as it is, or will be, in its table."""

    __slots__ = ("is_written", "row")

    def __init__(self, row: list[Any], *, is_written: bool) -> None:
        self.row = row
        self.is_written = is_written

    @property
    def values(self) -> list[Any]:
        """The table's own columns."""
        return self.row[FIRST:]


class Versions:
    """The rows of one table. Of each thing (told by the columns of its ``identity``) one row
    holds at most."""

    def __init__(self, table: Table, identity: Sequence[str]) -> None:
        self.table = table
        names = [column.name for column in table.columns]
        self._places = {name: place for place, name in enumerate(names[FIRST:])}
        self._identity = [self._places[name] for name in identity]
        self._encode = encoder(table)
        held = [table.c.account == bindparam("account"), table.c.until.is_(None)]
        self._same = and_(*held, *(table.c[name] == bindparam(f"id_{name}") for name in identity))
        place = (table.c[name] == bindparam(f"of_{name}") for name in ("account", "number", "line"))
        self._ending = table.update().where(*place).values(until=bindparam("end"))
        self._keys = ["account", *(f"id_{name}" for name in identity)]
        self.reset()

    def reset(self) -> None:
        """Forget everything that is not in the table."""
        self._new: list[Version] = []
        self._ended: list[Version] = []
        self._holding: dict[tuple[Any, ...], Version | None] = {}
        self._last = ("", 0, 0)

    def place_of(self, column: str) -> int:
        """Where a column stands among the values."""
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
    ) -> None:
        """What holds of a thing from an event on, in place of what held of it before. That is
        not looked for where the thing is new."""
        thing = (account, *[values[place] for place in self._identity])
        old = None if is_new else self.holding(connection, thing)
        if old is not None:
            self._end(old, number)
        line = self._last[2] + 1 if self._last[:2] == (account, number) else 0
        self._last = (account, number, line)
        version = Version([account, number, line, None, *values], is_written=False)
        self._new.append(version)
        self._holding.pop(thing, None)  # the newest one is the last to leave memory
        self._holding[thing] = version

    def end(self, number: int, version: Version) -> None:
        """A row holds no longer, and nothing comes in its place."""
        self._holding.pop(self._thing(version.row), None)
        self._end(version, number)

    def _thing(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return (row[0], *[row[FIRST + place] for place in self._identity])

    def _end(self, version: Version, number: int) -> None:
        version.row[UNTIL] = number
        if version.is_written:
            self._ended.append(version)

    # -- asking -------------------------------------------------------------------------

    def holding(self, connection: Connection, thing: tuple[Any, ...]) -> Version | None:
        """The row that holds of a thing, if there is one."""
        if thing in self._holding:
            return self._holding[thing]
        question = select(self.table).where(self._same)
        names = dict(zip(self._keys, thing, strict=True))
        found = connection.execute(question, names).one_or_none()
        version = None if found is None else Version(self._encode(found), is_written=True)
        self._holding[thing] = version
        return version

    def remembered(self, thing: tuple[Any, ...]) -> Version | None:
        """The row that holds of a thing, if it is in memory."""
        return self._holding.get(thing)

    def among(self, connection: Connection, *conditions: Any) -> Iterator[Version]:
        """The rows that hold under some conditions, in the order of their identity's columns."""
        self.flush(connection)
        question = select(self.table).where(self.table.c.until.is_(None), *conditions)
        for found in connection.execute(question).all():
            row = self._encode(found)
            thing = self._thing(row)
            known = self._holding.get(thing)
            if known is None:
                known = self._holding[thing] = Version(row, is_written=True)
            yield known

    # -- writing ------------------------------------------------------------------------

    def flush(self, connection: Connection) -> None:
        """Write what was collected."""
        if self._new:
            insert_rows(connection, self.table, [version.row for version in self._new])
            for version in self._new:
                version.is_written = True
            self._new = []
        if self._ended:
            rows = [version.row for version in self._ended]
            connection.execute(
                self._ending, [dict(zip(_PLACE, row[: UNTIL + 1], strict=True)) for row in rows]
            )
            self._ended = []

    def trim(self) -> None:
        """Let the rows that were touched longest ago leave memory; they are asked for again."""
        spare = len(self._holding) - REMEMBERED
        if spare > 0:
            for thing in list(self._holding)[: spare + REMEMBERED // 4]:
                del self._holding[thing]
