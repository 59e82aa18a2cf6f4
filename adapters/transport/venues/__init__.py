"""The venues that can be fetched, each a module that says what it asks for, and how."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from adapters.transport.errors import FetchError
from adapters.transport.request import Part, Request

if TYPE_CHECKING:
    from adapters.transport.session import Session

NAMES: Final = ("alpaca", "binance", "bybit", "coinbase", "ibkr_flex", "kraken", "projectx")
"""Named as their parsers are."""


class Venue(Protocol):
    """What a module of a venue has. ``GAP`` is in milliseconds."""

    FIELDS: tuple[str, ...]
    GAP: int

    def parts(self, request: Request, session: Session) -> Iterable[Part]:
        """All lists that make the report, histories first, in an order that stays."""
        ...


def venue_of(name: str) -> Venue:
    """The venue's module; ``FetchError`` for an unknown name."""
    if name not in NAMES:
        raise FetchError(f"{name} cannot be fetched: it is one of {', '.join(NAMES)}")
    module: Any = import_module(f"adapters.transport.venues.{name}")
    found: Venue = module
    return found
