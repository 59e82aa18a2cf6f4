"""Books of generated fills whose exact outcome is known."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import ledger
from adapters.brokers.csv_map import load_map, parse
from adapters.ingest import ingest
from adapters.port import AccountConfig, RawPage


def generate(shared: Path, folder: Path, fills: int) -> dict[str, Any]:
    """Write so many fills, and the journals of other programs, into a folder; what is expected."""
    program = shared / "bench" / "gen_journal.py"
    subprocess.run(
        [sys.executable, program, "--fills", str(fills), "--out", folder],
        check=True,
        capture_output=True,
    )
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text("utf-8"))
    return expected


def booked(folder: Path, url: str = "memory://") -> ledger.Book:
    """Books of the fills in a folder."""
    shipped = files("adapters.brokers.csv_map").joinpath("fills.toml").read_bytes()
    source = folder / "fills.csv"
    page = RawPage(name=source.name, content=source.read_bytes())
    batch = parse([page], AccountConfig(account=""), columns=load_map("fills.toml", shipped))
    book = ledger.open(url)
    ingest(book, batch)
    return book
