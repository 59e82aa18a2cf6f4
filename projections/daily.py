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

from sqlalchemy import Connection, func, select

from ledger.domain.accounts import Account
from ledger.domain.events import AccountOpened
from ledger.domain.numbers import ZERO, add, negate, subtract
from projections.pnl import Days
from projections.tables import pnl_days
from projections.types import amount_text
from projections.versions import FIRST, REMEMBERED, Row, Versions

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
        self._latest: dict[tuple[str, ...], str] = {}

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
                known = self._known(connection, account, place)
                before = known[FIRST + len(place) :] if known else ["0"] * len(_AMOUNTS)
                sums = [
                    add(Decimal(was), changes.get(name, ZERO))
                    for name, was in zip(_AMOUNTS, before, strict=False)
                ]
                values = [*place, *map(amount_text, (*sums, _net(*sums)))]
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
