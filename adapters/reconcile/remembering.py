"""A reader for one run: a past state that was folded is not folded again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.accounts import Account
from ledger.history import KnownAt
from ledger.reading import Reader
from ledger.store.port import EventStore

_KEPT: Final = 8
"""So many states are remembered; the one that was asked for first is forgotten first."""


class Remembering(Reader):
    """Answers as a ``Reader`` does. A run asks for the same few states for each of its breaks, and
    folding one may take seconds; nobody changes what is given out."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self._states: dict[tuple[str, datetime | None, KnownAt], Account] = {}

    def at(self, name: str, *, as_of: datetime | None = None, known_at: KnownAt = None) -> Account:
        """The account at a moment in each of the two times; of past knowledge it is remembered."""
        if known_at is None:
            return super().at(name, as_of=as_of, known_at=known_at)
        asked = name, as_of, known_at
        if asked not in self._states:
            self._states[asked] = super().at(name, as_of=as_of, known_at=known_at)
            if len(self._states) > _KEPT:
                del self._states[next(iter(self._states))]
        return self._states[asked]
