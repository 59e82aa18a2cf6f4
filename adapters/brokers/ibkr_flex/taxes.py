"""``TransactionTaxes``: taxes on trades, of which some are in the trade's money and some are not.

``source`` tells which. TRADE is a part of a trade, whose own ``taxes`` hold it: stamp duty, a levy.
STANDALONE is money of its own, which no trade tells: the French, Spanish or Italian tax on what was
bought in a day. It is booked under the posting's id (``tradeId``), which the statement of funds
gives its line (``TTAX``) too. Rows of one posting are one charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.cash import tax
from adapters.brokers.ibkr_flex.instruments import instrument_id
from adapters.brokers.ibkr_flex.row import NO_ID, Row
from adapters.brokers.ibkr_flex.sections import details, is_summary
from adapters.port import Ordinals, Record
from adapters.text import UNREADABLE
from ledger.domain.events import CashEvent
from ledger.domain.numbers import text, total
from ledger.errors import BadRowError

TIMES: Final = ("date", "reportDate")
OWN: Final = "STANDALONE"
OF_TRADE: Final = "TRADE"


def posting(row: Row) -> str:
    """The id of the tax, or of the trade it is a part of; "" without one."""
    return row.id("tradeId") or row.id("tradeID") or row.id("transactionID")


def taxed_trades(trades: Iterable[Row]) -> set[str]:
    """The ids of the trades whose own ``taxes`` are money."""
    found: set[str] = set()
    for row in trades:
        try:
            if row.decimal_or_zero("taxes"):
                found.add(row.id("tradeID"))
        except UNREADABLE:
            continue
    return found - {""}


def charges(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows by the charge that they make: one of a posting, else each by itself."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        named = row.values.get("tradeId", "")
        named = row.where if named in NO_ID else named
        key = (named, row.values.get("currency", ""), row.values.get("source", ""))
        found.setdefault(key, []).append(row)
    return list(found.values())


class TransactionTaxes:
    """Reads taxes beside the trades of the same statement, which hold some of them."""

    def __init__(self, trades: Iterable[Row], ids: Ordinals) -> None:
        held = list(trades)
        self._ids = ids
        self._trades = {row.values.get("tradeID", "") for row in held}
        self._taxed = taxed_trades(held)

    def read(self, rows: Sequence[Row]) -> list[Record]:
        """Nothing for what a trade holds, else the charge; ``BadRowError`` and kin for one that
        neither is held nor can be booked."""
        row, source = rows[0], rows[0].text("source")
        if source == OF_TRADE:
            self._require_held(row)
            return []
        if source != OWN:
            rule = "a tax of which is not told whether its trade's own taxes hold it"
            raise BadRowError("source", source, f"{rule}: enter it by hand")
        amount, at = _amount(rows), row.happened(*TIMES)
        content = ["transaction tax", row.required("currency"), row.written(*TIMES), text(amount)]
        content += [instrument_id(row), row.text("taxDescription")]
        event = transaction_tax(row, posting(row) or self._ids.of(content), amount)
        return [Record(event=event, occurred_at=at, row=row.where, digest=row.digest)]

    def _require_held(self, row: Row) -> None:
        trade = posting(row)
        if trade not in self._trades:
            rule = "a tax that its trade holds, which is not in this file: add Trades"
            raise BadRowError("tradeId", trade, rule)
        if trade not in self._taxed:
            rule = "a tax that its trade should hold and does not: add taxes to the Trades"
            raise BadRowError("tradeId", trade, f"{rule} of the Flex query")


def transaction_tax(row: Row, id_: str, amount_: Decimal) -> CashEvent:
    """A tax on trades, whichever section tells it."""
    return tax(row, id_, amount_, row.text("taxDescription"), instrument_id(row))


def _amount(rows: Sequence[Row]) -> Decimal:
    """What the rows of one charge come to; a summary must be what its details come to."""
    made = total(row.decimal("taxAmount") for row in details(rows))
    summed = [row.decimal("taxAmount") for row in rows if is_summary(row)]
    if summed and total(summed) != made:
        rule = "a summary that its details do not make"
        raise BadRowError("taxAmount", text(total(summed)), rule)
    return made
