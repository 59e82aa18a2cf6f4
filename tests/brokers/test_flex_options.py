"""Exercises, assignments and expiries: told by trades and by ``OptionEAE``, and counted once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from adapters.brokers.ibkr_flex import options
from adapters.ingest import ingest
from ledger.domain.events import FillBooked, OptionExercised, OptionExpired
from tests.brokers.flex import NOW, element, file, read, trade

OPTION = {"assetCategory": "OPT", "symbol": "ACME  260306C00016000", "conid": "900009",
          "currency": "USD", "multiplier": "100"}  # fmt: skip
STOCK = {"assetCategory": "STK", "symbol": "ACME", "conid": "900001", "currency": "USD",
         "multiplier": "1"}  # fmt: skip


def told(kind: str, qty: str, of: dict[str, str] = OPTION, **values: str) -> str:
    row = {"date": "2026-03-06", "transactionType": kind, "quantity": qty, "tradePrice": "0"}
    return element("OptionEAE", {**of, **row, **values})


def booked(qty: str, of: dict[str, str] = OPTION, **values: str) -> str:
    row = {"transactionType": "BookTrade", "dateTime": "2026-03-06;16:20:00", "quantity": qty,
           "tradePrice": "0", "ibCommission": "0", "tradeID": ""}  # fmt: skip
    return trade(**{**of, **row, **values})


def bought(qty: str = "2", **values: str) -> str:
    return trade(**{**OPTION, "quantity": qty, "tradePrice": "3", "transactionID": "1", **values})


def both(trades: list[str] | None, rows: list[str]) -> Any:
    sections = {"OptionEAE": rows} if trades is None else {"Trades": trades, "OptionEAE": rows}
    return read(file(sections))


def net(batch: Any, about: str = "IBKR:900009") -> Decimal:
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, batch)
        assert ingest(book, batch).added == 0
        view = book.position("U1", about)
        assert not view.suspense_qty
        return view.net_qty


@pytest.mark.parametrize("ids", [{}, {"tradeID": "77"}], ids=["by content", "by trade"])
def test_with_the_trade_that_tells_it_it_is_counted_once(ids: Any) -> None:
    batch = both([bought(), booked("-2", **ids)], [told("Expiration", "-2", **ids)])
    assert (len(batch.records), batch.quarantine) == (2, ())
    assert net(batch) == 0


def test_delivery_is_counted_once_too() -> None:
    trades = [bought(), booked("-2"), booked("200", STOCK, tradePrice="16")]
    rows = [told("Exercise", "-2"), told("Buy", "200", STOCK, tradePrice="16")]
    batch = both(trades, rows)
    assert (len(batch.records), batch.quarantine) == (3, ())
    assert net(batch, "IBKR:900001") == 200


def test_one_trade_tells_one_row() -> None:
    batch = both([bought("4"), booked("-2")], [told("Expiration", "-2")] * 2)
    assert (len(batch.records), len(batch.quarantine)) == (2, 1)
    assert "no BookTrade row of this file tells" in batch.quarantine[0].rule


def test_without_trades_in_the_file_it_is_booked() -> None:
    rows = [told("Expiration", "-1"), told("Assignment", "3"), told("Exercise", "-2"),
            told("Sell", "-300", STOCK, tradePrice="16", commisionsAndTax="-1.5")]  # fmt: skip
    batch = both(None, rows)
    expired, assigned, exercised, sold = (record.event for record in batch.records)
    assert (type(expired), type(assigned), type(sold)) == (
        OptionExpired, OptionExercised, FillBooked,
    )  # fmt: skip
    assert (assigned.assigned, exercised.assigned) == (True, False)
    assert (sold.last_qty, sold.last_px, sold.fees[0].amount) == (300, 16, Decimal("1.5"))


def test_an_option_bought_and_expired_on_a_day_is_closed_after_it_was_bought() -> None:
    earlier = read(file({"Trades": [bought(dateTime="2026-03-06;15:00:00")]}))
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, earlier)
        ingest(book, both(None, [told("Expiration", "-2")]))
        view = book.position("U1", "IBKR:900009")
        assert (view.net_qty, view.suspense_qty, view.realized_pnl) == (0, 0, -600)


@pytest.mark.parametrize(
    ("held", "closing", "money", "realized"),
    [("2", "-2", "4654.68", "4054.68"), ("-2", "2", "-4654.68", "-4054.68")],
    ids=["exercised", "assigned"],
)
def test_a_settlement_in_cash_is_what_the_closing_trade_closed_for(
    held: str, closing: str, money: str, realized: str
) -> None:
    kind = "Exercise" if held == "2" else "Assignment"
    rows = [told(kind, closing), told("Cash Settlement", "0", proceeds=money)]
    batch = both([bought(held), booked(closing)], rows)
    assert not batch.quarantine
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, batch)
        assert book.position("U1", "IBKR:900009").realized_pnl == Decimal(realized)


@pytest.mark.parametrize(
    ("trades", "row"),
    [
        ([bought(), booked("-2")], told("Cash Settlement", "0")),
        ([bought(), booked("-2")], told("Cash Settlement", "0", proceeds="-5")),
        ([bought()], told("Cash Settlement", "0", proceeds="5")),
        (None, told("Cash Settlement", "0", proceeds="5")),
        (None, told("Levitation", "1")),
        (None, told("Sell", "100", STOCK, tradePrice="16")),
        (None, told("Expiration", "")),
    ],
    ids=["no money", "the other sign", "no trade", "no trades", "unknown", "the sign", "no units"],
)
def test_what_cannot_be_told_is_set_aside(trades: list[str] | None, row: str) -> None:
    batch = both(trades, [row])
    assert len(batch.quarantine) == 1
    assert len(batch.records) == len(trades or [])


def test_many_settlements_look_at_each_trade_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, day = [], options._day

    def counted(*args: Any) -> str:
        looked.append(args)
        return day(*args)

    monkeypatch.setattr(options, "_day", counted)
    count = 50
    contracts = [{**OPTION, "conid": str(number)} for number in range(1, count + 1)]
    trades = [booked("-2", of, transactionID=of["conid"]) for of in contracts]
    rows = [told("Cash Settlement", "0", of, proceeds="35") for of in contracts]
    batch = both(trades, rows)
    assert [record.event.gross_trade_amt for record in batch.records] == [35] * count
    assert len(looked) <= 4 * count


def held(**values: str) -> str:
    row = {**OPTION, "multiplier": "", "position": "-2", "levelOfDetail": "SUMMARY"}
    return element("OpenPosition", {**row, **values})


@pytest.mark.parametrize(
    "worth",
    [
        {"markPrice": "1.5", "positionValue": "-300"},
        {"costBasisPrice": "2.25", "costBasisMoney": "-450"},
        {
            "markPrice": "0",
            "positionValue": "0",
            "costBasisPrice": "2.25",
            "costBasisMoney": "-450",
        },
    ],
    ids=["value", "cost", "worth nothing"],
)
def test_a_position_without_its_multiplier_has_the_one_its_money_says(worth: Any) -> None:
    batch = read(file({"OpenPositions": [held(**worth)]}))
    assert [one.instrument.multiplier for one in batch.instruments] == [100]
    assert not batch.quarantine


@pytest.mark.parametrize(
    "worth",
    [
        {},
        {"markPrice": "1.7", "positionValue": "-300"},
        {
            "markPrice": "1.7",
            "positionValue": "-300",
            "costBasisPrice": "2",
            "costBasisMoney": "-400",
        },
        {
            "markPrice": "1.6",
            "positionValue": "-300",
            "costBasisPrice": "2",
            "costBasisMoney": "-400",
        },
        {"markPrice": "1.5", "positionValue": "300"},
    ],
    ids=["no money", "rounded", "rounded beside a cost", "two", "the other sign"],
)
@pytest.mark.parametrize("category", ["OPT", "FOP", "FUT"])
def test_a_multiplier_that_no_row_tells_is_not_one(category: str, worth: Any) -> None:
    batch = read(file({"OpenPositions": [held(assetCategory=category, **worth)]}))
    assert (batch.instruments, batch.positions[0].qty) == ((), -2)
    assert [(one.field, one.rule) for one in batch.quarantine] == [
        ("multiplier", "missing: add it to the Flex query")
    ]


def test_a_position_without_its_multiplier_is_what_a_trade_of_the_file_defines() -> None:
    trades = [bought("-2", multiplier="", proceeds="600")]
    batch = read(file({"Trades": trades, "OpenPositions": [held()]}))
    assert [one.instrument.multiplier for one in batch.instruments] == [100]
    assert not batch.quarantine


@pytest.mark.parametrize("category", ["OPT", "FUT"])
def test_what_the_books_know_of_a_contract_is_left_where_a_later_file_does_not_tell_it(
    category: str,
) -> None:
    expired = booked("-2", assetCategory=category, multiplier="")
    later = read(file({"Trades": [expired], "OpenPositions": [held(position="1")]}))
    assert not later.instruments
    assert [found.what for found in later.findings] == [
        "ACME  260306C00016000 (IBKR:900009) is not defined by this file, since its multiplier is "
        "missing: add multiplier to the Flex query"
    ]
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, read(file({"Trades": [bought("3", assetCategory=category)]})))
        told = ingest(book, later)
        assert told.counts["changed"] == 0
        view = book.position("U1", "IBKR:900009")
        assert view.instrument is not None
        assert (view.net_qty, view.instrument.multiplier) == (1, 100)


def test_units_of_an_option_that_nothing_defines_move_and_make_no_multiplier() -> None:
    row = {**OPTION, "multiplier": "", "date": "2026-03-03", "type": "ACATS", "direction": "IN",
           "quantity": "2", "cashTransfer": "0", "account": "--"}  # fmt: skip
    batch = read(file({"Transfers": [element("Transfer", row)]}))
    assert (batch.instruments, batch.quarantine) == ((), ())
    assert len(batch.findings) == 1
    assert net(batch) == 2


def settled(money: str) -> str:
    return told("Cash Settlement", "0", proceeds=money)


@pytest.mark.parametrize(
    ("closing", "money"),
    [
        ([("-2", "50", "10000")], ["10000"]),
        ([("-2", "50", "")], ["10000"]),
        ([("-2", "0", "10000")], ["10000"]),
        ([("2", "50", "-10000")], ["-10000"]),
        ([("-1", "50", "5000"), ("-1", "50", "5000")], ["10000"]),
        ([("-2", "50", "10000")], ["4000", "6000"]),
    ],
    ids=["its money", "its price", "money alone", "assigned", "two trades", "two rows"],
)
def test_a_settlement_whose_money_the_closing_trade_has_is_counted_once(
    closing: list[tuple[str, str, str]], money: list[str]
) -> None:
    trades = [booked(qty, tradePrice=px, proceeds=cash, transactionID=str(9 + place))
              for place, (qty, px, cash) in enumerate(closing)]  # fmt: skip
    opening = bought("-2" if money[0].startswith("-") else "2")
    rows = [told("Exercise", qty) for qty, _, _ in closing] + [settled(one) for one in money]
    batch = both([opening, *trades], rows)
    assert not batch.quarantine
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, batch)
        sign = 1 if opening == bought("2") else -1
        assert book.position("U1", "IBKR:900009").realized_pnl == sign * (10000 - 600)


def test_each_settlement_is_told_by_the_trade_that_has_it_and_the_rest_by_those_for_nothing() -> (
    None
):
    trades = [booked("-1", transactionID="8"),
              booked("-1", transactionID="9", tradePrice="50", proceeds="5000")]  # fmt: skip
    batch = both(trades, [settled("5000"), settled("4000")])
    assert [record.event.gross_trade_amt or 5000 for record in batch.records] == [4000, 5000]
    assert not batch.quarantine


def test_a_settlement_that_differs_from_the_money_of_its_trade_is_not_to_be_entered_again() -> None:
    closing = booked("-2", tradePrice="50", proceeds="10000")
    batch = both([bought(), closing], [settled("9999")])
    (aside,) = batch.quarantine
    assert aside.rule == (
        "a settlement in cash, where the trades that close the option make 10000: that is booked; "
        "find out which is right, and enter no more than the difference"
    )


def test_a_sale_on_the_market_is_no_settlement() -> None:
    sale = bought("-2", tradePrice="50", transactionID="9", dateTime="2026-03-06;15:00:00")
    batch = both([bought("4"), sale, booked("-2")], [settled("10000")])
    assert (batch.quarantine, batch.records[2].event.gross_trade_amt) == ((), 10000)
