"""A folder of one's own, the sample statement in it, and the program to run there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters import demo
from adapters.cli import main
from tests.cli.nights import retold
from tests.cli.running import NEW_YORK, Ran, Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with nothing of the user's own settings."""
    for name in [name for name in os.environ if name.startswith("TRADELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in this process: ``run("positions", "--json")``."""

    def run(*args: str) -> Ran:
        return _run(args, capsys)

    return run


def _run(args: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Ran:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(args)
    said = capsys.readouterr()
    return Ran(int(ended.value.code or 0), said.out, said.err)


@pytest.fixture
def statement(folder: Path) -> Path:
    """The sample statement as a file."""
    path = folder / "statement.xml"
    path.write_bytes(demo.statement().content)
    return path


@pytest.fixture
def books(run: Run, statement: Path) -> Run:
    """The program, in a folder whose store holds the sample statement."""
    done = run("ingest", "ibkr_flex", statement.name, "--account", "demo", *NEW_YORK)
    assert done.code == 0, done.err
    return run


@pytest.fixture
def other(books: Run, statement: Path) -> Path:
    """A report in which a price, a position and a balance are not what the books say."""
    return retold(statement)
