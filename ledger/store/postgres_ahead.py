"""What an append will ask, answered in one question to the server instead of one for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from threading import get_ident
from typing import Any

from ledger.store.postgres_statements import SEPARATOR
from ledger.store.rows import NO_HEAD, Head, Row

_END, _HEAD, _KEY, _PRICE = 0, 1, 2, 3


class Ahead:
    """The log's end, the heads of some streams and the rows of some keys, seen by one thread
    inside its own transaction: under the writer's lock nobody changes them."""

    def __init__(self, streams: Collection[str], keys: Collection[str]) -> None:
        self.names = SEPARATOR.join(streams), SEPARATOR.join(keys)
        self._thread = get_ident()
        self._keys = frozenset(keys)
        self._heads = dict.fromkeys(streams, NO_HEAD)
        self._by_key: dict[str, Row] = {}
        self._last: tuple[int, str | None] = (0, "")
        self._priced_at: str | None = None

    def filled(self, found: Iterable[Sequence[Any]]) -> Ahead:
        """Take what the server answered: what it is, and the row."""
        for what, *columns in found:
            row = Row._make(columns)
            if what == _END:
                self._last = row.number, row.recorded_at
            elif what == _PRICE:
                self._priced_at = row.recorded_at
            elif what == _HEAD:
                self._heads[row.stream] = Head(row.version, row.hash)
            elif what == _KEY and row.key:
                self._by_key[row.key] = row
        return self

    def covers(self, streams: Collection[str], keys: Collection[str]) -> bool:
        """Whether all of these were asked for."""
        return self._heads.keys() >= set(streams) and self._keys.issuperset(keys)

    @property
    def end(self) -> list[tuple[int, str | None, str | None]]:
        """The last number, when it was recorded, and when the last price was."""
        return [(*self._last, self._priced_at)]

    @property
    def is_mine(self) -> bool:
        """Whether it is the present thread that looked."""
        return self._thread == get_ident()

    def head_of(self, stream: str) -> Head | None:
        """A stream's last event; None if it was not asked for."""
        return self._heads.get(stream)

    def by_key(self, keys: Collection[str]) -> dict[str, Row] | None:
        """The rows under these keys; None if not all of them were asked for."""
        if not self._keys.issuperset(keys):
            return None
        return {key: self._by_key[key] for key in keys if key in self._by_key}
