from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from tests import postgres as servers
from tests.contract.helpers import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def sqlite(path: Path, clock: Clock) -> Iterator[SQLiteStore]:
    with SQLiteStore(path, clock) as store:
        yield store


@pytest.fixture
def url(place: servers.Place) -> Iterator[str]:
    """An empty PostgreSQL store, for the role that may only append and read."""
    url = place.prepared()
    yield url
    place.drop(url)


@pytest.fixture
def postgres(url: str, clock: Clock) -> Iterator[PostgresStore]:
    with PostgresStore(url, clock) as store:
        yield store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, clock: Clock) -> LogStore:
    """Every kind of store, empty."""
    if request.param == "memory":
        return MemoryStore(clock)
    store: LogStore = request.getfixturevalue(request.param)
    return store
