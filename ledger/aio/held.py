"""The synchronous book that stands behind an asynchronous one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ledger.book import Book
from ledger.deciding import enriched, require_zones
from ledger.domain.events import Fact
from ledger.store.port import AlreadyAppended, Appended, Conflict


class Imported(NamedTuple):
    """What became of the facts of an import: how many were new, how many known, and those whose
    key is known with other content."""

    appended: int = 0
    already: int = 0
    conflicts: tuple[Conflict, ...] = ()

    def and_then(self, more: Imported) -> Imported:
        """Both together."""
        return Imported(
            self.appended + more.appended,
            self.already + more.already,
            self.conflicts + more.conflicts,
        )


class HeldBook(Book):
    """A book owned by one thread, which can be told that a transaction around several of its
    calls was undone."""

    def forget(self) -> None:
        """Drop the accounts in memory, which may hold what was undone; they are read anew."""
        self._accounts.clear()

    def warm(self, account: str) -> None:
        """Load an account that is not in memory yet."""
        if account not in self._accounts:
            self.account(account)

    def take_in(self, facts: Sequence[Fact]) -> Imported:
        """Record facts without folding them: the account is caught up at its next use, once for
        all that came. Late facts, folded part by part, would each time fold the rest again."""
        require_zones(facts)
        outcomes = self.store.append(enriched(self.store, facts))
        kinds = Counter(type(outcome) for outcome in outcomes)
        conflicts = tuple(one for one in outcomes if isinstance(one, Conflict))
        return Imported(kinds[Appended], kinds[AlreadyAppended], conflicts)
