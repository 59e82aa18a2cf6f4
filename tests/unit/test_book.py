"""The book: ten lines for a bot, everything once, and two processes on one file."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger import errors
from ledger.domain.events import Fact, FillBooked, OrderAccepted, make_fact
from tests.unit.booking import BUY, SELL, at, fill, opened, told

D = Decimal
ROOT = Path(__file__).resolve().parents[2]


def test_a_fact_told_twice_is_recorded_once() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    again = book.record("A", fill("e1", BUY, "1", "10"), occurred_at=at(50))
    assert isinstance(again, ledger.AlreadyAppended)
    assert book.position("A", "X").net_qty == 1


def test_the_same_id_with_another_price_is_a_conflict_and_changes_nothing() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    with pytest.raises(errors.ConflictError, match=r"10 booked, 11 now.* find out which is true"):
        book.record("A", fill("e1", BUY, "1", "11"))
    assert book.position("A", "X").cost_basis == 10


def test_in_a_batch_a_conflict_is_an_answer_and_the_rest_is_booked() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"))
    batch = [fact(fill("e1", BUY, "1", "11")), fact(fill("e2", BUY, "1", "12"))]
    outcomes = book.record_all(batch)
    kinds = [type(one) for one in outcomes]
    assert kinds == [ledger.Conflict, ledger.Appended]
    assert book.position("A", "X").net_qty == 2


def fact(event: FillBooked) -> Fact:
    return make_fact("A", event, at(9))


def test_a_dry_run_answers_and_writes_nothing() -> None:
    book = opened()
    head = book.store.head()
    (outcome,) = book.record_all([fact(fill("e1", BUY, "1", "10"))], dry_run=True)
    assert isinstance(outcome, ledger.Appended)
    assert (book.store.head(), book.position("A", "X").net_qty) == (head, 0)


def test_a_command_repeated_is_the_same_command() -> None:
    book = opened()
    order: dict[str, Any] = {"instrument_id": "X", "side": BUY, "order_qty": D(1)}
    first = book.place("A", cl_ord_id="c1", **order)
    again = book.place("A", cl_ord_id="c1", **order)
    assert first.recorded == again.recorded
    assert isinstance(again, ledger.AlreadyAppended)


def test_a_refused_command_leaves_no_trace() -> None:
    book = opened()
    head = book.store.head()
    with pytest.raises(errors.UnknownOrderError):
        book.cancel("A", cl_ord_id="c2", orig_cl_ord_id="c1")
    assert book.store.head() == head


def test_a_trade_by_hand_may_be_refused_and_a_brokers_may_not() -> None:
    book = told(opened(crossing=ledger.Crossing.REFUSE), fill("e1", BUY, "1", "10"))
    sale = {"exec_id": "e2", "instrument_id": "X", "side": SELL, "last_qty": D(2), "last_px": D(11)}
    with pytest.raises(errors.InsufficientLotsError, match="open lots: e1: 1"):
        book.trade("A", occurred_at=at(20), **sale)
    book.fill("A", occurred_at=at(20), **sale)
    assert book.position("A", "X").suspense_qty == -1


def test_what_was_booked_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    with ledger.open(url) as book:
        book.open_account("A", base_currency="USD")
        book.record("A", fill("e1", BUY, "1", "10"))
    with ledger.open(url) as book:
        assert book.position("A", "X").net_qty == 1
        assert book.verify().ok


def test_two_books_on_one_file_see_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    with ledger.open(url) as one, ledger.open(url) as other:
        one.open_account("A", base_currency="USD")
        assert other.positions("A") == []
        one.record("A", fill("e1", BUY, "1", "10"))
        assert other.position("A", "X").net_qty == 1
        other.record("A", fill("e2", BUY, "1", "10"))
        assert one.position("A", "X").net_qty == 2


def test_a_decision_is_made_again_when_another_book_was_faster(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    order: dict[str, Any] = {"instrument_id": "X", "side": BUY, "order_qty": D(1)}
    instrument = opened().position("A", "X").instrument
    assert instrument is not None
    with ledger.open(url) as one, ledger.open(url) as other:
        one.open_account("A", base_currency="USD")
        one.define("A", instrument)
        other.account("A")
        one.record("A", OrderAccepted(cl_ord_id="c0"))
        other.place("A", cl_ord_id="c1", **order)
        assert one.order("A", "c1").is_open


WRITER = """
import sys
from decimal import Decimal
import ledger
with ledger.open(sys.argv[1]) as book:
    for n in range(25):
        book.fill("A", exec_id=f"{sys.argv[2]}{n}", instrument_id="X", side=ledger.Side.BUY,
                  last_qty=Decimal(1), last_px=Decimal(10))
"""


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    ledger.open(url).open_account("A", base_currency="USD")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, name], cwd=ROOT) for name in "ab"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    with ledger.open(url) as book:
        assert book.position("A", "X").net_qty == 50
        assert book.verify().ok


@pytest.mark.parametrize("url", ["bot.db", "mysql://x", "memory://x", "sqlite://", ""])
def test_a_url_that_names_no_store_says_which_do(url: str) -> None:
    with pytest.raises(errors.UnknownStoreError, match="memory://"):
        ledger.open(url)


def test_a_closed_book_answers_nothing() -> None:
    book = opened()
    book.close()
    with pytest.raises(errors.StoreClosedError):
        book.position("A", "X")
