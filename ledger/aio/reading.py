"""The questions of a book, to be awaited.

Asked without a moment they are answered from the state in memory, by the thread that owns it, and
so never see half of a change. Asked about a moment, or of the log, they are answered aside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from functools import update_wrapper
from itertools import islice
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from ledger.aio.worker import Worker
from ledger.book import Book
from ledger.domain.accounts import Account
from ledger.domain.events import NET, Recorded
from ledger.domain.lots import Lot
from ledger.domain.postings import JournalEntry
from ledger.domain.watching import Record
from ledger.explaining import Step
from ledger.history import KnownAt

PAGE: Final = 500
_MOMENTS: Final = ("as_of", "known_at")

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Question = Callable[Concatenate[Book, P], R]
Asked = Callable[Concatenate["AsyncReader", P], Coroutine[Any, Any, R]]


def asked(question: Question[P, R]) -> Asked[P, R]:
    """A question of the book, to be awaited: in memory, or aside if it names a moment."""

    async def ask(self: AsyncReader, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._ask(kwargs, lambda book: question(book, *args, **kwargs))

    update_wrapper(ask, question)
    return ask


def asked_aside(question: Question[P, R]) -> Asked[P, R]:
    """A question of the log, to be awaited."""

    async def ask(self: AsyncReader, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._worker.ask_past(lambda book: question(book, *args, **kwargs))

    update_wrapper(ask, question)
    return ask


class AsyncReader:
    """The answers of :class:`ledger.reading.Reader`, to be awaited; see there for each."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    position = asked(Book.position)
    positions = asked(Book.positions)
    balances = asked(Book.balances)
    order = asked(Book.order)
    open_orders = asked(Book.open_orders)
    diff = asked_aside(Book.diff)
    price = asked_aside(Book.price)
    rate = asked_aside(Book.rate)
    verify = asked_aside(Book.verify)
    digest = asked_aside(Book.digest)

    async def lots(
        self, account: str, instrument: str, position_id: str = NET, **when: Any
    ) -> tuple[Lot, ...]:
        """The open lots of a position, oldest first."""
        return await self._ask(
            when, lambda book: book.lots(account, instrument, position_id, **when)
        )

    async def explain(
        self, account: str, instrument: str, position_id: str = NET, **when: Any
    ) -> list[Step]:
        """Every fact that made a position's numbers, with the arithmetic."""
        return await self._ask(
            when, lambda book: book.explain(account, instrument, position_id, **when)
        )

    async def results(
        self, account: str, instrument: str, position_id: str = NET, **when: Any
    ) -> Record:
        """A position's disposals, closed cycles and open issues, folded from its own facts."""
        return await self._ask(
            when, lambda book: book.results(account, instrument, position_id, **when)
        )

    async def _ask(self, when: Mapping[str, Any], question: Callable[[Book], T]) -> T:
        is_past = any(when.get(name) is not None for name in _MOMENTS)
        do = self._worker.ask_past if is_past else self._worker.ask
        return await do(question)

    async def at(
        self, name: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> Account:
        """The account at a moment in each of the two times, or as it is now. It is folded from
        the log for this call, and yours: nobody else changes it."""

        def ask(book: Book) -> Account:
            known = book.store.head() if as_of is None and known_at is None else known_at
            return book.at(name, as_of=as_of, known_at=known)

        return await self._worker.ask_past(ask)

    async def account(self, name: str) -> Account:
        """The account as it is now, folded from the log for this call. What a question answers
        is cheaper to ask; with ``run`` the account in memory can be looked at in its thread."""
        return await self.at(name)

    async def log(
        self, account: str | None = None, *, known_at: KnownAt = None
    ) -> AsyncIterator[Recorded]:
        """The facts as they were recorded, of one account or of all: ``async for``."""
        facts = await self._worker.ask_past(lambda book: book.log(account, known_at=known_at))
        async for recorded in self._paged(facts):
            yield recorded

    async def journal(
        self, account: str, *, known_at: KnownAt = None
    ) -> AsyncIterator[JournalEntry]:
        """The balanced postings of every fact, in recorded order: ``async for``."""
        entries = await self._worker.ask_past(lambda book: book.journal(account, known_at=known_at))
        async for entry in self._paged(entries):
            yield entry

    async def _paged(self, source: Iterator[T]) -> AsyncIterator[T]:
        """What an iterator yields, drawn from it in the other thread, a page at a time."""
        while page := await self._worker.ask_past(lambda _: list(islice(source, PAGE))):
            for one in page:
                yield one
