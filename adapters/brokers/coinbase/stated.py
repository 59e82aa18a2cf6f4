"""What Coinbase says is there: orders, balances of accounts, positions and cash of futures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from decimal import Decimal
from typing import Final

from adapters.brokers.coinbase.fills import SIDES
from adapters.brokers.coinbase.instruments import Sizes, instrument
from adapters.port import StatedOrder
from adapters.rows import Row
from ledger.domain.events import StatedPosition
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadRowError

STATUSES: Final = {
    "PENDING": OrdStatus.PENDING_NEW,
    "QUEUED": OrdStatus.PENDING_NEW,
    "OPEN": OrdStatus.NEW,
    "FILLED": OrdStatus.FILLED,
    "CANCELLED": OrdStatus.CANCELED,
    "EXPIRED": OrdStatus.EXPIRED,
    "FAILED": OrdStatus.REJECTED,
    "CANCEL_QUEUED": OrdStatus.PENDING_CANCEL,
    "EDIT_QUEUED": OrdStatus.PENDING_REPLACE,
}
LONG, SHORT = "LONG", "SHORT"

Money = tuple[str, Decimal]


def order(row: Row, sizes: Sizes) -> tuple[Instrument, StatedOrder]:
    """An order of the list; ``BadRowError`` for an open one of an amount of quote money."""
    terms, cum = _terms(row), row.decimal_or_zero("filled_size")
    status = _status(row, cum)
    defined = instrument(row, sizes)
    qty = terms.decimal_or_none("base_size")
    if qty is None and status is OrdStatus.FILLED:
        qty = cum
    if qty is None:
        rule = "an order for an amount of quote money: its quantity is not told"
        raise BadRowError("order_configuration", terms.raw[:200], rule)
    return defined, StatedOrder(
        order_id=row.required("order_id"),
        instrument_id=defined.instrument_id,
        side=row.one_of("side", SIDES),
        qty=qty,
        cum_qty=cum,
        status=status,
        cl_ord_id=row.text("client_order_id") or None,
        limit_px=terms.decimal_or_none("limit_price"),
        stop_px=terms.decimal_or_none("stop_price") or terms.decimal_or_none("stop_trigger_price"),
        avg_px=row.decimal_or_none("average_filled_price") or None,
        updated_at=row.instant("last_fill_time", UTC) if row.has("last_fill_time") else None,
    )


def streamed_order(row: Row, sizes: Sizes) -> tuple[Instrument, StatedOrder]:
    """An order of the user channel, which has names of its own."""
    defined, cum = instrument(row, sizes), row.decimal_or_zero("cumulative_quantity")
    leaves = row.decimal("leaves_quantity")
    return defined, StatedOrder(
        order_id=row.required("order_id"),
        instrument_id=defined.instrument_id,
        side=row.one_of("order_side", SIDES),
        qty=add(cum, leaves),
        cum_qty=cum,
        leaves_qty=leaves,
        status=_status(row, cum),
        cl_ord_id=row.text("client_order_id") or None,
        limit_px=row.decimal_or_none("limit_price") or None,
        stop_px=row.decimal_or_none("stop_price") or None,
        avg_px=row.decimal_or_none("avg_price") or None,
    )


def _terms(row: Row) -> Row:
    """What was asked, under the name of the order's type."""
    asked = row.inner("order_configuration")
    names = sorted(asked.values)
    if len(names) != 1:
        raise BadRowError("order_configuration", asked.raw[:200], "not one type of order")
    return asked.inner(names[0])


def _status(row: Row, cum: Decimal) -> OrdStatus:
    status = row.one_of("status", STATUSES)
    if status is OrdStatus.NEW and row.flag("pending_cancel"):
        return OrdStatus.PENDING_CANCEL
    return OrdStatus.PARTIALLY_FILLED if status is OrdStatus.NEW and cum else status


def position(row: Row, sizes: Sizes) -> tuple[Instrument, StatedPosition]:
    """An open position in futures: contracts, negative for a short, and what they opened at."""
    defined, size = instrument(row, sizes), row.decimal("number_of_contracts").copy_abs()
    if row.one_of("side", {LONG: LONG, SHORT: SHORT}) == SHORT:
        size = negate(size)
    opened = _opened_at(row)
    return defined, StatedPosition(
        instrument_id=defined.instrument_id,
        qty=size,
        cost_basis=None if opened is None else defined.value(size, opened),
    )


def _opened_at(row: Row) -> Decimal | None:
    """The price: Coinbase describes it as text, and answers have come with an amount of money."""
    if isinstance(row.values.get("avg_entry_price"), dict):
        return row.inner("avg_entry_price").decimal_or_none("value")
    return row.decimal_or_none("avg_entry_price")


def account(row: Row) -> Money:
    """One account's currency and all that is in it: what is free and what orders hold."""
    free = row.inner("available_balance")
    held = _money(row.inner("hold")) if row.has("hold") else (free.required("currency"), ZERO)
    currency, amount = _money(free)
    if {currency, held[0]} != {row.required("currency")}:
        raise BadRowError("currency", row.text("currency"), "not the currency of its balances")
    return currency, add(amount, held[1])


def summary(row: Row) -> tuple[Money, Money, Money]:
    """Cash in all, of which that of the spot wallet, and that with the futures broker."""
    names = ("total_usd_balance", "cbi_usd_balance", "cfm_usd_balance")
    whole, spot, futures = (_money(row.inner(name)) for name in names)
    if len({whole[0], spot[0], futures[0]}) != 1:
        raise BadRowError("total_usd_balance", row.raw[:200], "amounts in several currencies")
    return whole, spot, futures


def _money(row: Row) -> Money:
    return row.required("currency"), row.decimal("value")


def sums(amounts: Iterable[Money]) -> dict[str, Decimal]:
    """One amount a currency: a wallet and a vault of one currency are one balance."""
    found: dict[str, Decimal] = {}
    for currency, amount in amounts:
        found[currency] = add(found.get(currency, ZERO), amount)
    return found
