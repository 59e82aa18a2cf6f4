"""Positions: the ledger of each in recorded order, and its effective steps in canonical order.

The ledger never changes: a late fact is one more row, with what it changed. The steps say what
each fact did as far as is known: a late fact, a bust or a correction makes later ones void and
puts others in their places.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_

from ledger.domain.canonical import Entry, SortKey, identifier
from ledger.domain.events import FeeCharged, FillBooked
from ledger.domain.numbers import ZERO, add, subtract, text
from ledger.domain.views import net_realized
from ledger.domain.watching import Cycle
from projections.daily import Daily
from projections.following import Change, Moved, heading_of
from projections.hearing import Charge, Money, Passage, Step, change_text, grown, passage
from projections.recent import Recent
from projections.tables import POSITIONS, pnl_days, position_ledger, position_steps
from projections.types import amount_text, optional_amount, optional_moment
from projections.versions import FIRST, Row, Versions


class Positions:
    """The tables of positions: their ledger, their steps, and what each day brought."""

    name = POSITIONS
    version = 5

    @staticmethod
    def tables(generation: int) -> tuple[Table, ...]:
        """The tables of a generation."""
        return position_ledger(generation), position_steps(generation), pnl_days(generation)

    def __init__(self, generation: int) -> None:
        position = ["instrument_id", "position_id"]
        self._ledger = Versions(position_ledger(generation), position)
        self._steps = Versions(position_steps(generation), [*position, "fact"])
        self._recent = Recent()
        self._daily = Daily(generation, self._steps)
        self.versions = (self._ledger, self._steps, self._daily.versions)

    def take(self, connection: Connection, change: Change) -> None:
        """Write what a fact did to positions."""
        if not change.moved:
            return
        account, number = change.account.name, change.recorded.number
        for moved in change.moved:
            whole = passage(moved.heard.was, moved.heard.now)
            others = self._take_steps(connection, change, moved, whole)
            if others or moved.is_other:
                is_late = _is_late(number, others, moved)
                values = ledger_values(change, moved, whole, is_late=is_late)
                self._ledger.put(connection, account, number, values)
            for charge in moved.heard.charges:
                self._take_charge(connection, change, moved, charge)
        self._daily.write(connection, account, number)

    def _take_steps(
        self, connection: Connection, change: Change, moved: Moved, whole: Passage
    ) -> list[int]:
        """The facts whose steps are others now. Steps that are told again may be as they were: of
        a bust that waits for its fill all are, when the position was read again to know that."""
        account, number = change.account.name, change.recorded.number
        since = moved.heard.again_since
        held = {}
        if since is not None and not moved.is_first:
            held = self._held_after(connection, change, moved, since)
        steps = sorted(moved.heard.steps.values(), key=_place)
        others = []
        for step in steps:
            values = step_values(change, moved, step, whole)
            old = held.pop(step.entry.recorded.number, None)
            if old is None or old[FIRST:] != values:
                others.append(step.entry.recorded.number)
                row = self._steps.put(connection, account, number, values, is_new=old is None)
                self._daily.come(change.account, row)
                if old is not None:
                    self._daily.gone(change.account, old)
        for gone in held.values():
            self._daily.gone(change.account, gone)
            self._steps.end(number, gone)
        placed = [(_place(step), step.entry.recorded.number) for step in steps]
        self._recent.tell((account, *moved.key), since, placed)
        return [*others, *held]

    def _held_after(
        self, connection: Connection, change: Change, moved: Moved, since: SortKey
    ) -> dict[int, Row]:
        """The steps that held after a place, by their facts: from memory if they are all there."""
        position = (change.account.name, *moved.key)
        facts = self._recent.after(position, since)
        if facts is not None:
            known = [self._steps.remembered((*position, fact)) for fact in facts]
            found = [row for row in known if row is not None]
            if len(found) == len(facts):
                return dict(zip(facts, found, strict=True))
        return self._asked_after(connection, change, moved, since)

    def _asked_after(
        self, connection: Connection, change: Change, moved: Moved, since: SortKey
    ) -> dict[int, Row]:
        """The same, from the table."""
        table = self._steps.table.c
        at, place = since[0], _joined(since)
        is_after = (table.at >= at, or_(table.at > at, table.place > place))
        found = self._steps.among(connection, *self._of(change, moved), *is_after)
        return {row[self._steps.place_of("fact")]: row for row in found}

    def _step_of(
        self, connection: Connection, change: Change, moved: Moved, entry: Entry
    ) -> Row | None:
        """The step of a fact: from memory, else by its time: a position may have very many."""
        fact = entry.recorded.number
        known = self._steps.remembered((change.account.name, *moved.key, fact))
        if known is not None:
            return known
        table = self._steps.table.c
        is_it = (table.at == entry.at, table.fact == fact)
        found = self._steps.among(connection, *self._of(change, moved), *is_it)
        return next(found, None)

    def _of(self, change: Change, moved: Moved) -> tuple[ColumnElement[bool], ...]:
        """That a step is of a position."""
        table = self._steps.table.c
        return (
            table.account == change.account.name,
            table.instrument_id == moved.key.instrument_id,
            table.position_id == moved.key.position_id,
        )

    def _take_charge(
        self, connection: Connection, change: Change, moved: Moved, charge: Charge
    ) -> None:
        """A fill's step with one more fee."""
        steps, fee = self._steps, charge.fee
        held = self._step_of(connection, change, moved, charge.entry)
        if held is None:
            return
        row = list(held)
        if fee.currency == row[steps.place_of("currency")]:
            place = steps.place_of("fees_change")
            row[place] = amount_text(add(Decimal(row[place]), fee.amount))
        else:
            place = steps.place_of("elsewhere")
            row[place] = _with_fee(row[place], fee)
        self._daily.come(change.account, row)
        self._daily.gone(change.account, held)
        steps.put(connection, change.account.name, change.recorded.number, row[FIRST:])


def _place(step: Step) -> SortKey:
    return step.entry.sort_key


def _joined(key: SortKey) -> str:
    """A place within an instant as one text that sorts alike."""
    return "\x1f".join(key[1:])


def _with_fee(elsewhere: str | None, fee: FeeCharged) -> str:
    """Money in other currencies, and one more fee."""
    known = json.loads(elsewhere or "{}")
    fees = {name: Decimal(amount) for name, amount in known.get("fees", {}).items()}
    fees[fee.currency] = add(fees.get(fee.currency, ZERO), fee.amount)
    return _told(known | {"fees": {name: amount_text(one) for name, one in fees.items()}})


def _told(elsewhere: dict[str, dict[str, str]]) -> str:
    return json.dumps(elsewhere, sort_keys=True, separators=(",", ":"))


def _is_late(number: int, others: Sequence[int], moved: Moved) -> bool:
    """Whether a fact is not the last one of its position, or has changed what others did."""
    last = next(reversed(moved.heard.steps), number)
    return last != number or bool(moved.heard.charges) or any(one != number for one in others)


def ledger_values(change: Change, moved: Moved, whole: Passage, *, is_late: bool) -> list[Any]:
    """What an event did to a position, and where the position stands, in the order of the
    table's columns. The changes are new less old, also where what came was late."""
    holding, instrument = moved.holding, moved.instrument
    cost = add(holding.basis, holding.charges)
    return [
        *moved.key,
        instrument.currency if instrument else None,
        *change.heading,
        *whole.changes,
        whole.qty,
        whole.cost,
        optional_amount(instrument.average(holding.qty, cost) if instrument else None),
        whole.realized,
        amount_text(holding.settled_fees(instrument)),
        amount_text(holding.settled_funding(instrument)),
        amount_text(net_realized(holding, instrument)),
        holding.cycle_number,
        int(is_late),
        int(holding.unknown_basis),
    ]


def step_values(change: Change, moved: Moved, step: Step, whole: Passage) -> list[Any]:
    """What one effective fact did, in the order of the table's columns. Nearly always it is the
    whole of what an event did."""
    entry, before, after = step.entry, step.before, step.after
    is_whole = before is whole.begin and after is whole.end
    told = whole if is_whole else passage(before, after)
    instrument = change.account.policy.instrument(moved.key.instrument_id, entry.at)
    currency = instrument.currency if instrument else None
    fees, funding = grown(before.fees, after.fees), grown(before.funding, after.funding)
    income = grown(before.income, after.income)
    return [
        *moved.key,
        *_fact_values(change, entry),
        currency,
        *told.changes,
        _settled(fees, currency),
        _begun(step, currency),
        change_text(before.base_fees, after.base_fees),
        _settled(funding, currency),
        _settled(income, currency),
        _elsewhere(currency, fees, funding, income),
        _ended(step.ended),
        amount_text(step.closed),
        text(step.proceeds),
        text(step.basis),
        text(add(*step.carried)),
        told.qty,
        told.cost,
        told.realized,
        step.cycle,
    ]


def _fact_values(change: Change, entry: Entry) -> list[Any]:
    """The fact itself: as it was booked, and of a fill what is in effect."""
    recorded, booked = entry.recorded, entry.booked
    heading = change.heading if recorded is change.recorded else heading_of(recorded)
    event = entry.event if entry.event is not None else booked
    fill = event if isinstance(event, FillBooked) else None
    return [
        recorded.number,
        heading.event,
        heading.cause,
        heading.occurred_at,
        _joined(entry.sort_key),
        identifier(booked),
        getattr(event, "cl_ord_id", None),
        fill.side.value if fill else None,
        amount_text(fill.last_qty) if fill else None,
        optional_amount(fill.last_px if fill else None),
        fill.liquidity.value if fill and fill.liquidity else None,
        fill.order_id if fill else None,
        fill.trade_id if fill else None,
        fill.settl_date.isoformat() if fill and fill.settl_date else None,
        _effect(entry),
    ]


def _ended(cycles: Sequence[Cycle]) -> str | None:
    """The cycles that ended in a step, with their own results: nearly always one or none."""
    if not cycles:
        return None
    told = [
        {
            "cycle": one.number,
            "opened_at": optional_moment(one.opened_at),
            "realized_pnl": amount_text(one.realized_pnl),
            "fees": amount_text(one.fees),
            "base_fee_cost": amount_text(one.base_fee_cost),
            "funding": amount_text(one.funding),
        }
        for one in cycles
    ]
    return json.dumps(told, separators=(",", ":"))


def _begun(step: Step, currency: str | None) -> str:
    """The part of a step's fees that belongs to the cycle it began."""
    if step.begun_fees is None:
        return "0"
    return amount_text(subtract(step.after.fees.get(currency or "", ZERO), step.begun_fees))


def _effect(entry: Entry) -> str:
    """Whether a fact stands as it was recorded."""
    if entry.event is None:
        return "busted"
    return "as booked" if entry.event is entry.booked else "corrected"


def _settled(amounts: Money, currency: str | None) -> str:
    return amount_text(amounts.get(currency or "", ZERO)) if amounts else "0"


def _elsewhere(currency: str | None, fees: Money, funding: Money, income: Money) -> str | None:
    """The amounts in other currencies than the instrument's, by what they are."""
    if not (fees or funding or income):  # of most steps
        return None
    amounts = {"fees": fees, "funding": funding, "income": income}
    found = {
        what: {name: amount_text(one) for name, one in by_currency.items() if name != currency}
        for what, by_currency in amounts.items()
    }
    found = {what: by_currency for what, by_currency in found.items() if by_currency}
    return _told(found) if found else None
