"""Ids of rows that the venue gave none: made from what the mapped cells say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.brokers.csv_map.cells import Cell, Cells, one_line
from adapters.port import Ordinals
from adapters.text import UNREADABLE, Reader
from ledger.domain.numbers import text

NUMBERS: Final = frozenset({"qty", "px", "gross", "amount", "fee"})


class RowIds:
    """A hash of a row's content and its place among equals, given from the oldest row on."""

    def __init__(self, mapped: Sequence[tuple[str, Cell]], number: Reader) -> None:
        self._mapped = mapped
        self._number = number
        self._ids = Ordinals()

    def of(self, row: Cells) -> str:
        """The row's id; every call is for another row."""
        return self._ids.of(self._content(row))

    def _content(self, row: Cells) -> Iterator[str]:
        """The mapped cells by field, written the same way whatever the file's zeros and spaces."""
        for field, cell in self._mapped:
            written = one_line(cell(row))
            if written:
                yield f"{field}={self._plain(field, written)}"

    def _plain(self, field: str, written: str) -> str:
        """A number without the zeros that say nothing; another text as it is."""
        if field not in NUMBERS:
            return written
        try:
            return text(self._number(field, written))
        except UNREADABLE:
            return written
