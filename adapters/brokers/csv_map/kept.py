"""The rows of a table while they wait to be read, in little room."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from adapters.brokers.csv_map.cells import Cells

_BETWEEN: Final = "\x00"
"""No file that is read holds one."""


class KeptRows:
    """Rows with the number of the line each ends on. Each is one text, since cells of their own
    take five times as much, and a report of years has a million rows.

    >>> rows = KeptRows()
    >>> rows.add(2, ["a", ""])
    >>> list(rows), list(rows.taken(backwards=False)), len(rows)
    ([['a', '']], [(2, ['a', ''])], 0)
    """

    def __init__(self) -> None:
        self._lines = array("Q")
        self._rows: list[str] = []

    def add(self, line: int, row: Cells) -> None:
        """Keep one more row."""
        self._lines.append(line)
        self._rows.append(_BETWEEN.join(row))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cells]:
        """The cells of each row, in the order of the file."""
        for row in self._rows:
            yield row.split(_BETWEEN)

    def taken(self, *, backwards: bool) -> Iterator[tuple[int, Cells]]:
        """Each row with its line, the last one first if so asked; none is kept any longer."""
        if not backwards:
            self._lines.reverse()
            self._rows.reverse()
        while self._rows:
            yield self._lines.pop(), self._rows.pop().split(_BETWEEN)
