from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.sqlite import SQLiteStore
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


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, clock: Clock) -> LogStore:
    """Every kind of store, empty."""
    if request.param == "memory":
        return MemoryStore(clock)
    sqlite: SQLiteStore = request.getfixturevalue("sqlite")
    return sqlite
