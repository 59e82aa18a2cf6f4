"""Answers: what a report gives, as objects, rows, or a frame of whatever library is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from projections.errors import ExtraMissingError

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
        """As a polars frame; ``ExtraMissingError`` without polars."""
        return _library("polars").DataFrame(self.rows(), infer_schema_length=None)

    def pandas(self) -> Any:
        """As a pandas frame, decimals as objects; ``ExtraMissingError`` without pandas."""
        return _library("pandas").DataFrame(self.rows())

    def arrow(self) -> Any:
        """As an Arrow table; ``ExtraMissingError`` without pyarrow."""
        return _library("pyarrow").Table.from_pylist(self.rows())


def row_of(line: Any) -> dict[str, Any]:
    """A line's fields, and its properties behind them."""
    derived = [name for name, value in vars(type(line)).items() if isinstance(value, property)]
    row = attrs.asdict(line, recurse=False) | {name: getattr(line, name) for name in derived}
    # Frames know dictionaries, and no other mapping.
    return {name: dict(one) if isinstance(one, Mapping) else one for name, one in row.items()}


def _library(name: str) -> Any:
    """A library that is the reader's own choice, imported when it is asked for."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise ExtraMissingError(
            f"{name} is not installed; install it, or take .rows(), which needs nothing"
        ) from error
