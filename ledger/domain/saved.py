"""A saved account: what is needed to go on folding from a moment, without what came before.

Figures are kept as they are; facts that still matter (rules, open orders, what waits for its
fill) by their numbers, for the log has them. A saved state holds no history of a position:
a late fact that reaches behind it asks for that, as it does of any position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.accounts import Account
from ledger.domain.canonical import SortKey
from ledger.domain.events import (
    Booking,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    Recorded,
)
from ledger.domain.holding import Holding
from ledger.domain.lots import Lot
from ledger.domain.policy import Policy
from ledger.domain.positions import Point, Position, PositionKey
from ledger.domain.resident_orders import ResidentOrders, SavedOrders
from ledger.domain.settlement import Settled, Unsettled

_AMOUNTS = (
    *("qty", "basis", "charges", "realized", "in_kind", "base_fee_cost", "unit_income"),
    *("variation", "suspense_qty", "suspense_flow", "transferred_charges"),
)
_AS_THEY_ARE = ("unknown_basis", "unvalued", "last_at", "opened_at", "cycle_number")


class SavedHolding(NamedTuple):
    """The figures of a position."""

    booking: Booking
    lots: tuple[Lot, ...]
    amounts: tuple[Decimal, ...]
    fees: dict[str, Decimal]
    funding: dict[str, Decimal]
    income: dict[str, Decimal]
    cycle_from: tuple[Decimal, Decimal, Decimal, Decimal]
    unknown_basis: bool
    unvalued: int
    last_at: datetime | None
    opened_at: datetime | None
    cycle_number: int


class SavedPosition(NamedTuple):
    """A holding after so many facts, the last of which has this place; and the numbers of facts
    that wait for their fills."""

    after: SortKey
    size: int
    holding: SavedHolding
    waiting: tuple[int, ...]


class SavedSettlement(NamedTuple):
    """The fills whose money is still to come, and what became of them."""

    due: dict[str, date]
    settled: dict[str, Settled]
    waiting: dict[str, datetime]
    numbers: tuple[int, ...]


class SavedAccount(NamedTuple):
    """An account without its positions."""

    version: int
    number: int
    hash: str
    last_at: datetime | None
    cash: dict[str, Decimal]
    orders: SavedOrders
    settlement: SavedSettlement
    rules: tuple[int, ...]
    standing: dict[str, int]
    breaks: dict[str, int]
    unlinked: tuple[int, ...]
    linked: tuple[tuple[PositionKey, int], ...]

    def numbers(self) -> Iterator[int]:
        """The facts that are needed to go on, but for those of orders and positions."""
        yield from self.rules
        yield from self.standing.values()
        yield from self.breaks.values()
        yield from self.settlement.numbers
        yield from self.unlinked
        yield from (number for _, number in self.linked)


Facts = Mapping[int, Recorded]
Load = Callable[[list[int]], Iterable[Recorded]]


# -- saving ----------------------------------------------------------------------------------


def save_account(account: Account) -> SavedAccount | None:
    """The account but for its positions; None while facts of it are not in their places."""
    is_whole = not (account.unsettled_positions or account.orphans or account.orders.stale)
    if not is_whole or account.as_of is not None:
        return None
    return SavedAccount(
        version=account.version,
        number=account.number,
        hash=account.hash,
        last_at=account.last_at,
        cash=account.cash,
        orders=account.orders.saved(),
        settlement=_save_settlement(account.settlement),
        rules=tuple(fact.number for fact in account.rules),
        standing={what: fact.number for what, fact in account.standing.items()},
        breaks={name: fact.number for name, fact in account.breaks.items()},
        unlinked=tuple(fact.number for facts in account.unlinked.values() for fact in facts),
        linked=tuple((key, fact.number) for key, fact in account.linked),
    )


def _save_settlement(settlement: Unsettled) -> SavedSettlement:
    return SavedSettlement(
        settlement.due,
        settlement.settled,
        settlement.waiting,
        tuple(sorted(settlement.amendments.numbers(fills=True))),
    )


def save_position(position: Position) -> SavedPosition:
    """A settled position."""
    last = position.tail[-1].sort_key if position.tail else position.points[0].after
    size = position.points[0].size + len(position.tail)
    waiting = position.amendments.numbers(fills=False)
    return SavedPosition(last, size, _save_holding(position.holding), tuple(sorted(waiting)))


def _save_holding(holding: Holding) -> SavedHolding:
    amounts = tuple(getattr(holding, name) for name in _AMOUNTS)
    others = (getattr(holding, name) for name in _AS_THEY_ARE)
    return SavedHolding(
        holding.booking,
        tuple(holding.lots),
        amounts,
        holding.fees,
        holding.funding,
        holding.income,
        holding.cycle_from,
        *others,
    )


# -- restoring -------------------------------------------------------------------------------


def restore_account(name: str, saved: SavedAccount, facts: Facts, load: Load) -> Account:
    """An account that goes on from there; its positions are given back one by one."""
    account = Account(name)
    for number in saved.rules:
        account.take_rule(facts[number])
    account.version, account.number = saved.version, saved.number
    account.hash, account.last_at = saved.hash, saved.last_at
    account.cash = dict(saved.cash)
    account.orders = ResidentOrders.restored(saved.orders, load)
    account.settlement = _restore_settlement(saved.settlement, facts)
    account.standing = {what: facts[number] for what, number in saved.standing.items()}
    account.breaks = {name: facts[number] for name, number in saved.breaks.items()}
    for number in saved.unlinked:
        fact = facts[number]
        account.unlinked.setdefault(named_fill(fact), []).append(fact)
    account.linked = [(key, facts[number]) for key, number in saved.linked]
    account.slimmed_at = saved.version
    account.begin_block()
    return account


def _restore_settlement(saved: SavedSettlement, facts: Facts) -> Unsettled:
    settlement = Unsettled()
    for number in saved.numbers:
        _amend(settlement, facts[number])
    settlement.due = dict(saved.due)
    settlement.settled = dict(saved.settled)
    settlement.waiting = dict(saved.waiting)
    return settlement


def _amend(settlement: Unsettled, fact: Recorded) -> None:
    match fact.event:
        case FillBooked():
            settlement.amendments.fill(fact)
        case FillBusted() | FillCorrected():
            settlement.amendments.amend(fact)
        case _:
            settlement.amendments.charge(named_fill(fact), fact)


def named_fill(fact: Recorded) -> str:
    """The key of the fill that a fact is about; empty if it is about none."""
    event = fact.event
    if not isinstance(event, FillBusted | FillCorrected | FeeCharged):
        return ""
    identity = event.refers_to()
    return identity.key(fact.stream) if identity is not None else ""


def restore_position(
    key: PositionKey, policy: Policy, saved: SavedPosition, waiting: Iterable[Recorded]
) -> Position:
    """A position that goes on from there."""
    holding = _restore_holding(saved.holding)
    position = Position.after(key, policy, Point(saved.after, saved.size, holding))
    position.wait(waiting)
    return position


def _restore_holding(saved: SavedHolding) -> Holding:
    holding = Holding(saved.booking)
    holding.replace_lots(list(saved.lots))
    for name, amount in zip(_AMOUNTS, saved.amounts, strict=True):
        setattr(holding, name, amount)
    for name in _AS_THEY_ARE:
        setattr(holding, name, getattr(saved, name))
    holding.fees, holding.funding = dict(saved.fees), dict(saved.funding)
    holding.income, holding.cycle_from = dict(saved.income), saved.cycle_from
    return holding
