"""Activities that move units without a trade: options that end, splits, spin-offs, transfers.

An option's end and what it delivers stand in two rows; both are of the end of their day, behind
whatever was traded on it. A split stands in two rows as well, the old quantity removed and the new
one added, which is its ratio.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from adapters.brokers.alpaca.instruments import VENUE, instrument
from adapters.brokers.alpaca.told import begins, ends
from adapters.gathering import Gathering
from adapters.rows import Row
from ledger.domain.events import (
    Event,
    FillBooked,
    Leg,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    Side,
    SpinOffReceived,
    SplitApplied,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import multiply
from ledger.errors import BadRowError

OPTIONS: Final = frozenset({"OPEXP", "OPEXC", "OPASN", "OPTRD"})
TRANSFERS: Final = {"ACATS": "ACATS", "JNLS": "ALPACA journal"}
SPLITS: Final = frozenset({"SPLIT", "SSP"})
SPINS: Final = frozenset({"SPIN", "SSO"})
ADDED, REMOVED = "ADD", "REMOVE"

_SPUN = re.compile(r"Target Symbol: (\S+), Initiating Symbol: ([^\s,]+)")
_RENAMED = re.compile(r"Name Change from (\S+) to (\S+)")

Legs = Mapping[tuple[str, str], Mapping[str, Row]]


def split_legs(activities: Iterable[Row]) -> Legs:
    """The rows of each split, by symbol and day, each id once."""
    legs: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for activity in activities:
        kind = activity.values.get("activity_type")
        if isinstance(kind, str) and kind in SPLITS:
            place = (str(activity.values.get("symbol")), str(activity.values.get("date")))
            legs[place][str(activity.values.get("id"))] = activity
    return legs


def move_units(gathering: Gathering, row: Row, activity: Row, legs: Legs) -> None:
    """Record what an activity did to a position; ``BadRowError`` and kin for a row unread."""
    kind = activity.required("activity_type")
    if activity.text("status") == "canceled":
        rule = "units whose move was cancelled: if it was booked before, undo it by hand"
        raise BadRowError("status", "canceled", rule)
    event, defined = _event(kind, activity, legs)
    if event is None:
        return
    for one in defined:
        gathering.define(one)
    gathering.record(row, event, ends(activity) if kind in OPTIONS else begins(activity))


def _event(kind: str, activity: Row, legs: Legs) -> tuple[Event | None, list[Instrument]]:
    """The fact and the instruments it names; no fact for a row that only completes another."""
    if kind == "NC":
        _require_same_symbol(activity)
        return None, []
    if kind in SPINS:
        return _spun(activity)
    defined = instrument(activity)
    if kind in SPLITS:
        return _split(activity, defined, legs), [defined]
    if kind in TRANSFERS:
        return _transferred(activity, defined, TRANSFERS[kind]), [defined]
    if kind == "OPTRD":
        return _delivered(activity, defined), [defined]
    return _ended(kind, activity, defined), [defined]


def _ended(kind: str, activity: Row, defined: Instrument) -> OptionExpired | OptionExercised:
    """The sign of the quantity says whether a long or a short ended; the fact needs it not."""
    if defined.kind is not InstrumentKind.OPTION:
        raise BadRowError("symbol", defined.symbol, "the end of an option names what is none")
    id_, qty = activity.required("id"), activity.decimal("qty").copy_abs()
    if kind == "OPEXP":
        return OptionExpired(id=id_, instrument_id=defined.instrument_id, qty=qty, venue=VENUE)
    return OptionExercised(
        id=id_,
        instrument_id=defined.instrument_id,
        qty=qty,
        assigned=kind == "OPASN",
        venue=VENUE,
    )


def _delivered(activity: Row, defined: Instrument) -> FillBooked:
    """The underlying at the strike. The money is ``net_amount``: the row's price may be another."""
    qty, paid = activity.decimal("qty"), activity.decimal("net_amount")
    if not qty or not paid or (qty < 0) is (paid < 0):
        rule = "money and units of a delivery do not go opposite ways: enter it by hand"
        raise BadRowError("net_amount", activity.text("net_amount"), rule)
    px = activity.decimal_or_none("price")
    is_price = px is not None and multiply(px, qty).copy_abs() == paid.copy_abs()
    return FillBooked(
        exec_id=activity.required("id"),
        instrument_id=defined.instrument_id,
        side=Side.SELL if qty < 0 else Side.BUY,
        last_qty=qty.copy_abs(),
        last_px=px if is_price else None,
        currency=defined.currency,
        venue=VENUE,
        gross_trade_amt=None if is_price else paid.copy_abs(),
        label="option delivery",
    )


def _transferred(activity: Row, defined: Instrument, counterparty: str) -> PositionTransferred:
    """Units from or to another account; what they cost is not told."""
    qty = activity.decimal("qty")
    return PositionTransferred(
        id=activity.required("id"),
        leg=Leg.OUT if qty < 0 else Leg.IN,
        instrument_id=defined.instrument_id,
        qty=qty.copy_abs(),
        counterparty=counterparty,
        unknown_basis=qty > 0,
        venue=VENUE,
    )


def _split(activity: Row, defined: Instrument, legs: Legs) -> SplitApplied | None:
    """Made from the row that adds; the one that removes is its other half."""
    place = (activity.required("symbol"), activity.required("date"))
    found = {_way(leg): leg for leg in legs.get(place, {}).values()}
    if set(found) != {ADDED, REMOVED} or len(legs[place]) != len(found):
        rule = "a split needs one row that adds and one that removes: read them in one report"
        raise BadRowError("description", activity.text("description"), rule)
    if _way(activity) == REMOVED:
        return None
    return SplitApplied(
        id=activity.required("id"),
        instrument_id=defined.instrument_id,
        numerator=_units(found[ADDED]),
        denominator=_units(found[REMOVED]),
        venue=VENUE,
    )


def _way(activity: Row) -> str:
    """ADD or REMOVE: what the description begins with, or which of the two sizes that an activity
    event tells the row has."""
    if activity.has("old_qty", "new_qty"):
        sizes = {activity.decimal("old_qty").copy_abs(): REMOVED}
        sizes[activity.decimal("new_qty").copy_abs()] = ADDED
        return sizes.get(_units(activity), "")
    return activity.text("description").partition(",")[0].strip().upper()


def _units(activity: Row) -> Decimal:
    return activity.decimal("qty").copy_abs()


def _spun(activity: Row) -> tuple[SpinOffReceived | None, list[Instrument]]:
    """The new units, with the basis that their price gives; two more rows take it off the parent,
    which follows."""
    if _way(activity) in {ADDED, REMOVED}:
        return None, []
    new, parent = (instrument(Row({"symbol": name}, activity.where)) for name in _spins(activity))
    qty, px = activity.decimal("qty"), activity.decimal("price")
    if not px:
        rule = "no price, which the basis of the new units is made of: enter it by hand"
        raise BadRowError("price", activity.text("price"), rule)
    spun = SpinOffReceived(
        id=activity.required("id"),
        instrument_id=new.instrument_id,
        parent_id=parent.instrument_id,
        qty=qty,
        basis=multiply(qty, px),
        venue=VENUE,
    )
    return spun, [new, parent]


def _spins(activity: Row) -> tuple[str, str]:
    """The new symbol and its parent's: by the description, or as an activity event names them."""
    found = _SPUN.search(activity.text("description"))
    if found and found[1] == activity.text("symbol"):
        return found[1], found[2]
    if not activity.has("new_symbol", "source_symbol"):
        rule = "a spin-off that does not say of what it is: enter it by hand"
        raise BadRowError("description", activity.text("description"), rule)
    return activity.required("new_symbol"), activity.required("source_symbol")


def _require_same_symbol(activity: Row) -> None:
    """Nothing to book while the symbol stays; another symbol is another instrument here. An
    activity event tells both."""
    found = _RENAMED.search(activity.text("description"))
    old, new = found.groups() if found else map(activity.text, ("old_symbol", "new_symbol"))
    if not old or old != new:
        rule = "a change of symbol: record a transfer of the position to the new one by hand"
        raise BadRowError("description", activity.text("description"), rule)
