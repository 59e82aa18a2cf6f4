"""``/fapi/v1/income`` and ``/dapi/v1/income``: money of the futures wallets, positive = came in.

What restates a trade (its commission, its realized result) is not booked again: it is what the
trades that were read are compared with. An id is unique in its type only; in the published sample a
transfer and a commission share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.brokers.binance.instruments import VENUE, Told, instrument, market_of
from adapters.port import Control, Ordinals
from adapters.rows import Row
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    Event,
    FeeCharged,
    FeeKind,
    FundingPaid,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate, text, total
from ledger.errors import BadRowError

COMMISSION: Final = "commission"
RESULT: Final = "realized result"
RESTATES: Final = {
    "COMMISSION": COMMISSION,
    "REALIZED_PNL": RESULT,
    "DELIVERED_SETTELMENT": RESULT,  # as Binance writes it
}
FUNDING: Final = frozenset({"FUNDING_FEE", "SPECIAL_FUNDING_FEE"})
REBATES: Final = frozenset(
    {"COMMISSION_REBATE", "API_REBATE", "REFERRAL_KICKBACK", "MARKET_MAKER_REBATE", "FEE_RETURN"}
)
CHARGES: Final = frozenset({"INSURANCE_CLEAR", "POSITION_LIMIT_INCREASE_FEE", "LIQUIDATION_FEE"})
MOVED: Final = frozenset(
    {"TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER", "STRATEGY_UMFUTURES_TRANSFER",
     "WELCOME_BONUS", "CONTEST_REWARD", "BFUSD_REWARD", "CASH_COUPON", "FUTURES_PRESENT"}
)  # fmt: skip
CONVERTED: Final = frozenset({"COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "AUTO_EXCHANGE"})


class Restated(NamedTuple):
    """What a row says again of a trade: what, which, in which asset, and how much came in."""

    what: str
    symbol: str
    trade_id: str
    asset: str
    amount: Decimal


def restated(row: Row) -> Restated | None:
    """What the row restates of a trade, if it does."""
    what = RESTATES.get(row.required("incomeType"))
    if what is None:
        return None
    symbol, trade_id = row.required("symbol"), row.text("tradeId")
    return Restated(what, symbol, trade_id, row.required("asset"), row.decimal("income"))


def income(row: Row, told: Told, ids: Ordinals) -> tuple[Instrument | None, Event]:
    """What moved money without a trade; ``BadRowError`` and kin for a row unread."""
    kind, asset, amount = row.required("incomeType"), row.required("asset"), row.decimal("income")
    symbol = row.text("symbol")
    scope = ":".join(part for part in (kind, symbol, asset) if part)
    id = row.text("tranId") or ids.of(["income", scope, row.required("time"), text(amount)])
    about = {"id": id, "currency": asset, "venue": VENUE, "scope": scope}
    if kind in FUNDING:
        return _funding(row.required("symbol"), amount, told, about)
    if kind in REBATES | CHARGES:
        fee = FeeKind.COMMISSION if kind in REBATES else FeeKind.OTHER
        return None, FeeCharged(amount=negate(amount), kind=fee, description=kind, **about)
    if kind in MOVED:
        way = CashWithdrawn if amount < ZERO else CashDeposited
        return None, way(amount=amount.copy_abs(), description=kind, **about)
    if kind in CONVERTED:
        rule = "a conversion of one asset into another, told without a price: enter it by hand"
        raise BadRowError("incomeType", kind, rule)
    raise BadRowError("incomeType", kind, "unknown: not booked until it is known")


def _funding(
    symbol: str, amount: Decimal, told: Told, about: dict[str, str]
) -> tuple[Instrument, FundingPaid]:
    defined = instrument(market_of(symbol), symbol, told)
    return defined, FundingPaid(amount=amount, instrument_id=defined.instrument_id, **about)


Key = tuple[str, str, str, str]
"""What is said of a trade, its symbol and id, and the asset."""


class Comparison:
    """What trades say of themselves beside what the income history says of them again.

    Commission is counted as charged here, in both.
    """

    def __init__(self) -> None:
        self._trades: dict[Key, Decimal] = {}
        self._known: set[tuple[str, str]] = set()
        self._income: dict[Key, Decimal] = defaultdict(lambda: ZERO)
        self.rows: dict[Key, tuple[str, Row]] = {}

    def trade(
        self, what: str, symbol: str, trade_id: str, amounts: Iterable[tuple[str, Decimal]]
    ) -> None:
        """What a trade says; told again it counts once."""
        self._known.add((symbol, trade_id))
        for asset, amount in amounts:
            self._trades[what, symbol, trade_id, asset] = amount

    def income(self, said: Restated, file: str, row: Row) -> None:
        """What the income history says of a trade."""
        key = (said.what, said.symbol, said.trade_id, said.asset)
        amount = negate(said.amount) if said.what == COMMISSION else said.amount
        self._income[key] = add(self._income[key], amount)
        self.rows[key] = (file, row)

    def controls(self) -> list[Control]:
        """The totals of both, of each asset that the income history names; none without trades."""
        if not self._trades:
            return []
        places = sorted({(key[0], key[3]) for key in self._income})
        return [
            Control(
                name=what,
                currency=asset,
                stated=_sum(self._income, what, asset),
                rows=_sum(self._trades, what, asset),
            )
            for what, asset in places
        ]

    def differing(self) -> Iterable[tuple[Key, str]]:
        """The trades of which the two say something different, in words."""
        for key, stated in self._income.items():
            told = self._trades.get(key, ZERO)
            if key[1:3] in self._known and told != stated:
                both = f"{text(stated)} {key[3]} in the income history, {text(told)} in the trade"
                yield key, f"the {key[0]} of {key[1]} trade {key[2]} is {both}"


def _sum(held: dict[Key, Decimal], what: str, asset: str) -> Decimal:
    return total(amount for key, amount in held.items() if (key[0], key[3]) == (what, asset))
