"""Changes: the lines of both ledgers of an account as one stream, in the order of recording.

A line's place is the number of its event, then the ledger, then the line; nothing is ever written
before a place that was given, so who goes on behind the last place he saw misses nothing and sees
nothing twice, however often he was cut off. Cursors can be kept by name, in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, Table, delete, insert, select, tuple_

from projections.asking import Asking, recorded
from projections.errors import BadCursorError
from projections.lines import BalanceLine, PositionLine, reader
from projections.state_tables import cursors_table

AT_ONCE: Final = 500
_DIGITS: Final = 18
"""Of what a database can count to."""

BALANCE, POSITION = 0, 1
_LEDGERS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("balance_ledger", reader(BalanceLine)),
    ("position_ledger", reader(PositionLine)),
)

Place = tuple[int, int, int]
"""The number of an event, the ledger, the line."""

Line = BalanceLine | PositionLine


class Entry(NamedTuple):
    """A line, and the cursor behind it."""

    cursor: str
    line: Line


class Changes:
    """The stream of an account."""

    def __init__(self, asking: Asking, engine: Engine) -> None:
        self._asking = asking
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cursors = cursors_table()

    def after(
        self,
        account: str,
        cursor: str | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """What was recorded behind a cursor (or at or after a time) until now, then no more: ask
        again behind the last one. A cursor stays good as long as the log does."""
        upto = self._asking.reach(None)
        place, given = _place(cursor), 0
        while limit is None or given < limit:
            page = self._page(account, place, since, upto)
            yield from page[: None if limit is None else limit - given]
            given += len(page)
            if len(page) < AT_ONCE:
                return
            place = _place(page[-1].cursor)

    def _page(self, account: str, place: Place, since: datetime | None, upto: int) -> list[Entry]:
        """The next lines of both ledgers, in order."""
        found = [self._lines(which, account, place, since, upto) for which in range(len(_LEDGERS))]
        together = merge(*found, key=lambda one: one[0])
        entries = [Entry(":".join(map(str, at)), line) for at, line in together]
        return entries[:AT_ONCE]

    def _lines(
        self,
        which: int,
        account: str,
        place: Place,
        since: datetime | None,
        upto: int,
    ) -> list[tuple[Place, Line]]:
        name, read = _LEDGERS[which]
        table = self._asking.table(name)
        where = [*self._asking.of(table, account, None), table.c.number <= upto]
        where += [*recorded(table, since, None), _is_behind(table, which, place)]
        question = select(table).where(*where).order_by(table.c.number, table.c.line)
        rows = self._asking.rows(question.limit(AT_ONCE))
        return [((row.number, which, row.line), read(row)) for row in rows]

    # -- cursors ------------------------------------------------------------------------

    def keep(self, name: str, cursor: str) -> None:
        """Remember how far somebody has come; only once what he did with it is safe."""
        _place(cursor)
        with self._writing.begin() as connection:
            self._cursors.create(connection, checkfirst=True)
            connection.execute(delete(self._cursors).where(self._cursors.c.name == name))
            connection.execute(insert(self._cursors).values(name=name, cursor=cursor))

    def kept(self, name: str) -> str | None:
        """How far somebody has come; None if that was never kept."""
        with self._writing.begin() as connection:
            self._cursors.create(connection, checkfirst=True)
            question = select(self._cursors.c.cursor).where(self._cursors.c.name == name)
            return connection.execute(question).scalar()


def _is_behind(table: Table, which: int, place: Place) -> Any:
    """Whether a row of one of the ledgers comes behind a place."""
    number, ledger, line = place
    if which == ledger:
        return tuple_(table.c.number, table.c.line) > tuple_(number, line)
    return table.c.number >= number + (which < ledger)


def _place(cursor: str | None) -> Place:
    """The place a cursor stands for; before everything, without one."""
    if cursor is None:
        return 0, BALANCE, -1
    parts: Sequence[str] = cursor.split(":")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= _DIGITS for part in parts):
        raise BadCursorError(
            f"{cursor!r} is no cursor of changes; take the one of the last entry, or none to begin"
        )
    number, ledger, line = map(int, parts)
    return number, ledger, line
