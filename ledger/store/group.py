"""Group commit: of the threads that append at once, one writes for all, in one transaction.

Who finds nobody writing writes at once, by itself: a lone caller pays for no other thread. Who
comes meanwhile waits in line. The first of them then takes along those behind it: one lock, one
look-up of keys, one commit. Each append of a group is decided by itself, in order, as if those
before it had been committed. One that is refused leaves nothing behind and spoils no other; when
the commit fails, it fails for all. Nobody is answered before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from eventsourcing.persistence import IntegrityError

from ledger.domain.events import Fact
from ledger.errors import InDoubtError, LedgerError
from ledger.store.batch import Batch, require_fresh, require_no_conflict
from ledger.store.group_line import Line, Seat
from ledger.store.port import Outcome, Revise

GROUP_FACTS: Final = 1000
"""A group holds no more facts, so that nobody waits for a long one of small appends."""

# What an append of wrong facts can raise. It is handed to its own caller; anything else ends the
# group.
_OWN: Final = (
    ArithmeticError, AttributeError, IntegrityError, LedgerError, LookupError, TypeError,
    ValueError,
)  # fmt: skip


class Request(Seat):
    """One append on its way: what it asks, and how it ended."""

    __slots__ = (
        "_error", "_is_alone", "_is_kept", "_outcomes", "all_or_nothing", "dry_run", "expected",
        "facts", "keys", "revise", "streams",
    )  # fmt: skip

    def __init__(
        self,
        facts: Sequence[Fact] = (),
        expected: Mapping[str, int] | None = None,
        revise: Revise | None = None,
        *,
        all_or_nothing: bool = False,
        dry_run: bool = False,
        is_alone: bool = False,
    ) -> None:
        super().__init__()
        self.facts = facts
        self.expected = expected or {}
        self.revise = revise
        self.all_or_nothing = all_or_nothing
        self.dry_run = dry_run
        self.streams = {fact.stream for fact in facts}.union(self.expected)
        self.keys = [fact.key for fact in facts]
        self._is_alone = is_alone
        self._outcomes: list[Outcome] = []
        self._error: Exception | None = None
        self._is_kept = False

    @property
    def is_alone(self) -> bool:
        """Whether it joins no group. ``revise`` may do anything, and so must run in its caller's
        own thread; names that are no texts could spoil the questions that a group asks for all
        of its members."""
        if (
            self._is_alone
            or self.revise is not None
            or self.dry_run
            or len(self.facts) > GROUP_FACTS
        ):
            return True
        names = (self.keys, self.streams)
        return not all(type(name) is str for some in names for name in some)

    def answer(self, batch: Batch) -> list[Outcome]:
        """Decide it, as the next one of a batch."""
        before = {stream: batch.version(stream) for stream in self.expected}
        outcomes = batch.record(self.facts)
        require_fresh(self.expected, before, outcomes)
        if self.all_or_nothing:
            require_no_conflict(outcomes)
        if self.revise is not None:
            batch.revise(self.facts, outcomes, self.revise)
        return outcomes

    def decide(self, batch: Batch) -> None:
        """The only one of its batch: what it raises ends the transaction."""
        self._outcomes = self.answer(batch)

    def decide_with_others(self, batch: Batch) -> None:
        """One of several: when it is refused, nothing of it is left in the batch."""
        mark = batch.mark()
        try:
            self._outcomes = self.answer(batch)
        except _OWN as error:
            batch.undo(mark)
            self._error = error

    def keep(self) -> None:
        """It was committed."""
        self._is_kept = True

    def fail(self, error: Exception) -> None:
        """The transaction failed for all; who was refused anyway is told why."""
        if self._error is None:
            self._error = type(error)(*error.args)
            self._error.__cause__ = error

    def result(self) -> list[Outcome]:
        """The outcomes; raises what it was refused with, or ``InDoubtError`` if the thread that
        wrote it was interrupted before it could say."""
        if self._error is not None:
            raise self._error
        if not self._is_kept:
            raise InDoubtError(
                "the thread that wrote this along with its own append was interrupted; send the "
                "same facts again, and their keys tell whether they were recorded"
            )
        return self._outcomes


def gathered(line: Line[Request], first: Request) -> list[Request]:
    """A request that has its turn, and those behind it that may go along with it."""
    if not len(line) or first.is_alone:
        return [first]
    room = GROUP_FACTS - len(first.facts)

    def fits(request: Request) -> bool:
        nonlocal room
        room -= len(request.facts)
        return not request.is_alone and room >= 0

    return [first, *line.take(fits)]


__all__ = ["GROUP_FACTS", "Request", "gathered"]
