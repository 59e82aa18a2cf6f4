"""Days: what each position brought on each day, kept up with its steps.

Days are those of the zone that the account was opened with; of what was recorded before it was
opened, of UTC. A late fill, a bust or a correction changes the day on which it happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection, func, select

from ledger.domain.accounts import Account
from ledger.domain.events import AccountOpened
from ledger.domain.gates import require_zone
from ledger.domain.numbers import ZERO, add, negate, subtract
from projections.pnl import Days
from projections.tables import pnl_days
from projections.types import IN_UNITS, amount_text
from projections.versions import FIRST, REMEMBERED, Row, Versions

_AMOUNTS: Final = ("realized_pnl", "fees", "base_fee_cost", "funding", "income")
_CHANGES: Final = (
    "realized_change", "fees_change", "base_fee_change", "funding_change", "income_change",
)  # fmt: skip
_NO_CHANGES: Final = ("0",) * len(_CHANGES)
_NET: Final = len(_AMOUNTS)
_UTC: Final = Days(UTC)

Place = tuple[str, str, str, str]
_BEFORE: Final = FIRST + 4
"""What stands in a row before its amounts: account, number, line, end, and the place."""

Amounts = dict[int, Decimal]
"""Amounts by where they stand among those of a row."""


class Daily:
    """Sums by day, position and currency, changed by the difference that each event makes."""

    def __init__(self, generation: int, steps: Versions) -> None:
        identity = ["day", "instrument_id", "position_id", "currency"]
        self.versions = Versions(pnl_days(generation), identity)
        names = ("fact", "at", "currency", "instrument_id", "position_id")
        self._names = itemgetter(*map(steps.place_of, names))
        self._changes = itemgetter(*map(steps.place_of, _CHANGES))
        self._elsewhere = steps.place_of("elsewhere")
        self._sums: dict[Place, Amounts] = {}
        self._days: dict[str, tuple[int, Days]] = {}
        self._latest: dict[tuple[str, ...], str] = {}

    def come(self, account: Account, step: Row) -> None:
        """A step holds from here on."""
        for place, what, amount in self._of(account, step):
            self._add(place, what, amount)

    def gone(self, account: Account, step: Row) -> None:
        """A step holds no longer."""
        for place, what, amount in self._of(account, step):
            self._add(place, what, negate(amount))

    def write(self, connection: Connection, account: str, number: int) -> None:
        """Put the days that one event changed."""
        for place, changes in sorted(self._sums.items()):
            if any(changes.values()):
                known = self._known(connection, account, place)
                sums = known[_BEFORE:] if known is not None else ["0"] * (len(_AMOUNTS) + 1)
                for what, change in (*changes.items(), (_NET, _net(changes))):
                    if change:
                        sums[what] = amount_text(add(Decimal(sums[what]), change))
                values = [*place, *sums]
                self.versions.put(connection, account, number, values, is_new=known is None)
        self._sums.clear()

    def _known(self, connection: Connection, account: str, place: Place) -> Row | None:
        """What held of a day. A day after all that its position has is not asked for."""
        day, *position = place
        name = (account, *position[:2])
        latest = self._latest.pop(name, None)
        if latest is None:
            latest = self._last_day(connection, name)
            if len(self._latest) > REMEMBERED:
                del self._latest[next(iter(self._latest))]
        self._latest[name] = max(latest, day)
        known = self.versions.remembered((account, *place))
        if known is None and day <= latest:
            known = self.versions.holding(connection, (account, *place))
        return known

    def _last_day(self, connection: Connection, position: Sequence[str]) -> str:
        """The last day of a position that is in the table, empty if there is none; what was not
        written yet is in memory."""
        table = self.versions.table.c
        columns = (table.account, table.instrument_id, table.position_id)
        is_it = [column == name for column, name in zip(columns, position, strict=True)]
        return connection.execute(select(func.max(table.day)).where(*is_it)).scalar_one() or ""

    def _add(self, place: Place, what: int, amount: Decimal) -> None:
        sums = self._sums.setdefault(place, {})
        sums[what] = add(sums.get(what, ZERO), amount)

    def _of(self, account: Account, step: Row) -> Iterator[tuple[Place, int, Decimal]]:
        """What a step of a table brought, by day and currency."""
        changes, elsewhere = self._changes(step), step[self._elsewhere]
        if changes == _NO_CHANGES and not elsewhere:
            return
        fact, at, currency, *position = self._names(step)
        day = self._day(account, fact, at)
        for what, amount in enumerate(changes):
            if amount != "0":
                yield (day, *position, currency or ""), what, Decimal(amount)
        if elsewhere:
            told = json.loads(elsewhere)
            for name in told.keys() - {IN_UNITS}:
                for currency, amount in told[name].items():
                    yield (day, *position, currency), _AMOUNTS.index(name), Decimal(amount)

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
            return rule.number, Days(require_zone("time_zone", rule.event.time_zone))
    return 0, _UTC


def _net(changes: Amounts) -> Decimal:
    """Realized less fees and the cost of fees paid in units, plus funding."""
    realized, fees, base_fee_cost, funding = (changes.get(what, ZERO) for what in range(4))
    return add(subtract(realized, add(fees, base_fee_cost)), funding)
