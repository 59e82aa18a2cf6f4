"""What a row's cells are, one by one: text, sequence numbers, signs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal

from adapters.brokers.csv_map.columns import ColumnMap
from ledger.domain.events import Side
from ledger.domain.numbers import text
from ledger.errors import BadRowError

Cells = list[str]
Cell = Callable[[Cells], str]


def one_line(cell: str) -> str:
    """A cell's text without the spaces that say nothing."""
    return " ".join(cell.split())


def digest_of_cells(row: Cells) -> str:
    """The SHA-256 of a raw row."""
    return hashlib.sha256("\x1f".join(row).encode()).hexdigest()


def whole(value: str) -> int:
    """A sequence number: digits alone."""
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise BadRowError("seq", value, "not a whole number of at most 18 digits")
    return int(value)


def check_sign(columns: ColumnMap, written: str, qty: Decimal, side: Side) -> None:
    """``BadRowError`` for a sign that is not the side's: none, or as the map declares."""
    is_signed = columns.qty_sign == "signed"
    if (qty > 0) is side.is_buy if is_signed else qty >= 0:
        return
    rule = f"{side.value} is not the side of a quantity of {text(qty)}"
    if not is_signed:
        rule += f'; declare qty_sign = "signed" in {columns.name} if it writes sales negative'
    raise BadRowError("qty", written, rule)
