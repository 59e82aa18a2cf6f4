"""The account's policies over time: instruments, booking methods, crossing and the fee rule."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.canonical import EVER
from ledger.domain.events import (
    AccountKind,
    AccountOpened,
    Booking,
    Crossing,
    FeeRule,
    InstrumentDefined,
    Recorded,
    SymbolChanged,
)
from ledger.domain.holding import Rules
from ledger.domain.instruments import Instrument

Definition = tuple[datetime | None, Instrument]


def called_since(rule: Recorded, symbol: str) -> tuple[datetime, str, str] | None:
    """Since when, and by which fact, an instrument has had a symbol; None if that says nothing
    of it."""
    match rule.event:
        case InstrumentDefined(instrument=one, effective_from=since) if one.symbol == symbol:
            return since or EVER, rule.key, one.instrument_id
        case SymbolChanged(symbol=other, instrument_id=name) if other == symbol:
            return rule.occurred_at, rule.key, name
    return None


class Policy:
    """What rules a fill at a moment is folded under. Whoever changes it tells the positions."""

    __slots__ = ("booking", "changes", "crossing", "definitions", "fee_rule", "opened")

    def __init__(self) -> None:
        self.opened: AccountOpened | None = None
        self.booking = Booking.FIFO
        self.crossing = Crossing.ALLOW
        self.fee_rule = FeeRule.EXPENSED
        self.definitions: dict[str, list[Definition]] = {}
        self.changes: list[Recorded] = []

    def open(self, event: AccountOpened) -> None:
        """Take the rules the account was opened under."""
        self.opened = event
        self.booking = event.booking
        self.fee_rule = event.fee_rule
        is_cash = event.kind is AccountKind.CASH
        self.crossing = event.crossing or (Crossing.SUSPENSE if is_cash else Crossing.ALLOW)

    @property
    def is_utc(self) -> bool:
        """Whether the days of the account are known to be those of UTC."""
        return self.opened is not None and self.opened.time_zone == "UTC"

    def define(self, event: InstrumentDefined) -> None:
        """Add a definition; of two for one moment the later recorded stands."""
        known = self.definitions.setdefault(event.instrument.instrument_id, [])
        kept = [one for one in known if one[0] != event.effective_from]
        kept.append((event.effective_from, event.instrument))
        kept.sort(key=lambda one: (one[0] is not None, one[0]))
        self.definitions[event.instrument.instrument_id] = kept

    def change(self, recorded: Recorded) -> None:
        """A fact that every book of an instrument folds in its place, also one that is begun
        later by an older fill: another booking method, a split."""
        self.changes.append(recorded)
        self.changes.sort(key=lambda change: (change.occurred_at, change.key))

    def changes_for(self, instrument_id: str) -> list[Recorded]:
        """The changes that concern all books of an instrument, by time."""
        wanted = {None, instrument_id}
        return [one for one in self.changes if getattr(one.event, "instrument_id", None) in wanted]

    def instrument(self, instrument_id: str, at: datetime | None = None) -> Instrument | None:
        """The definition in force at a time (the last one, without a time); None if undefined."""
        known = self.definitions.get(instrument_id)
        if not known:
            return None
        if at is None:
            return known[-1][1]
        in_force = [one for since, one in known if since is None or since <= at]
        return in_force[-1] if in_force else None

    def is_constant(self, instrument_id: str) -> bool:
        """Whether one definition serves all of an instrument's history."""
        known = self.definitions.get(instrument_id, [])
        return not known or (len(known) == 1 and known[0][0] is None)

    def rules(self, instrument_id: str, at: datetime | None) -> Rules:
        """What the fold must know at a moment."""
        instrument = self.instrument(instrument_id, at)
        return Rules(
            instrument,
            self.crossing is Crossing.ALLOW,
            self.fee_rule is FeeRule.IN_COST,
            instrument is not None and instrument.is_plain,
            instrument.currency if instrument else None,
            instrument.base_currency if instrument else None,
            instrument_id,
        )
