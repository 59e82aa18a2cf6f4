"""Answers: what a report gives, as objects, rows, or a frame of whatever library is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import attrs

from ledger.domain.numbers import MAX_AFTER
from projections.columns import (
    AS_TEXT,
    NARROW,
    arrow_schema,
    arrow_table,
    digits_needed,
    kinds_of,
    library,
    row_of,
    values_of,
)

_PANDAS: Final = {
    int: "Int64",
    bool: "boolean",
    datetime: "datetime64[us, UTC]",
    timedelta: "timedelta64[us]",
}

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Answer(Generic[T]):
    """The lines of a report, in order. ``number`` is the log number they were known at: asked
    again for it (``known_at=number``), the answer is the same for ever. Where marks count, too,
    ``known_at`` is the time to ask for: that number's, or that of the newest mark. ``next`` is
    where the next page begins; None on the last one."""

    lines: Sequence[T]
    number: int
    next: str | None = None
    known_at: datetime | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> T:
        return self.lines[index]

    def rows(self) -> list[dict[str, Any]]:
        """Each line as a dictionary, its derived values included."""
        return [row_of(line) for line in self.lines]

    def polars(self) -> Any:
        """As a polars frame: decimals of 38 digits, 18 of them behind the point, and a column in
        which one has more as text; ``ExtraMissingError`` without polars."""
        polars = library("polars")
        if not self.lines:
            return polars.DataFrame()
        kind = type(self.lines[0])
        digits = {name: size if size == NARROW else AS_TEXT
                  for name, size in digits_needed(kind, self.lines).items()}  # fmt: skip
        exact = polars.Decimal(NARROW, MAX_AFTER)
        return polars.DataFrame(
            {one: values_of(self.lines, one, of, digits) for one, of in kinds_of(kind).items()},
            schema_overrides={one: exact for one, size in digits.items() if size == NARROW},
            strict=True,
        )

    def pandas(self) -> Any:
        """As a pandas frame, decimals as objects; ``ExtraMissingError`` without pandas."""
        frame = library("pandas").DataFrame(self.rows(), dtype=object)
        kinds = kinds_of(type(self.lines[0])) if self.lines else {}
        # Told what they are: whole numbers of which one is missing would become floats.
        return frame.astype({name: _PANDAS[one] for name, one in kinds.items() if one in _PANDAS})

    def arrow(self) -> Any:
        """As an Arrow table: decimals of 38 digits, or of 76, 18 of them behind the point, and a
        column in which one has more as text; ``ExtraMissingError`` without pyarrow."""
        arrow = library("pyarrow")
        if not self.lines:
            return arrow.table({})
        kind = type(self.lines[0])
        digits = digits_needed(kind, self.lines)
        return arrow_table(kind, self.lines, arrow_schema(kind, digits), digits)
