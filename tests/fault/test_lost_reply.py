"""The commit was kept and its answer was lost: sent again by key, everything counts once.

The same over a socket that is cut at the server's answer is in
``tests/contract/test_postgres_loss.py``.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.errors import InDoubtError, StoreBusyError, StoreError
from ledger.store.port import AlreadyAppended, Appended, Conflict
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from tests.contract.helpers import Clock, fill
from tests.fault.failing import BUSY, IO_ERROR, LOST_REPLY, FailingConnection, made_failing

TIMES = 1000


def test_lost_replies_make_no_duplicate_and_no_false_conflict(sqlite: SQLiteStore) -> None:
    connection = made_failing(sqlite)
    for n in range(TIMES):
        facts = [fill(n), fill(f"x{n}", "U2")]
        connection.fail(1, LOST_REPLY, only="COMMIT")
        with pytest.raises(InDoubtError, match="same facts again"):
            sqlite.append(facts, expected={"U1": n})
        again = sqlite.append(facts, expected={"U1": n})
        assert [type(one) for one in again] == [AlreadyAppended] * 2
    assert connection.failed == ["COMMIT"] * TIMES
    assert (sqlite.head(), sqlite.version("U1"), sqlite.version("U2")) == (2 * TIMES, TIMES, TIMES)
    other = sqlite.append([fill(n, last_qty=Decimal(99)) for n in range(TIMES)])
    assert {type(one) for one in other} == {Conflict}
    assert sqlite.verify().ok


def test_a_naive_table_has_them_twice(tmp_path: Path) -> None:
    """The negative control: no key, and so every retry is new."""
    connection = FailingConnection(sqlite3.connect(tmp_path / "naive.db", isolation_level=None))
    connection.execute("CREATE TABLE naive (number INTEGER PRIMARY KEY, exec_id TEXT)")
    for n in range(20):
        connection.fail(1, LOST_REPLY, only="COMMIT")
        for _ in range(2):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO naive (exec_id) VALUES (?)", [f"e{n}"])
            try:
                connection.execute("COMMIT")
            except sqlite3.OperationalError:
                continue
    count = "SELECT count(*), count(DISTINCT exec_id) FROM naive"
    assert connection.execute(count).fetchone() == (40, 20)
    connection.close()


def test_a_command_whose_reply_was_lost_counts_once(tmp_path: Path) -> None:
    with ledger.open(f"sqlite:///{tmp_path / 'book.db'}") as book:
        book.open_account("U1", base_currency="USD")
        kind = ledger.InstrumentKind.EQUITY
        book.define(
            "U1", ledger.Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD")
        )
        connection = made_failing(book.store)  # type: ignore[arg-type]
        for n in range(50):
            order: dict[str, Any] = {
                "cl_ord_id": f"c{n}", "instrument_id": "X", "side": ledger.Side.BUY,
                "order_qty": Decimal(1),
            }  # fmt: skip
            connection.fail(1, LOST_REPLY, only="COMMIT")
            with pytest.raises(InDoubtError):
                book.place("U1", **order)
            assert book.order("U1", f"c{n}").leaves_qty == 1
            assert isinstance(book.place("U1", **order), AlreadyAppended)
        assert len(book.open_orders("U1")) == 50
        assert book.verify().ok


def test_a_commit_that_was_undone_is_not_in_doubt(sqlite: SQLiteStore) -> None:
    connection = made_failing(sqlite)
    for failure, error in ((BUSY, StoreBusyError), (IO_ERROR, StoreError)):
        connection.fail(1, failure, only="COMMIT")
        with pytest.raises(error) as raised:
            sqlite.append([fill(1)])
        assert type(raised.value) is error
        assert sqlite.head() == 0
    assert isinstance(sqlite.append([fill(1)])[0], Appended)


def test_what_writes_no_facts_is_never_in_doubt(path: Path) -> None:
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(1)])
        connection = made_failing(store)
        for call in (
            lambda: store.append([fill(1)]),
            lambda: store.append([fill(2)], dry_run=True),
            store.digest,
        ):
            connection.fail(1, LOST_REPLY, only="COMMIT")
            with pytest.raises(StoreError) as raised:
                call()
            assert type(raised.value) is StoreError
        assert store.head() == 1
