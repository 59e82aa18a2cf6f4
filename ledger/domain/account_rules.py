"""Deciding across orders, positions and cash: what today's rules refuse before it is recorded.

Each function looks at an account and returns the facts to record, or raises a ``RefusedError``
and nothing is recorded. What a venue reports never passes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from ledger.domain.accounts import Account
from ledger.domain.events import (
    BookingMethodChanged,
    Crossing,
    Event,
    FillBooked,
    Leg,
    LotCarried,
    OrderPlaced,
    PositionTransferred,
    SpinOffReceived,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.domain.lots import Shortfall
from ledger.domain.numbers import ONE, ZERO, add, quantize, ratio, subtract, text, told
from ledger.domain.positions import PositionKey
from ledger.domain.watching import Issue
from ledger.errors import (
    AccountClosedError,
    AmbiguousLotsError,
    BookingChangeError,
    InsufficientFundsError,
    InsufficientLotsError,
    LimitExceededError,
    NoMatchingLotError,
    NotTheLotTheMethodTakesError,
    RefusedError,
    UnknownInstrumentError,
)

_SHORTFALLS: dict[Shortfall, type[RefusedError]] = {
    Shortfall.INSUFFICIENT: InsufficientLotsError,
    Shortfall.AMBIGUOUS: AmbiguousLotsError,
    Shortfall.NO_MATCH: NoMatchingLotError,
    Shortfall.NOT_THE_METHODS: NotTheLotTheMethodTakesError,
}


def require_opened(account: Account) -> None:
    """Raise unless the account was opened: a name mistyped by hand must not make a second one."""
    if account.policy.opened is None:
        raise AccountClosedError(
            f"account {account.name} was never opened; open it with book.open_account first"
        )


def require_open(account: Account) -> None:
    """Raise unless the account was opened and is not suspended."""
    require_opened(account)
    if account.suspended is not None:
        raise AccountClosedError(
            f"account {account.name} is suspended ({account.suspended.reason}); "
            "record AccountResumed before placing orders"
        )


def require_instrument(account: Account, instrument_id: str) -> Instrument:
    """The instrument, or ``UnknownInstrumentError``."""
    instrument = account.instrument(instrument_id)
    if instrument is None:
        raise UnknownInstrumentError(
            f"{instrument_id} is not defined in account {account.name}; "
            "define it with book.define first"
        )
    return instrument


def check_placing(account: Account, order: OrderPlaced) -> None:
    """Account-wide rules for a new order: suspension, limits, reduce-only, and its hold."""
    require_open(account)
    _check_limits(account, order)
    if order.reduce_only:
        _check_reduces(account, order)
    if order.hold is None:
        return
    currency = order.hold_currency or ""
    total = account.totals().get(currency, ZERO)
    free = subtract(total, account.held(currency))
    if order.hold > free:
        raise InsufficientFundsError(
            f"order {order.cl_ord_id} holds {text(order.hold)} {currency}, and {text(free)} of "
            f"{text(total)} are "
            f"free in account {account.name}; deposit, cancel an order or hold less"
        )


def _check_limits(account: Account, order: OrderPlaced) -> None:
    limits = account.limits
    if limits is None:
        return
    held = account.position_at(order.instrument_id, order.position_id).holding.qty
    signed = order.order_qty if order.side.is_buy else subtract(ZERO, order.order_qty)
    after = add(held, signed).copy_abs()
    count = Decimal(sum(1 for _ in account.orders.open()) + 1)
    for name, limit, value in (
        ("max_order_qty", limits.max_order_qty, order.order_qty),
        ("max_position_qty", limits.max_position_qty, after),
        ("max_open_orders", limits.max_open_orders, count),
    ):
        if limit is not None and value > limit:
            raise LimitExceededError(
                f"order {order.cl_ord_id} would make {name} {told(value)} in account "
                f"{account.name}, and the limit is {told(Decimal(limit))}; ask for less or "
                "record LimitsSet"
            )


def _check_reduces(account: Account, order: OrderPlaced) -> None:
    held = account.position_at(order.instrument_id, order.position_id).holding.qty
    if not held or (held > ZERO) is order.side.is_buy or order.order_qty > held.copy_abs():
        raise LimitExceededError(
            f"order {order.cl_ord_id} is reduce-only and {told(held)} {order.instrument_id} are "
            "held; it may only close what is there"
        )


def check_trade(account: Account, fill: FillBooked, issues: Iterable[Issue]) -> None:
    """A trade by hand: the crossing policy ``refuse`` and STRICT booking raise here, whether it
    is the trade itself that would find no lot or, because of it, a later one."""
    require_opened(account)
    by_policy = account.policy.crossing is Crossing.REFUSE
    for issue in issues:
        if by_policy or issue.why is not Shortfall.INSUFFICIENT:
            raise _SHORTFALLS[issue.why](_shortfall_text(account, fill, issue))


def _shortfall_text(account: Account, fill: FillBooked, issue: Issue) -> str:
    holding = account.position_at(fill.instrument_id, fill.position_id).holding
    lots = ", ".join(f"{lot.exec_id}: {told(lot.qty)}" for lot in holding.lot_list()) or "none"
    whose = "" if issue.exec_id == fill.exec_id else f" for the later trade {issue.exec_id}"
    return (
        f"trade {fill.exec_id} of {told(fill.signed_qty)} {fill.instrument_id} in {account.name}: "
        f"{issue.why.value.replace('_', ' ')}{whose}; found {told(issue.found)}, without a lot "
        f"{told(issue.missing)}; open lots: {lots}. Name the lot, correct the quantity, or record "
        "the missing trade first"
    )


def check_booking_change(account: Account, event: BookingMethodChanged, at: datetime) -> None:
    """A booking method changes only at a flat position or after every known fill."""
    for key, position in account.positions.items():
        if event.instrument_id not in {None, key.instrument_id}:
            continue
        last = position.holding.last_at
        if position.holding.qty and last is not None and last > at:
            raise BookingChangeError(
                f"{key.instrument_id} in {account.name} is not flat and has a fill at "
                f"{last.isoformat()}, after {at.isoformat()}; change it later than that"
            )


def transfer_legs(
    sender: Account, receiver: Account, out: PositionTransferred
) -> tuple[PositionTransferred, PositionTransferred]:
    """Both legs of a transfer: the receiving one carries the lots the booking method takes."""
    require_opened(sender)
    require_opened(receiver)
    key = PositionKey(out.instrument_id, out.position_id)
    holding = sender.position_at(*key).holding.copy()
    if out.qty > holding.qty.copy_abs():
        raise InsufficientLotsError(
            f"transfer {out.id}: {told(out.qty)} {out.instrument_id} are asked for and "
            f"{told(holding.qty)} are held in {sender.name}; transfer at most that"
        )
    lots = tuple(
        LotCarried(
            qty=lot.qty,
            basis=quantize(add(lot.basis, lot.charges)),
            opened_at=lot.opened_at,
            exec_id=lot.exec_id,
            label=lot.label,
        )
        for lot in holding.close_in_order(out.qty)[2]
    )
    received = changed(out, leg=Leg.IN, counterparty=sender.name, lots=lots)
    return changed(out, leg=Leg.OUT, counterparty=receiver.name), received


def spin_off(account: Account, event: SpinOffReceived, share: Decimal) -> Event:
    """The spin-off with the basis that ``share`` (0..1) of the parent's makes today."""
    parent = account.position_at(event.parent_id, event.position_id).holding
    basis = quantize(ratio(parent.basis, share, ONE))
    return changed(event, basis=basis)
