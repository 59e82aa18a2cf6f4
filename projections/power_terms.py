"""The terms of buying power, by the rules that :mod:`projections.buying_power` states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ledger.domain.accounts import Account
from ledger.domain.events import NET, AccountKind, Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import (
    ONE,
    ZERO,
    add,
    multiply,
    negate,
    quantize,
    subtract,
    text,
)
from ledger.domain.order_view import OrderView
from ledger.domain.positions import PositionKey
from ledger.domain.postings import delivers
from ledger.reading import Reader
from projections.buying_power import BuyingPowerRule, PowerTerm
from projections.valuation import Moment, ValuedPosition, mark_of, opening, rate_of, told_at, valued

CASH: Final = "cash"
UNSETTLED: Final = "unsettled"
COLLATERAL: Final = "collateral"
MARGIN: Final = "margin"
ORDER: Final = "order"


class _Part(NamedTuple):
    """A term before it is told in base currency."""

    what: str
    name: str
    amount: Decimal | None
    currency: str
    source: str = ""
    why: str = ""
    mark_known_at: datetime | None = None


def power_terms(
    book: Reader, state: Account, moment: Moment, rule: BuyingPowerRule
) -> list[PowerTerm]:
    """Every term of an account's buying power, those of money first."""
    opened = opening(state)
    is_cash = opened is not None and opened.kind is AccountKind.CASH
    asked = _Asked(book, state, moment, rule)
    parts = asked.of_cash_account() if is_cash else asked.of_margin_account()
    base = opened.base_currency if opened else ""
    return [_term(book, state, moment, part, asked.about(part), base) for part in parts]


def _term(
    book: Reader, state: Account, moment: Moment, part: _Part, instrument_id: str | None, base: str
) -> PowerTerm:
    rate = rate_of(book, part.currency, base, moment)
    is_base = part.currency == base
    why = part.why
    if not why and part.amount and rate is None and not is_base:
        why = f"no rate of {part.currency} to {base} is recorded"
    return PowerTerm(
        account=state.name,
        number=moment.number,
        what=part.what,
        name=part.name,
        instrument_id=instrument_id,
        amount=part.amount,
        currency=part.currency,
        source=part.source,
        why=why,
        mark_known_at=part.mark_known_at,
        base_currency=base,
        rate=ONE if is_base else (rate.px if rate else None),
        rate_source=rate.source if rate else None,
        rate_at=rate.at if rate else None,
        rate_known_at=rate.recorded_at if rate else None,
    )


class _Asked:
    """One question about one account."""

    def __init__(self, book: Reader, state: Account, moment: Moment, rule: BuyingPowerRule) -> None:
        self._book, self._state, self._moment, self._rule = book, state, moment, rule
        self._orders = sorted(
            (one.view() for one in state.orders.open()), key=lambda one: one.cl_ord_id
        )

    def about(self, part: _Part) -> str | None:
        """The instrument that a term is about, by its id."""
        if part.what in {COLLATERAL, MARGIN}:
            return part.name
        orders = (one for one in self._orders if one.cl_ord_id == part.name and part.what == ORDER)
        return next((one.instrument_id for one in orders), None)

    # -- both kinds ---------------------------------------------------------------------

    def _cash(self) -> Iterator[_Part]:
        for currency, amount in sorted(self._state.totals().items()):
            yield _Part(CASH, currency, quantize(amount), currency, "the balance as traded")

    def _held(self, order: OrderView) -> _Part:
        """What an order takes, as whoever placed it said."""
        left, currency = order.hold_left, order.hold_currency or ""
        return _Part(ORDER, order.cl_ord_id, negate(left), currency, f"its hold, {text(left)} left")

    def _instrument(self, order: OrderView) -> Instrument | None:
        name = order.instrument_id
        return None if name is None else self._state.instrument(name)

    def _unknown(self, what: str, name: str, instrument: Instrument | None, why: str) -> _Part:
        currency = instrument.currency if instrument else ""
        return _Part(what, name, None, currency, why=why)

    # -- a cash account -----------------------------------------------------------------

    def of_cash_account(self) -> Iterator[_Part]:
        """Money, what is not settled, open orders."""
        yield from self._cash()
        if not self._rule.counts_unsettled:
            for currency, amount in sorted(self._state.to_come(self._moment.as_of).items()):
                what = "sales that have not settled"
                yield _Part(UNSETTLED, currency, negate(quantize(amount)), currency, what)
        for order in self._orders:
            yield from self._of_cash(order)

    def _of_cash(self, order: OrderView) -> Iterator[_Part]:
        """What an open order takes of a cash account."""
        instrument, name = self._instrument(order), order.cl_ord_id
        if order.hold is not None:
            yield self._held(order)
        elif instrument is None:
            yield self._unknown(ORDER, name, None, "its instrument is not defined")
        elif order.side is not Side.BUY:
            units = delivers(instrument)
            if units is not None:
                leaves = order.leaves_qty
                source = f"{text(leaves)} {instrument.symbol} to be sold"
                yield _Part(ORDER, name, negate(leaves), units, source)
        elif not instrument.settles_in_full:
            yield self._margin_of(order, instrument, order.leaves_qty)
        elif order.limit_px is None:
            why = "it has neither a limit nor a hold; place it with a hold"
            yield self._unknown(ORDER, name, instrument, why)
        else:
            yield self._bought(order, instrument, order.limit_px)

    def _bought(self, order: OrderView, instrument: Instrument, px: Decimal) -> _Part:
        """A limit order to buy, paid in full; at a price below zero no money is taken."""
        value = instrument.value(order.leaves_qty, px)
        fees = multiply(value.copy_abs(), self._rule.fee_rate)
        taken = quantize(add(max(value, ZERO), fees))
        source = f"{text(order.leaves_qty)} {instrument.symbol} at its limit {text(px)}"
        told = f"{source}{self._with_fees()}"
        return _Part(ORDER, order.cl_ord_id, negate(taken), instrument.currency, told)

    def _with_fees(self) -> str:
        rate = self._rule.fee_rate
        return f", fees of {text(rate)}" if rate else ""

    # -- a margin account ---------------------------------------------------------------

    def of_margin_account(self) -> Iterator[_Part]:
        """Money, collateral, margin of positions and of open orders."""
        yield from self._cash()
        positions = valued(self._book, self._state, self._moment)
        for one in positions:
            if not one.is_balance and (one.net_qty or one.value or one.value is None):
                source = f"{text(one.net_qty)} {_at_mark(one)}"
                yield _Part(COLLATERAL, one.instrument_id, one.value, one.currency or "",
                            source, one.why or _undefined(one), one.mark_known_at)  # fmt: skip
        for one in positions:
            if not one.is_balance and one.net_qty:
                yield self._margin(one)
        yield from self._of_orders(positions)

    def _margin(self, one: ValuedPosition) -> _Part:
        """The margin of a position."""
        instrument = self._state.instrument(one.instrument_id)
        share = self._rule.margin(one.instrument_id)
        if instrument is None or one.mark_px is None:
            return self._unknown(MARGIN, one.instrument_id, instrument, one.why)
        if share is None:
            return self._unknown(MARGIN, one.instrument_id, instrument, _undeclared(one))
        value = instrument.value(one.net_qty, one.mark_px).copy_abs()
        source = f"{text(share)} of {text(quantize(value))}, {_at_mark(one)}"
        taken = negate(quantize(multiply(value, share)))
        return _Part(MARGIN, one.instrument_id, taken, instrument.currency, source,
                     mark_known_at=one.mark_known_at)  # fmt: skip

    def _of_orders(self, positions: Sequence[ValuedPosition]) -> Iterator[_Part]:
        """The margin of open orders, as far as they do not close what is held."""
        held = defaultdict(lambda: ZERO, {
            PositionKey(one.instrument_id, one.position_id): one.net_qty for one in positions
        })  # fmt: skip
        for order in self._orders:
            instrument = self._instrument(order)
            if order.hold is not None:
                yield self._held(order)
            elif instrument is None:
                why = "its instrument is not defined"
                yield self._unknown(ORDER, order.cl_ord_id, None, why)
            else:
                key = PositionKey(instrument.instrument_id, order.position_id or NET)
                closes = _closes(order, held[key])
                held[key] = _nearer(held[key], closes)
                opens = ZERO if order.reduce_only else subtract(order.leaves_qty, closes)
                yield self._margin_of(order, instrument, opens)

    def _margin_of(self, order: OrderView, instrument: Instrument, opens: Decimal) -> _Part:
        """What an order takes that opens so many units: their margin, and the fees of all."""
        name, share = order.cl_ord_id, self._rule.margin(instrument.instrument_id)
        mark, why = None, ""
        if not opens and not self._rule.fee_rate:
            return _Part(ORDER, name, ZERO, instrument.currency, "it opens nothing")
        px = order.limit_px
        if px is None:
            mark, why = mark_of(self._book, instrument.instrument_id, instrument, self._moment)
            px = mark.px if mark else None
        if opens and share is None:
            why = f"no initial margin is declared for {instrument.symbol}"
        if px is None or why:
            return self._unknown(ORDER, name, instrument, why)
        margin = multiply(instrument.value(opens, px).copy_abs(), share or ZERO)
        fees = multiply(instrument.value(order.leaves_qty, px).copy_abs(), self._rule.fee_rate)
        which = f"the mark {text(px)}" if mark else f"its limit {text(px)}"
        source = f"{text(share or ZERO)} of {text(opens)} {instrument.symbol} at {which}"
        return _Part(ORDER, name, negate(quantize(add(margin, fees))), instrument.currency,
                     f"{source}{self._with_fees()}",
                     mark_known_at=mark.recorded_at if mark else None)  # fmt: skip


def _closes(order: OrderView, net_qty: Decimal) -> Decimal:
    """How much of what is held an order closes, if all of it is executed."""
    is_against = net_qty < ZERO if order.side is Side.BUY else net_qty > ZERO
    return min(order.leaves_qty, net_qty.copy_abs()) if is_against else ZERO


def _nearer(net_qty: Decimal, closed: Decimal) -> Decimal:
    """A holding, some of it closed."""
    return subtract(net_qty, closed) if net_qty > ZERO else add(net_qty, closed)


def _at_mark(one: ValuedPosition) -> str:
    if one.mark_px is None:
        return "at no mark"
    at = told_at(one.mark_at) if one.mark_at else ""
    return f"at {text(one.mark_px)} ({one.mark_source}, {at})"


def _undefined(one: ValuedPosition) -> str:
    return "the instrument is not defined" if one.value is None else ""


def _undeclared(one: ValuedPosition) -> str:
    return f"no initial margin is declared for {one.instrument_id}"
