"""What a statement states beside what is booked, as the shells show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ledger
from adapters.cli.answers import Row, Section, numbers, texts
from adapters.cli.opening import Opening
from adapters.ingest import ingest
from adapters.port import Batch
from adapters.statement import Line, states_something
from ledger import Book

STATED: Final = (
    *texts("kind", "name"),
    *texts("subject", wide=True),
    *numbers("booked", "stated", "difference"),
    *texts("cause"),
)


def stated_row(line: Line) -> Row:
    """A stated figure as a row."""
    return {column.name: getattr(line, column.name) for column in STATED}


def differences(lines: Sequence[Line]) -> Section:
    """The stated figures that are not the booked ones."""
    return Section("differences", STATED, [stated_row(one) for one in lines if not one.agrees])


def told_of(lines: Sequence[Line]) -> str:
    """How many agree, in a few words; empty where nothing is stated."""
    agree = sum(line.agrees for line in lines)
    return f"{agree} of {len(lines)} stated figures agree" if lines else ""


def rehearsed(opening: Opening, batch: Batch) -> Book:
    """A copy of the account in memory that was told the report: what the books would say."""
    book = ledger.open("memory://")
    if states_something(batch):
        book.record_all(opening.facts_of(batch.account))
        ingest(opening.over(book), batch, other_account=True)  # asked already
    return book
