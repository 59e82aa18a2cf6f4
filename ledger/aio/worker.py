"""The threads of an asynchronous book: one that owns it, and one for questions about the past.

The event loop hands calls over and gets answers back; it never waits for either. The owner takes
what has come meanwhile, records it in one transaction, and answers. Only one of the two works at
a time, so that the loop has to wait for one thread at most to let go of the interpreter; a long
reading gives way after every page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread, get_ident
from typing import Any, Final, TypeVar

from ledger.aio.held import HeldBook, Imported
from ledger.aio.jobs import Job
from ledger.aio.writing import write
from ledger.collector import full_collections_held_off
from ledger.domain.events import Fact
from ledger.errors import InDoubtError, StoreBusyError, StoreClosedError
from ledger.store.base import LogStore
from ledger.store.group_line import WAIT_SECONDS, Line, Seat
from ledger.store.port import Outcome

MAX_WAITING: Final = 1000
"""So many calls may be under way; who comes then waits, with a limit."""

GROUP_JOBS: Final = 256
GROUP_FACTS: Final = 1000
ALONE: Final = GROUP_FACTS + 1
"""The weight of a call that is joined with no other."""

_A_DAY: Final = 86_400

_IN_DOUBT: Final = (
    "the thread of this book was ended while it recorded this; open it again and send the same "
    "facts, and their keys tell whether they were recorded"
)
_NEVER_DONE: Final = (
    "the thread of this book was ended before this call; nothing of it was kept; open it again"
)

T = TypeVar("T")


class Worker:
    """Carries out the calls of one event loop on one book; see the module."""

    def __init__(self, make: Callable[[], HeldBook], *, wait_seconds: int = WAIT_SECONDS) -> None:
        self._make = make
        self._wait_seconds = wait_seconds
        self._queue: SimpleQueue[Job[Any]] = SimpleQueue()
        self._spare: Job[Any] | None = None
        self._under_way: Sequence[Job[Any]] = ()
        self._turns: Line[Seat] = Line(_A_DAY)
        self._aside: int | None = None
        self._reader = ThreadPoolExecutor(1, "ledger-past")
        self._thread = Thread(target=self._main, name="ledger-book", daemon=True)
        self._is_closed = True
        self._ended: asyncio.Future[None] | None = None

    # -- in the event loop's thread -----------------------------------------------------

    async def start(self) -> None:
        """Open the book; raises what opening it raises."""
        if self._ended is not None:
            raise StoreClosedError("this book was opened before; make another with aio.open(url)")
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._ended = self._loop.create_future()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._opening = Job(lambda _: None, opened, writes=True)
        self._is_closed = False
        self._thread.start()
        try:
            await opened
        finally:
            if opened.cancelled():  # nobody will enter it, nor leave it
                self._stop()

    async def record(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Record facts in one transaction, along with what others record."""
        mine = list(facts)
        return await self._do(
            lambda book: book.record_all(mine), writes=True, facts=mine, weight=len(mine) or 1
        )

    async def take_in(self, facts: Sequence[Fact]) -> Imported:
        """Record a part of an import in one transaction; it is folded when it is needed."""
        mine = list(facts)
        return await self._do(lambda book: book.take_in(mine), writes=True, weight=len(mine) or 1)

    async def command(
        self, account: str | None, call: Callable[[HeldBook], T], *, weight: int = 1
    ) -> T:
        """Carry out a call that decides on an account, and may record something."""
        return await self._do(call, writes=True, account=account, weight=weight)

    async def run(self, call: Callable[[HeldBook], T]) -> T:
        """Carry out a call by itself."""
        return await self._do(call, writes=True, weight=ALONE)

    async def ask(self, call: Callable[[HeldBook], T]) -> T:
        """Ask about the state in memory."""
        return await self._do(call)

    async def ask_past(self, call: Callable[[HeldBook], T]) -> T:
        """Ask the log, which may take long: aside from what is being recorded."""
        self._require_open()  # it has a book of its own on the same store
        return await self._loop.run_in_executor(self._reader, self._read, call)

    async def _do(self, call: Callable[[HeldBook], T], **how: Any) -> T:
        self._require_open()
        await self._enter()
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Job(call, future, **how))
        return await future

    async def _enter(self) -> None:
        """Wait for room; what is accepted is carried out, whoever waits for it or not."""
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._room.acquire()
        except TimeoutError:
            raise StoreBusyError(
                f"{MAX_WAITING} calls were waiting for {self._wait_seconds} seconds; nothing of "
                "this one was kept; try again, or send less at once"
            ) from None
        if self._is_closed:
            self._room.release()
        self._require_open()

    def _require_open(self) -> None:
        if self._is_closed:
            raise StoreClosedError("this book is not open; open one with ledger.aio.open(url)")

    async def close(self) -> None:
        """Take no more calls, carry out those that were taken, close the book."""
        if self._ended is None:
            return
        self._stop()
        await asyncio.shield(self._ended)

    def _stop(self) -> None:
        """What was taken is carried out, and then no more."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(Job(_nothing, self._loop.create_future(), weight=ALONE))

    def _deliver(self, jobs: Sequence[Job[Any]]) -> None:
        for job in jobs:
            self._room.release()
            job.deliver()

    def _end(self) -> None:
        """The thread has come to its end, as it was told to or not: nobody waits for ever."""
        self._is_closed = True
        left = [self._queue.get() for _ in range(self._queue.qsize())]
        left += [self._spare] if self._spare else []
        for job in self._under_way:
            job.abandon(InDoubtError(_IN_DOUBT))
        for job in left:
            job.abandon(StoreClosedError(_NEVER_DONE))
        for _ in (*self._under_way, *left):
            self._room.release()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    # -- in the book's thread -----------------------------------------------------------

    def _main(self) -> None:
        try:
            with self._opening:
                self._book = self._make()
            self._tell(self._opening.deliver if self._opening.error else self._opened)
            if self._opening.error is None:
                self._serve()
        finally:
            self._reader.shutdown()
            self._tell(self._end)

    def _opened(self) -> None:
        self._opening.answer(None)
        self._opening.deliver()

    def _serve(self) -> None:
        store = self._book.store
        if isinstance(store, LogStore):
            store.between_pages = self._give_way
        self._past = HeldBook(store, self._book.clock)
        with self._book:
            while (jobs := self._next())[0].call is not _nothing:
                self._under_way = jobs
                with self._turns.turn(Seat()), full_collections_held_off():
                    self._work(jobs)
                self._under_way = ()
                self._tell(self._deliver, jobs)
            self._reader.shutdown()

    def _next(self) -> list[Job[Any]]:
        """What is waiting, in order: one call at least, and no more than a group may hold."""
        jobs, self._spare = [self._spare or self._queue.get()], None
        room = GROUP_FACTS - jobs[0].weight
        while room >= 0 and len(jobs) < GROUP_JOBS and not self._queue.empty():
            job = self._queue.get()
            room -= job.weight
            if room < 0:
                self._spare = job
            else:
                jobs.append(job)
        return jobs

    def _work(self, jobs: Sequence[Job[Any]]) -> None:
        """First what is recorded, then the questions: who asked and who recorded at the same time
        cannot tell, and nobody is told of what is not committed."""
        write(self._book, [job for job in jobs if job.writes])
        for job in jobs:
            if not (job.writes or job.is_given_up):
                job.run(self._book)

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody is there to be told
            self._loop.call_soon_threadsafe(call, *args)

    # -- in the thread for the past -----------------------------------------------------

    def _read(self, call: Callable[[HeldBook], T]) -> T:
        self._aside = get_ident()
        with self._turns.turn(Seat()), full_collections_held_off():
            return call(self._past)

    def _give_way(self) -> None:
        """Let the book's thread do what waits, between two pages of a long reading."""
        if self._aside == get_ident() and len(self._turns):
            self._turns.leave()
            self._turns.enter(Seat())


def _nothing(book: HeldBook) -> None:
    """The call that ends the thread."""
