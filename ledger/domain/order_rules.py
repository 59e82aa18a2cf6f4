"""The rules by which asking something of an order is refused; pure, and run before recording.

Only rules of the order itself are here. What concerns the whole account (limits, free balance,
suspension) is decided by the account, and an id used twice is answered by the store's key.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, assert_never

import attrs

from ledger.domain.events import (
    NET,
    CancelRequested,
    Contingency,
    Event,
    OrderPlaced,
    OrdersLinked,
    OrdType,
    ReplaceRequested,
    StopMoved,
    TargetMoved,
    TimeInForce,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, told
from ledger.domain.order_commands import (
    CancelOrder,
    CancelReason,
    LinkOrders,
    MoveStop,
    MoveTarget,
    OrderCommand,
    PlaceOrder,
    ReplaceOrder,
)
from ledger.domain.orders import Order
from ledger.errors import (
    BadTextError,
    InvalidOrderError,
    OrderClosedError,
    UnknownInstrumentError,
    UnknownOrderError,
)

# Type of order -> prices it must have; it takes no others but those in _MAY_HAVE.
_MUST_HAVE: dict[OrdType, frozenset[str]] = {
    OrdType.MARKET: frozenset(),
    OrdType.LIMIT: frozenset({"limit_px"}),
    OrdType.STOP: frozenset({"stop_px"}),
    OrdType.STOP_LIMIT: frozenset({"limit_px", "stop_px"}),
    OrdType.TRAILING_STOP: frozenset(),
    OrdType.MARKET_IF_TOUCHED: frozenset({"stop_px"}),
    OrdType.LIMIT_IF_TOUCHED: frozenset({"limit_px", "stop_px"}),
    OrdType.JOIN_BID: frozenset(),
    OrdType.JOIN_ASK: frozenset(),
}
_MAY_HAVE = {OrdType.TRAILING_STOP: frozenset({"stop_px", "trail_offset", "trail_percent"})}
_PRICES = ("limit_px", "stop_px", "trail_offset", "trail_percent")
_RESTS = frozenset({OrdType.LIMIT, OrdType.JOIN_BID, OrdType.JOIN_ASK})


def decide(
    order: Order | None, command: OrderCommand, instrument: Instrument | None
) -> tuple[Event, ...]:
    """The facts that a command makes, or a ``RefusedError`` that says why there are none.

    ``order`` is the one the command names, as it stands (None when there is none; of no concern
    to ``PlaceOrder`` and ``LinkOrders``); ``instrument`` the definition in force.
    """
    match command:
        case PlaceOrder():
            return _place(command, instrument)
        case ReplaceOrder():
            return _replace(_known(order, command.orig_cl_ord_id), command, instrument)
        case CancelOrder():
            return _cancel(_known(order, command.orig_cl_ord_id), command)
        case MoveStop():
            return _move_stop(_known(order, command.cl_ord_id), command, instrument)
        case MoveTarget():
            return _move_target(_known(order, command.cl_ord_id), command, instrument)
        case LinkOrders():
            return _link(command)
        case _:
            assert_never(command)


def _place(command: PlaceOrder, instrument: Instrument | None) -> tuple[Event, ...]:
    if instrument is None:
        raise UnknownInstrumentError(
            f"order {command.cl_ord_id} names {command.instrument_id}, which this account has not "
            "defined; record an InstrumentDefined first"
        )
    _require_positive(command.cl_ord_id, "order_qty", command.order_qty)
    _require_kind("ord_type", command.ord_type, OrdType)
    _require_prices(command)
    _require_times(command)
    _require_hold(command)
    _require_aligned(instrument, command.limit_px, command.stop_px)
    cls: Any = PlaceOrder
    fields = {field.name: getattr(command, field.name) for field in attrs.fields(cls)}
    return (OrderPlaced(**fields),)


def _replace(
    order: Order, command: ReplaceOrder, instrument: Instrument | None
) -> tuple[Event, ...]:
    asked = (command.order_qty, command.limit_px, command.stop_px)
    if all(value is None for value in asked):
        raise InvalidOrderError(
            f"replacement {command.cl_ord_id} of order {order.cl_ord_id} changes nothing; "
            "give order_qty, limit_px or stop_px"
        )
    if command.order_qty is not None:
        _require_positive(command.cl_ord_id, "order_qty", command.order_qty)
    _require_open(order, "replaced")
    if order.is_filled and (command.order_qty or ZERO) <= order.cum_qty:
        raise OrderClosedError(
            f"order {order.cl_ord_id} is filled; only a replacement to more than its "
            f"{told(order.cum_qty)} re-opens it"
        )
    _require_takes(order, command)
    _require_aligned(instrument, command.limit_px, command.stop_px)
    return (
        ReplaceRequested(
            cl_ord_id=command.cl_ord_id,
            orig_cl_ord_id=command.orig_cl_ord_id,
            order_qty=command.order_qty,
            limit_px=command.limit_px,
            stop_px=command.stop_px,
        ),
    )


def _cancel(order: Order, command: CancelOrder) -> tuple[Event, ...]:
    _require_kind("reason", command.reason, CancelReason)
    _require_open(order, "cancelled")
    if order.is_filled:
        raise OrderClosedError(
            f"order {order.cl_ord_id} is filled, so nothing is left to cancel; "
            "trade the other way to undo it"
        )
    return (
        CancelRequested(
            cl_ord_id=command.cl_ord_id,
            orig_cl_ord_id=command.orig_cl_ord_id,
            reason=command.reason.value,
        ),
    )


def _move_stop(order: Order, command: MoveStop, instrument: Instrument | None) -> tuple[Event, ...]:
    _require_open(order, "given another stop")
    if not _has_stop(order):
        raise InvalidOrderError(
            f"order {order.cl_ord_id} has no stop to move; place a stop or trailing stop order"
        )
    _require_aligned(instrument, command.stop_px)
    moved = StopMoved(
        cl_ord_id=order.cl_ord_id,
        stop_px=command.stop_px,
        reason=command.reason,
        inputs=command.inputs,
        instrument_id=order.instrument_id,
        position_id=order.position_id or NET,
    )
    return (moved,)


def _move_target(
    order: Order, command: MoveTarget, instrument: Instrument | None
) -> tuple[Event, ...]:
    _require_open(order, "given another target")
    _require_aligned(instrument, command.target_px)
    moved = TargetMoved(
        cl_ord_id=order.cl_ord_id,
        target_px=command.target_px,
        reason=command.reason,
        instrument_id=order.instrument_id,
        position_id=order.position_id or NET,
    )
    return (moved,)


def _link(command: LinkOrders) -> tuple[Event, ...]:
    ids = command.cl_ord_ids
    least = 3 if command.contingency is Contingency.BRACKET else 2
    if len(set(ids)) != len(ids) or len(ids) < least:
        raise InvalidOrderError(
            f"link {command.link_id} names {len(set(ids))} orders; {command.contingency.value} "
            f"needs at least {least} different ones"
        )
    linked = OrdersLinked(link_id=command.link_id, contingency=command.contingency, cl_ord_ids=ids)
    return (linked,)


# ---------------------------------------------------------------------- one rule each


def _known(order: Order | None, cl_ord_id: str) -> Order:
    if order is None:
        raise UnknownOrderError(f"no order {cl_ord_id} in this account; place it first")
    return order


def _require_open(order: Order, what: str) -> None:
    """An order that is done cannot be changed; a filled one may be re-opened by an increase."""
    if order.is_done:
        raise OrderClosedError(
            f"order {order.cl_ord_id} is {order.status.fix_name} and cannot be {what}; "
            "place a new order"
        )


def _require_positive(cl_ord_id: str, name: str, value: Decimal) -> None:
    if value <= ZERO:
        raise InvalidOrderError(
            f"order {cl_ord_id}: {name} {told(value)} is not above zero; give an unsigned quantity "
            "and say buy or sell by its side"
        )


def _require_kind(name: str, value: object, kind: type[Enum]) -> None:
    """A word in place of a member, such as ``"limit"``, is told before anything looks at it."""
    if not isinstance(value, kind):
        some = ", ".join(str(member) for member in list(kind)[:2])
        raise BadTextError(name, repr(value), f"it is not of type {kind.__name__}; give {some} ...")


def _require_prices(command: PlaceOrder) -> None:
    """Each type takes the prices it works with, all of them and no others."""
    given = {name for name in _PRICES if getattr(command, name) is not None}
    must = _MUST_HAVE[command.ord_type]
    may = must | _MAY_HAVE.get(command.ord_type, frozenset())
    kind = f"order {command.cl_ord_id}: a {command.ord_type.value} order"
    if must - given:
        raise InvalidOrderError(f"{kind} needs {_listed(must - given)}; give it")
    if given - may:
        raise InvalidOrderError(f"{kind} takes no {_listed(given - may)}; leave it out")
    if command.ord_type is OrdType.TRAILING_STOP:
        _require_trail(command)
    if command.post_only and command.ord_type not in _RESTS:
        raise InvalidOrderError(f"{kind} cannot rest, so it cannot be post_only; use a limit")


def _require_trail(command: PlaceOrder) -> None:
    offsets = (command.trail_offset, command.trail_percent)
    given = [value for value in offsets if value is not None]
    if len(given) != 1 or given[0] <= ZERO:
        raise InvalidOrderError(
            f"order {command.cl_ord_id}: a trailing stop needs either trail_offset or "
            "trail_percent, above zero; give one of them"
        )


def _require_times(command: PlaceOrder) -> None:
    """A GTD order, and no other, ends at a time."""
    is_gtd = command.tif is TimeInForce.GTD
    if is_gtd and command.expire_time is None:
        raise InvalidOrderError(
            f"order {command.cl_ord_id}: a GTD order needs expire_time; give it, or use GTC"
        )
    if not is_gtd and command.expire_time is not None:
        raise InvalidOrderError(
            f"order {command.cl_ord_id}: a {command.tif.name} order takes no expire_time; "
            "leave it out, or use GTD"
        )


def _require_hold(command: PlaceOrder) -> None:
    if (command.hold is None) != (command.hold_currency is None):
        raise InvalidOrderError(
            f"order {command.cl_ord_id}: hold and hold_currency belong together; give both"
        )
    if command.hold is not None and command.hold < ZERO:
        raise InvalidOrderError(
            f"order {command.cl_ord_id}: hold {command.hold} is negative; give what it reserves"
        )


def _require_takes(order: Order, command: ReplaceOrder) -> None:
    """A replacement may change the prices its order works with, and no others."""
    if order.facts.terms.placed is None:
        return
    kind = order.facts.terms.placed.ord_type
    takes = _MUST_HAVE[kind] | _MAY_HAVE.get(kind, frozenset())
    given = {name for name in ("limit_px", "stop_px") if getattr(command, name) is not None}
    if given - takes:
        raise InvalidOrderError(
            f"order {order.cl_ord_id}: a {kind.value} order takes no {_listed(given - takes)}; "
            "cancel it and place one of another type"
        )


def _require_aligned(instrument: Instrument | None, *prices: Decimal | None) -> None:
    for px in prices:
        if instrument is not None and px is not None:
            instrument.require_aligned(px)


def _has_stop(order: Order) -> bool:
    placed = order.facts.terms.placed
    trails = placed is not None and placed.ord_type is OrdType.TRAILING_STOP
    return trails or order.facts.terms.stop_px is not None


def _listed(names: set[str] | frozenset[str]) -> str:
    return " and ".join(sorted(names))
