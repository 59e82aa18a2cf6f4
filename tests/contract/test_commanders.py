"""Processes that command one account at once: every command in, none twice, no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ledger
from ledger.domain.events import OrderPlaced

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, COUNT = 4, 250


@pytest.fixture(params=["sqlite", "postgres"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that several processes can open."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shared.db'}"
    url: str = request.getfixturevalue("url")
    return url


def started(url: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.commander", url, "U1", str(COUNT), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_command_one_account(shared_url: str) -> None:
    future = ledger.Instrument(
        instrument_id="ESZ6", symbol="ESZ6", kind=ledger.InstrumentKind.LINEAR, currency="USD"
    )
    with ledger.open(shared_url) as book:
        book.open_account("U1", base_currency="USD")
        book.define("U1", future)
        before = book.store.head()
        commanders = [started(shared_url, f"p{n}") for n in range(PROCESSES)]
        acknowledged = [id for one in commanders for id in one.communicate(timeout=200)[0].split()]
        assert [one.returncode for one in commanders] == [0] * PROCESSES
        recorded = list(book.store.read("U1", after=before))
        placed = [r.event.cl_ord_id for r in recorded if isinstance(r.event, OrderPlaced)]
        assert sorted(placed) == sorted(acknowledged)
        assert len(set(placed)) == len(placed) == PROCESSES * COUNT
        assert [r.version for r in recorded] == [before + 1 + n for n in range(len(recorded))]
        assert len(book.open_orders("U1")) == PROCESSES * COUNT
        assert book.verify().ok
