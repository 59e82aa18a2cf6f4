"""What an account refuses of an order that is to be placed or replaced: today's rules, run before
anything is recorded.

Limits look at the worst case: what is held, and what every order that is working on the same side
of the same position may still add, this one included.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.account_rules import require_open
from ledger.domain.accounts import Account
from ledger.domain.events import OrderPlaced, ReplaceRequested, Side
from ledger.domain.numbers import ZERO, add, negate, subtract, text, told, total
from ledger.domain.orders import Order
from ledger.errors import InsufficientFundsError, LimitExceededError


class Asked(NamedTuple):
    """What an order would be: its quantity, and what of that may still execute (unsigned)."""

    cl_ord_id: str
    instrument_id: str
    position_id: str
    side: Side
    order_qty: Decimal
    leaves_qty: Decimal
    replaces: Order | None = None


def check_placing(account: Account, order: OrderPlaced) -> None:
    """Account-wide rules for a new order: suspension, limits, reduce-only, and its hold."""
    require_open(account)
    place = (order.instrument_id, order.position_id, order.side)
    asked = Asked(order.cl_ord_id, *place, order.order_qty, order.order_qty)
    _check_limits(account, asked)
    if order.reduce_only:
        _check_reduces(account, asked)
    if order.hold:
        _check_hold(account, order, order.hold)


def check_replacing(account: Account, order: Order, request: ReplaceRequested) -> None:
    """Account-wide rules for another quantity of an order: suspension, limits, reduce-only."""
    require_open(account)
    placed = order.facts.terms.placed
    if placed is None or request.order_qty is None:
        return
    place = (placed.instrument_id, placed.position_id, placed.side)
    leaves = max(subtract(request.order_qty, order.cum_qty), ZERO)
    asked = Asked(request.cl_ord_id, *place, request.order_qty, leaves, order)
    _check_limits(account, asked)
    if placed.reduce_only and leaves:
        _check_reduces(account, asked)


def _check_hold(account: Account, order: OrderPlaced, hold: Decimal) -> None:
    currency = order.hold_currency or ""
    cash = account.totals().get(currency, ZERO)
    free = subtract(cash, account.held(currency))
    if hold > free:
        raise InsufficientFundsError(
            f"order {order.cl_ord_id} holds {text(hold)} {currency}, and {text(free)} of "
            f"{text(cash)} are free in account {account.name}; deposit, cancel an order or hold "
            "less"
        )


def _check_limits(account: Account, asked: Asked) -> None:
    limits = account.limits
    if limits is None:
        return
    others = [order for order in account.orders.open() if order is not asked.replaces]
    for name, limit, value in (
        ("max_order_qty", limits.max_order_qty, asked.order_qty),
        ("max_position_qty", limits.max_position_qty, _worst_case(account, asked, others)),
        ("max_open_orders", limits.max_open_orders, Decimal(len(others) + 1)),
    ):
        if limit is not None and value > limit:
            raise LimitExceededError(
                f"order {asked.cl_ord_id} would make {name} {told(value)} in account "
                f"{account.name}, and the limit is {told(Decimal(limit))}; ask for less or "
                "record LimitsSet"
            )


def _worst_case(account: Account, asked: Asked, others: list[Order]) -> Decimal:
    """The position, unsigned, if all that works on this side of it executed; nothing where that
    only makes it smaller, which must be possible above the limit, too."""
    working = add(asked.leaves_qty, total(_working(asked, others)))
    held = account.position_at(asked.instrument_id, asked.position_id).holding.qty
    worst = add(held, working if asked.side.is_buy else negate(working))
    is_less = worst.copy_abs() < held.copy_abs() and (worst >= ZERO) is (held > ZERO)
    return ZERO if is_less else worst.copy_abs()


def _working(asked: Asked, others: list[Order]) -> Iterator[Decimal]:
    """What other orders on the same side may still execute; reduce-only ones never add."""
    for order in others:
        placed = order.facts.terms.placed
        if placed is None or placed.reduce_only or placed.side.is_buy is not asked.side.is_buy:
            continue
        if (placed.instrument_id, placed.position_id) == (asked.instrument_id, asked.position_id):
            yield order.leaves_qty


def _check_reduces(account: Account, asked: Asked) -> None:
    held = account.position_at(asked.instrument_id, asked.position_id).holding.qty
    if not held or (held > ZERO) is asked.side.is_buy or asked.leaves_qty > held.copy_abs():
        raise LimitExceededError(
            f"order {asked.cl_ord_id} is reduce-only and {told(held)} {asked.instrument_id} are "
            "held; it may only close what is there"
        )
