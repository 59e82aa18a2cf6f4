"""The only reader of the system clock; everything else takes a clock as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Anything that answers the present moment as an aware datetime."""


def system_clock() -> datetime:
    """The present moment, in UTC.

    >>> system_clock().tzname()
    'UTC'
    """
    return datetime.now(UTC)
