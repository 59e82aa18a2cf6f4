"""Spot fills: from a trade, from its ledger rows, or from both; always under the trade's id.

The trade's ``fee`` is what Kraken would take in the quote currency; what was taken, and in which
coin, only the ledger tells. So where both are there, money and fees are the ledger's, quantity and
price the trade's, and the ledger rows are not booked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.brokers.kraken.assets import VENUE, Pair, on_margin, oriented, spot
from adapters.brokers.kraken.entries import Entry
from adapters.port import external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FillBooked, Liquidity, Side
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, multiply, text
from ledger.errors import BadRowError

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
MAKER: Final = {"true": Liquidity.MAKER, "false": Liquidity.TAKER}
EXCHANGES: Final = frozenset({"trade", "spend", "receive", "conversion"})
NO_LEVERAGE: Final = frozenset({"", "none", "0"})
MAX_SEQ: Final = 18


class Legs(NamedTuple):
    """What the ledger rows of one exchange moved, by coin, and what was charged, by coin."""

    moved: dict[str, Decimal]
    fees: dict[str, Decimal]

    @property
    def coins(self) -> list[str]:
        """The coins that moved."""
        return [coin for coin, amount in self.moved.items() if amount]

    def charged(self) -> tuple[Fee, ...]:
        """The fees, positive when charged."""
        return tuple(Fee(amount=a, currency=c) for c, a in sorted(self.fees.items()) if a)


def legs_of(entries: Iterable[Entry]) -> Legs:
    """The sums of the rows; a coin is one wherever it lies."""
    legs = Legs({}, {})
    for one in entries:
        legs.moved[one.coin] = add(legs.moved.get(one.coin, ZERO), one.amount)
        legs.fees[one.fee_coin] = add(legs.fees.get(one.fee_coin, ZERO), one.fee)
    return legs


def is_on_margin(row: Row) -> bool:
    """Whether nothing was delivered: margin used, leverage, or a position opened or closed."""
    uses = row.decimal_or_zero("margin") != ZERO or row.text("leverage") not in NO_LEVERAGE
    told = row.text("posstatus") or row.text("posstatuscode")
    return uses or bool(told) or "closing" in row.text("misc").split(",")


def of_trade(row: Row, pair: Pair, is_margin: bool) -> tuple[Instrument, FillBooked]:
    """The fill as the trade alone tells it."""
    if row.text("ordertype") == "settle-position":
        rule = "a margin position that was settled by delivery: not booked until that is read"
        raise BadRowError("ordertype", "settle-position", rule)
    defined = on_margin(pair) if is_margin else spot(pair)
    qty, px, order_id = row.decimal("vol"), row.decimal("price"), row.text("ordertxid") or None
    fee = row.decimal_or_zero("fee")
    return defined, FillBooked(
        exec_id=row.required("txid"),
        instrument_id=defined.instrument_id,
        side=row.one_of("type", SIDES),
        last_qty=qty,
        last_px=px,
        currency=pair.quote,
        venue=VENUE,
        cl_ord_id=external_order_id(VENUE, order_id),
        order_id=order_id,
        gross_trade_amt=_gross(row.decimal("cost"), qty, px),
        fees=(Fee(amount=fee, currency=pair.quote),) if fee else (),
        seq=_seq(row),
        trade_id=row.text("trade_id") or None,
        liquidity=row.one_of("maker", MAKER) if row.has("maker") else None,
    )


def with_ledger(fill: FillBooked, pair: Pair, legs: Legs) -> FillBooked | str:
    """The fill with the ledger's money and fees; or in what the ledger contradicts it."""
    base, quote = (legs.moved.get(coin, ZERO) for coin in pair)
    others = [coin for coin in legs.coins if coin not in pair]
    is_against = not quote or (quote > 0) is not (base > 0)
    if base != fill.signed_qty or others or pair.quote not in legs.moved or not is_against:
        told = ", ".join(f"{text(amount)} {coin}" for coin, amount in sorted(legs.moved.items()))
        return f"its ledger rows move {told}, which is not its trade: booked as the trade says"
    money = quote.copy_abs()
    return changed(
        fill,
        gross_trade_amt=_gross(money, fill.last_qty, fill.last_px or ZERO),
        fees=legs.charged(),
    )


def of_legs(refid: str, legs: Legs) -> tuple[Instrument, FillBooked]:
    """The fill that two legs make, without a price: the money is stated."""
    if not refid or len(legs.coins) != 2:
        rule = "not two coins against each other: the other leg is missing, or it is no exchange"
        raise BadRowError("refid", refid, rule)
    pair = oriented(legs.coins)
    base, quote = (legs.moved[coin] for coin in pair)
    if (base > 0) is (quote > 0):
        raise BadRowError("refid", refid, "both of its coins moved the same way")
    defined = spot(pair)
    return defined, FillBooked(
        exec_id=refid,
        instrument_id=defined.instrument_id,
        side=Side.BUY if base > 0 else Side.SELL,
        last_qty=base.copy_abs(),
        currency=pair.quote,
        venue=VENUE,
        gross_trade_amt=quote.copy_abs(),
        fees=legs.charged(),
    )


def first_of(entries: Iterable[Entry]) -> Entry:
    """The row that stands for an exchange: the first by its id, whatever order they came in."""
    return min(entries, key=lambda one: (one.at, one.txid))


def margin_difference(fill: FillBooked, rows: list[Entry]) -> str:
    """How a margin trade is not what its ledger rows say: what was charged, and in which coins its
    result was paid, which at a liquidation may be several; "" if it is."""
    legs = legs_of(rows)
    charged, others = legs.charged(), [coin for coin in legs.coins if coin != fill.currency]
    if others:
        told = ", ".join(f"{text(legs.moved[coin])} {coin}" for coin in sorted(others))
        return (
            f"its ledger rows move {told}, in which a part of its result was paid: its result is "
            f"booked in {fill.currency} alone; enter what that part was exchanged at by hand"
        )
    if not rows or charged == fill.fees:
        return ""
    told = ", ".join(f"{text(fee.amount)} {fee.currency}" for fee in charged)
    return f"its ledger rows charge {told or 'nothing'}: booked as the trade says"


def _gross(money: Decimal, qty: Decimal, px: Decimal) -> Decimal | None:
    """The money as stated, where quantity and price do not make it."""
    return None if money == multiply(qty, px) else money


def _seq(row: Row) -> int | None:
    """Kraken counts the trades of a pair; the exports leave the number out."""
    told = row.text("trade_id")
    is_count = told.isascii() and told.isdigit() and len(told) <= MAX_SEQ
    return int(told) if is_count and int(told) else None
