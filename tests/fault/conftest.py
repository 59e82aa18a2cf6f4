from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgres as servers
from tests.contract.conftest import clock, path, postgres, sqlite, url

__all__ = ["clock", "path", "postgres", "sqlite", "url"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones run only when they are asked for by name: ``-m slow_fault``."""
    if "slow_fault" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("slow_fault")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]


@pytest.fixture
def own() -> Iterator[servers.Server]:
    """A PostgreSQL server for one test, which may kill it."""
    with servers.server() as one:
        yield one
