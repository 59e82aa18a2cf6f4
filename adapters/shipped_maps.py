"""The brokers whose CSV files are read by a map that ships: each is a venue of its own name."""

from __future__ import annotations

from importlib.resources import files
from typing import Final, NamedTuple

from adapters.port import Parser
from ledger.errors import BadFileError

NAMES: Final = ("freetrade", "schwab", "trading212")
"""The files in ``adapters/brokers/csv_map/maps``, without ``.toml``."""


class Mapped(NamedTuple):
    """A parser by a map, and the zone that the map declares for times without one."""

    parse: Parser
    time_zone: str


def read(name: str) -> bytes:
    """A shipped map as TOML; ``BadFileError`` for a name that none has."""
    if name not in NAMES:
        raise BadFileError(f"no map is called {name}: it is one of {', '.join(NAMES)}")
    return files("adapters.brokers.csv_map").joinpath("maps", f"{name}.toml").read_bytes()


def mapped(name: str, content: bytes) -> Mapped:
    """What reads files by a map in TOML, shipped or not; ``BadFileError`` if it is wrong."""
    from adapters.brokers import csv_map

    columns = csv_map.load_map(name, content)
    return Mapped(csv_map.parser_for(columns), columns.time_zone)


def shipped(name: str) -> Mapped:
    """What reads the files of a broker whose map ships."""
    return mapped(f"{name}.toml", read(name))
