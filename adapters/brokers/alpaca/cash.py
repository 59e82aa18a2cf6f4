"""Activities that move money: ``net_amount`` is signed, positive came in.

A fee is charged when its amount is negative, and is positive here; only a crypto fee in coins is
told as a quantity. An activity that was cancelled is recorded with its reversal, so that the books
are the same whether or not it was read before it was cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from adapters.brokers.alpaca.instruments import USD, VENUE, instrument
from adapters.gathering import Gathering
from adapters.rows import Row
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashEvent,
    CashTransferred,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    InterestPaid,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

CANCELED: Final = ":canceled"
# What a fee is for, by its sub type, else by the first word of its description.
FEES: Final = {
    "REG": FeeKind.REGULATORY,
    "TAF": FeeKind.REGULATORY,
    "ORF": FeeKind.REGULATORY,
    "CAT": FeeKind.REGULATORY,
    "OCC": FeeKind.CLEARING,
    "NRV": FeeKind.EXCHANGE,
    "NRC": FeeKind.COMMISSION,
}

Maker = Callable[[Gathering, Row, Decimal], CashEvent]


def cash(gathering: Gathering, activity: Row) -> list[CashEvent]:
    """What the activity did to the money; ``BadRowError`` where that is in doubt."""
    kind = activity.required("activity_type")
    if kind == "CFEE" and activity.decimal_or_zero("qty"):
        event = _coins(gathering, activity)
    else:
        amount = activity.decimal("net_amount")
        if not amount:
            rule = "no money: what else it moved is not booked by this adapter, enter it by hand"
            raise BadRowError("net_amount", activity.text("net_amount"), rule)
        event = MAKERS[kind](gathering, activity, amount)
    is_canceled = activity.text("status") == "canceled"
    return [event, _reversed(event)] if is_canceled else [event]


def _reversed(event: CashEvent) -> CashEvent:
    """The same money the other way, under an id of its own."""
    id_ = f"{event.id}{CANCELED}"
    match event:
        case CashDeposited() | CashWithdrawn():
            cls = CashWithdrawn if isinstance(event, CashDeposited) else CashDeposited
            return cls(
                id=id_,
                amount=event.amount,
                currency=event.currency,
                venue=VENUE,
                description=event.description,
            )
        case FeeCharged() | DividendPaid() | InterestPaid() | CashTransferred() | BalanceAdjusted():
            return changed(event, id=id_, amount=negate(event.amount))
    raise BadRowError("status", "canceled", "cancelled, and not known how to reverse")


def _currency(activity: Row) -> str:
    """Alpaca's accounts are in dollars; a row may say so."""
    return activity.text("currency") or USD


def _of(gathering: Gathering, activity: Row) -> str | None:
    """The instrument that a row names, if it names one."""
    if not activity.text("symbol"):
        return None
    return gathering.define(instrument(activity)).instrument_id


def _moved(_: Gathering, activity: Row, amount: Decimal) -> CashEvent:
    """A deposit or withdrawal, by the sign: a returned one comes under the same type."""
    cls = CashWithdrawn if amount < 0 else CashDeposited
    return cls(
        id=activity.required("id"),
        amount=amount.copy_abs(),
        currency=_currency(activity),
        venue=VENUE,
        description=activity.text("description"),
    )


def _journal(counterparty: str) -> Maker:
    """A maker of transfers from or to another account."""

    def make(_: Gathering, activity: Row, amount: Decimal) -> CashEvent:
        return CashTransferred(
            id=activity.required("id"),
            amount=amount,
            currency=_currency(activity),
            counterparty=counterparty,
            venue=VENUE,
        )

    return make


def _dividend(gathering: Gathering, activity: Row, amount: Decimal) -> CashEvent:
    defined = gathering.define(instrument(activity))
    return DividendPaid(
        id=activity.required("id"),
        amount=amount,
        currency=_currency(activity),
        instrument_id=defined.instrument_id,
        venue=VENUE,
        ex_date=activity.day_or_none("ex_date"),
        description=activity.text("description"),
    )


def _interest(_: Gathering, activity: Row, amount: Decimal) -> CashEvent:
    return InterestPaid(
        id=activity.required("id"),
        amount=amount,
        currency=_currency(activity),
        venue=VENUE,
        description=activity.text("description"),
    )


def _charge(kind: FeeKind | None) -> Maker:
    """A maker of fees; without a kind it is read off the row."""

    def make(gathering: Gathering, activity: Row, amount: Decimal) -> CashEvent:
        return FeeCharged(
            id=activity.required("id"),
            amount=negate(amount),
            currency=_currency(activity),
            kind=kind or _fee_kind(activity),
            venue=VENUE,
            instrument_id=_of(gathering, activity),
            description=activity.text("description"),
        )

    return make


def _fee_kind(activity: Row) -> FeeKind:
    subtype = activity.text("activity_sub_type") or activity.text("description").partition(" ")[0]
    return FEES.get(subtype, FeeKind.OTHER)


def _coins(gathering: Gathering, activity: Row) -> CashEvent:
    """A crypto fee taken in the coins that were bought: a negative quantity is charged."""
    if activity.decimal_or_zero("net_amount"):
        rule = "a fee in coins and in money: which of the two was taken is not told"
        raise BadRowError("net_amount", activity.text("net_amount"), rule)
    defined = instrument(activity)
    if defined.kind is not InstrumentKind.SPOT or defined.base_currency is None:
        raise BadRowError("symbol", defined.symbol, "a fee in units of what is no pair")
    gathering.define(defined)
    return FeeCharged(
        id=activity.required("id"),
        amount=negate(activity.decimal("qty")),
        currency=defined.base_currency,
        venue=VENUE,
        instrument_id=defined.instrument_id,
        description=activity.text("description"),
    )


def _correction(_: Gathering, activity: Row, amount: Decimal) -> CashEvent:
    """Money put right by the venue, which does not tell what was wrong."""
    if activity.decimal_or_zero("qty"):
        rule = "a correction of units: what it corrects is not told, enter it by hand"
        raise BadRowError("qty", activity.text("qty"), rule)
    return BalanceAdjusted(
        id=activity.required("id"),
        amount=amount,
        currency=_currency(activity),
        reason=activity.text("description") or "correction",
        who=VENUE,
        venue=VENUE,
    )


_WITHHELD = _charge(FeeKind.WITHHOLDING_TAX)
_OTHER = _charge(FeeKind.OTHER)

MAKERS: Final[dict[str, Maker]] = {
    **dict.fromkeys(("CSD", "CSW"), _moved),
    **dict.fromkeys(("JNL", "JNLC"), _journal("ALPACA journal")),
    "ACATC": _journal("ACATS"),
    **dict.fromkeys(("DIV", "DIVCGL", "DIVCGS", "DIVROC", "DIVTXEX", "CGD"), _dividend),
    **dict.fromkeys(("DIVNRA", "DIVFT", "DIVTW", "DIVWH", "INTNRA", "INTTW", "WH"), _WITHHELD),
    **dict.fromkeys(("DIVFEE", "PTC", "PTR"), _OTHER),
    "INT": _interest,
    "FEE": _charge(None),
    "CFEE": _charge(FeeKind.COMMISSION),
    "CORR": _correction,
}
