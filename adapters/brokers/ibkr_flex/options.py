"""``OptionEAE``: exercises, assignments and expiries, which ``Trades`` tells as ``BookTrade`` rows.

A row that such a trade tells is not booked again: both have one trade's id, or else contract, day
and signed quantity. Where the file has no ``Trades`` at all, these rows alone tell it and are
booked, at the last second of their day, which is all they say of the time. The money of a
settlement in cash is on a row of its own; it is what the closing trade closed for, where that says
0, and the same money once more, where that says it.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ledger.domain.numbers import ZERO, add, negate, text, total
from ledger.errors import BadRowError

KINDS: Final = frozenset({"Assignment", "Exercise", "Expiration", "Buy", "Sell"})
CASH: Final = "Cash Settlement"
LAST_SECOND: Final = timedelta(days=1, seconds=-1)

Content = tuple[str, str, Decimal]
Spot = tuple[str, str, Side]


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
    """The trades among ``records`` that closed an option, by contract, day and side, beside the
    money that settlements in cash tell of them. ``trades`` are their rows."""

    def __init__(
        self,
        records: Sequence[Record],
        trades: Iterable[Row],
        instruments: Mapping[str, Instrument],
    ) -> None:
        self.records = list(records)
        rows = {row.where: row for row in trades}
        self._for_nothing: dict[Spot, deque[int]] = defaultdict(deque)
        self._for_money: dict[Spot, Counter[Decimal]] = defaultdict(Counter)
        self._read: list[tuple[Row, Spot, Decimal]] = []
        for place, record in enumerate(self.records):
            fill, row = record.event, rows.get(record.row)
            if not isinstance(fill, FillBooked) or row is None:
                continue
            spot = (fill.instrument_id, _day(row, "tradeDate", "dateTime"), fill.side)
            if not fill.last_px and not fill.gross_trade_amt:
                self._for_nothing[spot].append(place)
            elif row.values.get("transactionType") == "BookTrade":
                self._for_money[spot][_worth(fill, instruments.get(fill.instrument_id))] += 1

    def read(self, row: Row) -> None:
        """Take a settlement; ``BadRowError`` when its row tells no money."""
        money = row.decimal("proceeds")
        if not money:
            rule = "a settlement in cash without its money: add proceeds to the Flex query"
            raise BadRowError("proceeds", row.values.get("proceeds", ""), rule)
        side = Side.SELL if money > ZERO else Side.BUY
        spot = (instrument_id(row), _day(row, "date"), side)
        self._read.append((row, spot, money.copy_abs()))

    def _made(self, spot: Spot) -> Decimal:
        return total(self._for_money.get(spot, Counter[Decimal]()).elements())

    def settle(self) -> Iterator[tuple[Row, BadRowError]]:
        """The settlements that nothing tells, and why. One is told by a trade that closed for its
        money, else by the first that closed for none: it closed for that. Those of one contract,
        day and side are told too where together they have the money of its trades."""
        sums: dict[Spot, Decimal] = defaultdict(lambda: ZERO)
        for _, spot, money in self._read:
            sums[spot] = add(sums[spot], money)
        told = {spot for spot, money in sums.items() if money == self._made(spot)}
        for row, spot, money in self._read:
            if spot not in told and not self._is_settled(spot, money):
                yield row, BadRowError("proceeds", text(money), _why_not(self._made(spot)))

    def _is_settled(self, spot: Spot, money: Decimal) -> bool:
        places, paid = self._for_nothing.get(spot), self._for_money.get(spot)
        if paid and paid[money] > 0:
            paid[money] -= 1
            return True
        if not places:
            return False
        place = places.popleft()
        closed = changed(self.records[place].event, gross_trade_amt=money)
        self.records[place] = attrs.evolve(self.records[place], event=closed)
        return True


def _why_not(made: Decimal) -> str:
    if not made:
        return (
            "a settlement in cash of an option that no trade of its day closes for nothing: enter "
            "it by hand"
        )
    return (
        f"a settlement in cash, where the trades that close the option make {text(made)}: that is "
        "booked; find out which is right, and enter no more than the difference"
    )


def _worth(fill: FillBooked, closed: Instrument | None) -> Decimal:
    """What a trade closed for."""
    if fill.gross_trade_amt or closed is None:
        return fill.gross_trade_amt or ZERO
    return closed.value(fill.last_qty, fill.last_px or ZERO)


def _content(row: Row, *days: str) -> Content:
    return instrument_id(row), _day(row, *days), row.decimal("quantity")


def _day(row: Row, *names: str) -> str:
    """The day as digits, whatever the file's format."""
    written = next((row.values[name] for name in names if row.values.get(name)), "")
    return written[:10].replace("-", "")[:8]
