"""The line is cut at the N-th question or the N-th answer of a call, for every N: the old state or
the new one, an error that says which, and the next call works."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import count

import pytest

from ledger.book import Book
from ledger.errors import InDoubtError, StoreError, StoreUnavailableError
from ledger.store.postgres import PostgresStore
from tests.contract.cutting_proxy import CuttingProxy, proxy_before
from tests.contract.helpers import Clock, fill
from tests.fault.calls import BOOK_CALLS, STORE_CALLS, Call, book_on, figures
from tests.postgres import Place, server


class CountingProxy(CuttingProxy):
    """Cuts the line instead of passing on the N-th piece of one direction."""

    left = 0
    cuts_answers = False

    def is_hit(self, source: socket.socket, data: bytes) -> bool:
        if bool(source.getpeername()) != self.cuts_answers:
            return False
        self.left -= 1
        return not self.left

    def cut(self, number: int, *, answers: bool) -> None:
        """Cut at that piece from now on."""
        self.left, self.cuts_answers, self.armed = number, answers, True


Proxied = tuple[CountingProxy, PostgresStore]


@pytest.fixture(scope="module")
def playground() -> Iterator[Place]:
    """Stores on a server of our own, which is reached by a socket."""
    with server() as one:
        yield Place(one.url("postgres"))


@pytest.fixture
def proxied(playground: Place, clock: Clock) -> Iterator[Proxied]:
    url = playground.prepared()
    with (
        proxy_before(url, CountingProxy) as (proxy, through),
        PostgresStore(through, clock) as store,
    ):
        yield proxy, store


def attempt(call: Call, on: object, n: int) -> StoreError | None:
    try:
        call.run(on, n)
    except (InDoubtError, StoreUnavailableError) as error:
        return error
    return None


each_direction = pytest.mark.parametrize("answers", [False, True], ids=["questions", "answers"])


@each_direction
@pytest.mark.parametrize("call", STORE_CALLS, ids=str)
def test_any_question_or_answer_of_an_append_may_be_cut(
    proxied: Proxied, call: Call, answers: bool
) -> None:
    proxy, store = proxied
    for n in count(1):
        before, cuts = store.head(), proxy.cuts
        proxy.cut(n, answers=answers)
        error = attempt(call, store, n)
        proxy.armed = False
        kept = store.head() - before
        assert kept in (0, call.events)
        if not isinstance(error, InDoubtError) and call.name != "refs":
            assert kept == (0 if error else call.events)
        assert attempt(call, store, n) is None
        assert store.head() == before + call.events
        if proxy.cuts == cuts:
            break
    assert n > 2  # one for the lock and the look, one for the row and the commit
    assert store.verify().ok


@each_direction
@pytest.mark.parametrize("call", BOOK_CALLS, ids=str)
def test_any_question_or_answer_of_a_book_may_be_cut(
    proxied: Proxied, call: Call, answers: bool
) -> None:
    proxy, store = proxied
    book = book_on(store)
    book.record_all([fill(f"begin{n}") for n in range(200)])
    for n in count(1):
        before, cuts = store.head(), proxy.cuts
        proxy.cut(n, answers=answers)
        attempt(call, book, n)
        proxy.armed = False
        assert store.head() - before in (0, call.events)
        assert figures(book) == figures(Book(store, Clock()))
        assert attempt(call, book, n) is None
        assert store.head() == before + call.events
        assert figures(book) == figures(Book(store, Clock()))
        if proxy.cuts == cuts:
            break
    assert n > 2
    assert store.verify().ok


def test_without_doubt_a_lost_answer_would_be_told_wrongly(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a commit without an answer taken for one that kept nothing."""
    monkeypatch.setattr("ledger.store.postgres_session.InDoubtError", StoreUnavailableError)
    with pytest.raises(AssertionError, match="assert 1 == "):
        test_any_question_or_answer_of_an_append_may_be_cut(proxied, STORE_CALLS[0], True)
