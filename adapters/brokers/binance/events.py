"""The events of the user data streams: which there are, and what in them is a trade."""

from __future__ import annotations

from typing import Final

from adapters.brokers.binance.instruments import VENUE
from adapters.port import Ordinals
from adapters.rows import Row
from ledger.domain.events import CashDeposited, CashWithdrawn
from ledger.domain.numbers import ZERO, text
from ledger.errors import BadRowError

REPORT: Final = "executionReport"
UPDATE: Final = "ORDER_TRADE_UPDATE"
ALGO: Final = "ALGO_UPDATE"
LITE: Final = "TRADE_LITE"
ACCOUNT: Final = "ACCOUNT_UPDATE"
WALLET: Final = "outboundAccountPosition"
MOVED: Final = "balanceUpdate"
PASSED_OVER: Final = frozenset(
    {"listStatus", "listenKeyExpired", "eventStreamTerminated", "externalLockUpdate",
     "MARGIN_CALL", "ACCOUNT_CONFIG_UPDATE", "STRATEGY_UPDATE", "GRID_UPDATE",
     "CONDITIONAL_ORDER_TRIGGER_REJECT"}
)  # fmt: skip
"""Events that tell neither a trade, nor money, nor an order's state."""

KNOWN: Final = frozenset({REPORT, UPDATE, ALGO, LITE, ACCOUNT, WALLET, MOVED}) | PASSED_OVER

# What a report reports (FIX 150), and whether it may be a trade.
_SPOT_KINDS: Final = {
    **dict.fromkeys(("NEW", "CANCELED", "REPLACED", "REJECTED", "EXPIRED"), False),
    "TRADE_PREVENTION": False,
    "TRADE": True,
}
_KINDS: Final = {
    **dict.fromkeys(("NEW", "CANCELED", "EXPIRED", "AMENDMENT"), False),
    "TRADE": True,
    "CALCULATED": True,
}


def is_trade(row: Row, *, is_spot: bool) -> bool:
    """Whether a report holds an execution. A liquidation is ``CALCULATED``; told before it is
    executed, its quantity is zero."""
    return row.one_of("x", _SPOT_KINDS if is_spot else _KINDS) and bool(row.decimal("l"))


def moved(row: Row, ids: Ordinals) -> CashDeposited | CashWithdrawn:
    """Money in or out of the spot wallet by other ways than trading; the venue gives no id."""
    delta, asset = row.decimal("d"), row.required("a")
    id = ids.of(["balanceUpdate", asset, text(delta), row.required("T")])
    way = CashWithdrawn if delta < ZERO else CashDeposited
    return way(id=id, amount=delta.copy_abs(), currency=asset, venue=VENUE, scope="balanceUpdate")


def refuse_lite(row: Row) -> None:
    """Raise ``BadRowError`` for a trade of which only the light event is here."""
    rule = (
        "it tells neither the fee nor the position's side: the same trade is booked from "
        "ORDER_TRADE_UPDATE or userTrades"
    )
    raise BadRowError("e", row.required("e"), rule)
