"""Reconciliation: each break after each step of its life, and what statements said was there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Table

from ledger.domain.events import (
    BreakAdjusted,
    BreakEvent,
    BreakExplained,
    BreakOpened,
    BreakReopened,
    BreakResolved,
    BreakSeenAgain,
    BreakWaived,
    StatementRecorded,
)
from projections.following import Change
from projections.tables import RECONCILIATION, breaks, stated
from projections.types import amount_text, moment_text, optional_moment
from projections.versions import FIRST, Versions

OPEN, EXPLAINED, WAIVED, ADJUSTED, RESOLVED = "open", "explained", "waived", "adjusted", "resolved"

_PLACES: Final = {
    name: place
    for place, name in enumerate(
        (
            "break_id", "status", "kind", "severity", "instrument_id", "currency", "ledger_value",
            "broker_value", "opened_on", "seen_on", "opened_at", "waived_until", "who", "note",
            "evidence",
        )
    )
}  # fmt: skip


class Reconciliation:
    """Both tables of reconciliation."""

    name = RECONCILIATION
    version = 2

    @staticmethod
    def tables(generation: int) -> tuple[Table, ...]:
        """The tables of a generation."""
        return breaks(generation), stated(generation)

    def __init__(self, generation: int) -> None:
        self._breaks = Versions(breaks(generation), ["break_id"])
        self._stated = Versions(stated(generation), ["statement_id", "what", "subject"])
        self.versions = (self._breaks, self._stated)

    def take(self, connection: Connection, change: Change) -> None:
        """Write what a fact told of a break, or what a statement said."""
        event = change.recorded.event
        if isinstance(event, BreakEvent):
            self._take_break(connection, change, event)
        elif isinstance(event, StatementRecorded):
            account, number = change.account.name, change.recorded.number
            for values in _lines(event):
                self._stated.put(connection, account, number, values)

    def _take_break(self, connection: Connection, change: Change, event: BreakEvent) -> None:
        account, number = change.account.name, change.recorded.number
        known = self._breaks.holding(connection, (account, event.break_id))
        if isinstance(event, BreakOpened):
            values = _opened(change, event)
        elif known is None:
            return  # a step in the life of a break that nobody opened
        else:
            values = known[FIRST:]
            for name, value in _step(event).items():
                values[_PLACES[name]] = value
        self._breaks.put(connection, account, number, values)


def _opened(change: Change, event: BreakOpened) -> list[Any]:
    return [
        event.break_id,
        OPEN,
        event.kind,
        event.severity,
        event.instrument_id,
        event.currency,
        event.ledger_value,
        event.broker_value,
        _day(event.business_date),
        _day(event.business_date),
        moment_text(change.recorded.occurred_at),
        None,
        "",
        "",
        json.dumps(event.evidence, separators=(",", ":")),
    ]


def _step(event: BreakEvent) -> dict[str, Any]:
    """What a step changes, by column."""
    match event:
        case BreakSeenAgain():
            seen = {"ledger_value": event.ledger_value, "broker_value": event.broker_value}
            return {"seen_on": _day(event.business_date), **seen}
        case BreakExplained():
            return {"status": EXPLAINED, "who": event.who, "note": event.note}
        case BreakWaived():
            until = {"waived_until": _day(event.until)}
            return {"status": WAIVED, "who": event.who, "note": event.reason, **until}
        case BreakAdjusted():
            return {"status": ADJUSTED, "who": event.who, "note": event.reason}
        case BreakResolved():
            return {"status": RESOLVED, "who": event.who, "note": event.how}
        case BreakReopened():
            again = {"status": OPEN, "waived_until": None}
            return {**again, "who": event.who, "note": event.reason}
        case _:
            return {}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _lines(event: StatementRecorded) -> Iterator[list[Any]]:
    """What a statement says was there, in the order of the table's columns."""
    about = [event.statement_id, event.venue]
    times = [optional_moment(event.covers_from), optional_moment(event.covers_to)]
    for position in event.positions:
        yield [*about, "position", position.instrument_id, *times, amount_text(position.qty)]
    for balance in event.balances:
        yield [*about, "balance", balance.currency, *times, amount_text(balance.ending)]
