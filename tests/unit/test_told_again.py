"""A fill that is told again: what is new in it is kept, what is not has no effect."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ledger
from ledger.domain.events import FillBusted, FillSighted
from ledger.store.port import Outcome
from tests.unit.booking import BUY, at, opened

D = Decimal
FEE = (ledger.Fee(amount=D("0.35"), currency="USD"),)


def tell(book: ledger.Book, **more: Any) -> Outcome:
    fields: dict[str, Any] = {"instrument_id": "X", "side": BUY, "last_qty": D(2), "last_px": D(10)}
    return book.fill("A", exec_id="e", occurred_at=at(1), **fields, **more)


def test_a_fee_that_comes_with_the_second_telling_is_charged_once() -> None:
    book = opened()
    for _ in range(3):
        tell(book, fees=() if book.store.head() == 2 else FEE)
    assert book.position("A", "X").fees == {"USD": D("0.35")}
    assert book.balances("A")[0].total == D("-20.35")


def test_it_goes_with_the_fill_when_that_is_busted() -> None:
    book = opened()
    tell(book)
    tell(book, fees=FEE)
    book.record("A", FillBusted(exec_id="b", exec_ref_id="e"), occurred_at=at(2))
    assert book.balances("A")[0].total == 0


def test_a_fee_that_was_told_is_not_told_twice() -> None:
    book = opened()
    tell(book, fees=FEE)
    head = book.store.head()
    tell(book, fees=FEE)
    assert book.store.head() == head
    assert book.position("A", "X").fees == {"USD": D("0.35")}


def test_a_fee_that_is_told_in_parts_after_the_whole_is_charged_once() -> None:
    book = opened()
    parts = (D("0.30"), D("0.05"))
    tell(book)
    tell(book, fees=FEE)
    tell(book, fees=tuple(ledger.Fee(amount=one, currency="USD") for one in parts))
    assert book.position("A", "X").fees == {"USD": D("0.35")}


def test_what_else_is_new_is_a_sighting() -> None:
    book = opened()
    tell(book)
    tell(book, trade_id="t7")
    sighted = [r.event for r in book.log("A") if isinstance(r.event, FillSighted)]
    assert [one.trade_id for one in sighted] == ["t7"]
