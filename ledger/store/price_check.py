"""Reading all prices of a store, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.domain.prices import Subject
from ledger.store.port import Digest, Finding, Mark
from ledger.store.price_rows import PriceRow, price_hash
from ledger.store.rows import GENESIS

_TYPES: Final = (int, *(str,) * 8, bytes, bytes)


class PriceCheck:
    """One reading of all prices, row by row; after a bad one it goes on from what is stored."""

    def __init__(self, against: Digest | Mark | None = None) -> None:
        self.number = self.count = 0
        self._recorded_at = ""
        self._hash = GENESIS
        self._latest: dict[Subject, str] = {}
        self._head = against.prices if isinstance(against, Digest) else None
        self._known = self._head.version if self._head is not None else 0
        if isinstance(against, Mark):
            self._known = against.prices

    def step(self, row: PriceRow) -> Finding | None:
        """What is wrong with a price, seen from those before it; None if nothing is."""
        self.count += 1
        if tuple(map(type, row)) != _TYPES:
            self.number += 1
            return found(self.number, "", "a column has another type than it was written with")
        what = self._wrong(row)
        self.number, self._recorded_at, self._hash = row.number, row.recorded_at, row.hash
        self._latest[row.subject] = max(self._latest.get(row.subject, ""), row.at)
        return found(row.number, row.name, what) if what else None

    def _wrong(self, row: PriceRow) -> str:
        if row.number != self.number + 1:
            return f"prices {self.number + 1} to {row.number - 1} are missing before it"
        if row.prev_hash != self._hash:
            return "it does not follow the price before it: its previous hash is another"
        if price_hash(row) != row.hash:
            return "its columns were changed: the hash is another"
        if row.recorded_at <= self._recorded_at:
            return f"recorded at {row.recorded_at}, which is not after {self._recorded_at}"
        if row.latest_at != max(self._latest.get(row.subject, ""), row.at):
            return f"{row.latest_at} is not the latest moment that its prices spoke of"
        known = self._head
        if known is not None and known.version == row.number and known.hash != row.hash.hex():
            return "the digest knows another price here: the chain was rebuilt"
        return ""

    def rest(self) -> Iterator[Finding]:
        """What the digest knows beyond the last price."""
        if self._known > self.number:
            what = f"the prices end at {self.number}, and the digest knows {self._known}"
            yield found(self.number + 1, "", what)


def found(number: int, name: str, what: str) -> Finding:
    """A finding about a price: it is at no number of the log, and in no stream."""
    return Finding(0, "", f"price {number}{f' of {name}' if name else ''}: {what}")


__all__ = ["PriceCheck", "found"]
