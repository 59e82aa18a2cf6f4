"""Progress: how far each projection has come, into which tables, and of which log they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Table, inspect, select

from projections.balances import Balances
from projections.errors import OvertakenError
from projections.following import Change
from projections.indexes import tell_sqlite
from projections.orders import Orders
from projections.positions import Positions
from projections.reconciliation import Reconciliation
from projections.state_tables import progress_table
from projections.versions import Versions
from projections.views import create_views, drop_views


class Projection(Protocol):
    """One read model: a fold of what each fact changed, and its tables."""

    @property
    def versions(self) -> Sequence[Versions]:
        """Its tables' rows."""

    def take(self, connection: Connection, change: Change) -> None:
        """Write what a fact changed."""


KINDS: Final[dict[str, type[Orders] | type[Positions] | type[Balances] | type[Reconciliation]]] = {
    kind.name: kind for kind in (Orders, Positions, Balances, Reconciliation)
}


class Standing:
    """A projection, the generation of its tables, and the event it has reached. ``row`` is the
    name under which that is kept."""

    def __init__(self, row: str, generation: int, number: int, hash: str) -> None:
        self.row = row
        self.kind = row.partition(",")[0]
        self.generation = generation
        self.number = number
        self.hash = hash

    @cached_property
    def projection(self) -> Projection:
        """The fold and what it remembers: made for who writes, not for who only looks."""
        return KINDS[self.kind](self.generation)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its tables."""
        return KINDS[self.kind].tables(self.generation)

    def is_at(self, other: Standing) -> bool:
        """Whether both stand at the same event in the same tables."""
        mine = (self.row, self.generation, self.number, self.hash)
        return mine == (other.row, other.generation, other.number, other.hash)


def beside(name: str) -> str:
    """Under which name a projection stands while it is built anew."""
    return f"{name}, anew"


class Progress:
    """The table of that, read and written in transactions of the caller."""

    def __init__(self) -> None:
        self._table = progress_table()

    def read(self, engine: Engine) -> dict[str, Standing]:
        """Where projections of this version stand; those of another one, and those that were never
        begun, are not there."""
        with engine.connect() as connection:
            if not inspect(connection).has_table(self._table.name):
                return {}
            return self.found(connection)

    def found(self, connection: Connection) -> dict[str, Standing]:
        """The same in a transaction."""
        rows = connection.execute(select(self._table)).all()
        return {
            row.projection: Standing(row.projection, row.generation, row.number, row.hash)
            for row in rows
            if row.version == KINDS[row.projection.partition(",")[0]].version
        }

    def known(self, connection: Connection) -> set[str]:
        """The projections that were ever begun, in whatever version."""
        return set(connection.execute(select(self._table.c.projection)).scalars())

    def create(self, connection: Connection) -> None:
        """Make the table if it is not there."""
        self._table.create(connection, checkfirst=True)

    def begin(self, connection: Connection, row: str) -> Standing:
        """New tables, and that nothing is in them yet."""
        name = row.partition(",")[0]
        generation = self._last_generation(connection, name) + 1
        standing = Standing(row, generation, 0, "")
        for table in standing.tables:
            table.drop(connection, checkfirst=True)
            table.create(connection)
        tell_sqlite(connection, standing.tables)
        connection.execute(self._table.delete().where(self._is(row)))
        connection.execute(
            self._table.insert().values(
                projection=row,
                version=KINDS[standing.kind].version,
                generation=generation,
                number=0,
                hash="",
            )
        )
        return standing

    def _last_generation(self, connection: Connection, name: str) -> int:
        names = (name, beside(name))
        question = select(self._table.c.generation).where(self._table.c.projection.in_(names))
        return max(connection.execute(question).scalars(), default=0)

    def advance(self, connection: Connection, standing: Standing, number: int, hash: str) -> None:
        """Note the event reached, if the projection stands where it is thought to."""
        table = self._table
        is_ours = (
            self._is(standing.row),
            table.c.generation == standing.generation,
            table.c.number == standing.number,
        )
        reached = table.update().where(*is_ours).values(number=number, hash=hash)
        if not connection.execute(reached).rowcount:
            raise OvertakenError(
                f"projection {standing.row} is no longer at event {standing.number}: another "
                "runner has written to the same tables; run one, and call again"
            )

    def change_over(self, connection: Connection, fresh: Standing) -> None:
        """From here on the new tables are the ones that are asked; the old ones are dropped."""
        table, name = self._table, fresh.kind
        question = select(table.c.generation).where(self._is(name))
        generation = connection.execute(question).scalar_one()
        drop_views(connection)
        for old in Standing(name, generation, 0, "").tables:
            old.drop(connection, checkfirst=True)
        connection.execute(table.delete().where(self._is(name)))
        renamed = table.update().where(self._is(fresh.row)).values(projection=name)
        connection.execute(renamed)
        self.make_views(connection)

    def make_views(self, connection: Connection) -> None:
        """The documented views, once all projections have tables of this version."""
        standing = self.found(connection)
        if KINDS.keys() <= standing.keys():
            drop_views(connection)
            create_views(connection, tables_of(standing))

    def _is(self, row: str) -> ColumnElement[bool]:
        return self._table.c.projection == row


def tables_of(standing: dict[str, Standing]) -> dict[str, Table]:
    """The tables in use, by their names without the generation."""
    found: dict[str, Table] = {}
    for name in KINDS.keys() & standing.keys():
        found |= {one.name.rpartition("_")[0]: one for one in standing[name].tables}
    return found
