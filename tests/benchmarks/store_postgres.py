"""PostgreSQL: batches against binary COPY, single events against a raw insert, and both against
stock ``eventsourcing``; on a server of our own whose files are on a disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

import ledger
from ledger.store import postgres_statements as sql
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from ledger.store.rows import Row
from tests.benchmarks import stock
from tests.benchmarks.figures import Figure, progress, settled
from tests.benchmarks.mix import Mix
from tests.benchmarks.scale import ACCOUNTS, BATCH, Scale, crowd
from tests.benchmarks.store_commit import TURN, append_each
from tests.benchmarks.turns import Sides, Turns, for_information
from tests.postgres import NoServerError, Place, Server, server

Connection = psycopg.Connection[Any]
PORT: Final = "5432"


class Places(NamedTuple):
    """All sides on one server; the second raw one for another way of single inserts."""

    store: PostgresStore
    connection: Connection
    second: Connection
    others: stock.Programs | None


def copy(connection: Connection, rows: Sequence[Row]) -> None:
    """All rows in one commit by binary COPY, into both tables."""
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(sql.COPY) as events:
            events.set_types(sql.TYPES)
            for row in rows:
                events.write_row(row)
        with cursor.copy(sql.COPY_KEYS) as keys:
            keys.set_types(sql.KEY_TYPES)
            for row in rows:
                keys.write_row((row.key, row.number))


def insert_each(connection: Connection, rows: Sequence[Row]) -> None:
    """Every row into both tables by one prepared statement, which is a transaction of its own."""
    for row in rows:
        connection.execute(sql.ADD_ONE, (*row, row.key, row.number), prepare=True)


def in_two(connection: Connection, rows: Sequence[Row]) -> None:
    """Every row by two plain inserts in a transaction, as most programs would write it."""
    values = ", ".join(["%s"] * len(Row._fields))
    for row in rows:
        with connection.transaction():
            connection.execute(f"INSERT INTO events VALUES ({values})", row, prepare=True)
            key = (row.key, row.number)
            connection.execute("INSERT INTO keys VALUES (%s, %s)", key, prepare=True)


def in_server(one: Server, place: Place) -> stock.Programs | None:
    """Stock aggregates on the same server, if their pool of connections is installed."""
    if find_spec("psycopg_pool") is None:
        progress("store.3.stock is left out: psycopg_pool is not installed")
        return None
    first, second, third = (_in_schema(one, place) for _ in range(3))
    return stock.Programs(stock.Stock(first), stock.Cached(second), stock.Kept(third), crowd(Mix))


def _in_schema(one: Server, place: Place) -> dict[str, str]:
    """Where stock aggregates find a schema of their own; all other settings as they come."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": "ledger",
        "POSTGRES_HOST": str(one.folder),
        "POSTGRES_PORT": PORT,
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "",
        "POSTGRES_SCHEMA": target_of(place.prepared()).schema,
    }


def opened(one: Server, place: Place) -> Places:
    """Schemas with the same tables, and the stock one."""
    store = ledger.open_store(place.prepared())
    if not isinstance(store, PostgresStore):
        raise TypeError("the url of a PostgreSQL server opened another store")
    return Places(store, _connected(place), _connected(place), in_server(one, place))


def closed(places: Places) -> None:
    """Close them all."""
    places.store.close()
    places.connection.close()
    places.second.close()
    if places.others is not None:
        places.others.close()


def _connected(place: Place) -> Connection:
    """A plain connection to an empty store of its own."""
    target = target_of(place.prepared())
    connection = psycopg.connect(target.conninfo, autocommit=True)
    connection.execute(f"SET search_path = {target.schema}, pg_temp".encode())
    return connection


def bulk(scale: Scale, places: Places) -> Turns:
    """Batches of 1,000 by all sides, in turns."""
    facts, (store, connection, _, others) = crowd(Mix), places

    def turn() -> Sides:
        end, batch = store.head(), list(islice(facts, BATCH))
        ours = settled(partial(store.append, batch))
        rows = list(store.rows(after=end))
        theirs = settled(partial(copy, connection, rows))
        return Sides(ours, theirs, *(others.turn(BATCH, stock.Stock.record) if others else ()))

    return Turns(scale.runs, scale.batches // 2, BATCH, turn)


def single(scale: Scale, places: Places) -> Turns:
    """Commits of one event each, in turns: ours, two inserts raw, and (in the place of stock) one
    statement raw."""
    store, connection, second, _ = places
    facts = islice(crowd(Mix), store.head(), None)
    copy(second, list(store.rows()))

    def turn() -> Sides:
        end, batch = store.head(), list(islice(facts, TURN))
        ours = settled(partial(append_each, store, batch))
        rows = list(store.rows(after=end))
        two = settled(partial(in_two, connection, rows))
        return Sides(ours, two, settled(partial(insert_each, second, rows)))

    return Turns(scale.runs, scale.commits // TURN, TURN, turn)


def in_bulk(scale: Scale, places: Places) -> Iterator[Figure]:
    """Batches: our rate over COPY's and over that of stock aggregates."""
    progress("store.3: batches of 1,000 on PostgreSQL")
    turns = bulk(scale, places)
    ours = turns.rate("ours")
    yield Figure(
        id="store.3.bulk",
        what=f"batches of 1,000 over binary COPY, {ACCOUNTS} accounts: {ours} over "
        f"{turns.rate('raw')} on the wall",
        figure=turns.ratio("raw", "ours"),
        unit="ratio",
        goal=">= 0.5",
        comparator="psycopg: COPY of the same rows into the same two tables, a commit, in turns",
    )
    if places.others is None:
        return
    yield Figure(
        id="store.3.stock",
        what=f"batches of 1,000 over stock aggregates: {ours} over {turns.rate('stock')} facts on "
        f"the wall; COPY itself comes to {turns.ratio('stock', 'raw'):.1f}",
        figure=turns.ratio("stock", "ours"),
        unit="ratio",
        goal=">= 5",
        comparator=f"{stock.WHAT}, on the same server, in turns",
    )
    yield from for_information("store.3", turns)


def one_by_one(scale: Scale, places: Places) -> Iterator[Figure]:
    """Single events: our time over a raw insert's."""
    progress("store.3: one event a commit on PostgreSQL")
    turns = single(scale, places)
    ours = turns.rate("ours")
    yield Figure(
        id="store.3.single",
        what=f"{turns.count} appends of one event over raw inserts: {ours} to {turns.rate('raw')} "
        "on the wall",
        figure=turns.ratio("ours", "raw"),
        unit="ratio",
        goal="<= 1.5",
        comparator="psycopg: BEGIN, INSERT of the same row, INSERT of its key, COMMIT, prepared",
    )
    yield Figure(
        id="store.3.single.statement",
        what=f"the same over one statement for both tables, without BEGIN and lock: {ours} to "
        f"{turns.rate('stock')}",
        figure=turns.ratio("ours", "stock"),
        unit="ratio",
        goal="",
        comparator="for information: it could not tell a repeat, nor a version that moved",
    )


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 3."""
    try:
        with server(Path(tempfile.gettempdir())) as one:
            places = opened(one, Place(one.url("postgres")))
            yield from in_bulk(scale, places)
            yield from one_by_one(scale, places)
            closed(places)
    except NoServerError as error:
        progress(f"store.3 is left out: {error}")
