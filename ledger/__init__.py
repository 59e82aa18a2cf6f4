"""Event-sourced order and position ledger: exact, bitemporal, provable.

>>> import ledger
>>> with ledger.open("memory://") as book:
...     _ = book.open_account("paper", base_currency="USD")
...     book.balances("paper")
[]
"""

from __future__ import annotations

from collections.abc import Callable as _Callable
from datetime import datetime as _datetime

from ledger.book import Book
from ledger.clock import system_clock as _system_clock
from ledger.domain.events import (
    AccountKind,
    Booking,
    Contingency,
    Crossing,
    Fee,
    FeeKind,
    FeeRule,
    Intent,
    LotSelector,
    Meta,
    OrdType,
    Side,
    Source,
    StopReason,
    TimeInForce,
    make_fact,
)
from ledger.domain.instruments import Instrument, InstrumentKind, Settles, TickRounding
from ledger.domain.numbers import parse, text
from ledger.domain.order_commands import (
    CancelOrder,
    LinkOrders,
    MoveStop,
    MoveTarget,
    PlaceOrder,
    ReplaceOrder,
)
from ledger.domain.order_status import OrdStatus
from ledger.domain.prices import Price, PriceKind, Rate
from ledger.errors import LedgerError, UnknownStoreError
from ledger.store.backup import backup, restore
from ledger.store.memory import MemoryStore
from ledger.store.port import AlreadyAppended, Appended, Conflict, EventStore, PriceOutcome
from ledger.store.sqlite import SQLiteStore

_Clock = _Callable[[], _datetime]


def open(url: str, *, clock: _Clock = _system_clock, audit: bool = False) -> Book:
    """Open a book: ``sqlite:///path/to/file.db`` (made on first use), ``memory://`` or
    ``postgresql://user@host/database?schema=tradeledger`` (needs the extra ``postgres``).

    ``clock`` says when a fact was learned; every answer but ``recorded_at`` is free of it.
    With ``audit`` a store is only read, also one that is refused otherwise since its tables or
    triggers were changed: ``ledger.open(url, audit=True).verify()`` says what is wrong.
    """
    return Book(open_store(url, clock=clock, audit=audit), clock)


def open_store(url: str, *, clock: _Clock = _system_clock, audit: bool = False) -> EventStore:
    """Open the event store behind a url, without a book."""
    scheme, found, path = url.partition("://")
    if found and scheme == "memory" and not path:
        return MemoryStore(clock)
    if found and scheme == "sqlite" and path.startswith("/") and len(path) > 1:
        return SQLiteStore(path[1:], clock, audit=audit)
    if found and scheme == "postgresql":
        return _open_postgres(url, clock, audit=audit)
    shown = url if "@" not in url else f"{scheme}://..."  # there may be a password before the @
    raise UnknownStoreError(
        f"{shown!r} names no store; write sqlite:///relative/file.db, sqlite:////absolute/file.db, "
        "postgresql://user@host/database or memory://"
    )


def _open_postgres(url: str, clock: _Clock, *, audit: bool) -> EventStore:
    """Imported only here: the driver is an extra, and takes its time to load."""
    try:
        from ledger.store.postgres import PostgresStore
    except ImportError as error:
        raise UnknownStoreError(
            f"PostgreSQL needs a driver that is not there ({error}); install tradeledger[postgres]"
        ) from error
    return PostgresStore(url, clock, audit=audit)


__all__ = [
    "AccountKind", "AlreadyAppended", "Appended", "Book", "Booking", "CancelOrder", "Conflict",
    "Contingency", "Crossing", "EventStore", "Fee", "FeeKind", "FeeRule", "Instrument",
    "InstrumentKind", "Intent", "LedgerError", "LinkOrders", "LotSelector", "MemoryStore", "Meta",
    "MoveStop", "MoveTarget", "OrdStatus", "OrdType", "PlaceOrder", "Price", "PriceKind",
    "PriceOutcome", "Rate", "ReplaceOrder", "SQLiteStore", "Settles", "Side", "Source",
    "StopReason", "TickRounding", "TimeInForce", "backup", "make_fact", "open", "open_store",
    "parse", "restore", "text",
]  # fmt: skip
