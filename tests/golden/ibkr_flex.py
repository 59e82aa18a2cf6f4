"""Flex statements against themselves: our quantities and cash beside the ones they state.

``python -m tests.golden.ibkr_flex FILE...`` ingests each file into a fresh book in memory and
prints a line with both numbers for every stated position, every traded instrument that is not
stated (it must be flat) and every currency of the cash report; last ``agree N of M``. Nothing is
invented: a quantity that the file's trades do not make is an unknown opening balance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import ledger
from adapters.brokers import ibkr_flex
from adapters.ingest import ingest
from adapters.port import AccountConfig, Batch, RawPage
from ledger.book import Book
from ledger.domain.events import StatedBalance
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import ZERO, add, text
from ledger.errors import BadFileError

NOW = datetime(2100, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """One comparison: what, ours, stated, and a remark when they differ."""

    kind: str
    subject: str
    ours: Decimal
    stated: Decimal
    remark: str = ""

    @property
    def agrees(self) -> bool:
        return self.ours == self.stated

    def __str__(self) -> str:
        verdict = "ok" if self.agrees else self.remark
        both = f"ours {text(self.ours)} stated {text(self.stated)}"
        return f"{self.kind} {self.subject} {both} {verdict}"


def compare(content: bytes, name: str) -> Iterator[Line]:
    """All comparisons of one file, each of its accounts in a book of its own."""
    pages = [RawPage(name=name, content=content)]
    for account in ibkr_flex.accounts(pages):
        batch = ibkr_flex.parse(pages, AccountConfig(venue_account=account))
        with ledger.open("memory://", clock=lambda: NOW) as book:
            ingest(book, batch)
            yield from _quantities(book, batch)
            yield from _cash(book, batch)


def _quantities(book: Book, batch: Batch) -> Iterator[Line]:
    if "OpenPositions" not in batch.coverage.sections:
        return
    stated: dict[str, Decimal] = {}
    for line in batch.positions:
        stated[line.instrument_id] = add(stated.get(line.instrument_id, ZERO), line.qty)
    defined = {fact.instrument.instrument_id: fact.instrument for fact in batch.instruments}
    held = {view.instrument_id: add(view.net_qty, view.suspense_qty)
            for view in book.positions(batch.account)}  # fmt: skip
    for instrument_id in sorted(stated.keys() | held.keys()):
        instrument = defined.get(instrument_id)
        is_pair = instrument is not None and instrument.kind is InstrumentKind.SPOT
        if instrument_id in stated or not is_pair:
            named = f"{instrument_id} {instrument.symbol if instrument else ''}".strip()
            ours = held.get(instrument_id, ZERO)
            remark = "unknown opening balance"
            yield Line("position", named, ours, stated.get(instrument_id, ZERO), remark)


def _cash(book: Book, batch: Batch) -> Iterator[Line]:
    moved = {view.currency: view.total for view in book.balances(batch.account)}
    for balance in batch.balances:
        opening = balance.opening if balance.opening is not None else ZERO
        ours = add(opening, moved.get(balance.currency, ZERO))
        yield Line("cash", balance.currency, ours, balance.ending, _why(batch, balance))


def _why(batch: Batch, balance: StatedBalance) -> str:
    """The statement's own totals that its rows do not make, in this currency."""
    if balance.opening is None:
        return "unknown opening balance"
    reasons = [
        f"{control.name}: rows {text(control.rows)}, cash report {text(control.stated)}"
        for control in batch.coverage.controls
        if control.currency == balance.currency and not control.agrees
    ]
    return f"differs ({'; '.join(reasons) or 'the rows do not make it'})"


def main(names: Sequence[str]) -> int:
    """Compare the files; 0 when every line agrees, 2 without files, else 1."""
    if not names:
        print("usage: python -m tests.golden.ibkr_flex FILE...", file=sys.stderr)
        return 2
    lines: list[Line] = []
    refused = 0
    for name in names:
        try:
            for line in compare(Path(name).read_bytes(), Path(name).name):
                print(f"{Path(name).name}: {line}")
                lines.append(line)
        except BadFileError as error:
            print(f"{Path(name).name}: refused: {error}")
            refused += 1
    for kind in ("position", "cash"):
        of_kind = [line for line in lines if line.kind == kind]
        print(f"{kind}: {sum(line.agrees for line in of_kind)} of {len(of_kind)}")
    agree, total = sum(line.agrees for line in lines), len(lines) + refused
    print(f"agree {agree} of {total}")
    return 0 if agree == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
