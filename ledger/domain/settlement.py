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

# What says on which day a fill settled: of several the last by time stands, then by key.
Settled = tuple[datetime, str, date]

# How long a bust or correction waits here for a fill that it came before.
WAITS = timedelta(days=30)


class Unsettled:
    """The fills whose money has not changed hands yet, with what became of them."""

    __slots__ = ("amendments", "due", "settled", "waiting")

    def __init__(self) -> None:
        self.amendments = Amendments()
        self.due: dict[str, date] = {}
        self.settled: dict[str, Settled] = {}
        self.waiting: dict[str, datetime] = {}

    def book(self, recorded: Recorded, fill: FillBooked, *, is_utc: bool) -> None:
        """A fill with a settlement date later than its own day; in another zone than UTC, or
        in one that is not known yet, that may be the day before."""
        if fill.settl_date is None:
            return
        day = recorded.occurred_at.date()
        if fill.settl_date > day or (fill.settl_date == day and not is_utc):
            self.amendments.fill(recorded)
            self.due[recorded.key] = fill.settl_date

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

    def settle(self, recorded: Recorded, ref: str, on: date) -> None:
        """A fill, or what corrected it, settled on that day; also before it is here."""
        told = (recorded.occurred_at, recorded.key, on)
        self.settled[ref] = max(told, self.settled.get(ref, told))
        self.waiting[ref] = recorded.occurred_at

    def _day(self, fill_key: str) -> date:
        """The day on which the money of a fill changes hands."""
        links = self.amendments.links(fill_key)
        told = [self.settled[link] for link in links if link in self.settled]
        return max(told)[-1] if told else self.due[fill_key]

    def forget(self, now: datetime) -> None:
        """Let go what settled before a moment's day, and what waited too long for its fill."""
        done = [key for key in self.due if self._day(key) < now.date()]
        for link in [link for key in done for link in self.amendments.links(key)]:
            self.settled.pop(link, None)
        self.amendments.forget([self.amendments.fills[key] for key in done])
        for key in done:
            del self.due[key]
        for ref in [ref for ref, since in self.waiting.items() if now - since > WAITS]:
            del self.waiting[ref]
            if self.amendments.root(ref) is None:
                self.amendments.drop(ref)
                self.settled.pop(ref, None)

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
        for fill_key in self.due:
            if self._day(fill_key) > day:
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
