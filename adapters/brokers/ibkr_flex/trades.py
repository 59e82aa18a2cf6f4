"""``Trades/Trade`` rows of detail EXECUTION: fills, cancels and corrections.

The id of a fill is IB's execution id, which the live API gives too; else the posting's id
(``transactionID``); else a hash of the content with an ordinal. ``tradeID`` is no key: a rebooked
trade takes the old one again. Trades of one second are in the order of their postings. Money is
IB's own: ``proceeds`` where quantity, price and multiplier do not make it, ``ibCommission`` and
``taxes`` with the sign turned (IB writes a charge negative).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import attrs

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument, is_implied
from adapters.brokers.ibkr_flex.revisions import earlier
from adapters.brokers.ibkr_flex.row import ABSENT, NO_ID, Row
from adapters.linking import linked
from adapters.port import FIRST_PLACE, Ordinals, Page, Record, external_order_id
from adapters.rejoining import ALIKE, POSTED, POSTING, TRADE
from adapters.sharing import remembering
from adapters.text import moment
from ledger.domain.events import (
    Fee,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    Side,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import multiply, negate, text
from ledger.errors import BadRowError

FILLS: Final = frozenset({"", "ExchTrade", "BookTrade", "FracShare", "DvpTrade"})
CANCELS: Final = frozenset({"TradeCancel", "FracShareCancel"})
CORRECTIONS: Final = frozenset({"TradeCorrect"})
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
CANCEL_SIGN: Final = " (Ca.)"
ORIGINALS: Final = ("origTransactionID", "origTradeID")
EXECUTION: Final = ABSENT | {"EXECUTION"}


def is_execution(row: Row) -> bool:
    """Orders, lots and summaries stand in the same container; only executions are facts."""
    return row.element == "Trade" and row.values.get("levelOfDetail", "") in EXECUTION


class Trades:
    """Reads a file's trade rows; knows its fills by posting id, for the cancels that follow.

    ``charged`` says for currency trades, by posting, what the commission was taken in and how
    much it was (IB's sign), where the statement of funds tells: the row prints it in the base.
    ``rows`` are those that will be read: of fills that no cancel among them can name, and of places
    that no row needs, nothing is kept.
    """

    def __init__(
        self,
        ids: Ordinals,
        page: Page,
        charged: Mapping[str, tuple[str, Decimal]],
        rows: Sequence[Row],
    ) -> None:
        self._ids = ids
        self._alike = Ordinals()
        self._page = page
        self._charged = charged
        self._places: Counter[tuple[str, str]] = Counter()
        self._counts_places = any(
            all(row.values.get(name, "") in NO_ID for name in ("ibExecID", "transactionID"))
            for row in rows
        )
        self._named = {row.values.get(name) for row in rows for name in ORIGINALS}
        self._by_alias: dict[Identity, list[FillBooked]] = defaultdict(list)
        self._undone: set[Identity] = set()
        self._anew: dict[str, FillBooked] = {}
        self._readers: dict[str, Callable[[Row, Instrument], Record]] = {
            **dict.fromkeys(FILLS, self._fill),
            **dict.fromkeys(CANCELS, self._cancel),
            **dict.fromkeys(CORRECTIONS, self._correction),
        }

    def read(self, row: Row) -> tuple[Instrument, Record]:
        """The instrument and the record of one row; ``BadRowError`` and kin for a row unread."""
        kind = row.text("transactionType")
        if row.text("buySell").endswith(CANCEL_SIGN):
            kind = "TradeCancel"
        if kind not in self._readers:
            rule = "an unknown kind of trade row: enter what it did by hand"
            raise BadRowError("transactionType", kind, rule)
        defined = instrument(row)
        if self._counts_places:
            self._places[_written(row), defined.instrument_id] += 1
        return defined, self._readers[kind](row, defined)

    def link(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, each cancel and correction naming its fill when the file holds it. What was
        cancelled cannot be corrected: the correction is the trade anew then."""
        held = list(records)
        originals: dict[int, FillBooked] = {}
        for kind in (FillBusted, FillCorrected):
            for place, record in enumerate(held):
                found = self._original(record) if isinstance(record.event, kind) else None
                if found is not None:
                    self._undone.add(found.identity())
                    originals[place] = found
        for place, record in enumerate(held):
            original = originals.get(place)
            anew = self._anew.get(record.digest)
            if original is not None:
                yield from linked(record, original, original.fees)
            elif anew is not None and any(alias in self._by_alias for alias in record.also):
                yield attrs.evolve(record, event=anew, also=())
            else:
                yield record

    def _original(self, record: Record) -> FillBooked | None:
        """The fill meant: by posting, else by trade, whose id a dead and a rebooked fill share."""
        named = (fill for alias in record.also for fill in self._by_alias.get(alias, ()))
        return next((fill for fill in named if fill.identity() not in self._undone), None)

    def _fill(self, row: Row, defined: Instrument) -> Record:
        at = _time(row)
        exec_id, seq = row.id("ibExecID") or row.id("transactionID"), row.seq
        is_counted = seq is None and not exec_id
        if is_counted:
            seq = FIRST_PLACE + self._places[_written(row), defined.instrument_id] - 1
        fill = self._booked(row, defined, exec_id or self._ids.of(_content(row, defined)), seq)
        also = _aliases(row, "transactionID", "tradeID")
        for alias in also:
            if alias.id in self._named:
                self._by_alias[alias].append(fill)
        record = _record(row, fill, at, (*also, *self._elsewhere(row, defined, exec_id)))
        return attrs.evolve(record, page=self._page, raw=row.raw) if is_counted else record

    def _elsewhere(self, row: Row, defined: Instrument, exec_id: str) -> Iterator[Identity]:
        """The ids that the fill has in a file whose query has fewer of them."""
        content = self._alike.of(_content(row, defined))
        posting = row.id("transactionID")
        if posting and posting != exec_id:
            yield Identity(VENUE, "", POSTED, posting)
        if exec_id:
            yield Identity(VENUE, "", ALIKE, content)

    def _booked(self, row: Row, defined: Instrument, exec_id: str, seq: int | None) -> FillBooked:
        """What a row says of an execution, under an id and in a place."""
        qty, px = row.decimal("quantity").copy_abs(), row.decimal("tradePrice")
        return FillBooked(
            exec_id=exec_id,
            instrument_id=defined.instrument_id,
            side=_side(row),
            last_qty=qty,
            last_px=px,
            currency=defined.currency,
            venue=VENUE,
            cl_ord_id=external_order_id(VENUE, row.id("ibOrderID")),
            order_id=row.id("ibOrderID") or None,
            gross_trade_amt=_gross(row, qty, px, defined),
            fees=self._fees(row),
            seq=seq,
            trade_id=row.id("tradeID") or None,
            settl_date=row.date_or_none("settleDateTarget"),
        )

    def _cancel(self, row: Row, defined: Instrument) -> Record:
        also = _originals(row)
        busted = FillBusted(
            exec_id=row.id("transactionID") or self._ids.of(_content(row, defined)),
            exec_ref_id=also[0].id,
            venue=VENUE,
            instrument_id=defined.instrument_id,
            reason="cancelled by the broker",
        )
        return _record(row, busted, _time(row), also, refund=self._fees(row))

    def _correction(self, row: Row, defined: Instrument) -> Record:
        at, also = _time(row), _originals(row)
        qty, px = row.decimal("quantity").copy_abs(), row.decimal("tradePrice")
        exec_id = row.id("ibExecID") or row.id("transactionID")
        corrected = FillCorrected(
            exec_id=exec_id or self._ids.of(_content(row, defined)),
            exec_ref_id=also[0].id,
            last_qty=qty,
            last_px=px,
            gross_trade_amt=_gross(row, qty, px, defined),
            fees=self._fees(row),
            side=_side(row),
            venue=VENUE,
            instrument_id=defined.instrument_id,
        )
        self._anew[row.digest] = self._booked(row, defined, corrected.exec_id, row.seq)
        return _record(row, corrected, at, also)

    def _fees(self, row: Row) -> tuple[Fee, ...]:
        """Commission and taxes; IB's negative is a charge, which is positive here."""
        commission, taxes = row.decimal_or_zero("ibCommission"), row.decimal_or_zero("taxes")
        currency = row.text("ibCommissionCurrency") or row.text("currency")
        posting = row.id("transactionID")
        if posting in self._charged and row.text("assetCategory") == "CASH":
            currency, commission = self._charged[posting]
        taxed = row.required("currency") if taxes else ""
        return _charges(str(commission), currency, str(taxes), taxed)


@remembering
def _charges(commission: str, currency: str, taxes: str, taxed: str) -> tuple[Fee, ...]:
    """By what is written of them, so that equal ones are told with equal digits."""
    fees = []
    if Decimal(commission):
        fees.append(Fee(amount=negate(Decimal(commission)), currency=currency))
    if Decimal(taxes):
        fees.append(Fee(amount=negate(Decimal(taxes)), currency=taxed, kind=FeeKind.TAX))
    return tuple(fees)


def _record(
    row: Row,
    event: FillBooked | FillBusted | FillCorrected,
    at: datetime,
    also: tuple[Identity, ...],
    refund: tuple[Fee, ...] = (),
) -> Record:
    return Record(
        event=event, occurred_at=at, row=row.where, digest=row.digest, also=also, refund=refund
    )


def _time(row: Row) -> datetime:
    """When it traded: date and time in one, or in two attributes, or the bare trade date."""
    if row.text("dateTime") or not row.text("tradeTime"):
        return row.happened("dateTime", "tradeDate")
    return moment("tradeTime", f"{row.required('tradeDate')};{row.text('tradeTime')}", row.zone)


def _written(row: Row) -> str:
    """The same as the file has it, in whichever zone that is."""
    return _time(row.in_zone(UTC)).isoformat()


def _side(row: Row) -> Side:
    """The side written, which must be the quantity's sign; without one, the sign itself."""
    qty, written = row.decimal("quantity"), row.text("buySell")
    if not qty:
        raise BadRowError("quantity", row.text("quantity"), "a fill of nothing")
    signed = Side.BUY if qty > 0 else Side.SELL
    if written and SIDES.get(written) is not signed:
        raise BadRowError("buySell", written, f"not the side of a quantity of {text(qty)}")
    return signed


def _gross(row: Row, qty: Decimal, px: Decimal, defined: Instrument) -> Decimal | None:
    """IB's own money where quantity, price and multiplier do not make it."""
    if row.text("proceeds"):
        signed = negate(row.decimal("proceeds"))
    elif row.text("tradeMoney"):
        signed = row.decimal("tradeMoney")
    else:
        return None
    made = multiply(multiply(row.decimal("quantity"), px), defined.multiplier)
    if signed == made and not is_implied(row):
        return None
    if signed and (signed < 0) is not (row.decimal("quantity") < 0):
        raise BadRowError("proceeds", row.text("proceeds"), "not the sign of the quantity traded")
    return signed.copy_abs()


def _aliases(row: Row, posting: str, trade: str) -> tuple[Identity, ...]:
    """The posting's id and the trade's, as identities a cancel may name."""
    names = ((POSTING, posting), (TRADE, trade))
    return tuple(Identity(VENUE, "", kind, row.id(name)) for kind, name in names if row.id(name))


def _originals(row: Row) -> tuple[Identity, ...]:
    """What a cancel or correction names: a posting, a trade, or its own id's earlier revision."""
    also = _aliases(row, *ORIGINALS)
    if not also:
        also = tuple(
            Identity(VENUE, "", "fill", exec_id) for exec_id in earlier(row.id("ibExecID"))[-1:]
        )
    if not also:
        rule = (
            "a cancel or correction that names no original: add origTransactionID to the Flex "
            "query; where that names none, enter by hand what it undid"
        )
        raise BadRowError("origTransactionID", row.values.get("origTransactionID", ""), rule)
    return also


def _content(row: Row, defined: Instrument) -> list[str]:
    """What tells a row without id apart, written the same way whatever the file's formats."""
    numbers = ("quantity", "tradePrice", "ibCommission", "taxes")
    return [
        *("fill", row.text("transactionType"), row.text("buySell"), _written(row)),
        *(defined.instrument_id, row.id("tradeID"), row.text("ibCommissionCurrency")),
        *(text(row.decimal_or_zero(name)) for name in numbers),
    ]
