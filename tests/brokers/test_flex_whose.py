"""Whose rows they are, and what an id made from content depends on."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ingest import ingest
from ledger.domain.events import FillBooked
from tests.brokers.flex import FakeBook, cash, element, file, read, trade


def whose(account: str) -> Any:
    return read(file({"Trades": [trade(ibExecID="a", accountId=account)]}))


@pytest.mark.parametrize("account", ["U1", "", "-"])
def test_a_row_of_the_statements_account_is_booked(account: str) -> None:
    batch = whose(account)
    assert (len(batch.records), batch.quarantine) == (1, ())


def test_a_row_of_another_account_is_set_aside() -> None:
    batch = whose("U2")
    (row,) = batch.quarantine
    assert (batch.records, row.field, row.value) == ((), "accountId", "U2")
    assert "another account than its statement's, U1" in row.rule
    assert row.digest
    assert "accountId" in row.raw


def test_a_row_of_the_accounts_segment_for_coins_is_the_accounts() -> None:
    batch = whose("U1-P")
    assert (len(batch.records), batch.quarantine) == (1, ())


@pytest.mark.parametrize("account", ["U1-Q", "U2-P", "U1-P-P", "-P"])
def test_a_row_of_a_name_that_only_looks_like_the_segment_is_set_aside(account: str) -> None:
    assert [row.value for row in whose(account).quarantine] == [account]


def test_the_segments_balance_is_no_balance_of_the_account() -> None:
    own = {"currency": "USD", "endingCash": "5", "accountId": "U1"}
    other = own | {"accountId": "U1-P", "endingCash": "2"}
    rows = [element("CashReportCurrency", one) for one in (own, other)]
    batch = read(file({"CashReport": rows}))
    assert [str(one.ending) for one in batch.balances] == ["5"]
    assert [row.value for row in batch.quarantine] == ["U1-P"]


def test_the_funds_of_a_segment_are_a_chain_of_their_own() -> None:
    base = {"currency": "USD", "levelOfDetail": "Currency", "activityCode": "BUY"}
    lines = [
        base | {"accountId": account, "amount": amount, "balance": balance}
        for account, amount, balance in (
            ("U1", "-10", "90"), ("U1-P", "-20", "30"), ("U1", "-5", "85"), ("U1-P", "-1", "29"),
        )
    ]  # fmt: skip
    rows = [element("StatementOfFundsLine", line) for line in lines]
    content = file({"Trades": [], "StmtFunds": rows})
    assert not [found for found in read(content).findings if "balance before" in found.what]
    mixed = content.replace(b"U1-P", b"U1")
    assert [found for found in read(mixed).findings if "balance before" in found.what]


def alone(content: bytes) -> bytes:
    """The statement without the frame around it."""
    return content[content.index(b"<FlexStatement ") : content.index(b"</FlexStatements>")]


def test_a_statement_without_its_frame_is_read() -> None:
    content = file({"Trades": [trade(ibExecID="a")], "OpenPositions": []})
    framed, bare = read(content), read(alone(content))
    assert bare.records == framed.records
    assert bare.coverage == framed.coverage


def test_a_row_without_id_is_the_same_in_whichever_zone_it_is_read() -> None:
    content = file({"Trades": [trade()], "CashTransactions": [cash()]})
    book = FakeBook()
    ingest(book, read(content, time_zone="America/New_York"))
    assert ingest(book, read(content, time_zone="UTC")).counts["new"] == 0
    other = content.replace(b"2026-03-02;10:15:00", b"2026-03-02;10:15:01")
    assert ingest(book, read(other, time_zone="UTC")).counts["new"] == 1


def test_statements_that_cut_a_second_make_one_order() -> None:
    first, second = (trade(tradePrice=px) for px in ("16", "17"))
    third = trade(tradePrice="18")
    found = set()
    for files in ([[first, second], [second, third]], [[second, third], [first, second]]):
        book = FakeBook()
        for rows in files:
            ingest(book, read(file({"Trades": rows})))
        events = (one.event for one in book.store.read("U1"))
        fills = [event for event in events if isinstance(event, FillBooked)]
        found.add(tuple(str(one.last_px) for one in sorted(fills, key=lambda one: one.seq or 0)))
    assert found == {("16", "17", "18")}


@pytest.mark.parametrize(
    ("told", "base"), [({"currency": "CHF"}, "CHF"), ({"currency": "-"}, ""), ({}, "")]
)
def test_what_the_account_reports_in_is_the_statements_word(
    told: dict[str, str], base: str
) -> None:
    content = file({"Trades": [trade(ibExecID="a")]})
    row = element("AccountInformation", {"accountId": "U1", **told})
    batch = read(content.replace(b"<Trades>", f"{row}<Trades>".encode()))
    assert batch.base_currency == base
