"""Moves of a story: money."""

from __future__ import annotations

from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FundingPaid,
    InterestPaid,
    VariationMarginPaid,
)
from tests.property.teller import Teller
from tests.property.worlds import charge, signed_cents


def money(teller: Teller) -> None:
    """Money of the account itself."""
    kind = teller.dice.pick((CashDeposited, CashWithdrawn, InterestPaid))
    signed = signed_cents(teller.dice)
    amount = signed if kind is InterestPaid else abs(signed)
    teller.tell(kind(id=teller.id(), amount=amount, currency="USD"))


def adjust_cash(teller: Teller) -> None:
    """A correction by hand."""
    event = BalanceAdjusted(
        id=teller.id(), amount=signed_cents(teller.dice), currency="EUR", reason="count", who="ops"
    )
    teller.tell(event)


def carry(teller: Teller) -> None:
    """Money of a position: funding, a dividend."""
    kind, place = teller.dice.pick((FundingPaid, DividendPaid)), teller.place()
    currency = teller.by_id[place["instrument_id"]].currency
    teller.tell(kind(id=teller.id(), amount=signed_cents(teller.dice), currency=currency, **place))


def variation(teller: Teller) -> None:
    """Daily cash of a future, where one is traded."""
    if "DAILY" in teller.by_id:
        event = VariationMarginPaid(
            id=teller.id(),
            amount=signed_cents(teller.dice),
            currency="USD",
            instrument_id="DAILY",
        )
        teller.tell(event)


def lone_fee(teller: Teller) -> None:
    """A charge for no fill."""
    dice, place = teller.dice, teller.place()
    currency = teller.fee_currency(place["instrument_id"])
    told = dice.pick((place, {}))
    teller.tell(FeeCharged(id=teller.id(), amount=charge(dice), currency=currency, **told))
