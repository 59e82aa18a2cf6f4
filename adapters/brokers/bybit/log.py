"""``/v5/account/transaction-log``: every change of a coin's balance, one row each.

``change = cashFlow + funding - fee``, and ``cashBalance`` is what is there after it: both are
tried on every row, and a row that does not close is a finding. The log of a classic account
(``contract-transaction-log``) has one shape with it and writes funding the other way round,
``change = cashFlow - funding - fee``: what was received is what the row's own sum says, and so is
whether it holds ``extraFees``. A trade's row tells the execution again, under its id, and is the
same fill; a settlement's tells the funding again. What the row's own ``id`` is worth: Bybit's
published sample has one for a settlement and a trade together.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from adapters.brokers.bybit.executions import SIDES, cl_ord_id, seq_of
from adapters.brokers.bybit.extra_fees import NAME as EXTRA
from adapters.brokers.bybit.extra_fees import extra_fees, extra_in
from adapters.brokers.bybit.instruments import VENUE, Told, instrument
from adapters.port import Ordinals
from adapters.rows import Row
from adapters.text import UNREADABLE
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
from ledger.domain.numbers import ZERO, add, negate, subtract, text, total
from ledger.errors import BadRowError

TRADES: Final = frozenset({"TRADE", "LIQUIDATION", "ADL", "DELIVERY"})
SETTLEMENT: Final = "SETTLEMENT"
INTEREST: Final = frozenset(
    {"INTEREST", "INTEREST_REPAYMENT_INS_LOAN", "AUTO_INTEREST_REPAYMENT_INS_LOAN",
     "INSTITUTION_PAYBACK_INTEREST_OUT", "INSTITUTION_LIQ_INTEREST_OUT"}
)  # fmt: skip
CHARGED: Final = frozenset(
    {"FEE_REFUND", "CUSTODY_NETWORK_FEE", "CUSTODY_SETTLE_FEE", "SPREAD_FEE_OUT",
     "BROKER_ABACCOUNT_FEE"}
)  # fmt: skip
MOVED: Final = frozenset(
    {"TRANSFER_IN", "TRANSFER_OUT", "BONUS", "BONUS_RECOLLECT", "AIRDROP",
     "BONUS_TRANSFER_IN", "BONUS_TRANSFER_OUT", "PEF_TRANSFER_IN", "PEF_TRANSFER_OUT",
     "TRANSFER_IN_INS_LOAN", "TRANSFER_OUT_INS_LOAN", "TWAP_BUDGET_AIRDROP", "TWAP_BUDGET_RECALL",
     "INSTITUTION_LOAN_TRANSFER_IN", "INSTITUTION_LOAN_TRANSFER_OUT",
     "FLEXIBLE_STAKING_SUBSCRIPTION", "FLEXIBLE_STAKING_REDEMPTION", "FLEXIBLE_STAKING_REFUND",
     "FIXED_STAKING_SUBSCRIPTION", "FIXED_STAKING_REFUND",
     "ONCHAINEARN_SUBSCRIPTION", "ONCHAINEARN_REDEMPTION", "ONCHAINEARN_REFUND",
     "STRUCTURE_PRODUCT_SUBSCRIPTION", "STRUCTURE_PRODUCT_REFUND",
     "CLASSIC_WEALTH_MANAGEMENT_SUBSCRIPTION",
     "PREMIMUM_WEALTH_MANAGEMENT_SUBSCRIPTION", "PREMIMUM_WEALTH_MANAGEMENT_REFUND",
     "LIQUIDITY_MINING_SUBSCRIPTION", "LIQUIDITY_MINING_REFUND",
     "PWM_SUBSCRIPTION", "PWM_REFUND", "DEFI_INVESTMENT_SUBSCRIPTION",
     "DEFI_INVESTMENT_REFUND", "DEFI_INVESTMENT_REDEMPTION"}
)  # fmt: skip
"""One coin from or to another product of the venue, which the balance does not hold."""

CONVERTED: Final = frozenset(
    {"CURRENCY_BUY", "CURRENCY_SELL", "SPOT_REPAYMENT_BUY", "SPOT_REPAYMENT_SELL",
     "TOKENS_SUBSCRIPTION", "TOKENS_REDEMPTION", "AUTO_SOLD_COLLATERAL_INS_LOAN",
     "AUTO_BUY_LIABILITY_INS_LOAN", "INSTITUTION_EXCHANGE_BUY", "INSTITUTION_EXCHANGE_SELL",
     "EARNING_REDEMPTION_BUY", "EARNING_REDEMPTION_SELL", "CONVERT", "IDN_CONVERT_IN",
     "IDN_CONVERT_OUT"}
)  # fmt: skip
PARTS: Final = ("cashFlow", "funding", "fee", "change")


def is_pair(row: Row) -> bool:
    """Whether the row is one leg of a spot trade, which has a row a coin."""
    return row.text("type") in TRADES and row.text("category") == "spot"


def check_row(row: Row) -> str:
    """What is wrong with the row's own sum, in words; empty when it closes."""
    flow, funding, fee, change = (row.decimal_or_zero(name) for name in PARTS)
    made = subtract(add(flow, funding), fee)
    if change in (made, _paid_positive(flow, funding, fee)) or change == subtract(
        made, _extra(row)
    ):
        return ""
    return f"change is {text(change)}, and cashFlow + funding - fee makes {text(made)}"


def _paid_positive(flow: Decimal, funding: Decimal, fee: Decimal) -> Decimal:
    """The change where funding that was paid is written positive, as in a classic account."""
    return subtract(subtract(flow, funding), fee)


def received(row: Row) -> Decimal:
    """The funding, positive = received, in the sign that the row's own sum has."""
    flow, funding, fee, change = (row.decimal_or_zero(name) for name in PARTS)
    is_turned = change == _paid_positive(flow, funding, fee)
    return negate(funding) if is_turned else funding


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
    if kind not in MOVED | INTEREST | CHARGED:
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
    if kind in CHARGED:
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
        amount=received(row),
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
    extra = [fee for leg in legs for fee in _extra_of(leg)]
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
        fees=(*(Fee(amount=amount, currency=coin) for amount, coin in fees if amount), *extra),
        seq=seq_of(row.text("id").rpartition("_")[2]),
    )


def _extra(row: Row) -> Decimal:
    """The row's extra fees in its own coin; nothing for those that cannot be read."""
    try:
        return extra_in(row, row.text("currency"))
    except UNREADABLE:
        return ZERO


def _extra_of(row: Row) -> tuple[Fee, ...]:
    """The extra fees that the row's change holds; ``BadRowError`` where it does not hold all."""
    extra = extra_fees(row)
    flow, funding, fee, change = (row.decimal_or_zero(name) for name in PARTS)
    left = subtract(subtract(add(flow, funding), fee), change)
    is_held = left == total(one.amount for one in extra)
    is_own = all(one.currency == row.text("currency") for one in extra)
    if extra and not (is_held and is_own):
        rule = "fees beside the fee itself, which the change does not hold: enter it by hand"
        raise BadRowError(EXTRA, str(row.values[EXTRA])[:200], rule)
    return extra
