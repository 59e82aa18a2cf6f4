"""One fresh process from a CSV file to books: ``python -m tests.benchmarks.books_of_csv FILE DB``.

The fills of the file are read by the map that ships, recorded in a new SQLite file, and projected
in memory; what every position holds is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import ledger
from adapters.brokers.csv_map import load_map, parse
from adapters.ingest import ingest
from adapters.port import AccountConfig, RawPage
from ledger.domain.numbers import text


def booked(source: Path, database: Path) -> dict[str, list[str]]:
    """Quantity, cost and realized result of every position."""
    shipped = files("adapters.brokers.csv_map").joinpath("fills.toml").read_bytes()
    page = RawPage(name=source.name, content=source.read_bytes())
    batch = parse([page], AccountConfig(account=""), columns=load_map("fills.toml", shipped))
    with ledger.open(f"sqlite:///{database}") as book:
        book.account(batch.account)
        ingest(book, batch)
        return {
            one.instrument.symbol if one.instrument else one.instrument_id: [
                text(one.net_qty), text(one.cost_basis), text(one.realized_pnl)
            ]
            for one in book.positions(batch.account)
        }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(booked(Path(sys.argv[1]), Path(sys.argv[2]))))
