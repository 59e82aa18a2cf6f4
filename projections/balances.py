"""Balances: each movement of money, in the order in which it was recorded.

A fact that comes in order moves money in parts with names of their own: what was traded, each
kind of fee. One that is late, or that undoes or amends another, is one adjusting entry for each
position and currency: new less old. Nothing is ever changed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table

from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashTransferred,
    CashWithdrawn,
    DividendPaid,
    Event,
    Fee,
    FeeCharged,
    FillBooked,
    FundingPaid,
    InterestPaid,
    OptionExercised,
    OptionExpired,
    PositionOpenedMidLife,
    PositionTransferred,
    UnitsDelivered,
    UnitsReceived,
    VariationMarginPaid,
)
from ledger.domain.numbers import ZERO, add, subtract
from ledger.domain.positions import PositionKey
from projections.following import Change, Moved, Movement
from projections.tables import BALANCES, balance_ledger
from projections.types import amount_text
from projections.versions import Versions

ADJUSTMENT: Final = "adjustment"

_ENTRIES: Final[dict[type[Event], str]] = {
    CashDeposited: "deposit",
    CashWithdrawn: "withdrawal",
    CashTransferred: "transfer",
    InterestPaid: "interest",
    DividendPaid: "dividend",
    FundingPaid: "funding",
    VariationMarginPaid: "variation",
    PositionTransferred: "transfer",
    PositionOpenedMidLife: "opening",
    UnitsReceived: "income",
    UnitsDelivered: "delivery",
    OptionExpired: "realized",
    OptionExercised: "realized",
    BalanceAdjusted: ADJUSTMENT,
}


class Entry(NamedTuple):
    """A line of the balance ledger: what moved, under what name."""

    key: PositionKey | None
    entry: str
    detail: str
    currency: str
    amount: Decimal


class Balances:
    """The balance ledger of each account and currency."""

    name = BALANCES
    version = 4

    @staticmethod
    def tables(generation: int) -> tuple[Table, ...]:
        """The table of a generation."""
        return (balance_ledger(generation),)

    def __init__(self, generation: int) -> None:
        self._ledger = Versions(balance_ledger(generation), ["currency"])
        self._balance = self._ledger.place_of("balance_after")
        self.versions = (self._ledger,)

    def take(self, connection: Connection, change: Change) -> None:
        """Write what money a fact moved."""
        if not change.movements:
            return
        account, number = change.account.name, change.recorded.number
        totals = dict(change.totals)
        for entry in entries(change):
            total = add(totals.get(entry.currency, ZERO), entry.amount)
            totals[entry.currency] = total
            last = self._ledger.holding(connection, (account, entry.currency))
            before = last[self._balance] if last is not None else "0"
            self._ledger.put(connection, account, number, _values(change, entry, before, total))


def entries(change: Change) -> Iterator[Entry]:
    """The lines of a fact, in the order in which they are booked."""
    moved = {one.key: one for one in change.moved}
    for one in change.movements:
        yield from _named(change.recorded.event, one, moved.get(one.key) if one.key else None)


def _named(event: Event, one: Movement, moved: Moved | None) -> Iterator[Entry]:
    """A movement under its name; charges by their kinds."""
    if one.source == "fees" or (one.source == "account" and isinstance(event, FeeCharged)):
        fees = _charges(event, one.currency)
        if _sum(fees) == one.amount:
            for detail, amount in fees.items():
                name = "rebate" if amount > ZERO else "fee"
                yield Entry(one.key, name, detail, one.currency, amount)
            return
    name, detail = _name(event, one, moved), getattr(event, "reason", "")
    yield Entry(one.key, name, str(getattr(detail, "value", detail)), one.currency, one.amount)


def _charges(event: Event, currency: str) -> dict[str, Decimal]:
    """What a fact itself charges in a currency, by kind, with the account's sign."""
    own: tuple[Fee | FeeCharged, ...] = ()
    if isinstance(event, FillBooked):
        own = event.fees
    elif isinstance(event, FeeCharged):
        own = (event,)
    sums: dict[str, Decimal] = {}
    for fee in own:
        if fee.currency == currency:
            kind = fee.kind.value
            sums[kind] = subtract(sums.get(kind, ZERO), fee.amount)
    return {kind: amount for kind, amount in sums.items() if amount}


def _sum(amounts: dict[str, Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts.values():
        total = add(total, amount)
    return total


def _name(event: Event, one: Movement, moved: Moved | None) -> str:
    """What an entry is called: after its fact, if that did no more than move what stood."""
    if isinstance(event, FillBooked):
        if moved is None or one.source not in {"trade", "units"} or not _is_in_order(moved):
            return ADJUSTMENT
        instrument = moved.instrument
        pays = one.source == "units" or (instrument is not None and instrument.settles_in_full)
        return "fill" if pays else "realized"
    return _ENTRIES.get(type(event), ADJUSTMENT)


def _is_in_order(moved: Moved) -> bool:
    """Whether the last step told is the whole of the change."""
    steps = moved.heard.steps
    if not steps:
        return False
    last = max(steps.values(), key=lambda step: step.entry.sort_key)
    return (
        last.before.qty == moved.heard.was.qty and last.before.realized == moved.heard.was.realized
    )


def _values(change: Change, entry: Entry, before: str, total: Decimal) -> list[Any]:
    """A line, in the order of the table's columns. Balances, which are rounded, follow each other
    without a gap, so an amount is their difference."""
    heading, after = change.heading, amount_text(total)
    return [
        entry.currency,
        entry.entry,
        entry.detail,
        heading.event,
        heading.cause,
        *(entry.key or (None, None)),
        heading.occurred_at,
        heading.recorded_at,
        before,
        amount_text(subtract(Decimal(after), Decimal(before))),
        after,
    ]
