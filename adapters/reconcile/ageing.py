"""Age: how many business days a break has been open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

_WEEK: Final = 7
_WORKED: Final = 5


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


def _is_worked(day: date) -> bool:
    return day.weekday() < _WORKED
