"""The first pass: the books' executions by their keys, kept in a few bytes each.

A million executions are held as two integers each. What is equal is told apart by 128 bits of
hashes; only what differs, or is on one side alone, is read again and looked at field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.reconcile.executions import Execution

# From the low end: 64 bits of content, 46 of the log number, 16 of the settlement date, a mark.
_MATCHED: Final = 1 << 126
_CONTENT: Final = (1 << 64) - 1
_PLACE: Final = (1 << 46) - 1
_DATE: Final = (1 << 16) - 1
_SHIFT: Final = 64
_DATE_SHIFT: Final = 110


class Index:
    """Executions of the books by key. ``with_fees`` says whether fees are part of what must be
    equal: a report that tells no fees at all says nothing about them."""

    def __init__(self, executions: Iterable[Execution], *, with_fees: bool) -> None:
        self._with_fees = with_fees
        self._held: dict[int, int] = {}
        self._dates: dict[str, int] = {"": 0}
        self.twice: list[int] = []
        held, content_of = self._held, self._content
        for execution in executions:
            key = hash(execution.key)
            place = int(execution.where)
            if key in held:
                self.twice.append(place)
            else:
                date = self._date(execution.settl_date)
                content = content_of(execution) & _CONTENT
                held[key] = (date << _DATE_SHIFT) | (place << _SHIFT) | content

    def _content(self, execution: Execution) -> int:
        """A hash of what must be equal: all but ids, the time of day, and what may be untold."""
        return hash(
            (
                execution.instrument_id,
                execution.side,
                execution.qty,
                execution.px,
                execution.fees if self._with_fees else "",
                execution.at[:10],
            )
        )

    def _date(self, told: str) -> int:
        """A settlement date as a small number; 0 for one that is not told."""
        return self._dates.setdefault(told, len(self._dates)) & _DATE

    def match(self, execution: Execution) -> int | None:
        """The log number of the execution with this key, made negative when its content is not
        equal; None if there is none, or none any more."""
        key = hash(execution.key)
        found = self._held.get(key)
        if found is None or found & _MATCHED:
            return None
        self._held[key] = found | _MATCHED
        place = (found >> _SHIFT) & _PLACE
        dates = {0, (found >> _DATE_SHIFT) & _DATE, self._date(execution.settl_date)}
        is_equal = len(dates) <= 2 and found & _CONTENT == self._content(execution) & _CONTENT
        return place if is_equal else -place

    def unmatched(self) -> Iterator[int]:
        """The log numbers of what nobody asked for, in the order they were given."""
        for found in self._held.values():
            if not found & _MATCHED:
                yield (found >> _SHIFT) & _PLACE
        yield from self.twice
