"""Age: how many business days a break has been open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final, NamedTuple, Protocol

import attrs

from adapters.reconcile.life import Life

_WEEK: Final = 7
_WORKED: Final = 5


class Calendar(Protocol):
    """On which days somebody is there to work a break off."""

    @property
    def name(self) -> str:
        """What it is called."""

    def holidays(self, after: date, upto: date) -> Collection[date]:
        """The days from Monday to Friday after one day, up to another, that are free."""


class LeftOut(NamedTuple):
    """A calendar's name, and the days that ages were counted without, in order."""

    calendar: str
    days: tuple[date, ...]


def age(opened_on: date, on: date, holidays: Collection[date] = ()) -> int:
    """The days from Monday to Friday after ``opened_on`` up to ``on``, that one included, without
    ``holidays``; 0 before it. It never shrinks from one day to the next.

    >>> friday = date(2026, 3, 6)
    >>> age(friday, friday), age(friday, date(2026, 3, 8)), age(friday, date(2026, 3, 9))
    (0, 0, 1)
    >>> age(friday, date(2026, 3, 9), holidays=[date(2026, 3, 9)])
    0
    """
    if on <= opened_on:
        return 0
    weeks, left = divmod((on - opened_on).days, _WEEK)
    rest = (on - timedelta(nth) for nth in range(left))
    free = {day for day in holidays if opened_on < day <= on and _is_worked(day)}
    return weeks * _WORKED + sum(map(_is_worked, rest)) - len(free)


def age_by(calendar: Calendar | None, opened_on: date, on: date) -> int:
    """The same, without the holidays of a calendar, if there is one."""
    return age(opened_on, on, calendar.holidays(opened_on, on) if calendar else ())


def aged(life: Life, calendar: Calendar, on: date) -> tuple[Life, LeftOut]:
    """A life whose ages are counted by a calendar, and which days that left out.

    Only what a report tells depends on it: no fact has an age.
    """
    states = {
        name: attrs.evolve(one, age=age_by(calendar, one.opened_on, on))
        for name, one in life.states.items()
    }
    oldest = min((one.opened_on for one in states.values()), default=on)
    days = tuple(sorted(calendar.holidays(oldest, on)))
    return attrs.evolve(life, states=states), LeftOut(calendar.name, days)


def _is_worked(day: date) -> bool:
    return day.weekday() < _WORKED
