"""A command that others keep overtaking: decided at last with the writer's lock held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.book import RETRIES
from ledger.domain.events import CashDeposited, Fact, InstrumentDefined, make_fact
from ledger.errors import StaleStreamError
from ledger.store.memory import MemoryStore
from ledger.store.port import Outcome

START = datetime(2026, 1, 5, tzinfo=UTC)


class Overtaken(MemoryStore):
    """Somebody else deposits a dollar between every decision and its append, unless kept out."""

    obeys = True

    def __init__(self) -> None:
        super().__init__(lambda: START)
        self.is_held = False
        self.overtaken = 0

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.is_held = self.obeys
        with super().exclusive():
            yield
        self.is_held = False

    def append(self, facts: Sequence[Fact], **how: Any) -> list[Outcome]:
        if how.get("expected") and not self.is_held:
            self.overtaken += 1
            amount = CashDeposited(id=str(self.overtaken), amount=Decimal(1), currency="USD")
            super().append([make_fact("A", amount, START)])
        return super().append(facts, **how)


class Unruly(Overtaken):
    """Nobody heeds the lock."""

    obeys = False


def opened(store: MemoryStore) -> ledger.Book:
    """A book whose account was told what it trades: facts are not decided, nor overtaken."""
    book = ledger.Book(store, lambda: START)
    book.open_account("A", base_currency="USD")
    kind = ledger.InstrumentKind.EQUITY
    share = ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD")
    book.record("A", InstrumentDefined(instrument=share))
    return book


def place(book: ledger.Book) -> None:
    book.place("A", cl_ord_id="c1", instrument_id="X", side=ledger.Side.BUY, order_qty=Decimal(1))


def test_a_command_that_is_overtaken_again_and_again_goes_through() -> None:
    store = Overtaken()
    book = opened(store)
    place(book)
    assert store.overtaken == RETRIES
    assert [order.cl_ord_id for order in book.open_orders("A")] == ["c1"]
    assert book.balances("A")[0].total == RETRIES
    assert book.verify().ok


def test_where_the_lock_keeps_nobody_out_the_command_says_that_it_was_overtaken() -> None:
    book = opened(Unruly())
    with pytest.raises(StaleStreamError):
        place(book)
    assert book.open_orders("A") == []


def test_what_fails_while_the_lock_is_held_leaves_no_trace() -> None:
    store = Overtaken()
    book = opened(store)
    with pytest.raises(ledger.errors.InvalidOrderError):
        book.place(
            "A", cl_ord_id="c1", instrument_id="X", side=ledger.Side.BUY, order_qty=Decimal(0)
        )
    place(book)
    assert [order.cl_ord_id for order in book.open_orders("A")] == ["c1"]
