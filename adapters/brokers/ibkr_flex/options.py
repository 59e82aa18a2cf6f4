"""``OptionEAE``: exercises, assignments and expiries, which ``Trades`` tells as ``BookTrade`` rows.

A row that such a trade tells is not booked again: both have one trade's id, or else contract, day
and signed quantity. Where the file has no ``Trades`` at all, these rows alone tell it and are
booked, at the last second of their day, which is all they say of the time. The money of a
settlement in cash stands here only, on a row of its own; it is what the closing trade, which says
0, closed for.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

import attrs

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument, instrument_id
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Ordinals, Record
from adapters.text import UNREADABLE
from ledger.domain.events import (
    Event,
    Fee,
    FillBooked,
    OptionExercised,
    OptionExpired,
    Side,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, negate, text
from ledger.errors import BadRowError

KINDS: Final = frozenset({"Assignment", "Exercise", "Expiration", "Buy", "Sell"})
CASH: Final = "Cash Settlement"
LAST_SECOND: Final = timedelta(days=1, seconds=-1)

Content = tuple[str, str, Decimal]


class Exercises:
    """Reads ``OptionEAE`` beside the trades of the same statement (None: it has no ``Trades``)."""

    def __init__(self, trades: Iterable[Row] | None, ids: Ordinals) -> None:
        self._ids = ids
        self._is_alone = trades is None
        self._by_id: set[str] = set()
        self._by_content: Counter[Content] = Counter()
        for row in trades or ():
            if row.values.get("transactionType") == "BookTrade":
                self._add(row)

    def _add(self, row: Row) -> None:
        """A trade that cannot be read is set aside as a trade, and tells nothing here."""
        try:
            self._by_content[_content(row, "tradeDate", "dateTime")] += 1
            self._by_id.add(row.id("tradeID"))
        except UNREADABLE:
            return

    def read(self, row: Row) -> list[tuple[Instrument, Record]]:
        """Nothing for what a trade tells, else what happened; ``BadRowError`` and kin for a row
        that neither is told nor can be booked."""
        kind = row.required("transactionType")
        if kind not in KINDS:
            rule = "an unknown kind of exercise row: enter what it did by hand"
            raise BadRowError("transactionType", kind, rule)
        if self._is_told(row):
            return []
        if not self._is_alone:
            rule = (
                "an exercise, assignment or expiry that no BookTrade row of this file tells: "
                "it is in Trades of another file, or has to be entered by hand"
            )
            raise BadRowError("transactionType", kind, rule)
        defined, event = instrument(row), self._event(row, kind)
        at = row.happened("date") + LAST_SECOND
        return [(defined, Record(event=event, occurred_at=at, row=row.where, digest=row.digest))]

    def _is_told(self, row: Row) -> bool:
        content, trade = _content(row, "date"), row.id("tradeID")
        if trade and trade in self._by_id:
            self._by_content[content] -= 1
            return True
        if self._by_content[content] > 0:
            self._by_content[content] -= 1
            return True
        return False

    def _event(self, row: Row, kind: str) -> Event:
        qty, about = row.decimal("quantity"), instrument_id(row)
        id_ = row.id("tradeID") or self._ids.of(
            ["option", kind, about, row.written("date"), text(qty)]
        )
        units = qty.copy_abs()
        if kind == "Expiration":
            return OptionExpired(id=id_, instrument_id=about, qty=units, venue=VENUE)
        if kind in {"Exercise", "Assignment"}:
            return OptionExercised(
                id=id_, instrument_id=about, qty=units, assigned=kind == "Assignment", venue=VENUE
            )
        return _delivery(row, id_, about, qty, kind)


def _delivery(row: Row, id_: str, about: str, qty: Decimal, kind: str) -> FillBooked:
    """The underlying that an exercise bought or sold, at the strike."""
    side = Side.BUY if qty > ZERO else Side.SELL
    if kind.lower() != side.value:
        raise BadRowError("quantity", text(qty), f"not the sign of a row of kind {kind}")
    charged = row.decimal_or_zero("commisionsAndTax")
    currency = row.required("currency")
    return FillBooked(
        exec_id=id_,
        instrument_id=about,
        side=side,
        last_qty=qty.copy_abs(),
        last_px=row.decimal("tradePrice"),
        currency=currency,
        venue=VENUE,
        fees=(Fee(amount=negate(charged), currency=currency),) if charged else (),
        trade_id=row.id("tradeID") or None,
    )


class Settlements:
    """The fills among ``records`` that closed an option for nothing, by contract, day and side, for
    the money that settlements in cash tell of them. ``trades`` are their rows."""

    def __init__(self, records: Sequence[Record], trades: Iterable[Row]) -> None:
        self.records = list(records)
        days = {row.where: _day(row, "tradeDate", "dateTime") for row in trades}
        self._places: dict[tuple[str, str, Side], deque[int]] = defaultdict(deque)
        for place, record in enumerate(self.records):
            fill = record.event
            if not isinstance(fill, FillBooked) or record.row not in days:
                continue
            if not fill.last_px and not fill.gross_trade_amt:
                self._places[fill.instrument_id, days[record.row], fill.side].append(place)

    def settle(self, row: Row) -> None:
        """The first such fill closed for the money of this row; ``BadRowError`` when the row tells
        no money, or no such fill is there."""
        money = row.decimal("proceeds")
        if not money:
            rule = "a settlement in cash without its money: add proceeds to the Flex query"
            raise BadRowError("proceeds", row.values.get("proceeds", ""), rule)
        side = Side.SELL if money > ZERO else Side.BUY
        places = self._places.get((instrument_id(row), _day(row, "date"), side))
        if not places:
            rule = "a settlement in cash of an option that no trade of its day closes for nothing"
            raise BadRowError("proceeds", text(money), f"{rule}: enter it by hand")
        record = self.records[places[0]]
        paid = changed(record.event, gross_trade_amt=money.copy_abs())
        self.records[places.popleft()] = attrs.evolve(record, event=paid)


def _content(row: Row, *days: str) -> Content:
    return instrument_id(row), _day(row, *days), row.decimal("quantity")


def _day(row: Row, *names: str) -> str:
    """The day as digits, whatever the file's format."""
    written = next((row.values[name] for name in names if row.values.get(name)), "")
    return written[:10].replace("-", "")[:8]
