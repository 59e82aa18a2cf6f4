"""The synchronous book that stands behind an asynchronous one."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.book import Book
from ledger.deciding import enriched
from ledger.domain.events import Fact
from ledger.store.port import Outcome


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

    def append(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Record facts without folding them: the account is caught up at its next use, once for
        all that came. Late facts, folded part by part, would each time fold the rest again."""
        return self.store.append(enriched(self.store, facts))
