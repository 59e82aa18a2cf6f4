"""Whose report it is: another account of the venue is not booked into these books."""

from __future__ import annotations

import attrs
import pytest

from adapters.ingest import ingest
from adapters.port import Batch
from adapters.whose import opened
from ledger.domain.events import AccountOpened, make_fact
from ledger.errors import BadFileError
from tests.brokers.flex import NOW, FakeBook, trade, trades

REPORT = attrs.evolve(trades(trade(ibExecID="a")), account="main")


def books(venue_account: str | None) -> FakeBook:
    book = FakeBook()
    opening = AccountOpened(base_currency="USD", venue_account=venue_account)
    book.record_all([make_fact("main", opening, NOW)])
    return book


def of(venue: str, account: str) -> Batch:
    return attrs.evolve(REPORT, venue=venue, venue_account=account)


def test_a_report_says_whose_it_is() -> None:
    assert (REPORT.venue_account, REPORT.whose) == ("U1", "IBKR:U1")


def test_a_report_of_another_account_is_refused_whole() -> None:
    book = books("IBKR:U1")
    before = list(book.store.read_all())
    told = "the report is of IBKR:U2, and account main is the books of IBKR:U1; nothing was"
    with pytest.raises(BadFileError, match=told):
        ingest(book, of("IBKR", "U2"))
    assert list(book.store.read_all()) == before


def test_it_is_booked_when_it_is_meant() -> None:
    book = books("IBKR:U1")
    assert ingest(book, of("IBKR", "U2"), other_account=True).counts["new"] == 2


@pytest.mark.parametrize(
    ("ours", "batch"),
    [
        ("IBKR:U1", of("IBKR", "U1")),
        ("IBKR:U1", of("IBKR", "")),
        ("IBKR:U1", of("IBKRX", "U2")),
        ("ALPACA:U2", of("IBKR", "U1")),
        (None, of("IBKR", "U1")),
    ],
)
def test_what_nobody_told_is_not_another_account(ours: str | None, batch: Batch) -> None:
    assert ingest(books(ours), batch).counts["new"] == 2


def test_an_account_may_be_known_by_another_of_its_names() -> None:
    number = attrs.evolve(of("ALPACA", "uuid-1"), also_called=("PA1",))
    assert ingest(books("ALPACA:PA1"), number).counts["new"] == 2
    with pytest.raises(BadFileError, match="the report is of ALPACA:uuid-1"):
        ingest(books("ALPACA:PA2"), number)


def test_the_account_tells_whose_books_it_is() -> None:
    event = opened(books("IBKR:U1").store, "main")
    assert event is not None
    assert event.venue_account == "IBKR:U1"
    assert opened(FakeBook().store, "main") is None


def test_an_opening_that_does_not_say_whose_is_no_other_opening() -> None:
    book = books("IBKR:U1")
    again = make_fact("main", AccountOpened(base_currency="USD"), NOW)
    assert type(book.record_all([again])[0]).__name__ == "AlreadyAppended"
