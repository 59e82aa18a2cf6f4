"""Trades: ``myTrades`` (spot), ``userTrades`` (USD-M, COIN-M), the fills of an order's answer,
and the reports of the user data streams.

A trade's id is unique in its symbol only, and ascends there, so it also orders the fills of one
instant. A commission is positive when charged, in whatever asset it was taken; in the income
history the same commission is negative.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from adapters.brokers.binance.instruments import CM, SPOT, VENUE, Told, instrument, market_of
from adapters.port import external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, Liquidity, Side
from ledger.domain.events.executions import NET
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, multiply, ratio, subtract
from ledger.errors import BadRowError

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
BOOKS: Final = {"": NET, "BOTH": NET, "LONG": "LONG", "SHORT": "SHORT"}
MAX_SEQ: Final = 18
CREDITS: Final = "BNFCR"
"""What an account in credits trading mode settles USD-M futures in, fees and results."""

_NO_TRADE: Final = ("0", "-1")
_STEP: Final = Decimal("0.00000001")


class Names(NamedTuple):
    """What a shape calls the parts of a trade; "" for a part it has not."""

    id: str
    qty: str
    px: str
    fee: str
    asset: str
    order: str = "orderId"
    client: str = ""
    symbol: str = "symbol"
    side: str = "side"
    book: str = ""
    maker: str = ""
    money: str = ""


TRADE: Final = Names("id", "qty", "price", "commission", "commissionAsset", maker="isMaker",
                     side="", money="quoteQty")  # fmt: skip
USER_TRADE: Final = Names("id", "qty", "price", "commission", "commissionAsset", maker="maker",
                          book="positionSide")  # fmt: skip
ORDER_FILL: Final = Names("tradeId", "qty", "price", "commission", "commissionAsset",
                          client="clientOrderId")  # fmt: skip
REPORT: Final = Names("t", "l", "L", "n", "N", order="i", client="c", symbol="s", side="S",
                      maker="m", money="Y")  # fmt: skip
UPDATE: Final = REPORT._replace(book="ps", money="")


def spot_trade(row: Row, told: Told) -> tuple[Instrument, FillBooked]:
    """A row of ``myTrades``; it says no side but whether we bought."""
    if not row.has("isBuyer"):
        raise BadRowError("isBuyer", "", "missing")
    side = Side.BUY if row.flag("isBuyer") else Side.SELL
    return _fill(row, TRADE, SPOT, side, told)


def user_trade(row: Row, told: Told) -> tuple[Instrument, FillBooked]:
    """A row of ``userTrades``, of whichever futures market its symbol is of."""
    market = market_of(row.required("symbol"))
    defined, fill = _fill(row, USER_TRADE, market, row.one_of("side", SIDES), told)
    settles = row.text("marginAsset") or defined.currency
    if settles != defined.currency:
        rule = f"{defined.instrument_id} settles in {defined.currency}: not booked in another asset"
        raise BadRowError("marginAsset", settles, rule)
    if market == CM and row.has("baseQty"):
        _require_size(row, defined)
    return defined, fill


def is_odd_rebate(fill: FillBooked) -> bool:
    """Whether a taker was given a commission, which Binance's own sample has for a charge."""
    is_taker = fill.liquidity is Liquidity.TAKER
    return is_taker and any(fee.amount < ZERO for fee in fill.fees)


def order_fill(row: Row, order: Row, told: Told) -> tuple[Instrument, FillBooked]:
    """One of the ``fills`` in the answer to a new spot order, which names what all share."""
    shared = {name: order.values.get(name) for name in ("symbol", "orderId", "clientOrderId")}
    whole = Row({**shared, **row.values}, row.where)
    return _fill(whole, ORDER_FILL, SPOT, order.one_of("side", SIDES), told)


def report(row: Row, told: Told, *, is_spot: bool) -> tuple[Instrument, FillBooked]:
    """A trade in an execution report (spot) or an order update (futures)."""
    market = market_of(row.required("s"), is_spot=is_spot)
    return _fill(row, REPORT if is_spot else UPDATE, market, row.one_of("S", SIDES), told)


def _fill(
    row: Row, names: Names, market: str, side: Side, told: Told
) -> tuple[Instrument, FillBooked]:
    symbol = row.required(names.symbol)
    defined = instrument(market, symbol, told)
    qty, px, trade_id = row.decimal(names.qty), row.decimal(names.px), row.required(names.id)
    if px <= ZERO:
        raise BadRowError(names.px, row.text(names.px), "a trade at no price: not booked")
    if trade_id in _NO_TRADE:
        raise BadRowError(names.id, trade_id, "no trade's id: the execution cannot be told apart")
    if market != SPOT and row.text(names.asset) == CREDITS:
        rule = f"an account of credits, which settles in them and not in {defined.currency}"
        raise BadRowError(names.asset, CREDITS, rule)
    order_id = row.text(names.order)
    stated = row.decimal_or_none(names.money) if names.money else None
    return defined, FillBooked(
        exec_id=trade_id,
        instrument_id=defined.instrument_id,
        side=side,
        last_qty=qty,
        last_px=px,
        currency=defined.currency,
        venue=VENUE,
        scope=f"{market}:{symbol}",
        position_id=row_book(row, names.book),
        cl_ord_id=_client(row, names) or _external(market, symbol, order_id),
        order_id=order_id or None,
        gross_trade_amt=None if stated == multiply(qty, px) else stated or None,
        fees=_fees(row, names),
        seq=_seq(trade_id),
        liquidity=_liquidity(row, names.maker),
    )


def _client(row: Row, names: Names) -> str | None:
    return (row.text(names.client) or None) if names.client else None


def _external(market: str, symbol: str, order_id: str) -> str | None:
    """The name of an order that is known by its venue's id alone, which is unique in its symbol."""
    return external_order_id(VENUE, f"{market}:{symbol}:{order_id}") if order_id else None


def row_book(row: Row, name: str) -> str:
    """The book of a hedged account; one-way accounts have one."""
    written = row.text(name) if name else ""
    if written not in BOOKS:
        raise BadRowError(name, written, "unknown position side: not booked until it is known")
    return BOOKS[written]


def _fees(row: Row, names: Names) -> tuple[Fee, ...]:
    """The commission as charged; an update without one was charged nothing."""
    amount = row.decimal_or_zero(names.fee)
    return (Fee(amount=amount, currency=row.required(names.asset)),) if amount else ()


def _seq(trade_id: str) -> int | None:
    is_number = trade_id.isascii() and trade_id.isdigit() and len(trade_id) <= MAX_SEQ
    return int(trade_id) if is_number else None


def _liquidity(row: Row, name: str) -> Liquidity | None:
    if not name or not row.has(name):
        return None
    return Liquidity.MAKER if row.flag(name) else Liquidity.TAKER


def _require_size(row: Row, defined: Instrument) -> None:
    """A COIN-M trade's ``baseQty`` is what its contracts are worth, to eight decimals."""
    made = ratio(defined.multiplier, row.decimal("qty"), row.decimal("price"))
    if subtract(made, row.decimal("baseQty")).copy_abs() > _STEP:
        rule = f"contracts of {defined.multiplier} do not make it: ingest exchangeInfo with it"
        raise BadRowError("baseQty", row.text("baseQty"), rule)
