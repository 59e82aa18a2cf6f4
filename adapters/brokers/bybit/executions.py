"""``/v5/execution/list`` and the ``execution`` topics: trades, and funding among them.

Bybit's ``execFee`` is positive when charged and negative as a maker's rebate; on a funding row it
is the funding, positive when paid, the opposite of the transaction log's. ``BustTrade`` is a
liquidation taken over by the venue, a fill like others and no cancelled trade.
"""

from __future__ import annotations

from typing import Final

from adapters.brokers.bybit.extra_fees import extra_fees
from adapters.brokers.bybit.instruments import VENUE, Told, instrument
from adapters.port import external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, FundingPaid, Liquidity, Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, multiply, negate
from ledger.errors import BadRowError

SIDES: Final = {"Buy": Side.BUY, "Sell": Side.SELL}
FUNDING: Final = "funding"
CLOSING: Final = "closing"
FILL: Final = "fill"
KINDS: Final = {
    **dict.fromkeys(("Trade", "AdlTrade", "BustTrade", "BlockTrade"), FILL),
    **dict.fromkeys(("MovePosition", "FutureSpread"), FILL),
    **dict.fromkeys(("Delivery", "Settle"), CLOSING),
    "Funding": FUNDING,
}
MAX_SEQ: Final = 18


def execution(row: Row, category: str, told: Told) -> tuple[Instrument, FillBooked | FundingPaid]:
    """What one execution is; ``BadRowError`` and kin for a row unread."""
    is_fast = not row.has("execType") and not row.has("execFee")
    kind = FILL if is_fast else row.one_of("execType", KINDS)
    defined = instrument(category, row.required("symbol"), told)
    if kind == FUNDING:
        return defined, _funding(row, category, defined)
    if kind == CLOSING:
        _require_closing(row, category)
    return defined, _fill(row, category, defined)


def _require_closing(row: Row, category: str) -> None:
    """A delivery or settlement is a fill at its price when it closes what it is of."""
    if category == "option":
        rule = "an option's delivery names no price of the option: enter its end by hand"
        raise BadRowError("execType", row.text("execType"), rule)
    if row.decimal("closedSize") != row.decimal("execQty"):
        rule = "a delivery or settlement that does not close its quantity: enter it by hand"
        raise BadRowError("closedSize", row.text("closedSize"), rule)


def _fill(row: Row, category: str, defined: Instrument) -> FillBooked:
    qty, px = row.decimal("execQty"), row.decimal("execPrice")
    if px <= ZERO:
        raise BadRowError("execPrice", row.text("execPrice"), "a trade at no price: not booked")
    stated = row.decimal_or_none("execValue") if category == "spot" else None
    return FillBooked(
        exec_id=row.required("execId"),
        instrument_id=defined.instrument_id,
        side=row.one_of("side", SIDES),
        last_qty=qty,
        last_px=px,
        currency=defined.currency,
        venue=VENUE,
        scope=category,
        cl_ord_id=cl_ord_id(row),
        order_id=row.text("orderId") or None,
        gross_trade_amt=None if stated == multiply(qty, px) else stated or None,
        fees=_fees(row, defined),
        seq=seq_of(row.text("seq")),
        liquidity=_liquidity(row),
    )


def _funding(row: Row, category: str, defined: Instrument) -> FundingPaid:
    return FundingPaid(
        id=row.required("execId"),
        amount=negate(row.decimal("execFee")),
        currency=_fee_coin(row) or defined.currency,
        instrument_id=defined.instrument_id,
        venue=VENUE,
        scope=category,
    )


def cl_ord_id(row: Row) -> str | None:
    """Our own id for the order, else the venue's as that of an order from outside."""
    return row.text("orderLinkId") or external_order_id(VENUE, row.text("orderId"))


def seq_of(written: str) -> int | None:
    """The venue's number inside one instant, if it is one."""
    is_number = written.isascii() and written.isdigit() and len(written) <= MAX_SEQ
    return int(written) if is_number else None


def _fees(row: Row, defined: Instrument) -> tuple[Fee, ...]:
    """What was charged, in its own currency; a rebate is negative. A frame of
    ``execution.fast`` has none, which is unknown and not zero."""
    extra = extra_fees(row)
    amount = row.decimal_or_zero("execFeeV2" if row.has("execFeeV2") else "execFee")
    if not amount:
        return extra
    coin = _fee_coin(row) or _rule_coin(row, defined, amount < ZERO)
    return (Fee(amount=amount, currency=coin), *extra)


def _fee_coin(row: Row) -> str:
    return row.text("feeCurrency") or row.text("feeCoin")


def _rule_coin(row: Row, defined: Instrument, is_rebate: bool) -> str:
    """The fee's currency where the row does not say: of contracts what they settle in, of pairs
    what was received, for a rebate what was given (Bybit's spot fee currency instruction)."""
    is_bought = row.one_of("side", SIDES).is_buy
    base = defined.base_currency
    return defined.currency if base is None or is_bought is is_rebate else base


def _liquidity(row: Row) -> Liquidity | None:
    if not row.has("isMaker"):
        return None
    return Liquidity.MAKER if row.flag("isMaker") else Liquidity.TAKER
