"""Fills, reversals and corrections: ``/api/v3/brokerage/orders/historical/fills``.

The key is ``entry_id``: each row is an entry of its own. A reversal undoes the entry before it
under one ``trade_id``, and a correction is what stands instead. So the first reversal of a trade
undoes its fill, the next one the first correction, and so on, by the time they were posted. Only a
fill keeps its ``trade_id``: by it a reversal in a later report finds the fill, and nothing else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from adapters.brokers.coinbase.instruments import VENUE, Sizes, instrument
from adapters.gathering import Gathering
from adapters.linking import INSTEAD, linked, traded
from adapters.port import Record, external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, FillBusted, Identity, Liquidity, Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ONE, ZERO, multiply, negate, quantize, ratio, steps
from ledger.errors import BadRowError

FILL, REVERSAL, CORRECTION = "FILL", "REVERSAL", "CORRECTION"
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
LIQUIDITY: Final = {
    "MAKER": Liquidity.MAKER,
    "TAKER": Liquidity.TAKER,
    "UNKNOWN_LIQUIDITY_INDICATOR": None,
}
_UNIT: Final = Decimal(1).scaleb(-16)
_FRACTION = re.compile(r"\.([0-9]{1,9})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fills:
    """Reads the entries of all pages together, so that a reversal finds what it undoes."""

    def __init__(
        self,
        gathering: Gathering,
        rows: Iterable[Row],
        sizes: Sizes,
        clients: Mapping[str, str],
    ) -> None:
        self._gathering = gathering
        self._sizes = sizes
        self._clients = clients
        self._entries: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
        for row in rows:
            names = [row.values.get(name) for name in ("trade_id", "trade_type", "entry_id")]
            if all(isinstance(name, str) for name in names):
                trade, kind, entry = map(str, names)
                self._entries[trade, kind][entry] = row

    def read(self, row: Row) -> None:
        """Record one entry; ``BadRowError`` and kin for a row unread."""
        kind = row.required("trade_type")
        if kind not in {FILL, REVERSAL, CORRECTION}:
            rule = "an adjustment of which it is not told what it adjusts: enter it by hand"
            raise BadRowError("trade_type", kind, rule)
        if kind == CORRECTION:
            self._require_reversal(row)
        defined, at = instrument(row, self._sizes), row.instant("trade_time", UTC)
        if kind == REVERSAL:
            records = list(self._reversed(row, defined, at))
        else:
            fill = self._fill(row, defined)
            again = self._gathering.is_on_another_page(row)
            records = [
                Record(event=fill, occurred_at=at, row=row.where, digest=row.digest, again=again)
            ]
        self._gathering.define(defined)
        self._gathering.records += records

    def _fill(self, row: Row, defined: Instrument) -> FillBooked:
        order_id, is_fill = row.text("order_id"), row.text("trade_type") == FILL
        qty = _qty(row)
        return FillBooked(
            exec_id=row.required("entry_id"),
            instrument_id=defined.instrument_id,
            side=row.one_of("side", SIDES),
            last_qty=qty,
            last_px=row.decimal("price"),
            currency=defined.currency,
            venue=VENUE,
            cl_ord_id=self._clients.get(order_id) or external_order_id(VENUE, order_id),
            order_id=order_id or None,
            gross_trade_amt=_money(row, qty),
            fees=_fees(row, defined),
            seq=_posted(row) or None,
            trade_id=row.text("trade_id") or None if is_fill else None,
            liquidity=_liquidity(row),
        )

    def _reversed(self, row: Row, defined: Instrument, at: datetime) -> Iterator[Record]:
        """A bust of what was posted before, and what is kept of its commission. It names the trade
        where the entry is in no page; it is then looked for among what is booked."""
        trade, given = row.required("trade_id"), row.decimal_or_zero("commission").copy_abs()
        original = self._original(row)
        busted = FillBusted(
            exec_id=row.required("entry_id"),
            exec_ref_id=trade,
            venue=VENUE,
            instrument_id=defined.instrument_id,
            reason="reversed by the venue",
        )
        record = Record(
            event=busted,
            occurred_at=at,
            row=row.where,
            digest=row.digest,
            also=() if original else self._elsewhere(row, defined),
            refund=(Fee(amount=negate(given), currency=defined.currency),),
        )
        if original is None:
            yield record
        else:
            _require_same(row, original)
            fill = self._fill(original, defined)
            yield from linked(record, fill, fill.fees)

    def _elsewhere(self, row: Row, defined: Instrument) -> tuple[Identity, ...]:
        """What a reversal may undo that is in no page: the fill of its trade, or, where that was
        undone before, the correction of the order that has what the reversal has."""
        fill = self._fill(row, defined)
        by_trade = Identity(VENUE, "", "trade", row.required("trade_id"))
        if fill.order_id is None:
            return (by_trade,)
        return by_trade, Identity(VENUE, "", INSTEAD, fill.order_id, traded(fill))

    def _original(self, row: Row) -> Row | None:
        """The entry that a reversal undoes, or None when it is in no page."""
        trade = row.required("trade_id")
        fills = self._in_order(trade, FILL)
        if len(fills) > 1:
            raise BadRowError("trade_id", trade, "two fills under one trade: which is not told")
        first = fills[0] if fills else None
        before = [first, *self._in_order(trade, CORRECTION)]
        place = self._place(row, REVERSAL)
        return before[place] if place < len(before) else None

    def _require_reversal(self, row: Row) -> None:
        """Raise ``BadRowError`` for a correction while what it replaces still stands."""
        if self._place(row, CORRECTION) >= len(self._in_order(row.required("trade_id"), REVERSAL)):
            rule = "a correction without the reversal of what it corrects: read both in one report"
            raise BadRowError("trade_type", CORRECTION, rule)

    def _place(self, row: Row, kind: str) -> int:
        """Which of its trade's entries of this kind the row is, from 0."""
        trade, entry = row.required("trade_id"), row.required("entry_id")
        entries = [one.values["entry_id"] for one in self._in_order(trade, kind)]
        if entry not in entries:
            raise BadRowError("entry_id", entry, "not an id in text")
        return entries.index(entry)

    def _in_order(self, trade: str, kind: str) -> list[Row]:
        """The entries of a trade as they were posted, each once."""
        entries = self._entries.get((trade, kind), {})
        return [row for _, row in sorted(entries.items(), key=lambda it: (_posted(it[1]), it[0]))]


def _require_same(row: Row, original: Row) -> None:
    """Raise ``BadRowError`` unless a reversal is of the whole of what it undoes."""
    if (_qty(original), original.decimal("price")) != (_qty(row), row.decimal("price")):
        rule = "not the size and price of what it reverses: enter it by hand"
        raise BadRowError("size", row.text("size"), rule)


def _qty(row: Row) -> Decimal:
    """Units of the base, or contracts. A size in quote money is divided by the price, to as many
    decimals as Coinbase has: it makes an order's ``filled_size`` of its ``filled_value`` so."""
    size = row.decimal("size")
    if not row.flag("size_in_quote"):
        return size
    px = row.decimal("price")
    count = steps(ratio(size, ONE, px), _UNIT, ROUND_HALF_EVEN) if px > ZERO else ZERO
    if not count:
        rule = "quote money that makes no units at the price: enter it by hand"
        raise BadRowError("size", row.text("size"), rule)
    return quantize(multiply(count, _UNIT))


def _money(row: Row, qty: Decimal) -> Decimal | None:
    """The quote money that the row states, where quantity and price do not make it."""
    size = row.decimal("size")
    is_other = row.flag("size_in_quote") and size != multiply(qty, row.decimal("price"))
    return size if is_other else None


def _fees(row: Row, defined: Instrument) -> tuple[Fee, ...]:
    """The commission in the quote currency: positive is charged, as Coinbase writes it."""
    commission = row.decimal_or_zero("commission")
    return (Fee(amount=commission, currency=defined.currency),) if commission else ()


def _liquidity(row: Row) -> Liquidity | None:
    told = row.has("liquidity_indicator")
    return row.one_of("liquidity_indicator", LIQUIDITY) if told else None


def _posted(row: Row) -> int:
    """When the entry was posted, in nanoseconds: Coinbase's own order of fills of one time; 0 when
    it is not told."""
    if not row.has("sequence_timestamp"):
        return 0
    at = row.instant("sequence_timestamp", UTC).replace(microsecond=0)
    found = _FRACTION.search(row.text("sequence_timestamp"))
    finer = int(found[1].ljust(9, "0")) if found else 0
    return (at - _EPOCH) // timedelta(seconds=1) * 10**9 + finer
