"""Moves of a story: executions, what becomes of them, and the orders they are for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ledger.domain.events import (
    Fee,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    LotSelector,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    Side,
)
from ledger.domain.instruments import Instrument
from tests.property.teller import Chain, Teller, is_at
from tests.property.worlds import START, UNITS, charge, fees, price

SIDES = (Side.BUY, Side.SELL, Side.BUY, Side.SELL_SHORT)
SEQS = (None, None, None, None, 0, 1, 2, 3)
IN_TWO_DAYS = START.date() + timedelta(days=2)


def fill(teller: Teller) -> None:
    """An execution; its venue may or may not number what shares an instant."""
    dice, place = teller.dice, teller.place()
    book(teller, place, dice.pick(SIDES), dice.pick(UNITS))


def close(teller: Teller) -> None:
    """An execution of all that the fills told so far leave open, or of one unit."""
    place = teller.place()
    held = teller.held(place)
    book(teller, place, Side.SELL if held > 0 else Side.BUY, abs(held) or Decimal(1))


def by_hand(teller: Teller) -> None:
    """A reduction that names the lots it means, rightly or not."""
    dice, place = teller.dice, teller.place()
    fills = [chain.fill for chain in teller.chains if is_at(chain.fill, place)]
    if not fills:
        return
    opener = dice.pick(fills)
    named = LotSelector(exec_id=opener.exec_id, qty=dice.pick((None, *UNITS)))
    side = Side.SELL if opener.side.is_buy else Side.BUY
    qty = dice.pick((opener.last_qty, *UNITS))
    book(teller, place, side, named.qty or qty, lots=(named,), by_hand=True)


def book(teller: Teller, place: dict[str, Any], side: Side, qty: Decimal, **more: Any) -> None:
    """Tell an execution, and remember it."""
    dice, traded = teller.dice, teller.by_id[place["instrument_id"]]
    event = FillBooked(
        exec_id=teller.id(),
        side=side,
        last_qty=qty,
        last_px=price(dice, traded),
        fees=fees(dice, traded, teller.currencies),
        seq=dice.pick(SEQS),
        settl_date=dice.pick((None, IN_TWO_DAYS)),
        cl_ord_id=dice.pick((None, *teller.orders)),
        **place,
        **more,
    )
    units = event.signed_qty - in_units(traded, event.fees)
    teller.chains.append(Chain(event, [event.exec_id], units))
    teller.tell(event)


def in_units(instrument: Instrument, fees: Iterable[Fee]) -> Decimal:
    """What fees take out of a holding."""
    taken = [fee.amount for fee in fees if fee.currency == instrument.base_currency]
    return sum(taken, Decimal(0))


def bust(teller: Teller) -> None:
    """The latest edition of a fill is undone."""
    place = teller.chain()
    if place is None:
        return
    chain = teller.chains[place]
    teller.chains[place] = chain._replace(is_open=False)
    told = teller.named(chain.fill)
    teller.tell(FillBusted(exec_id=teller.id(), exec_ref_id=chain.ids[-1], **told))


def correct(teller: Teller) -> None:
    """The latest edition of a fill is amended."""
    place = teller.chain()
    if place is None:
        return
    dice, chain = teller.dice, teller.chains[place]
    traded = teller.by_id[chain.fill.instrument_id]
    event = FillCorrected(
        exec_id=teller.id(),
        exec_ref_id=chain.ids[-1],
        last_qty=dice.pick(UNITS),
        last_px=price(dice, traded),
        side=dice.pick((None, None, None, *SIDES)),
        fees=fees(dice, traded, teller.currencies) if dice.coin() else None,
        **teller.named(chain.fill),
    )
    is_buy = (event.side or chain.fill.side).is_buy
    teller.chains[place] = chain._replace(units=event.last_qty if is_buy else -event.last_qty)
    chain.ids.append(event.exec_id)
    teller.tell(event)


def late_fee(teller: Teller) -> None:
    """A charge for a fill, told by itself."""
    place = teller.chain()
    if place is None:
        return
    dice, chain = teller.dice, teller.chains[place]
    event = FeeCharged(
        id=teller.id(),
        amount=charge(dice),
        currency=teller.fee_currency(chain.fill.instrument_id),
        exec_id=dice.pick(chain.ids),
        **teller.named(chain.fill),
    )
    teller.tell(event)


def order(teller: Teller) -> None:
    """What we and the venue say of an order."""
    dice = teller.dice
    cl_ord_id = dice.pick(teller.orders)
    if any(key.endswith(f"/order/{cl_ord_id}/") for key in teller.keys):
        kind = dice.pick((OrderAccepted, OrderCancelled))
        teller.tell(kind(cl_ord_id=cl_ord_id), teller.after(0))
        return
    event = OrderPlaced(
        cl_ord_id=cl_ord_id,
        instrument_id=teller.instruments[0].instrument_id,
        side=Side.BUY,
        order_qty=dice.pick(UNITS),
    )
    teller.tell(event, START)
