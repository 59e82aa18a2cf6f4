"""Files that overlap, whose queries have more or fewer ids: each fill counts once."""

from __future__ import annotations

from typing import Any

import pytest

import ledger
from adapters.brokers.ibkr_flex import parse
from adapters.ingest import ingest
from adapters.port import AccountConfig, RawPage
from tests.brokers.flex import NOW, file, trade, trades

IDS = {"ibExecID": "0000d349.68f1.01.01", "transactionID": "31", "tradeID": "71"}
MORE = {"ibExecID": "0000d349.68f2.01.01", "transactionID": "32", "tradeID": "72"}
CANCEL = {"transactionType": "TradeCancel", "quantity": "-100", "buySell": "BUY (Ca.)",
          "ibCommission": "6"}  # fmt: skip


def only(names: str, ids: dict[str, str], **values: str) -> str:
    return trade(**{name: ids[name] for name in names.split()}, **values)


def held(*batches: Any) -> Any:
    """Units after all, and how many fills were found under other ids in the last, told twice."""
    with ledger.open("memory://", clock=lambda: NOW) as book:
        for batch in batches:
            report = ingest(book, batch)
            assert ingest(book, batch).added == 0
        return book.position("U1", "IBKR:900001").net_qty, report.of_other_ids


@pytest.mark.parametrize("order", [{}, {"ibOrderID": "9"}], ids=["", "with its order"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("transactionID", "ibExecID transactionID"),
        ("transactionID tradeID", "ibExecID transactionID tradeID"),
        ("ibExecID transactionID", "transactionID"),
        ("tradeID", "ibExecID transactionID tradeID"),
        ("tradeID", "transactionID tradeID"),
        ("tradeID", "ibExecID tradeID"),
        ("ibExecID transactionID tradeID", "tradeID"),
        ("transactionID tradeID", "tradeID"),
        ("ibExecID tradeID", "tradeID"),
    ],
)
def test_a_query_that_gained_or_lost_ids_books_no_fill_twice(
    first: str, second: str, order: dict[str, str]
) -> None:
    before = trades(only(first, IDS, **order), only(first, MORE, **order))
    after = trades(only(second, IDS, **order), only(second, MORE, **order))
    assert held(before, after) == (200, 2)
    assert held(before, after, before) == (200, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": "99"},
        {"tradePrice": "16.01"},
        {"dateTime": "2026-03-02;10:15:01"},
        {"quantity": "-100"},
        {"conid": "900002"},
    ],
    ids=["quantity", "price", "time", "side", "contract"],
)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("transactionID tradeID", "ibExecID transactionID tradeID"),
        ("ibExecID transactionID tradeID", "transactionID tradeID"),
        ("tradeID", "ibExecID transactionID tradeID"),
        ("ibExecID transactionID tradeID", "tradeID"),
    ],
)
def test_what_differs_is_another_fill(first: str, second: str, other: dict[str, str]) -> None:
    assert held(trades(only(first, IDS)), trades(only(second, IDS, **other)))[1] == 0


def test_two_executions_of_one_trade_and_one_content_stay_two() -> None:
    twin = {**MORE, "tradeID": "71"}
    full, fewer = "ibExecID transactionID tradeID", "tradeID"
    assert held(trades(only(full, IDS)), trades(only(full, twin))) == (200, 0)
    one, two = trades(only(fewer, IDS)), trades(only(full, IDS), only(full, twin))
    assert held(one, two) == (200, 1)
    assert held(two, trades(only(fewer, IDS), only(fewer, twin))) == (200, 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("transactionID tradeID", "ibExecID transactionID tradeID"),
        ("ibExecID transactionID tradeID", "transactionID tradeID"),
    ],
)
def test_a_cancel_undoes_the_fill_under_the_id_that_is_on_record(first: str, second: str) -> None:
    anew = {**MORE, "tradeID": "71"}
    cancel = trade(**CANCEL, transactionID="33", origTransactionID="31")
    full = trades(only(second, IDS), cancel, only(second, anew))
    assert held(trades(only(first, IDS)), full) == (100, 1)
    assert held(trades(only(first, IDS)), trades(cancel, only(second, anew))) == (100, 0)
    assert held(trades(only(first, IDS), cancel, only(first, anew)), full) == (100, 2)


def test_a_later_revision_undoes_the_earlier_under_the_id_that_is_on_record() -> None:
    later = {**MORE, "ibExecID": "0000d349.68f1.01.02"}
    before = trades(only("transactionID", IDS), only("transactionID", later))
    after = trades(only("ibExecID transactionID", IDS), only("ibExecID transactionID", later))
    assert held(before, after) == (100, 2)


def test_a_trade_booked_anew_is_not_what_it_stands_for() -> None:
    anew = {**MORE, "tradeID": "71"}
    cancel = trade(**CANCEL, transactionID="33", origTradeID="71")
    before = trades(only("tradeID", IDS))
    after = trades(cancel, only("ibExecID transactionID tradeID", anew))
    assert held(before, after)[1] == 0


def test_another_posting_of_the_same_trade_is_another_fill() -> None:
    anew = {**MORE, "tradeID": "71"}
    before = trades(only("ibExecID transactionID tradeID", IDS))
    assert held(before, trades(only("transactionID tradeID", anew))) == (200, 0)


def pages(*files: bytes) -> Any:
    named = [RawPage(name=f"{place}.xml", content=content) for place, content in enumerate(files)]
    return parse(named, AccountConfig())


@pytest.mark.parametrize("before", [None, "transactionID", "ibExecID transactionID", "tradeID"])
def test_pages_of_one_report_may_differ_in_their_ids(before: str | None) -> None:
    few = file({"Trades": [only("transactionID tradeID", IDS)]})
    full = file({"Trades": [only("ibExecID transactionID tradeID", IDS)]})
    booked = [trades(only(before, IDS))] if before else []
    for report in (pages(few, full), pages(full, few), pages(full, full), pages(few, few)):
        assert held(*booked, report)[0] == 100
        assert held(*booked, report, report)[0] == 100
