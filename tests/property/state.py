"""The figures of an account, laid out so that two accounts can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ledger
from ledger.domain.accounts import Account
from ledger.domain.events import Fact
from ledger.domain.holding import Holding
from ledger.domain.positions import PositionKey
from ledger.errors import UnknownOrderError
from tests.property.worlds import ACCOUNT, START

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
NOT_FIGURES = {"lots", "pool"}
ORDERS = ("c1", "c2")


def folder() -> TemporaryDirectory[str]:
    """Where files are kept, in memory if it can be: each is synced many times, which costs nothing
    there."""
    return TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def book_of(facts: Iterable[Fact], url: str = "memory://") -> ledger.Book:
    """A fresh book that was told these facts, in this order, in one batch."""
    book = ledger.open(url, clock=lambda: START)
    book.record_all(list(facts))
    return book


def holdings(account: Account) -> dict[PositionKey, Holding]:
    """The holdings that anything ever moved."""
    return {
        key: position.holding
        for key, position in account.positions.items()
        if position.holding.last_at is not None
    }


def figures_of(holding: Holding) -> dict[str, Any]:
    """Every figure of a holding, and its lots."""
    names = [name for name in Holding.__slots__ if name not in NOT_FIGURES]
    return {name: getattr(holding, name) for name in names} | {"lots": holding.lot_list()}


def state_of(book: ledger.Book) -> dict[Any, Any]:
    """All that the resident account says."""
    return account_state(book.account(ACCOUNT)) | orders_of(book)


def account_state(account: Account) -> dict[Any, Any]:
    """All figures of an account: holdings, money, and what is still unsettled."""
    state: dict[Any, Any] = {key: figures_of(one) for key, one in holdings(account).items()}
    balances = account.balances()
    state["balances"] = [(one.currency, one.total, one.settled) for one in balances if one.total]
    return state


def orders_of(book: ledger.Book, names: Sequence[str] = ORDERS, **when: Any) -> dict[Any, Any]:
    """The views of the orders that are known: none while nobody heard of the account."""
    found: dict[Any, Any] = {}
    for name in names if book.store.version(ACCOUNT) else ():
        try:
            found[name] = book.order(ACCOUNT, name, **when)
        except UnknownOrderError:
            continue
    return found
