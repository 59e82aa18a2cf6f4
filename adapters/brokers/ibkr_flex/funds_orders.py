"""Lines of the statement of funds that tell an order as a whole, and name none of its trades.

Such a line has an ``orderID`` and neither a trade nor a posting. The executions of the order tell
it, where they make what all the lines of the order in that currency make.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from adapters.brokers.ibkr_flex.funds_chain import TRADED, amount_of, is_base
from adapters.brokers.ibkr_flex.row import NO_ID, Row
from adapters.brokers.ibkr_flex.stated import ROUNDING
from adapters.text import UNREADABLE
from ledger.domain.numbers import ZERO, add, subtract


class Orders:
    """What the executions of each order make by currency (``netCash``), less what its lines do. A
    currency trade has no ``netCash``: that the order is there tells its lines."""

    def __init__(self, executions: Iterable[Row], lines: Iterable[Row]) -> None:
        self._known: set[str] = set()
        self._uncounted: set[str] = set()
        self._left: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for row in executions:
            self._execution(row, row.values.get("ibOrderID", ""))
        for row in lines:
            self._line(row, row.values.get("orderID", ""))

    def tell(self, row: Row) -> bool:
        """Whether the executions of the line's order tell it."""
        order, currency = row.values.get("orderID", ""), row.values.get("currency", "")
        if order not in self._known or not _is_of_order(row):
            return False
        is_counted = not is_base(row) and order not in self._uncounted
        return not is_counted or self._left[order, currency].copy_abs() <= ROUNDING

    def _execution(self, row: Row, order: str) -> None:
        """An execution whose money cannot be read leaves the order uncounted."""
        if order in NO_ID:
            return
        self._known.add(order)
        try:
            net = row.decimal_or_none("netCash")
        except UNREADABLE:
            net = None
        if net is None or row.values.get("assetCategory") == "CASH":
            self._uncounted.add(order)
        else:
            key = (order, row.values.get("currency", ""))
            self._left[key] = add(self._left[key], net)

    def _line(self, row: Row, order: str) -> None:
        """A line whose money cannot be read is set aside where it is read."""
        if is_base(row) or not _is_of_order(row):
            return
        key = (order, row.values.get("currency", ""))
        try:
            self._left[key] = subtract(self._left[key], amount_of(row))
        except UNREADABLE:
            return


def _is_of_order(row: Row) -> bool:
    """Whether the line is of an order alone."""
    names = ("transactionID", "tradeID")
    is_named = any(row.values.get(name, "") not in NO_ID for name in names)
    return row.values.get("activityCode") in TRADED and not is_named
