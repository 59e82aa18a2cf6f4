"""``/v5/account/transaction-log``: every change of a coin's balance, one row each.

``change = cashFlow + funding - fee``, and ``cashBalance`` is what is there after it: both are
tried on every row, and a row that does not close is a finding. A trade's row tells the execution
again, under its id, and is the same fill; a settlement's tells the funding again. What the row's
own ``id`` is worth: Bybit's published sample has one for a settlement and a trade together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.brokers.bybit.executions import SIDES, cl_ord_id, refuse_extra_fees, seq_of
from adapters.brokers.bybit.instruments import VENUE, Told, instrument
from adapters.port import Ordinals
from adapters.rows import Row
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    Event,
    Fee,
    FeeCharged,
    FillBooked,
    FundingPaid,
    InterestPaid,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate, subtract, text
from ledger.errors import BadRowError

TRADES: Final = frozenset({"TRADE", "LIQUIDATION", "ADL", "DELIVERY"})
SETTLEMENT: Final = "SETTLEMENT"
INTEREST: Final = frozenset({"INTEREST"})
REFUND: Final = frozenset({"FEE_REFUND"})
MOVED: Final = frozenset(
    {"TRANSFER_IN", "TRANSFER_OUT", "BONUS", "BONUS_RECOLLECT", "AIRDROP",
     "BONUS_TRANSFER_IN", "BONUS_TRANSFER_OUT"}
)  # fmt: skip
CONVERTED: Final = frozenset(
    {"CURRENCY_BUY", "CURRENCY_SELL", "SPOT_REPAYMENT_BUY", "SPOT_REPAYMENT_SELL",
     "TOKENS_SUBSCRIPTION", "TOKENS_REDEMPTION", "AUTO_SOLD_COLLATERAL_INS_LOAN",
     "AUTO_BUY_LIABILITY_INS_LOAN"}
)  # fmt: skip
PARTS: Final = ("cashFlow", "funding", "fee", "change", "cashBalance")


def is_pair(row: Row) -> bool:
    """Whether the row is one leg of a spot trade, which has a row a coin."""
    return row.text("type") in TRADES and row.text("category") == "spot"


def check_row(row: Row) -> str:
    """What is wrong with the row's own sum, in words; empty when it closes."""
    flow, funding, fee, change, _ = (row.decimal_or_zero(name) for name in PARTS)
    made = subtract(add(flow, funding), fee)
    if made == change:
        return ""
    return f"change is {text(change)}, and cashFlow + funding - fee makes {text(made)}"


def session_result(row: Row) -> str:
    """What a settlement pays beside the funding, in words; empty for nothing."""
    flow = row.decimal_or_zero("cashFlow")
    if row.text("type") != SETTLEMENT or not flow:
        return ""
    told = f"{text(flow)} {row.text('currency')}"
    return f"a session's result of {told} was paid; the books realize it when the position closes"


def entry(row: Row, told: Told, ids: Ordinals) -> tuple[Instrument | None, Event]:
    """What one row is; ``BadRowError`` and kin for a row unread. Spot trades are read apart."""
    kind = row.required("type")
    if kind in TRADES:
        return _trade(row, told)
    if kind == SETTLEMENT:
        return _settlement(row, told)
    if kind in CONVERTED:
        rule = "a conversion of one coin into another, told without a price: enter it by hand"
        raise BadRowError("type", kind, rule)
    if kind not in MOVED | INTEREST | REFUND:
        raise BadRowError("type", kind, "unknown: not booked until it is known")
    return None, _money(row, kind, ids)


def _money(row: Row, kind: str, ids: Ordinals) -> Event:
    """Money that moved without a trade. Its id is the row's with the time, in its type and coin."""
    change, coin = row.decimal("change"), row.required("currency")
    at = row.required("transactionTime")
    content = ["log", kind, coin, at, text(change), text(row.decimal("cashBalance"))]
    id = f"{row.text('id')}@{at}" if row.has("id") else ids.of(content)
    scope = f"{kind}:{coin}"
    if kind in INTEREST:
        return InterestPaid(id=id, amount=change, currency=coin, venue=VENUE, scope=scope)
    if kind in REFUND:
        return FeeCharged(id=id, amount=negate(change), currency=coin, venue=VENUE, scope=scope,
                          description=kind)  # fmt: skip
    way = CashWithdrawn if change < ZERO else CashDeposited
    return way(id=id, amount=change.copy_abs(), currency=coin, venue=VENUE, scope=scope,
               description=kind)  # fmt: skip


def _settlement(row: Row, told: Told) -> tuple[Instrument, FundingPaid]:
    """Funding, as received; its trade id is that of the execution that tells it too."""
    category = row.required("category")
    defined = instrument(category, row.required("symbol"), told)
    return defined, FundingPaid(
        id=row.required("tradeId"),
        amount=row.decimal_or_zero("funding"),
        currency=row.required("currency"),
        instrument_id=defined.instrument_id,
        venue=VENUE,
        scope=category,
    )


def _trade(row: Row, told: Told) -> tuple[Instrument, FillBooked]:
    category = row.required("category")
    if row.text("type") == "DELIVERY":
        _require_closing(row, category)
    defined = instrument(category, row.required("symbol"), told)
    if row.required("currency") != defined.currency:
        rule = f"{defined.instrument_id} settles in {defined.currency}"
        raise BadRowError("currency", row.text("currency"), rule)
    return defined, _fill(row, defined, [row])


def _require_closing(row: Row, category: str) -> None:
    """A delivery is a fill at its price when nothing is left after it."""
    if category == "option":
        rule = "an option's delivery names no price of the option: enter its end by hand"
        raise BadRowError("type", "DELIVERY", rule)
    if row.decimal("size"):
        rule = "a delivery that leaves a position behind: enter it by hand"
        raise BadRowError("size", row.text("size"), rule)


def spot_trade(legs: list[Row], told: Told) -> tuple[Instrument, FillBooked]:
    """The two rows of a spot trade, one a coin, as one fill; ``BadRowError`` for half of it."""
    first = legs[0]
    defined = instrument("spot", first.required("symbol"), told)
    by_coin = {leg.required("currency"): leg for leg in legs}
    base = by_coin.get(defined.base_currency or "")
    if base is None or defined.currency not in by_coin:
        rule = (
            "half of a spot trade, whose other coin's row is not here: ingest the log's pages "
            "together, or the executions"
        )
        raise BadRowError("currency", first.required("currency"), rule)
    return defined, _fill(base, defined, legs)


def _fill(row: Row, defined: Instrument, legs: Sequence[Row]) -> FillBooked:
    """The execution that a row tells again; its id ends with the number that orders them."""
    for leg in legs:
        refuse_extra_fees(leg)
    px = row.decimal("tradePrice")
    if px <= ZERO:
        raise BadRowError("tradePrice", row.text("tradePrice"), "a trade at no price: not booked")
    fees = ((leg.decimal_or_zero("fee"), leg.required("currency")) for leg in legs)
    return FillBooked(
        exec_id=row.required("tradeId"),
        instrument_id=defined.instrument_id,
        side=row.one_of("side", SIDES),
        last_qty=row.decimal("qty").copy_abs(),
        last_px=px,
        currency=defined.currency,
        venue=VENUE,
        scope=row.required("category"),
        cl_ord_id=cl_ord_id(row),
        order_id=row.text("orderId") or None,
        fees=tuple(Fee(amount=amount, currency=coin) for amount, coin in fees if amount),
        seq=seq_of(row.text("id").rpartition("_")[2]),
    )
