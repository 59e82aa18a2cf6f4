"""Transfers: units and money, in and out, once, at no invented cost."""

from __future__ import annotations

from typing import Any

import pytest

import ledger
from adapters.ingest import ingest
from ledger.domain.events import CashTransferred, Leg, PositionTransferred
from tests.brokers.flex import NOW, cash, element, file, read, trade

UNITS = {"currency": "USD", "assetCategory": "STK", "symbol": "ACME", "conid": "900001",
         "date": "2026-03-03", "type": "ACATS", "direction": "IN", "quantity": "100",
         "positionAmount": "1700", "cashTransfer": "0", "account": "--",
         "company": "OTHER BROKER"}  # fmt: skip
MONEY = {"currency": "EUR", "assetCategory": "CASH", "symbol": "--", "conid": "",
         "dateTime": "2026-03-03;10:29:32", "type": "INTERNAL", "direction": "OUT",
         "quantity": "0", "cashTransfer": "-250.5", "account": "U2"}  # fmt: skip


def units(**values: str) -> str:
    return element("Transfer", {**UNITS, **values})


def money(**values: str) -> str:
    return element("Transfer", {**MONEY, **values})


def transfers(*rows: str, **sections: Any) -> Any:
    return read(file({**sections, "Transfers": rows}))


@pytest.mark.parametrize("kind", ["ACATS", "ATON", "FOP", "INTERNAL"])
def test_units_that_come_in_have_an_unknown_cost_and_not_what_they_are_worth(kind: str) -> None:
    batch = transfers(units(type=kind))
    (record,) = batch.records
    assert isinstance(record.event, PositionTransferred)
    assert (record.event.leg, record.event.qty, record.event.lots) == (Leg.IN, 100, ())
    assert record.event.unknown_basis
    assert [one.instrument.symbol for one in batch.instruments] == ["ACME"]
    assert record.event.counterparty == "OTHER BROKER"


def test_money_keeps_its_sign_and_names_the_other_account() -> None:
    (record,) = transfers(money()).records
    assert isinstance(record.event, CashTransferred)
    assert (record.event.amount, record.event.currency) == (-250.5, "EUR")
    assert record.event.counterparty == "U2"


@pytest.mark.parametrize(
    ("held", "row", "left"),
    [
        ("100", units(direction="OUT", quantity="-60"), 40),
        ("-100", units(direction="OUT", quantity="60"), -40),
        (None, units(quantity="100"), 100),
        (None, units(quantity="-100"), -100),
    ],
    ids=["a long goes", "a short goes", "a long comes", "a short comes"],
)
def test_units_move_to_the_right_side(held: str | None, row: str, left: int) -> None:
    bought = [trade(transactionID="1", ibExecID="a.01", quantity=held)] if held else []
    batch = transfers(row, Trades=bought)
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, batch)
        assert ingest(book, batch).added == 0
        view = book.position("U1", "IBKR:900001")
        assert (view.net_qty, view.suspense_qty) == (left, 0)
        assert view.unknown_basis is (held is None)


def test_units_and_money_of_one_row_are_two_facts() -> None:
    batch = transfers(units(cashTransfer="12", transactionID="4"))
    assert [type(r.event) for r in batch.records] == [PositionTransferred, CashTransferred]


def test_lots_repeat_their_transfer() -> None:
    lot = element("TransferLot", {**UNITS, "quantity": "40"})
    detail = units(levelOfDetail="LOT", quantity="60")
    assert len(transfers(units(), lot, detail).records) == 1
    assert not transfers(units(), lot, detail).quarantine


def test_lots_alone_are_set_aside() -> None:
    batch = transfers(element("TransferLot", UNITS))
    assert "not in this file" in batch.quarantine[0].rule


def test_money_that_is_among_the_cash_transactions_too_is_booked_once() -> None:
    moved = cash(type="Deposits/Withdrawals", transactionID="7", amount="-250.5", currency="EUR")
    batch = transfers(money(transactionID="7"), CashTransactions=[moved])
    assert len(batch.records) == 1


def test_two_equal_transfers_without_ids_stay_two() -> None:
    batch = transfers(money(), money())
    assert len({record.event.id for record in batch.records}) == 2


@pytest.mark.parametrize(
    "row",
    [
        money(cashTransfer="250.5"),
        units(type="TELEPORT"),
        units(direction="-"),
        units(quantity="0"),
        units(quantity="x"),
        units(assetCategory="PERP"),
        units(date=""),
    ],
)
def test_a_row_that_contradicts_itself_or_is_unknown_is_set_aside(row: str) -> None:
    batch = transfers(row)
    assert (len(batch.records), len(batch.quarantine)) == (0, 1)
