"""What is open in the books: each kind shows while it is open, and goes when it is answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from adapters.ingest import ingest
from adapters.issues import IssueKind, open_issues
from ledger.domain.events import (
    AccountKind,
    BreakOpened,
    BreakResolved,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderReplaced,
    OutcomeUnknown,
    PositionAdjusted,
    PositionOpenedMidLife,
)
from ledger.domain.gates import changed
from tests.brokers.flex import NOW, element, file, read, trade
from tests.unit.booking import BUY, SELL, at, fill, opened

D = Decimal


def found(book: ledger.Book, **when: Any) -> list[Any]:
    return open_issues(book, "A", **when)


def kinds(book: ledger.Book, **when: Any) -> list[str]:
    return [issue.kind.value for issue in found(book, **when)]


def cash_account() -> ledger.Book:
    """A cash account that sold two it never had, at second 20."""
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account("A", base_currency="USD", kind=AccountKind.CASH, occurred_at=at(0))
    book.define("A", SHARE)
    book.record("A", fill("s", SELL, "2", "10"), occurred_at=at(20))
    return book


SHARE = ledger.Instrument(
    instrument_id="X", symbol="XCO", kind=ledger.InstrumentKind.EQUITY, currency="USD"
)


def test_every_kind_has_an_answer() -> None:
    assert all(kind.answer for kind in IssueKind)


def test_books_without_an_issue_have_none() -> None:
    book = opened()
    book.record("A", fill("b", BUY, "2", "10"))
    assert found(book) == []


def test_an_account_that_was_never_opened() -> None:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.define("A", SHARE)
    assert kinds(book) == ["never opened"]
    book.open_account("A", base_currency="USD")
    assert kinds(book) == []


def test_suspense_until_the_missing_purchase_comes() -> None:
    book = cash_account()
    (issue,) = found(book)
    assert (issue.kind, issue.name, issue.qty) == (IssueKind.SUSPENSE, "XCO", -2)
    assert issue.what == "s: -2 without a counterpart (insufficient lots)"
    book.record("A", fill("b", BUY, "2", "9"), occurred_at=at(10))
    assert kinds(book) == []


def test_a_list_of_then_is_that_of_then() -> None:
    book = cash_account()
    before = book.store.head()
    book.record("A", fill("b", BUY, "2", "9"), occurred_at=at(10))
    assert kinds(book, known_at=before) == ["suspense"]
    assert kinds(book, known_at=before, as_of=at(15)) == []


def test_an_unknown_cost() -> None:
    book = opened()
    book.record("A", PositionOpenedMidLife(id="o", instrument_id="X", qty=D(5)))
    assert kinds(book) == ["unknown basis"]


def test_a_known_cost_is_no_issue() -> None:
    book = opened()
    book.record("A", PositionOpenedMidLife(id="o", instrument_id="X", qty=D(5), cost_basis=D(50)))
    book.record("A", PositionAdjusted(id="a", instrument_id="X", qty=D(1), basis=D(9), reason="r",
                                      who="w"))  # fmt: skip
    assert kinds(book) == []


def test_fills_of_an_undefined_instrument_until_it_is_defined() -> None:
    book = opened()
    book.fill("A", exec_id="e", instrument_id="NEW", side=BUY, last_qty=D(1), last_px=D(5))
    (issue,) = found(book)
    assert (issue.kind, issue.subject) == (IssueKind.UNVALUED, "NEW")
    assert "an instrument that is not defined" in issue.what
    book.define("A", changed(SHARE, instrument_id="NEW", symbol="NEW"))
    assert kinds(book) == []


def test_a_fill_without_a_price() -> None:
    book = opened()
    book.fill("A", exec_id="e", instrument_id="X", side=BUY, last_qty=D(1))
    assert "1 of its fills are without a price in" in found(book)[0].what


CONFLICT = trade(transactionID="1", ibExecID="aa.01")


def conflicting() -> ledger.Book:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account("A", base_currency="USD")
    for row in (CONFLICT, CONFLICT.replace('"16"', '"17"')):
        ingest(book, read(file({"Trades": [row]}), account="A"))
    return book


def test_a_conflict_names_both_contents() -> None:
    (issue,) = found(conflicting())
    assert (issue.kind, issue.name) == (IssueKind.CONFLICT, "ACME")
    assert issue.what == "aa.01: last_px 16 booked, 17 seen"
    assert issue.number is not None


@pytest.mark.parametrize(
    "answer",
    [
        FillCorrected(
            exec_id="c", exec_ref_id="aa.01", last_qty=D(100), last_px=D(17), venue="IBKR"
        ),
        FillBusted(exec_id="b", exec_ref_id="aa.01", venue="IBKR"),
    ],
)
def test_a_conflict_is_answered_by_what_becomes_of_the_fill(answer: Any) -> None:
    book = conflicting()
    book.record("A", answer)
    assert kinds(book) == []


def test_a_bust_before_the_conflict_answers_nothing() -> None:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account("A", base_currency="USD")
    ingest(book, read(file({"Trades": [CONFLICT]}), account="A"))
    book.record("A", FillBusted(exec_id="b", exec_ref_id="aa.01", venue="IBKR"))
    ingest(book, read(file({"Trades": [CONFLICT.replace('"16"', '"17"')]}), account="A"))
    assert kinds(book) == ["fill conflict"]


def test_a_bust_of_a_fill_that_nobody_reported_until_it_comes() -> None:
    book = opened()
    book.record("A", FillBusted(exec_id="b", exec_ref_id="e9", instrument_id="X"))
    (issue,) = found(book)
    assert (issue.kind, issue.name) == (IssueKind.UNLINKED, "X")
    assert issue.what == "fill-busted of e9, which nobody has reported"
    before = book.store.head()
    book.record("A", fill("e9", BUY, "2", "10"))
    assert (kinds(book), kinds(book, known_at=before)) == ([], ["unlinked reversal"])


def test_a_bust_that_was_linked_later_is_linked() -> None:
    book = opened()
    cancel = trade(transactionType="TradeCancel", transactionID="2", quantity="-100",
                   ibCommission="0", origTransactionID="1")  # fmt: skip
    ingest(book, read(file({"Trades": [cancel]}), account="A"))
    assert kinds(book) == ["unlinked reversal"]
    ingest(book, read(file({"Trades": [CONFLICT, cancel]}), account="A"))
    assert kinds(book) == []


def ordered(*names: str, qty: str = "2") -> ledger.Book:
    book = opened()
    for name in names:
        book.place("A", cl_ord_id=name, instrument_id="X", side=BUY, order_qty=D(qty))
        book.accept("A", name)
    return book


def executed(book: ledger.Book, exec_id: str, cl_ord_id: str, qty: str, after: int = 0) -> None:
    book.fill("A", exec_id=exec_id, instrument_id="X", side=BUY, last_qty=D(qty), last_px=D(1),
              cl_ord_id=cl_ord_id, occurred_at=at(after))  # fmt: skip


def test_an_order_executed_for_more_than_was_asked() -> None:
    book = ordered("o")
    executed(book, "e1", "o", "2")
    assert kinds(book) == []
    executed(book, "e2", "o", "1")
    (issue,) = found(book)
    assert (issue.kind, issue.subject, issue.qty) == (IssueKind.OVERFILL, "o", 1)


def test_an_order_that_was_replaced_to_more_is_not_overfilled() -> None:
    book = ordered("o")
    book.execute("A", ledger.ReplaceOrder(cl_ord_id="o2", orig_cl_ord_id="o", order_qty=D(3)))
    book.record("A", OrderReplaced(cl_ord_id="o2", orig_cl_ord_id="o", order_qty=D(3)))
    executed(book, "e1", "o", "1")
    executed(book, "e2", "o2", "2")
    assert kinds(book) == []
    executed(book, "e3", "o2", "1", after=60)
    assert kinds(book) == ["overfill"]


def test_an_external_order_has_nothing_to_exceed() -> None:
    book = opened()
    executed(book, "e1", "theirs", "2")
    assert kinds(book) == []


def test_both_legs_of_a_pair_that_exclude_each_other() -> None:
    book = ordered("stop", "target")
    link = ledger.LinkOrders(
        link_id="pair", contingency=ledger.Contingency.OCO, cl_ord_ids=("stop", "target")
    )
    book.execute("A", link)
    executed(book, "e1", "stop", "2")
    assert kinds(book) == []
    executed(book, "e2", "target", "2")
    (issue,) = found(book)
    assert (issue.kind, issue.subject) == (IssueKind.DOUBLE_EXPOSURE, "pair")
    assert "stop 2, target 2" in issue.what


def test_a_request_without_an_answer_until_one_is_heard() -> None:
    book = opened()
    book.place("A", cl_ord_id="o", instrument_id="X", side=BUY, order_qty=D(2))
    book.record("A", OutcomeUnknown(cl_ord_id="o"), occurred_at=at(50))
    assert kinds(book) == ["outcome unknown"]
    book.record("A", OrderAccepted(cl_ord_id="o"), occurred_at=at(60))
    assert kinds(book) == []


def test_a_break_until_it_is_resolved() -> None:
    book = opened()
    book.record("A", BreakOpened(break_id="k", kind="QTY", severity="HIGH", instrument_id="X",
                                 ledger_value="1", broker_value="2"))  # fmt: skip
    (issue,) = found(book)
    assert (issue.kind, issue.what) == (IssueKind.BREAK, "QTY: books 1, broker 2")
    book.record("A", BreakResolved(break_id="k", how="gone"))
    assert kinds(book) == []


def stating(position: str, until: str = "2026-03-06") -> Any:
    line = {"currency": "USD", "assetCategory": "STK", "symbol": "ACME", "conid": "900001",
            "multiplier": "1", "position": position}  # fmt: skip
    content = file({"Trades": [CONFLICT], "OpenPositions": [element("OpenPosition", line)]})
    return read(content.replace(b"2026-03-06", until.encode()), account="A")


def test_what_the_last_statement_states_otherwise() -> None:
    book = opened()
    ingest(book, stating("384"))
    (issue,) = found(book)
    assert (issue.kind, issue.name, issue.qty) == (IssueKind.STATEMENT, "ACME", 284)
    assert issue.what.startswith("position: booked 100, stated 384; unknown opening balance")
    before = book.store.head()
    opening = PositionOpenedMidLife(id="o", instrument_id="IBKR:900001", qty=D(284),
                                    cost_basis=D(1))  # fmt: skip
    book.record("A", opening, occurred_at=at(0))
    assert (kinds(book), kinds(book, known_at=before)) == ([], ["not as stated"])


def test_only_the_statement_that_reaches_furthest_counts() -> None:
    book = opened()
    ingest(book, stating("100", until="2026-03-31"))
    ingest(book, stating("384"))
    assert kinds(book) == []
