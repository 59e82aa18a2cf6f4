"""A book that is used for long: ``python -m tests.fault.soak FOLDER EVENTS RESTARTS [LEAK]``.

Orders are placed, accepted, filled and charged for on some accounts, positions go back to flat,
books are closed and opened again. Prints what the process holds, a line of JSON now and then.
With ``LEAK`` everything is kept, and no book is closed: what the test must find.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import ledger
from ledger.book import Book
from ledger.domain.events import (
    Event,
    Fact,
    Fee,
    FeeKind,
    FillBooked,
    InstrumentDefined,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    Side,
    make_fact,
)

ACCOUNTS: Final = tuple(f"U{n:02}" for n in range(5))
BATCH, SAMPLES = 500, 100
PAGE_CACHE: Final = "PRAGMA cache_size = -4096"
"""Smaller than the store's own, so that it is full after the warm-up of a short run too."""

_START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
_PAGE = os.sysconf("SC_PAGE_SIZE")


def orders() -> Iterator[Fact]:
    """Orders of all accounts by turns; of one account every second one sells what was bought."""
    for n in count():
        account, at = ACCOUNTS[n % len(ACCOUNTS)], _START + timedelta(seconds=n)
        side = Side.SELL if n // len(ACCOUNTS) % 2 else Side.BUY
        for event in _order(f"c{n:08}", side, Decimal(100 + n % 7) / 4):
            yield make_fact(account, event, at)


def _order(id: str, side: Side, price: Decimal) -> tuple[Event, ...]:
    asked: dict[str, Any] = {"instrument_id": "X", "side": side, "cl_ord_id": id}
    fee = Fee(amount=Decimal("0.35"), currency="USD", kind=FeeKind.COMMISSION)
    return (
        OrderPlaced(**asked, order_qty=Decimal(5)),
        OrderAccepted(cl_ord_id=id),
        FillBooked(
            **asked, exec_id=f"e{id}", last_qty=Decimal(5), last_px=price, currency="USD",
            venue="XSIM", fees=(fee,),
        ),
    )  # fmt: skip


def opened(folder: Path) -> Book:
    """The book as a program opens it, with its accounts in memory."""
    book = ledger.open(f"sqlite:///{folder / 'soak.db'}")
    book.store.log._connection.execute(PAGE_CACHE)  # type: ignore[attr-defined]
    kind = ledger.InstrumentKind.EQUITY
    what = ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD")
    for account in ACCOUNTS:
        if not book.account(account).version:
            # As of then: what comes would else be late, and late facts are dear.
            book.open_account(account, base_currency="USD", occurred_at=_START)
            book.record(account, InstrumentDefined(instrument=what), occurred_at=_START)
    return book


def use(book: Book, facts: Sequence[Fact]) -> None:
    """What a program does with a book between two looks at its memory."""
    book.record_all(facts)
    account, id, at = facts[-1].stream, f"by hand {facts[0].key}", facts[-1].occurred_at
    order: dict[str, Any] = {"instrument_id": "X", "side": Side.BUY, "order_qty": Decimal(1)}
    book.place(account, cl_ord_id=id, **order, occurred_at=at)
    book.cancel(account, cl_ord_id=f"cancel {id}", orig_cl_ord_id=id, occurred_at=at)
    book.record(account, OrderCancelled(cl_ord_id=id), occurred_at=at)
    for name in ACCOUNTS[:3]:
        book.positions(name)
        book.balances(name)
        book.open_orders(name)


def held(folder: Path, events: int, began: int) -> dict[str, int]:
    """What the process has, in bytes and in numbers."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
    wal = folder / "soak.db-wal"
    return {
        "events": events,
        "rss": resident,
        "wal": wal.stat().st_size if wal.exists() else 0,
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "ms": (time.monotonic_ns() - began) // 1_000_000,
    }


def main(folder: Path, events: int, restarts: int, *, leaks: bool) -> None:
    kept: list[object] = []
    source, began, book, done = orders(), time.monotonic_ns(), opened(folder), 0
    batches = max(1, events // BATCH)
    for number in range(1, batches + 1):
        facts = list(islice(source, BATCH))
        use(book, facts)
        done += BATCH
        if leaks:
            kept.append(facts)
        if number * (restarts + 1) // batches > (number - 1) * (restarts + 1) // batches:
            kept.append(book) if leaks else book.close()
            del book  # else there are two at once
            book = opened(folder)
        if number * SAMPLES // batches > (number - 1) * SAMPLES // batches:
            print(json.dumps(held(folder, done, began)), flush=True)
    assert book.verify().ok
    book.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), leaks="LEAK" in sys.argv)
