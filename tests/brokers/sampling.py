"""A venue's report in small, and the books it makes: what the laws for parsers are tried on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import attrs

import ledger
from adapters.ingest import IngestReport, ingest
from adapters.port import AccountConfig, Batch, Parser, RawPage
from ledger.book import Book
from ledger.domain.events import AccountOpened

NOW = datetime(2030, 1, 1, tzinfo=UTC)
OPENED = datetime(2000, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Sample:
    """A report of one account in pages, in the venue's own shape, of made-up figures.

    ``change`` is a text of one page and what it becomes when the venue tells one booked row
    otherwise under the same id.
    """

    venue: str
    parse: Parser
    pages: tuple[RawPage, ...]
    change: tuple[str, str]
    config: AccountConfig = attrs.field(factory=lambda: AccountConfig(account="A"))

    def batch(self, pages: Sequence[RawPage] | None = None) -> Batch:
        return self.parse(self.pages if pages is None else pages, self.config)

    def changed(self) -> tuple[RawPage, ...]:
        old, new = (text.encode() for text in self.change)
        found = sum(page.content.count(old) for page in self.pages)
        assert found == 1, f"{found} times in the pages: {self.change[0]}"
        return tuple(
            RawPage(name=page.name, content=page.content.replace(old, new)) for page in self.pages
        )


def samples() -> Iterator[Sample]:
    for path in sorted(Path(__file__).with_name("venues").glob("*.py")):
        if path.stem != "__init__":
            yield import_module(f"tests.brokers.venues.{path.stem}").SAMPLE


def empty_books() -> Book:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.record("A", AccountOpened(base_currency="USD"), occurred_at=OPENED)
    return book


def told(book: Book, *batches: Batch) -> list[IngestReport]:
    return [ingest(book, batch) for batch in batches]


def state(book: Book) -> list[tuple[object, ...]]:
    """What the books say: positions and cash."""
    held = [
        (v.instrument_id, v.net_qty, v.cost_basis, v.realized_pnl, sorted(v.fees.items()))
        for v in book.positions("A")
    ]
    return sorted(held, key=repr) + sorted((v.currency, v.total) for v in book.balances("A"))
