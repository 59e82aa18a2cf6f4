"""Executions: ``FILL`` activities, trade events and the v2 activity events of trades.

The id is the execution's, a UUID, so that all three tell one fill. Fills of one instant (rows of
older years have milliseconds) are in the order of ``cum_qty``, what their order has filled so far;
neither the rows nor their ids are in order. No fee comes with a fill: fees are rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from adapters.brokers.alpaca.instruments import USD, VENUE, instrument
from adapters.brokers.alpaca.told import happened, require_no_swap
from adapters.gathering import Gathering
from adapters.port import external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, FillBusted, FillCorrected, Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import add, multiply, negate, steps, subtract, text
from ledger.errors import BadRowError

FILLS: Final = frozenset({"fill", "partial_fill"})
AMENDED: Final = frozenset({"trade_bust", "trade_correct"})
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL_SHORT}
MAX_SEQ: Final = 10**28
_SMALLEST: Final = Decimal("0.000000001")
"""Alpaca's quantities have nine decimals at most."""

Event = FillBooked | FillBusted | FillCorrected


class Trades:
    """Reads executions; ``clients`` are the client's order ids by Alpaca's, as far as known."""

    def __init__(self, gathering: Gathering, clients: Mapping[str, str]) -> None:
        self._gathering = gathering
        self._clients = clients

    def read(self, row: Row, trade: Row, *, again: bool = False) -> None:
        """Record one execution, correction or bust; ``again``: what the activities tell as well.
        ``BadRowError`` and kin for a row unread."""
        require_no_swap(trade)
        defined = instrument(trade)
        event, at = self._event(trade, defined), happened(trade)
        is_closed = not isinstance(event, FillBooked) or _closes(trade, event, defined)
        self._gathering.define(defined)
        self._gathering.record(row, event, at, again=again)
        if not is_closed:
            what = "the net amount is not quantity times price; the fill is booked at its price"
            self._gathering.find(row, f"{event.exec_id}: {what}")

    def _event(self, trade: Row, defined: Instrument) -> Event:
        how = trade.text("execution_type") or trade.text("type")
        if how == "trade_bust":
            return _busted(trade, defined, trade.text("reason") or "busted by the venue")
        if how == "trade_correct":
            return _corrected(trade, defined)
        if trade.text("previous_id"):
            rule = "an execution that names an earlier one and is neither correction nor bust"
            raise BadRowError("previous_id", trade.text("previous_id"), rule)
        if how not in FILLS:
            raise BadRowError("type", how, "unknown: not booked until it is known")
        return self._fill(trade, defined)

    def _fill(self, trade: Row, defined: Instrument) -> FillBooked:
        order_id = trade.text("order_id")
        client = trade.text("client_order_id") or self._clients.get(order_id)
        return FillBooked(
            exec_id=trade.required("id"),
            instrument_id=defined.instrument_id,
            side=trade.one_of("side", SIDES),
            last_qty=trade.decimal("qty"),
            last_px=trade.decimal("price"),
            currency=defined.currency,
            venue=VENUE,
            cl_ord_id=client or external_order_id(VENUE, order_id),
            order_id=order_id or None,
            fees=_commission(trade, defined),
            seq=_seq(trade),
            settl_date=trade.day_or_none("settle_date"),
        )


def _corrected(trade: Row, defined: Instrument) -> FillCorrected | FillBusted:
    """The new absolute quantity and price; a correction to nothing is a bust."""
    qty = trade.decimal("qty").copy_abs()
    if not qty:
        return _busted(trade, defined, "corrected to nothing")
    return FillCorrected(
        exec_id=trade.required("id"),
        exec_ref_id=trade.required("previous_id"),
        last_qty=qty,
        last_px=trade.decimal("price"),
        side=trade.one_of("side", SIDES),
        venue=VENUE,
        instrument_id=defined.instrument_id,
    )


def _busted(trade: Row, defined: Instrument, reason: str) -> FillBusted:
    return FillBusted(
        exec_id=trade.required("id"),
        exec_ref_id=trade.required("previous_id"),
        venue=VENUE,
        instrument_id=defined.instrument_id,
        reason=reason,
    )


def _seq(trade: Row) -> int | None:
    """What the order had filled, in billionths; None when it is not told."""
    filled = trade.decimal_or_none("cum_qty")
    if filled is None:
        return None
    seq = int(steps(filled, _SMALLEST, ROUND_FLOOR))
    if not 0 <= seq < MAX_SEQ:
        raise BadRowError("cum_qty", text(filled), "no quantity that an order can have filled")
    return seq


def _commission(trade: Row, defined: Instrument) -> tuple[Fee, ...]:
    """A commission of a v2 event, positive when charged: booked where the net amount has it."""
    commission = trade.decimal_or_zero("commission")
    if not commission:
        return ()
    if not trade.has("net_amount") or subtract(_gross(trade, defined), commission) != (
        trade.decimal("net_amount")
    ):
        rule = "a commission that the net amount does not hold: whether it was charged is not told"
        raise BadRowError("commission", trade.text("commission"), rule)
    return (Fee(amount=commission, currency=USD),)


def _gross(trade: Row, defined: Instrument) -> Decimal:
    """What the trade brought, negative for a buy, before charges."""
    value = multiply(multiply(trade.decimal("qty"), trade.decimal("price")), defined.multiplier)
    return negate(value) if trade.one_of("side", SIDES).is_buy else value


def _closes(trade: Row, fill: FillBooked, defined: Instrument) -> bool:
    """Whether a net amount, where told, is what quantity, price and commission make."""
    if not trade.has("net_amount"):
        return True
    charged = fill.fees[0].amount if fill.fees else Decimal(0)
    return add(trade.decimal("net_amount"), charged) == _gross(trade, defined)
