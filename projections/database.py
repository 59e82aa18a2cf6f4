"""The database of the read models: beside the log, never inside it, for it may be dropped.

Of a SQLite log it is a file of its own, so that projecting never makes a writer wait; of a
PostgreSQL log a schema of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from projections.errors import UnknownDatabaseError

BUSY_SECONDS = 5


def connect(url: str) -> Engine:
    """The engine behind a url: ``sqlite:///books.reports.db``, ``sqlite://`` (in memory) or
    ``postgresql://user@host/database?schema=reports``."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _sqlite(url, in_memory=not target.database)
    if target.get_backend_name() != "postgresql":
        raise UnknownDatabaseError(
            f"read models are kept in SQLite or PostgreSQL, not in {target.get_backend_name()}; "
            "write sqlite:///relative/file.db, or postgresql://user@host/database?schema=name"
        )
    schema = str(target.query.get("schema", "tradeledger_reports"))
    target = target.difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
    return _postgres(create_engine(target), schema)


def _sqlite(url: str, *, in_memory: bool) -> Engine:
    """One writer at a time, from the beginning of its transaction; readers never wait."""
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **options,
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver's own transactions begin too late
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # what is lost comes back from the log

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(engine: Engine, schema: str) -> Engine:
    """All tables in one schema, all times told in UTC."""
    quoted = engine.dialect.identifier_preparer.quote(schema)

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [schema])
            if cursor.fetchone() == (0,):  # only once: a role that may only read cannot
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
            cursor.execute(f"SET search_path TO {quoted}")
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return engine
