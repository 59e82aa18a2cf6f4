"""Days: what each position brought on each day, kept up with its steps.

Days are those of the zone that the account was opened with; of what was recorded before it was
opened, of UTC. A late fill, a bust or a correction changes the day on which it happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ledger.domain.accounts import Account
from ledger.domain.events import AccountOpened
from ledger.domain.numbers import ZERO, add, negate, subtract
from projections.pnl import Days
from projections.tables import pnl_days
from projections.types import amount_text
from projections.versions import Versions

_AMOUNTS: Final = ("realized_pnl", "fees", "base_fee_cost", "funding", "income")
_CHANGES: Final = (
    "realized_change", "fees_change", "base_fee_change", "funding_change", "income_change",
)  # fmt: skip
_UTC: Final = Days(ZoneInfo("UTC"))

Place = tuple[str, str, str, str]
Amounts = dict[str, Decimal]


class Daily:
    """Sums by day, position and currency, changed by the difference that each event makes."""

    def __init__(self, generation: int, steps: Versions) -> None:
        identity = ["day", "instrument_id", "position_id", "currency"]
        self.versions = Versions(pnl_days(generation), identity)
        names = ("instrument_id", "position_id", "fact", "at", "currency", "elsewhere")
        self._place = {name: steps.place_of(name) for name in (*names, *_CHANGES)}
        self._sums: dict[Place, Amounts] = {}
        self._days: dict[str, tuple[int, Days]] = {}

    def come(self, account: Account, step: Sequence[Any]) -> None:
        """A step holds from here on."""
        for place, what, amount in self._of(account, step):
            self._add(place, what, amount)

    def gone(self, account: Account, step: Sequence[Any]) -> None:
        """A step holds no longer."""
        for place, what, amount in self._of(account, step):
            self._add(place, what, negate(amount))

    def write(self, connection: Connection, account: str, number: int) -> None:
        """Put the days that one event changed."""
        for place, changes in sorted(self._sums.items()):
            if any(changes.values()):
                known = self.versions.holding(connection, (account, *place))
                before = known.values[len(place) :] if known else ["0"] * len(_AMOUNTS)
                sums = [
                    add(Decimal(was), changes.get(name, ZERO))
                    for name, was in zip(_AMOUNTS, before, strict=False)
                ]
                values = [*place, *map(amount_text, (*sums, _net(*sums)))]
                self.versions.put(connection, account, number, values)
        self._sums.clear()

    def _add(self, place: Place, what: str, amount: Decimal) -> None:
        sums = self._sums.setdefault(place, {})
        sums[what] = add(sums.get(what, ZERO), amount)

    def _of(self, account: Account, step: Sequence[Any]) -> Iterator[tuple[Place, str, Decimal]]:
        """What a step of a table brought, by day and currency."""
        at = self._place
        day = self._day(account, step[at["fact"]], step[at["at"]])
        position = (step[at["instrument_id"]], step[at["position_id"]])
        for what, change in zip(_AMOUNTS, _CHANGES, strict=True):
            amount = step[at[change]]
            if amount != "0":
                yield (day, *position, step[at["currency"]] or ""), what, Decimal(amount)
        if step[at["elsewhere"]]:
            for what, by_currency in json.loads(step[at["elsewhere"]]).items():
                for currency, amount in by_currency.items():
                    yield (day, *position, currency), what, Decimal(amount)

    def _day(self, account: Account, fact: int, at: str) -> str:
        """The day of a moment, in the zone that was known when the fact was recorded."""
        known = self._days.get(account.name)
        if known is None or (known[0] == 0 and account.rules):
            known = self._days[account.name] = _opened(account)
        days = known[1] if known[0] and known[0] < fact else _UTC
        return days.of(datetime.fromisoformat(at)).isoformat()


def _opened(account: Account) -> tuple[int, Days]:
    """The number by which the account was opened, and its days; 0 if it was not."""
    for rule in account.rules:
        if isinstance(rule.event, AccountOpened):
            return rule.number, Days(ZoneInfo(rule.event.time_zone))
    return 0, _UTC


def _net(
    realized: Decimal, fees: Decimal, base_fee_cost: Decimal, funding: Decimal, _: Decimal
) -> Decimal:
    """Realized less fees and the cost of fees paid in units, plus funding."""
    return add(subtract(realized, add(fees, base_fee_cost)), funding)
