"""A fill from a row's cells: by quantity and price, or by the amount that moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from adapters.brokers.csv_map.cells import Cells, check_sign, whole
from adapters.brokers.csv_map.columns import AMOUNT, SIGNED
from adapters.brokers.csv_map.fees import FeeColumns, Money
from adapters.brokers.csv_map.fields import Fields, required
from adapters.brokers.csv_map.settled import HUNDREDTH, Stated, require_sign, settle
from adapters.port import external_order_id
from adapters.sharing import remembering
from adapters.text import formatted_moment
from ledger.domain.events import Fee, FillBooked, Side
from ledger.domain.numbers import multiply, negate
from ledger.errors import BadRowError

Worth = tuple[tuple[Fee, ...], Decimal | None, Decimal | None]
"""Charges, price and value of a fill."""
OrderIds = tuple[str | None, str | None]
"""The venue's id of an order, and ours."""


class Fills:
    """Makes fills; ``differs`` says in words what somebody has to look at in the last one."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        columns, cell = fields.map, fields.cell
        self._number, self._id = fields.number, fields.id
        self._qty, self._px, self._priced_in = fields.qty, fields.px, fields.priced_in
        self.differs = ""
        self._is_settled = columns.money == AMOUNT
        self._is_fee_negative = columns.fee_sign == "charged-negative"
        self._fees: Callable[[str, str], tuple[Fee, ...]] = remembering(self._charges)
        self._settles: Callable[[str], date] = remembering(self._settlement)
        self._order_ids: Callable[[str, str], OrderIds] = remembering(self._named)
        self._fee_columns = FeeColumns(fields.table, columns, fields.number)
        self._side, self._gross, self._rate = map(cell, ("side", "gross", "rate"))
        self._fee, self._fee_currency = map(cell, ("fee", "fee_currency"))
        self._order, self._cl_ord = map(cell, ("order_id", "cl_ord_id"))
        self._trade, self._settl, self._seq = map(cell, ("trade_id", "settl_date", "seq"))

    def of(self, row: Cells, place: int | None, scope: str, side: Side | None = None) -> FillBooked:
        """One execution; ``place`` is counted, ``side`` is that of the row's kind, if any."""
        self.differs = ""
        qty = self._number("qty", self._qty(row))
        currency = self._fill_currency(row)
        instrument_id = self._instrument(row, currency)
        way = self._sided(row, qty, side)
        worth = self._settled(row, currency, qty, way) if self._is_settled else None
        fees, px, gross = worth or self._priced(row, currency)
        named, seq = self._id(row), self._seq(row)
        order_id, cl_ord_id = self._order_ids(self._order(row), self._cl_ord(row))
        settled = self._settl(row)
        return FillBooked(
            exec_id=named or self._fields.row_id(row),
            instrument_id=instrument_id,
            side=way,
            last_qty=qty.copy_abs(),
            last_px=px,
            currency=currency,
            venue=self._fields.map.venue,
            scope=scope,
            cl_ord_id=cl_ord_id,
            order_id=order_id,
            gross_trade_amt=gross,
            fees=fees,
            seq=whole(seq) if seq else (None if named else place),
            trade_id=self._trade(row) or None,
            settl_date=self._settles(settled) if settled else None,
        )

    def _fill_currency(self, row: Cells) -> str:
        """What the money of a fill is in."""
        if self._is_settled:
            return required("amount_currency", self._fields.currency(row))
        currency = required("currency", self._priced_in(row))
        return self._fields.map.hundredths.get(currency, currency)

    def _priced(self, row: Cells, currency: str) -> Worth:
        """Charges, price and value where the price is the money's."""
        px, gross, fee = self._px(row), self._gross(row), self._fee(row)
        price = self._number("px", px) if px or not gross else None
        if price is not None and self._priced_in(row) in self._fields.map.hundredths:
            price = multiply(price, HUNDREDTH)
        fees = self._fees(fee, self._fee_currency(row) or currency) if fee else ()
        return fees, price, self._number("gross", gross).copy_abs() if gross else None

    def _settled(self, row: Cells, currency: str, qty: Decimal, side: Side) -> Worth:
        """The same where the amount is the money, whatever the price is in."""
        px = self._fields.optional("px", self._px(row))
        rate, priced_in = self._fields.optional("rate", self._rate(row)), self._priced_in(row)
        if priced_in in self._fields.map.hundredths:
            priced_in = self._fields.map.hundredths[priced_in]
            px = multiply(px, HUNDREDTH) if px is not None else None
            rate = multiply(rate, HUNDREDTH) if rate is not None else None
        fee = self._fee(row)
        fees = self._fees(fee, currency) if fee else ()
        fees += self._fee_columns.of(row, Money(currency, priced_in, rate))
        amount = self._number("amount", self._fields.amount(row))
        if self._fields.map.amount_sign == SIGNED:
            require_sign(side, amount)
        stated = Stated(side, qty.copy_abs(), amount, fees, px, priced_in == currency, rate)
        multiplier = self._fields.map.rule(self._fields.symbol(row)).multiplier
        found = settle(stated, multiplier, self._fields.map.amount_tolerance)
        self.differs = found.differs
        return fees, found.px, found.gross

    def _instrument(self, row: Cells, currency: str) -> str:
        """What is traded; money in another currency than its own sets the row aside."""
        known = self._fields.instrument(row, currency)
        if self._is_settled and known.currency != currency:
            rule = f"{known.symbol} is booked in {known.currency} in another row: not booked"
            raise BadRowError("amount_currency", currency, rule)
        return known.instrument_id

    def _sided(self, row: Cells, qty: Decimal, side: Side | None) -> Side:
        """The word for it, which the sign of the quantity may not contradict; else the sign."""
        word = self._side(row)
        if not qty:
            raise BadRowError("qty", self._qty(row), "a fill of nothing")
        if word and side is None and word not in self._fields.map.sides:
            raise BadRowError("side", word, f"not declared under sides in {self._fields.map.name}")
        meant = side or (self._fields.map.sides[word] if word else None)
        if meant is None:
            return Side.BUY if qty > 0 else Side.SELL
        check_sign(self._fields.map, self._qty(row), qty, meant)
        return meant

    def _named(self, order: str, cl_ord: str) -> OrderIds:
        """What a fill's order is called; the fills of one order share the texts."""
        order_id = order or None
        return order_id, cl_ord or external_order_id(self._fields.map.venue, order_id)

    def _charges(self, written: str, currency: str) -> tuple[Fee, ...]:
        """The fees of a fill, which are none where the file says zero."""
        amount = self._fee_charged(self._number("fee", written))
        return (Fee(amount=amount, currency=currency),) if amount else ()

    def _fee_charged(self, amount: Decimal) -> Decimal:
        """Positive when charged, whatever the file's sign of the charges of a fill."""
        return negate(amount) if self._is_fee_negative else amount

    def _settlement(self, written: str) -> date:
        return (
            formatted_moment(
                "settl_date", written, self._fields.map.date_format, self._fields.map.zone
            )
            .astimezone(self._fields.map.zone)
            .date()
        )
