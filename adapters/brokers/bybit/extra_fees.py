"""``extraFees``: taxes of some countries (GST, VAT, WHT) beside the fee of a trade.

They are charged on top of ``execFee``: in a recorded frame the position's realized result is less
by both. They stand as a list, or as a list in a text. A row of the transaction log has a sum of its
own, which says whether its change holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapters.json_page import Json, canonical, read_json
from adapters.port import RawPage
from adapters.rows import Row
from ledger.domain.events import Fee, FeeKind
from ledger.domain.numbers import total
from ledger.errors import BadFileError, BadRowError

NAME = "extraFees"


def extra_fees(row: Row) -> tuple[Fee, ...]:
    """The taxes, positive when charged; ``BadRowError`` and kin for what is none."""
    return tuple(
        Fee(amount=one.decimal("fee"), currency=one.required("feeCoin"), kind=FeeKind.TAX)
        for one in _rows(row)
        if one.decimal("fee")
    )


def extra_in(row: Row, coin: str) -> Decimal:
    """What of them is in this coin."""
    return total(fee.amount for fee in extra_fees(row) if fee.currency == coin)


def _rows(row: Row) -> Iterator[Row]:
    held = _list(row.values.get(NAME))
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        rule = "no list of fees beside the fee itself: enter the trade by hand"
        raise BadRowError(NAME, canonical(held)[:200], rule)
    yield from (Row(one, row.where) for one in held)


def _list(written: Json) -> Json:
    if written is None or written == "":
        return []
    if not isinstance(written, str):
        return written
    try:
        return read_json(RawPage(name=NAME, content=written.encode()))
    except (BadFileError, UnicodeEncodeError):
        return written
