"""Settlement: money agreed on a trade date that changes hands days later (T+n).

The traded balance counts a fill at once; the settled one from its settlement date on, or from
the day that a ``TradeSettled`` names. What has settled is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.domain.amendments import Amendments
from ledger.domain.canonical import Entry, fees_of
from ledger.domain.events import FillBooked, Recorded
from ledger.domain.holding import value_of
from ledger.domain.numbers import ZERO, add, negate, total
from ledger.domain.policy import Policy

# How long a bust or correction waits here for a fill that it came before.
WAITS = timedelta(days=30)


class Unsettled:
    """The fills whose money has not changed hands yet, with what became of them."""

    __slots__ = ("amendments", "due", "settled", "waiting")

    def __init__(self) -> None:
        self.amendments = Amendments()
        self.due: dict[str, date] = {}
        self.settled: dict[str, date] = {}
        self.waiting: dict[str, datetime] = {}

    def book(self, recorded: Recorded, fill: FillBooked) -> None:
        """A fill with a settlement date later than its own day."""
        if fill.settl_date is not None and fill.settl_date > recorded.occurred_at.date():
            self.amendments.fill(recorded)
            self.due[recorded.key] = self.settled.pop(recorded.key, fill.settl_date)

    def knows(self, fill_key: str) -> bool:
        """Whether a key is that of a fill that has not settled, or of a correction of one."""
        return fill_key in self.due or fill_key in self.amendments.origin

    def amend(self, recorded: Recorded, ref: str) -> None:
        """A bust or correction, also one that comes before its fill."""
        self.amendments.amend(recorded)
        self.waiting[ref] = recorded.occurred_at

    def charge(self, recorded: Recorded, ref: str) -> None:
        """A fee for a fill, also one that comes before its fill."""
        self.amendments.charge(ref, recorded)
        self.waiting[ref] = recorded.occurred_at

    def settle(self, fill_key: str, on: date) -> None:
        """The fill settled on that day; known before the fill, it waits for it."""
        (self.due if fill_key in self.due else self.settled)[fill_key] = on

    def forget(self, now: datetime) -> None:
        """Let go what settled before a moment's day, and what waited too long for its fill."""
        done = [key for key, due in self.due.items() if due < now.date()]
        self.amendments.forget([self.amendments.fills[key] for key in done])
        for key in done:
            del self.due[key]
        for ref in [ref for ref, since in self.waiting.items() if now - since > WAITS]:
            del self.waiting[ref]
            if ref not in self.due:
                self.amendments.drop(ref)

    def pending(self, policy: Policy, day: date) -> dict[str, Decimal]:
        """What is still to come (positive) or to be paid (negative), by currency."""
        pending: dict[str, Decimal] = {}
        for currency, amount in self._pending(policy, day):
            pending[currency] = add(pending.get(currency, ZERO), amount)
        return pending

    def to_come(self, policy: Policy, day: date) -> dict[str, Decimal]:
        """What is still to come, by currency; what is to be paid does not lessen it."""
        coming: dict[str, Decimal] = {}
        for currency, amount in self._pending(policy, day):
            if amount > ZERO:
                coming[currency] = add(coming.get(currency, ZERO), amount)
        return coming

    def _pending(self, policy: Policy, day: date) -> Iterator[tuple[str, Decimal]]:
        """The flow of each fill that has not settled by a day."""
        for fill_key, due in self.due.items():
            if due > day:
                yield from _flows(policy, self.amendments.fills[fill_key]).items()


def _flows(policy: Policy, entry: Entry) -> dict[str, Decimal]:
    """The settlement-currency flow of a fill that moves its full amount, less its fees."""
    fill = entry.event
    if not isinstance(fill, FillBooked):
        return {}
    instrument = policy.instrument(fill.instrument_id, entry.at)
    value = value_of(fill, fill.signed_qty, instrument)
    if instrument is None or value is None or not instrument.settles_in_full:
        return {}
    fees = total(fee.amount for fee in fees_of(entry) if fee.currency == instrument.currency)
    return {instrument.currency: negate(add(value, fees))}
