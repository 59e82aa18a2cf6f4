"""Flex statements against themselves: our quantities and cash beside the ones they state.

``python -m tests.golden.ibkr_flex FILE...`` ingests each file into a fresh book in memory, which
begins with the balances that the cash report opens with, and prints a line with both numbers for
every stated position, every instrument that is held and not stated, and every currency of the
cash report; then a verdict on each statement that carries both, and last ``agree N of M``. The
comparison is the library's own, that ``tradeledger ingest`` prints. Nothing is invented: a
quantity that the file's trades do not make is an unknown opening balance; money that its rows do
not make is told by the statement's own totals, to the digit but for what IB rounds, or the
statement says itself that rows are missing, how many it does not say; or nothing explains it.
How many lines each explains is counted. A statement that contradicts itself cannot tie, and its
verdict says in what it does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import ledger
from adapters import statement
from adapters.brokers import ibkr_flex
from adapters.brokers.ibkr_flex.stated import ROUNDING
from adapters.ingest import ingest
from adapters.port import AccountConfig, Batch, RawPage
from ledger.book import Book
from ledger.domain.events import BalanceAdjusted
from ledger.domain.numbers import subtract, text, total
from ledger.errors import BadFileError

NOW = datetime(2100, 1, 1, tzinfo=UTC)


OPENING = "an opening balance"
TOTALS = "the statement's own totals"
CUT = "rows that the statement says are missing"
NOTHING = "nothing"


class Line(NamedTuple):
    """One comparison: what, ours, stated, and, when they differ, a remark and what explains it."""

    kind: str
    subject: str
    ours: Decimal
    stated: Decimal
    agrees: bool
    remark: str = ""
    explained: str = ""

    def __str__(self) -> str:
        verdict = "ok" if self.agrees else self.remark
        both = f"ours {text(self.ours)} stated {text(self.stated)}"
        return f"{self.kind} {self.subject} {both} {verdict}"


class Statement(NamedTuple):
    """An account's statement: its comparisons, and in what it contradicts itself."""

    name: str
    lines: tuple[Line, ...]
    faults: tuple[str, ...]
    carries_both: bool

    @property
    def verdict(self) -> str:
        """Whether it ties; a line that nothing explains comes before all else."""
        explained = {line.explained for line in self.lines if not line.agrees}
        if NOTHING in explained:
            return "does not tie"
        if self.faults and explained - {OPENING}:
            return f"contradicts itself: {'; '.join(self.faults)}"
        return "ties, but for opening balances" if explained else "ties"


def compare(content: bytes, name: str) -> Iterator[Line]:
    """All comparisons of one file, each of its accounts in a book of its own."""
    for one in statements(content, name):
        yield from one.lines


def statements(content: bytes, name: str) -> Iterator[Statement]:
    """The statements of one file, each account in a book of its own."""
    pages = [RawPage(name=name, content=content)]
    for account in ibkr_flex.accounts(pages):
        batch = ibkr_flex.parse(pages, AccountConfig(venue_account=account))
        with ledger.open("memory://", clock=lambda: NOW) as book:
            begin(book, batch)
            ingest(book, batch)
            lines = tuple(_line(line, batch) for line in statement.compare(book, batch))
        both = bool(batch.positions and batch.balances)
        yield Statement(f"{name} {account}", lines, tuple(_faults(batch)), both)


def _faults(batch: Batch) -> Iterator[str]:
    """Where the statement says of itself that its rows and its totals differ."""
    for control in batch.coverage.controls:
        if not control.agrees:
            both = f"rows {text(control.rows)} stated {text(control.stated)}"
            yield f"{control.name} {control.currency} {both}"
    yield from (found.what for found in batch.findings)


def begin(book: Book, batch: Batch) -> None:
    """Take over the balances that the statement opens with."""
    for stated in batch.balances:
        if stated.opening:
            opening = BalanceAdjusted(
                id="opening", amount=stated.opening, currency=stated.currency,
                reason="opening balance", who="the statement",
                scope=stated.currency,
            )  # fmt: skip
            book.record(batch.account, opening, occurred_at=statement.beginning(batch))


def _line(one: statement.Line, batch: Batch) -> Line:
    is_instrument = one.kind is statement.Kind.POSITION and one.name != one.subject
    named = f"{one.subject} {one.name}" if is_instrument else one.subject
    explained = "" if one.agrees else _explained(one, batch)
    return Line(one.kind.value, named, one.booked, one.stated, one.agrees, one.cause, explained)


def _explained(one: statement.Line, batch: Batch) -> str:
    """What explains a difference: units by what the library says of them, money by the totals
    that the statement states and its rows do not make, when these are the difference."""
    if one.kind is statement.Kind.POSITION:
        return OPENING if "unknown opening balance" in one.cause else NOTHING
    apart = total(
        subtract(control.stated, control.rows)
        for control in batch.coverage.controls
        if control.currency == one.subject
    )
    if subtract(one.difference, apart).copy_abs() <= ROUNDING:
        return TOTALS
    return CUT if any(_faults(batch)) else NOTHING


def main(names: Sequence[str]) -> int:
    """Compare the files; 0 when every line agrees, 2 without files, else 1."""
    if not names:
        print("usage: python -m tests.golden.ibkr_flex FILE...", file=sys.stderr)
        return 2
    held: list[Statement] = []
    refused = 0
    for name in names:
        try:
            for one in statements(Path(name).read_bytes(), Path(name).name):
                for line in one.lines:
                    print(f"{Path(name).name}: {line}")
                held.append(one)
        except BadFileError as error:
            print(f"{Path(name).name}: refused: {error}")
            refused += 1
    lines = [line for one in held for line in one.lines]
    _conclude(held, lines)
    agree, of = sum(line.agrees for line in lines), len(lines) + refused
    print(f"agree {agree} of {of}")
    return 0 if agree == of else 1


def _conclude(held: Sequence[Statement], lines: Sequence[Line]) -> None:
    """What explains how many lines, and a verdict on each statement with cash and positions."""
    for kind in ("position", "cash"):
        of_kind = [line for line in lines if line.kind == kind]
        print(f"{kind}: {sum(line.agrees for line in of_kind)} of {len(of_kind)}")
    for explained in (OPENING, TOTALS, CUT, NOTHING):
        found = sum(line.explained == explained for line in lines)
        print(f"explained by {explained}: {found}")
    for one in held:
        if one.carries_both:
            print(f"statement {one.name}: {one.verdict}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
