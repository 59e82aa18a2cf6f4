"""The N-th statement of a call fails, for every N: the old state or the new one, an error that
says which, and the next call works."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

import pytest

from ledger.book import Book
from ledger.domain.accounts import Account
from ledger.errors import InDoubtError, StoreBusyError, StoreError, StoreFullError
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import Clock, fill
from tests.fault.calls import BOOK_CALLS, STORE_CALLS, Call, book_on, figures
from tests.fault.failing import (
    BUSY,
    FULL,
    IO_ERROR,
    LOST_REPLY,
    FailingConnection,
    Failure,
    made_failing,
)

FAILURES: Final[dict[Failure, set[type[StoreError]]]] = {
    BUSY: {StoreBusyError},
    FULL: {StoreFullError},
    IO_ERROR: {StoreError},
    LOST_REPLY: {StoreError, InDoubtError},
}

each_failure = pytest.mark.parametrize(
    "failure", FAILURES, ids=["busy", "full", "io", "lost reply"]
)


def attempt(call: Call, on: object, n: int) -> StoreError | None:
    """Make a call; the error that it ended in."""
    try:
        call.run(on, n)
    except StoreError as error:
        return error
    return None


@each_failure
@pytest.mark.parametrize("call", STORE_CALLS, ids=str)
def test_any_statement_of_an_append_may_fail(
    sqlite: SQLiteStore, call: Call, failure: Failure
) -> None:
    connection = made_failing(sqlite)
    for n in count(1):
        before, failed = sqlite.head(), len(connection.failed)
        connection.fail(n, failure)
        error = attempt(call, sqlite, n)
        connection.failure = None
        if len(connection.failed) == failed:
            assert n > 3
            break
        kept = sqlite.head() - before
        assert kept in (0, call.events)
        assert error is None or type(error) in FAILURES[failure]
        if not isinstance(error, InDoubtError) and call.name != "refs":
            assert kept == (0 if error else call.events), connection.failed[-1]
        assert attempt(call, sqlite, n) is None
        assert sqlite.head() == before + call.events
    assert sqlite.verify().ok


@each_failure
@pytest.mark.parametrize("call", BOOK_CALLS, ids=str)
def test_any_statement_of_a_book_may_fail(
    sqlite: SQLiteStore, call: Call, failure: Failure
) -> None:
    book = book_on(sqlite)
    book.record_all([fill(f"begin{n}") for n in range(200)])
    connection = made_failing(sqlite)
    for n in count(1):
        before, failed = sqlite.head(), len(connection.failed)
        connection.fail(n, failure)
        error = attempt(call, book, n)
        connection.failure = None
        if len(connection.failed) == failed:
            assert n > 3
            break
        assert error is None or type(error) in FAILURES[failure]
        assert sqlite.head() - before in (0, call.events)
        assert figures(book) == figures(Book(sqlite, Clock()))
        assert attempt(call, book, n) is None
        assert sqlite.head() == before + call.events
        assert figures(book) == figures(Book(sqlite, Clock()))
    assert sqlite.verify().ok


def test_without_doubt_a_lost_reply_would_be_told_wrongly(
    sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a failed commit taken for one that kept nothing."""
    monkeypatch.setattr("ledger.store.sqlite.commit", lambda c, path, matters: c.execute("COMMIT"))
    with pytest.raises(AssertionError, match="COMMIT"):
        test_any_statement_of_an_append_may_fail(sqlite, STORE_CALLS[0], LOST_REPLY)


def test_without_a_transaction_there_would_be_halves(
    sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: every statement is a commit."""
    real = FailingConnection.execute

    def at_once(self: FailingConnection, statement: str, params: Any = ()) -> Any:
        done = real(self, statement, params)
        if statement.startswith("INSERT"):
            self.real.execute("COMMIT")
            self.real.execute("BEGIN IMMEDIATE")
        return done

    monkeypatch.setattr(FailingConnection, "execute", at_once)
    with pytest.raises(AssertionError):
        test_any_statement_of_an_append_may_fail(sqlite, STORE_CALLS[0], IO_ERROR)


def test_a_book_that_does_not_read_on_would_answer_wrongly(
    sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what was kept without an answer is not looked for."""
    real = Book.account

    def in_memory(self: Book, name: str) -> Account:
        return self._accounts.get(name) or real(self, name)

    monkeypatch.setattr(Book, "account", in_memory)
    with pytest.raises(AssertionError):
        test_any_statement_of_a_book_may_fail(sqlite, BOOK_CALLS[0], LOST_REPLY)
