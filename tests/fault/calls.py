"""What a caller does with a store and with a book, each under a number of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final, NamedTuple

import ledger
from ledger.book import Book
from ledger.domain.events import Fact
from ledger.store.base import LogStore
from tests.contract.crowd import until
from tests.contract.helpers import HAPPENED, Clock, fill, order

ACCOUNTS: Final = ("U1", "U2")


class Call(NamedTuple):
    """Something that is asked for; how many events it adds the first time."""

    name: str
    events: int
    run: Callable[[Any, int], object]

    def __str__(self) -> str:
        return self.name


# ------------------------------------------------------------------------------- of a store


def group(store: LogStore, calls: list[list[Fact]]) -> list[Exception | None]:
    """Append from several threads that stand in line together; how each of them ended."""
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = []
        with store.turn():
            for facts in calls:
                futures.append(pool.submit(store.append, facts))
                until(lambda: len(store.line) == len(futures))
        return [future.exception() for future in futures]  # type: ignore[misc]


def _append_in_group(store: LogStore, n: int) -> None:
    errors = group(store, [[fill(f"g{n}-{k}", ACCOUNTS[k % 2])] for k in range(4)])
    for error in errors:
        if error is not None:
            raise error


def _append_exclusively(store: LogStore, n: int) -> None:
    with store.exclusive():
        store.append([fill(f"x{n}")])
        store.append([order(f"x{n}", "U2")])


def _append_and_ask(store: LogStore, n: int) -> None:
    store.append([order(f"r{n}")])
    assert [one.key for one in store.refs("U1", "order", f"r{n}")] == [order(f"r{n}").key]


STORE_CALLS: Final = (
    Call("one", 1, lambda store, n: store.append([fill(f"o{n}")])),
    Call("batch", 40, lambda store, n: store.append(batch(n, 40))),
    Call("bulk", 450, lambda store, n: store.append(batch(n, 450))),
    Call("group", 4, _append_in_group),
    Call("exclusive", 2, _append_exclusively),
    Call("refs", 1, _append_and_ask),
)


def batch(n: int, size: int) -> list[Fact]:
    """Facts of two accounts."""
    return [fill(f"b{n}-{k}", ACCOUNTS[k % 2]) for k in range(size)]


# -------------------------------------------------------------------------------- of a book


def book_on(store: LogStore) -> Book:
    """A book with two accounts that may trade."""
    book = Book(store, Clock())
    for account in ACCOUNTS:
        book.open_account(account, base_currency="USD")
        book.define(
            account,
            ledger.Instrument(
                instrument_id="ESZ6", symbol="ES", kind=ledger.InstrumentKind.LINEAR,
                currency="USD", multiplier=Decimal(50),
            ),
        )  # fmt: skip
    return book


def _placed(book: Book, n: int) -> object:
    return book.place(
        "U1", cl_ord_id=f"c{n}", instrument_id="ESZ6", side=ledger.Side.SELL,
        order_qty=Decimal(3), occurred_at=HAPPENED,
    )  # fmt: skip


def _transferred(book: Book, n: int) -> object:
    return book.transfer(
        "U1", "U2", id=f"t{n}", instrument_id="ESZ6", qty=Decimal(1), occurred_at=HAPPENED
    )


def _traded(book: Book, n: int) -> object:
    return book.trade(
        "U1", exec_id=f"h{n}", instrument_id="ESZ6", side=ledger.Side.BUY, last_qty=Decimal(2),
        last_px=Decimal(5000), currency="USD", venue="IBKR", occurred_at=HAPPENED,
    )  # fmt: skip


BOOK_CALLS: Final = (
    Call("fact", 1, lambda book, n: book.record_all([fill(f"f{n}")])),
    Call("record_all", 60, lambda book, n: book.record_all(batch(n, 60))),
    Call("command", 1, _placed),
    Call("trade", 1, _traded),
    Call("transfer", 2, _transferred),
)


def figures(book: Book) -> list[object]:
    """What a book answers about all its accounts."""
    return [
        (book.positions(name), book.open_orders(name), book.balances(name)) for name in ACCOUNTS
    ]
