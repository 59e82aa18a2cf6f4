"""Moves of a story: units that come, go or change otherwise than by a fill, and new rules."""

from __future__ import annotations

from decimal import Decimal

from ledger.domain.events import (
    Booking,
    BookingMethodChanged,
    InstrumentDefined,
    Leg,
    LotCarried,
    OptionExercised,
    OptionExpired,
    PositionAdjusted,
    PositionOpenedMidLife,
    PositionTransferred,
    SpinOffReceived,
    SplitApplied,
    UnitsDelivered,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.gates import changed
from tests.property.dice import Dice
from tests.property.teller import Teller
from tests.property.worlds import SECONDS, START, UNITS, signed_cents

RATIO = tuple(map(Decimal, (1, 2, 3)))
MULTIPLIERS = tuple(map(Decimal, (1, 5, 10)))


def maybe_cents(dice: Dice) -> Decimal | None:
    """An amount, or that nobody knows it."""
    return signed_cents(dice) if dice.coin() else None


def mid_life(teller: Teller) -> None:
    """Units that were there before the books."""
    dice = teller.dice
    qty, basis = dice.pick(UNITS) * dice.pick((1, -1)), maybe_cents(dice)
    teller.tell(PositionOpenedMidLife(id=teller.id(), qty=qty, cost_basis=basis, **teller.place()))


def units_in(teller: Teller) -> None:
    """Units that nobody paid for."""
    event = UnitsReceived(
        id=teller.id(),
        qty=teller.dice.pick(UNITS),
        reason=UnitsReason.AIRDROP,
        basis=maybe_cents(teller.dice),
        **teller.place(),
    )
    teller.tell(event)


def units_out(teller: Teller) -> None:
    """Units that went for their fair value."""
    event = UnitsDelivered(
        id=teller.id(),
        qty=teller.dice.pick(UNITS),
        reason=UnitsReason.PAYMENT,
        value=signed_cents(teller.dice),
        **teller.place(),
    )
    teller.tell(event)


def transfer_out(teller: Teller) -> None:
    """The giving leg of a transfer."""
    qty = teller.dice.pick(UNITS)
    event = PositionTransferred(
        id=teller.id(), leg=Leg.OUT, qty=qty, counterparty="B", **teller.place()
    )
    teller.tell(event)


def transfer_in(teller: Teller) -> None:
    """The receiving leg, with the lots it carries."""
    dice = teller.dice
    sign, qtys = dice.pick((1, -1)), [dice.pick(UNITS) for _ in range(1 + dice.below(2))]
    event = PositionTransferred(
        id=teller.id(),
        leg=Leg.IN,
        qty=sum(qtys, Decimal(0)),
        counterparty="B",
        lots=tuple(
            LotCarried(qty=qty * sign, basis=signed_cents(dice), opened_at=START, exec_id="x")
            for qty in qtys
        ),
        **teller.place(),
    )
    teller.tell(event)


def split(teller: Teller) -> None:
    """New units for old; sometimes the fraction is paid out."""
    dice, whole = teller.dice, teller.dice.coin()
    event = SplitApplied(
        id=teller.id(),
        numerator=dice.pick(RATIO),
        denominator=dice.pick(RATIO),
        whole=whole,
        cash_in_lieu_px=maybe_cents(dice) if whole else None,
        **teller.place(),
    )
    teller.tell(event)


def spin_off(teller: Teller) -> None:
    """Units of one instrument out of another's basis."""
    dice, place = teller.dice, teller.place()
    parent = dice.pick(teller.instruments).instrument_id
    if parent != place["instrument_id"]:
        qty, basis = dice.pick(UNITS), signed_cents(dice)
        event = SpinOffReceived(id=teller.id(), parent_id=parent, qty=qty, basis=basis, **place)
        teller.tell(event)


def expiry(teller: Teller) -> None:
    """An option runs out, or is exercised."""
    dice = teller.dice
    ending = dice.pick((OptionExpired, OptionExercised))
    teller.tell(ending(id=teller.id(), qty=dice.pick(UNITS), **teller.place()))


def adjust(teller: Teller) -> None:
    """A correction by hand."""
    dice = teller.dice
    qty = dice.pick((Decimal(0), *UNITS)) * dice.pick((1, -1))
    event = PositionAdjusted(
        id=teller.id(),
        qty=qty,
        basis=signed_cents(dice),
        reason="count",
        who="ops",
        **teller.place(),
    )
    teller.tell(event)


def rebook(teller: Teller) -> None:
    """Another booking method, after everything that happened."""
    booking, dice = teller.dice.pick(tuple(Booking)), teller.dice
    which = dice.pick((None, dice.pick(teller.instruments).instrument_id))
    event = BookingMethodChanged(booking=booking, instrument_id=which)
    teller.tell(event, teller.after(SECONDS + 1))


def redefine(teller: Teller) -> None:
    """The contract is another one from a moment on."""
    traded, since = teller.dice.pick(teller.instruments), teller.moment()
    another = changed(traded, multiplier=teller.dice.pick(MULTIPLIERS))
    teller.tell(InstrumentDefined(instrument=another, effective_from=since), since)
