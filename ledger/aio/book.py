"""The book for asyncio: commands and facts, to be awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import update_wrapper
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ledger.aio.held import HeldBook, Imported
from ledger.aio.reading import AsyncReader
from ledger.aio.worker import Worker
from ledger.book import Book
from ledger.clock import Clock
from ledger.conflicts import conflict_text
from ledger.domain.events import (
    NO_META,
    Event,
    Fact,
    FillBooked,
    Meta,
    OrderAccepted,
    make_fact,
)
from ledger.domain.prices import AnyPrice, Price, PriceKind
from ledger.errors import ConflictError
from ledger.store.port import Appended, Conflict, Outcome, PriceOutcome, Revise

STEP: Final = 250

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Command = Callable[Concatenate[Book, P], R]
Commanded = Callable[Concatenate["AsyncBook", P], Coroutine[Any, Any, R]]


def commanded(command: Command[P, R]) -> Commanded[P, R]:
    """A command of the book, to be awaited; it may share its transaction with others."""

    async def do(self: AsyncBook, /, *args: P.args, **kwargs: P.kwargs) -> R:
        account = str(args[0]) if args else None
        return await self._worker.command(account, lambda book: command(book, *args, **kwargs))

    update_wrapper(do, command)
    return do


class AsyncBook(AsyncReader):
    """The methods of :class:`ledger.book.Book`, to be awaited; see there for each.

    Any number of tasks of one event loop may call it. What they send at once is recorded in one
    transaction, and each is answered after the commit. A call that was begun is carried out even
    if the task that awaits it is cancelled; that task alone does not hear of it. At most 1,000
    calls are under way; who comes then waits, at last with ``StoreBusyError``.
    """

    def __init__(self, make: Callable[[], HeldBook], clock: Clock) -> None:
        super().__init__(Worker(make))
        self.clock = clock

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._worker.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for what is under way, then close the store. Cancelled, it goes on without you."""
        await self._worker.close()

    # -- facts --------------------------------------------------------------------------

    async def record(
        self,
        account: str,
        event: Event,
        *,
        occurred_at: datetime | None = None,
        meta: Meta = NO_META,
        key: str | None = None,
    ) -> Outcome:
        """Record a fact from outside. The same fact again has no effect; the same key with
        other content raises ``ConflictError`` and records nothing."""
        fact = make_fact(account, event, occurred_at or self.clock(), meta=meta, key=key)
        [outcome] = await self._worker.record([fact])
        if isinstance(outcome, Conflict):
            raise ConflictError(conflict_text(outcome))
        return outcome

    async def record_all(
        self, facts: Sequence[Fact], *, revise: Revise | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Record many facts in one transaction; one outcome for each, in order. ``revise`` is
        asked in the book's own thread. All others wait for it: see ``append_many``."""
        if revise is None and not dry_run:
            return await self._worker.record(facts)
        mine = list(facts)
        return await self.run(lambda book: book.record_all(mine, revise=revise, dry_run=dry_run))

    async def append_many(self, facts: Iterable[Fact], *, step: int = STEP) -> Imported:
        """Record many facts, ``step`` in a transaction, letting others in between; how many were
        new. The books take them in at their next use. When it ends early, what was recorded
        stays; sent again, it has no effect."""
        imported, source = Imported(), iter(facts)
        while part := list(islice(source, step)):
            imported = imported.and_then(await self._worker.take_in(part))
        return imported

    define = commanded(Book.define)

    async def open_account(
        self, account: str, *, base_currency: str, occurred_at: datetime | None = None, **how: Any
    ) -> Outcome:
        """Begin an account's books; ``how`` is any other field of ``AccountOpened``."""
        return await self._worker.command(
            account,
            lambda book: book.open_account(
                account, base_currency=base_currency, occurred_at=occurred_at, **how
            ),
        )

    async def fill(
        self, account: str, *, occurred_at: datetime | None = None, **fill: Any
    ) -> Outcome:
        """Book an execution; the fields are those of ``FillBooked``. Told again it has no effect,
        but for what was not known the first time."""
        at = occurred_at or self.clock()
        outcome = await self.record(account, FillBooked(**fill), occurred_at=at)
        if isinstance(outcome, Appended):
            return outcome
        return await self._worker.command(
            account, lambda book: book.fill(account, occurred_at=at, **fill)
        )

    async def accept(
        self,
        account: str,
        cl_ord_id: str,
        *,
        order_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """The venue took the order."""
        event = OrderAccepted(cl_ord_id=cl_ord_id, order_id=order_id)
        return await self.record(account, event, occurred_at=occurred_at)

    async def mark(
        self,
        instrument_id: str,
        px: Decimal,
        *,
        at: datetime,
        source: str,
        kind: PriceKind = PriceKind.LAST,
    ) -> PriceOutcome:
        """Record what an instrument was quoted at; the same again has no effect."""
        price = Price(instrument_id=instrument_id, px=px, at=at, source=source, kind=kind)
        [outcome] = await self.record_prices([price])
        return outcome

    async def record_prices(
        self, prices: Sequence[AnyPrice], *, reinstate: bool = False, dry_run: bool = False
    ) -> list[PriceOutcome]:
        """Record marks and rates in one transaction; one outcome for each, in order."""
        mine = list(prices)
        return await self._worker.command(
            None,
            lambda book: book.record_prices(mine, reinstate=reinstate, dry_run=dry_run),
            weight=len(mine) or 1,
        )

    # -- commands -----------------------------------------------------------------------

    execute = commanded(Book.execute)
    change_booking = commanded(Book.change_booking)
    transfer = commanded(Book.transfer)
    spin_off = commanded(Book.spin_off)

    async def place(
        self, account: str, *, occurred_at: datetime | None = None, **order: Any
    ) -> Outcome:
        """Place an order; the fields are those of ``PlaceOrder``."""
        return await self._worker.command(
            account, lambda book: book.place(account, occurred_at=occurred_at, **order)
        )

    async def cancel(
        self, account: str, *, occurred_at: datetime | None = None, **request: Any
    ) -> Outcome:
        """Ask to cancel an order; the fields are those of ``CancelOrder``."""
        return await self._worker.command(
            account, lambda book: book.cancel(account, occurred_at=occurred_at, **request)
        )

    async def move_stop(
        self, account: str, *, occurred_at: datetime | None = None, **move: Any
    ) -> Outcome:
        """Move the stop of an order; the fields are those of ``MoveStop``."""
        return await self._worker.command(
            account, lambda book: book.move_stop(account, occurred_at=occurred_at, **move)
        )

    async def trade(
        self, account: str, *, occurred_at: datetime | None = None, **fill: Any
    ) -> Outcome:
        """Enter a trade by hand: a fill that the account's policies may refuse."""
        return await self._worker.command(
            account, lambda book: book.trade(account, occurred_at=occurred_at, **fill)
        )

    async def run(self, call: Callable[[Book], T]) -> T:
        """Make any call with the synchronous book, in its own thread, and await what it returns:
        ``await book.run(lambda b: ingest(b, batch))``. All others wait for it."""
        return await self._worker.run(call)
