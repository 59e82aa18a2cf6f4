"""Parsers with a fault each, behind a field that no sample has: what the fuzzer has to find."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from adapters.json_page import read_json
from adapters.port import AccountConfig, Batch, RawPage, digest_of
from ledger.errors import BadFileError

SAMPLE = json.dumps([{"id": n, "side": "buy", "px": "1.5"} for n in range(3)]).encode()
DAYS = {"spot": 0, "next": 1}


def fails(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Looks up a word without asking whether it is known."""
    for row in _rare(pages):
        DAYS[str(row["settlement"])]
    return _nothing()


def hangs(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Never comes to the end of a row."""
    for row in _rare(pages):
        while row:
            pass
    return _nothing()


def eats(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Makes more of a row than there is memory for."""
    for row in _rare(pages):
        str(row) * 1_000_000_000
    return _nothing()


def descends(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Goes a step further for each field that is there, and falls down the last one."""
    for row in _rare(pages):
        if "venue" not in row:
            continue
        if "taxes" in row:
            DAYS[str(row["taxes"])]
    return _nothing()


def _rare(pages: Sequence[RawPage]) -> Iterator[dict[str, Any]]:
    """The rows that have what a sample has not."""
    for page in pages:
        rows = read_json(page)
        for row in rows if isinstance(rows, list) else []:
            if not isinstance(row, dict):
                raise BadFileError("a row is no object")
            if "settlement" in row:
                yield row


def _nothing() -> Batch:
    return Batch(venue="X", account="A", parser="x", parser_version="1", digest=digest_of([]))
