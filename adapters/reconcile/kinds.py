"""What can differ between the books and a broker, how much it matters, what it may come from."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Severity(Enum):
    """How soon somebody has to look."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Amount(Enum):
    """What a kind of break comes to, where it comes to anything."""

    UNITS = "units"
    MONEY = "money"
    EITHER = "units or money"
    NONE = "none"


class Kind(Enum):
    """The catalogue of breaks; the value's first word is the family."""

    ROW_QUARANTINED = "input.row_quarantined"
    CONTROL_TOTAL = "input.control_total"
    CONTRADICTION = "input.contradiction"

    MISSING_IN_LEDGER = "trade.missing_in_ledger"
    MISSING_AT_BROKER = "trade.missing_at_broker"
    DUPLICATE_IN_LEDGER = "trade.duplicate_in_ledger"
    DUPLICATE_AT_BROKER = "trade.duplicate_at_broker"
    QUANTITY = "trade.quantity"
    PRICE = "trade.price"
    SIDE = "trade.side"
    INSTRUMENT = "trade.instrument"
    ACCOUNT = "trade.account"
    FEE = "trade.fee"
    FEE_CURRENCY = "trade.fee_currency"
    TRADE_DATE = "trade.date"
    SETTLE_DATE = "trade.settle_date"
    RENUMBERED = "trade.renumbered"
    AGGREGATED = "trade.aggregated"
    BUSTED_NOT_REVERSED = "trade.busted_not_reversed"
    REVERSED_ONLY_HERE = "trade.reversed_only_here"
    CORRECTION_NOT_BOOKED = "trade.correction_not_booked"
    UNLINKED_REVERSAL = "trade.unlinked_reversal"
    LATE_REPORTED = "trade.late_reported"

    ORDER_OPEN_HERE = "order.open_here_closed_there"
    ORDER_UNKNOWN_HERE = "order.open_there_unknown_here"
    ORDER_OPEN_THERE = "order.open_there_closed_here"
    ORDER_CUM_QTY = "order.cum_qty"
    ORDER_STOP_PRICE = "order.stop_price"

    POSITION_QUANTITY = "position.quantity"
    POSITION_SIGN = "position.sign"
    POSITION_COST = "position.cost"
    POSITION_OPENING = "position.opening_unknown"

    CASH_BALANCE = "cash.balance"
    CASH_OPENING = "cash.opening_unknown"
    CASH_CURRENCY = "cash.currency_missing"
    CASH_MISSING = "cash.movement_missing_in_ledger"
    CASH_EXTRA = "cash.movement_missing_at_broker"
    CASH_MOVEMENT = "cash.movement_differs"
    CASH_SETTLED = "cash.settled"

    @property
    def family(self) -> str:
        """What it is about: input, trade, order, position or cash."""
        return self.value.partition(".")[0]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return SEVERITIES.get(self, _OF_FAMILY[self.family])

    @property
    def amount(self) -> Amount:
        """What a break of it comes to: it then has a difference, where both sides tell enough."""
        return AMOUNTS.get(self, _AMOUNT_OF_FAMILY[self.family])


_OF_FAMILY: Final = {
    "input": Severity.HIGH,
    "trade": Severity.CRITICAL,
    "order": Severity.HIGH,
    "position": Severity.CRITICAL,
    "cash": Severity.HIGH,
}

SEVERITIES: Final = {
    Kind.FEE: Severity.MEDIUM,
    Kind.FEE_CURRENCY: Severity.MEDIUM,
    Kind.TRADE_DATE: Severity.MEDIUM,
    Kind.SETTLE_DATE: Severity.LOW,
    Kind.RENUMBERED: Severity.LOW,
    Kind.AGGREGATED: Severity.LOW,
    Kind.LATE_REPORTED: Severity.HIGH,
    Kind.POSITION_COST: Severity.MEDIUM,
    Kind.ORDER_STOP_PRICE: Severity.MEDIUM,
    Kind.CASH_SETTLED: Severity.LOW,
}
"""Where it is not that of the family."""

_AMOUNT_OF_FAMILY: Final = {
    "input": Amount.NONE,
    "trade": Amount.UNITS,
    "order": Amount.NONE,
    "position": Amount.UNITS,
    "cash": Amount.MONEY,
}

AMOUNTS: Final = {
    Kind.CONTROL_TOTAL: Amount.MONEY,
    Kind.PRICE: Amount.MONEY,
    Kind.FEE: Amount.MONEY,
    Kind.CORRECTION_NOT_BOOKED: Amount.EITHER,
    Kind.INSTRUMENT: Amount.NONE,
    Kind.FEE_CURRENCY: Amount.NONE,
    Kind.TRADE_DATE: Amount.NONE,
    Kind.SETTLE_DATE: Amount.NONE,
    Kind.RENUMBERED: Amount.NONE,
    Kind.AGGREGATED: Amount.NONE,
    Kind.UNLINKED_REVERSAL: Amount.NONE,
    Kind.ORDER_CUM_QTY: Amount.UNITS,
    Kind.POSITION_COST: Amount.MONEY,
}
"""Where it is not that of the family: other units, other days, or nothing that has moved yet."""


class Cause(Enum):
    """What a break is likely to come from: a guess, named as one."""

    UNKNOWN = "unknown"
    TIMING = "timing"
    FEE_NEXT_DAY = "fee next day"
    CORRECTION = "correction"
    DUPLICATE = "duplicate"
    CORPORATE_ACTION = "corporate action"
    OPENING_UNKNOWN = "opening balance unknown"
    RENAMED = "renamed instrument"
    MISSING_FEED = "missing feed"
    SET_ASIDE = "a row of the report was set aside"
    OTHER_ACCOUNT = "booked in another account"
    OTHER_BREAKS = "follows from breaks of trades or movements"
    FEES_IN_COST = "charges are in the cost on one side alone"
