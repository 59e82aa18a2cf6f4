"""A call on its way from the event loop to the thread of a book, and back."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, TypeVar

from ledger.aio.held import HeldBook
from ledger.domain.events import Fact
from ledger.errors import (
    ConflictError,
    LedgerError,
    StaleStreamError,
    StoreError,
    UnknownTopicError,
)

T = TypeVar("T")


class Job(Generic[T]):
    """A call and how it ended.

    ``writes``: it may record something, and is carried out even if nobody waits any more.
    ``facts``: it records these and does nothing else, so that it can be joined with others.
    ``weight``: how many facts, or as much work as that many.
    """

    def __init__(
        self,
        call: Callable[[HeldBook], T],
        future: Future[T],
        *,
        writes: bool = False,
        account: str | None = None,
        facts: Sequence[Fact] | None = None,
        weight: int = 1,
    ) -> None:
        self.call = call
        self.writes = writes
        self.account = account
        self.facts = facts
        self.weight = weight
        self.error: BaseException | None = None
        self._future = future
        self._answers: list[T] = []

    @property
    def is_broken(self) -> bool:
        """Whether it failed in a way that may have harmed the transaction it ran in."""
        return self.error is not None and not is_refusal(self.error)

    @property
    def is_given_up(self) -> bool:
        """Whether it is a question that nobody waits for any more."""
        return not self.writes and self._future.cancelled()

    def run(self, book: HeldBook) -> None:
        """Make the call. Whatever it raises is raised where it is awaited."""
        with self:
            self.answer(self.call(book))

    def answer(self, answer: T) -> None:
        """What the call returned."""
        self.error = None
        self._answers = [answer]

    def fail(self, error: Exception) -> None:
        """It failed along with others: each caller gets an error of its own."""
        self.error = type(error)(*error.args)
        self.error.__cause__ = error

    def deliver(self) -> None:
        """Tell who waits; in the event loop's own thread."""
        if self._future.done():  # was cancelled: what was recorded is recorded
            return
        if self.error is None:
            self._future.set_result(self._answers[0])
        else:
            self._future.set_exception(self.error)

    def abandon(self, error: Exception) -> None:
        """Nobody will carry it out any more, or say how it ended; in the event loop's thread."""
        if not self._future.done():
            self._future.set_exception(error)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Keep an error, to be raised in another place; an interrupt ends the thread."""
        self.error = error
        return isinstance(error, Exception)


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that a call was refused, and nothing else happened."""
    if isinstance(error, StoreError):
        return isinstance(error, ConflictError | StaleStreamError | UnknownTopicError)
    return isinstance(error, LedgerError)
