"""Whose holidays the age of a break is counted without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from adapters.cli.questions import Command

if TYPE_CHECKING:
    from projections.calendars import ExchangeCalendar


def holidays_option(command: Command) -> Command:
    """The exchange whose holidays are no business days."""
    told = "Ages leave out the holidays of this exchange, such as XNYS."
    return click.option("--calendar", metavar="CODE", help=told)(command)


def calendar_of(name: str | None) -> ExchangeCalendar | None:
    """The calendar of an exchange, if one is named. ``ExtraMissingError`` without the library,
    ``UnknownCalendarError`` for a name that it does not have."""
    if name is None:
        return None
    from projections.calendars import ExchangeCalendar

    return ExchangeCalendar(name)
