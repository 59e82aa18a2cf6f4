"""Positions: the ledger of each in recorded order, and its effective steps in canonical order.

The ledger never changes: a late fact is one more row, with what it changed. The steps say what
each fact did as far as is known: a late fact, a bust or a correction makes later ones void and
puts others in their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Table, or_

from ledger.domain.canonical import Entry, SortKey
from ledger.domain.events import FeeCharged
from ledger.domain.numbers import add
from projections.daily import Daily
from projections.following import Change, Moved
from projections.hearing import Charge, Passage, Step, passage
from projections.position_rows import joined, ledger_values, step_values, with_fee
from projections.recent import Recent
from projections.tables import POSITIONS, pnl_days, position_ledger, position_steps
from projections.types import amount_text
from projections.versions import FIRST, Row, Versions


class Positions:
    """The tables of positions: their ledger, their steps, and what each day brought."""

    name = POSITIONS
    version = 6

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
            self._take_charges(connection, change, moved)
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
        at, place = since[0], joined(since)
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

    def _take_charges(self, connection: Connection, change: Change, moved: Moved) -> None:
        """The steps of fills that have more fees, in whatever order those came: several wait for
        one fill, if they were told before it."""
        of_fills: dict[int, list[Charge]] = {}
        for charge in moved.heard.charges:
            of_fills.setdefault(charge.entry.recorded.number, []).append(charge)
        account, number = change.account.name, change.recorded.number
        for _, charges in sorted(of_fills.items()):
            held = self._step_of(connection, change, moved, charges[0].entry)
            if held is not None:
                instrument = change.account.policy.instrument(
                    moved.key.instrument_id, charges[0].entry.at
                )
                in_units = instrument.base_currency if instrument else None
                row = self._charged(held, [charge.fee for charge in charges], in_units)
                self._daily.come(change.account, row)
                self._daily.gone(change.account, held)
                self._steps.put(connection, account, number, row[FIRST:])

    def _charged(self, held: Row, fees: Iterable[FeeCharged], in_units: str | None) -> Row:
        """A fill's step with more fees."""
        row = list(held)
        own, other = self._steps.place_of("fees_change"), self._steps.place_of("elsewhere")
        for fee in fees:
            if fee.currency == row[self._steps.place_of("currency")]:
                row[own] = amount_text(add(Decimal(row[own]), fee.amount))
            else:
                row[other] = with_fee(row[other], fee, in_units)
        return row


def _place(step: Step) -> SortKey:
    return step.entry.sort_key


def _is_late(number: int, others: Sequence[int], moved: Moved) -> bool:
    """Whether a fact is not the last one of its position, or has changed what others did."""
    last = next(reversed(moved.heard.steps), number)
    return last != number or bool(moved.heard.charges) or any(one != number for one in others)
