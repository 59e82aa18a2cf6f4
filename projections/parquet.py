"""Parquet: an account's books as files of columns, whole or not at all.

Each table of the read models is one file, its lines and columns those of the report of that name,
exact (:mod:`projections.columns`). A file says what it is of: the account, the log number it was
known at, when that event was recorded, and the head of the account's hash chain then. Asked again
for the same number, the files hold the same for ever.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, literal, select, tuple_

from ledger.errors import AlreadyThereError
from ledger.history import KnownAt
from projections.asking import Asking, held
from projections.columns import (
    Digits,
    arrow_schema,
    arrow_table,
    digits_needed,
    library,
)
from projections.lines import BalanceLine, OrderLine, PositionLine, StepLine, reader
from projections.types import moment_text

if TYPE_CHECKING:
    from projections.reports import Reports

PAGE: Final = 5_000
"""So many lines are in memory at a time; each such page is a row group of its file."""

_IS_TAKEN: Final = frozenset((errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR))

RECORDED: Final = ("number", "line")
HAPPENED: Final = ("instrument_id", "position_id", "at", "place", *RECORDED)


class Sheet(NamedTuple):
    """A file: which lines of which table, in which order."""

    name: str
    table: str
    kind: type
    order: tuple[str, ...] = RECORDED
    holds: bool = False
    event: str | None = None


SHEETS: Final = (
    Sheet("position_ledger", "position_ledger", PositionLine),
    Sheet("balance_ledger", "balance_ledger", BalanceLine),
    Sheet("orders", "order_changes", OrderLine, holds=True),
    Sheet("order_changes", "order_changes", OrderLine),
    Sheet("steps", "position_steps", StepLine, HAPPENED, holds=True),
    Sheet("fills", "position_steps", StepLine, HAPPENED, holds=True, event="fill-booked"),
)
"""What is written: the ledgers by recording, orders as they stand and after each fact, steps and
fills as they stand, by when they happened."""


class Written(NamedTuple):
    """What was written: the log number it was known at, and how many lines each file has."""

    number: int
    lines: Mapping[str, int]


Pages = Callable[[], Iterator[Sequence[Any]]]


def require() -> None:
    """Raise ``ExtraMissingError`` if pyarrow is not there."""
    library("pyarrow.parquet")


def write(
    reports: Reports,
    account: str,
    folder: Path,
    *,
    known_at: KnownAt = None,
    page: int = PAGE,
) -> Written:
    """Write an account's books as Parquet files into a new folder.

    They are written beside and given their name together, once the disk has all of them.
    ``AlreadyThereError`` if the folder is there and not empty, ``UnknownAccountError``, and
    ``ExtraMissingError`` without pyarrow (the extra ``parquet``).
    """
    require()
    asking = reports.asking
    number = asking.reach(known_at)
    about = _about(asking, account, number)
    _require_free(folder)
    with TemporaryDirectory(".partial", f".{folder.name}.", folder.parent) as made:
        beside = Path(made) / folder.name
        beside.mkdir()
        lines = {
            sheet.name: _write(
                beside / f"{sheet.name}.parquet",
                sheet.kind,
                _pages(asking, account, sheet, number, page),
                about | {"tradeledger.report": sheet.name},
            )
            for sheet in SHEETS
        }
        _place(beside, folder)
    return Written(number, lines)


def _about(asking: Asking, account: str, number: int) -> dict[str, str]:
    """What the files say of themselves."""
    store = asking.book.store
    version = asking.book.at(account, known_at=number).version
    last = next(iter(store.read_all(after=number - 1, upto=number)), None)
    head = next(iter(store.read(account, after=version - 1, upto=number)), None)
    return {
        "tradeledger.account": account,
        "tradeledger.number": str(number),
        "tradeledger.known_at": moment_text(last.recorded_at) if last else "",
        "tradeledger.chain": f"{version}:{head.hash}" if head else "0:",
    }


# ------------------------------------------------------------------------------------ lines


def _pages(asking: Asking, account: str, sheet: Sheet, number: int, size: int) -> Pages:
    """What gives a sheet's lines page by page; each page goes on behind the last line."""
    table, read = asking.table(sheet.table), reader(sheet.kind)
    where = [*asking.of(table, account, None), *_known(table, sheet, number)]
    order = [table.c[name] for name in sheet.order]
    question = select(table).where(*where).order_by(*order).limit(size)

    def pages() -> Iterator[Sequence[Any]]:
        rows = asking.rows(question)
        while rows:
            yield [read(row) for row in rows]
            rows = asking.rows(question.where(_behind(order, rows[-1])))

    return pages


def _known(table: Table, sheet: Sheet, number: int) -> list[ColumnElement[bool]]:
    where = [held(table, number) if sheet.holds else table.c.number <= number]
    if sheet.event is not None:
        where.append(table.c.event == sheet.event)
    return where


def _behind(order: Sequence[Column[Any]], row: Any) -> ColumnElement[bool]:
    place = (literal(getattr(row, column.name), column.type) for column in order)
    return tuple_(*order) > tuple_(*place)


# ------------------------------------------------------------------------------------ files


class _TooNarrowError(Exception):
    """A page has a number that its column has no room for."""

    def __init__(self, digits: Digits) -> None:
        super().__init__(digits)
        self.digits = digits


def _write(path: Path, kind: type, pages: Pages, about: Mapping[str, str]) -> int:
    """Write one file; how many lines. The columns are as narrow as may be: where a page shows
    that one is too narrow, it is made wider and the file begun again."""
    digits = digits_needed(kind, ())
    while True:
        try:
            return _attempt(path, kind, pages, about, digits)
        except _TooNarrowError as error:
            digits = {name: max(size, error.digits[name]) for name, size in digits.items()}


def _attempt(path: Path, kind: type, pages: Pages, about: Mapping[str, str], digits: Digits) -> int:
    schema, count = arrow_schema(kind, digits, about), 0
    with path.open("wb") as file:
        with library("pyarrow.parquet").ParquetWriter(file, schema) as writer:
            for lines in pages():
                needed = digits_needed(kind, lines)
                if any(needed[name] > size for name, size in digits.items()):
                    raise _TooNarrowError(needed)
                writer.write_table(arrow_table(kind, lines, schema, digits))
                count += len(lines)
        file.flush()
        os.fsync(file.fileno())
    return count


def _require_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _taken(folder)


def _place(beside: Path, folder: Path) -> None:
    """Give the finished folder its name, and have the disk keep that."""
    _sync(beside)
    try:
        beside.rename(folder)
    except OSError as error:
        if error.errno not in _IS_TAKEN:
            raise
        raise _taken(folder) from None
    with suppress(PermissionError):  # a folder that may be written and not be read
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _taken(folder: Path) -> AlreadyThereError:
    return AlreadyThereError(f"{folder} is there and is not overwritten; name a new folder")
