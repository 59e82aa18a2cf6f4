"""The balance ledger: cash that came and went; and what it repeats of executions."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Final

from adapters.brokers.polymarket_us.chains import Step
from adapters.brokers.polymarket_us.executions import VENUE, instrument_id
from adapters.rows import Row
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashWithdrawn,
    Event,
    FillBooked,
    Side,
)
from ledger.domain.numbers import ONE, multiply, quantize, ratio, subtract, text
from ledger.errors import BadRowError

EXECUTION, COMMISSION, CORRECTION = "ORDER_EXECUTION", "COMMISSION", "CORRECTION"
RESOLUTION, DEPOSIT, WITHDRAWAL = "RESOLUTION", "DEPOSIT", "WITHDRAWAL"
TYPES: Final = {
    "1": DEPOSIT, "2": WITHDRAWAL, "3": EXECUTION, "4": CORRECTION, "6": RESOLUTION,
    "7": "MANUAL_ADJUSTMENT", "10": "ACCOUNT_PROPERTY_ADJUSTMENT", "11": COMMISSION,
    "16": "WITHDRAWAL_REJECTION", "17": "MANUAL_TRANSFER", "22": "PENDING_WITHDRAWAL_CREATION",
}  # fmt: skip
"""The entry types that the venue shows, by the number they have on the wire."""

REPEATS: Final = frozenset({EXECUTION, COMMISSION})
ADJUSTMENTS: Final = frozenset({CORRECTION, "MANUAL_ADJUSTMENT", "ACCOUNT_PROPERTY_ADJUSTMENT"})
INWARD: Final = frozenset({DEPOSIT, "WITHDRAWAL_REJECTION"})
OUTWARD: Final = frozenset({WITHDRAWAL, "PENDING_WITHDRAWAL_CREATION"})
WORDS: Final = {
    name: kind
    for wire, kind in TYPES.items()
    for name in (
        wire,
        kind,
        f"LEDGER_ENTRY_TYPE_{kind}",
        f"LEDGER_ENTRY_TYPE_BALANCE_{kind}",
    )
}
RESOLVED: Final = "resolution"
"""The scope of a payout's id: it is an entry's, not an execution's."""


def kind_of(row: Row) -> str:
    """The entry's type, whichever of its three spellings it has."""
    return row.one_of("entryType", WORDS)


def delta(row: Row) -> Decimal:
    """What the entry did to the balance: positive came in."""
    return subtract(row.decimal("afterBalance"), row.decimal("beforeBalance"))


def step(row: Row) -> Step:
    """The entry as a link of its currency's chain."""
    row.required("currency")
    row.text("symbol")
    return Step(
        row.required("id"),
        row.instant("updateTime", UTC),
        (row.decimal("beforeBalance"),),
        (row.decimal("afterBalance"),),
    )


def movement(row: Row, kind: str) -> Event | None:
    """Cash that no execution tells; None for an entry that moves nothing."""
    amount = delta(row)
    if not amount:
        return None
    about = row.text("description") or kind
    told = {"id": row.required("id"), "currency": row.required("currency"), "venue": VENUE}
    if kind in ADJUSTMENTS:
        return BalanceAdjusted(amount=amount, reason=about, who=VENUE, **told)
    if (kind in INWARD and amount < 0) or (kind in OUTWARD and amount > 0):
        rule = f"a {kind} that moves {text(amount)}: not the way it should"
        raise BadRowError("afterBalance", row.text("afterBalance"), rule)
    made = CashDeposited if amount > 0 else CashWithdrawn
    return made(amount=amount.copy_abs(), description=about, **told)


def payout(row: Row, settled: Decimal | None) -> FillBooked | None:
    """A resolution: what is held closes at the settlement price, which makes the cash.

    The quantity is the cash over the price: received for units held, paid for units owed. At a
    price of 0 nothing is paid; the position ledger tells that close.
    """
    amount, symbol = delta(row), row.required("symbol")
    if not amount:
        return None
    if not settled:
        held = "0" if settled is not None else "not in these answers"
        rule = f"a payout of {text(amount)}, and the settlement price of {symbol} is {held}"
        raise BadRowError("symbol", symbol, rule)
    qty = quantize(ratio(amount.copy_abs(), ONE, settled))
    if multiply(qty, settled) != amount.copy_abs():
        rule = f"no number of contracts at {text(settled)} makes this payout"
        raise BadRowError("afterBalance", text(amount), rule)
    return FillBooked(
        exec_id=row.required("id"),
        instrument_id=instrument_id(symbol),
        side=Side.SELL if amount > 0 else Side.BUY,
        last_qty=qty,
        last_px=settled,
        currency=row.required("currency"),
        venue=VENUE,
        scope=RESOLVED,
    )
