"""The tables beside the read models: how far each has come, where readers are, what was kept of a
day. They keep no versions."""

from __future__ import annotations

from functools import cache

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from projections.types import Moment, name_type


@cache
def progress_table() -> Table:
    """How far each projection has come, by which version of it, into which tables; the hash is
    that of the last event, by which tables know their log."""
    return Table(
        "progress",
        MetaData(),
        Column("projection", Text, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("generation", Integer, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("hash", Text, nullable=False),
    )


@cache
def cursors_table() -> Table:
    """How far readers of a stream have come, by the names they chose."""
    return Table(
        "cursors",
        MetaData(),
        Column("name", Text, primary_key=True),
        Column("cursor", Text, nullable=False),
    )


@cache
def snapshots_table() -> Table:
    """What accounts were at the ends of days, as it was known when that was taken."""
    return Table(
        "snapshots",
        MetaData(),
        Column("account", name_type(), primary_key=True),
        Column("day", Text, primary_key=True),
        Column("known_at", Moment(), primary_key=True),
        Column("close", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("as_of", Moment(), nullable=False),
        Column("told", Text, nullable=False),
    )
