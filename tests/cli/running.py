"""Running the program as a user does, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import ledger
from ledger.domain.events import Recorded
from tests.architecture.sources import ROOT

PROGRAM = [sys.executable, "-c", "from adapters.cli import main; main()"]
NEW_YORK = ("--zone", "America/New_York")


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def process(*args: str, folder: Path, **env: str) -> subprocess.Popen[str]:
    """A process of its own, in a folder; its standard streams are pipes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **env}
    return subprocess.Popen(
        [*PROGRAM, *args],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_process(*args: str, folder: Path, **env: str) -> Ran:
    """Run a process to its end."""
    with process(*args, folder=folder, **env) as running:
        out, err = running.communicate(timeout=60)
    return Ran(running.returncode, out, err)


def recorded(path: str = "tradeledger.db") -> list[Recorded]:
    """All facts in a store of this folder."""
    with ledger.open(f"sqlite:///{path}") as book:
        return list(book.log())
