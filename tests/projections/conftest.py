from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from projections.database import connect
from tests import postgres as servers


@pytest.fixture(params=["sqlite", "postgres"])
def reports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the tables of the read models may be kept: empty, on either database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/books.reports.db"
        return
    found: servers.Place = request.getfixturevalue("place")
    url = found.url(found.new(), servers.OWNER)
    yield url
    found.drop(url)


@pytest.fixture
def tables(reports: str) -> Iterator[Callable[[], Engine]]:
    """Opens that database, as often as is asked; each is closed at the end."""
    opened: list[Engine] = []

    def open_() -> Engine:
        opened.append(connect(reports))
        return opened[-1]

    yield open_
    for engine in opened:
        engine.dispose()
