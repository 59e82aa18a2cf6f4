"""The venues whose reports can be read: those built in, and those of installed distributions.

A distribution of anybody's adds one by an entry point of the group ``tradeledger.adapters``: its
name is the venue's on the command line, its object a module with a ``parse`` (or the function
itself) of the shape of ``adapters.port.Parser``. A name that is built in stays ours.

A module whose parser takes settings has them as an attrs class, ``SETTINGS``, and a
``parser_for(settings)``; see ``adapters.venue_settings``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from adapters.port import Parser
from adapters.venue_settings import Given, settings_of
from ledger.errors import BadFileError

GROUP: Final = "tradeledger.adapters"

BUILT_IN: Final = (
    "alpaca", "binance", "bybit", "coinbase", "fix44", "ibkr_flex", "kraken", "ofx",
    "polymarket_us", "projectx",
)  # fmt: skip
"""Modules of ``adapters.brokers``, each with a ``parse``."""

ZONED: Final = frozenset(
    {"alpaca", "binance", "bybit", "coinbase", "fix44", "kraken", "polymarket_us", "projectx"}
)
"""Those whose times all say their zone, or are UTC by the venue's own rule."""


@cache
def others() -> dict[str, EntryPoint]:
    """What installed distributions add, by name."""
    found = entry_points(group=GROUP)
    return {one.name: one for one in found if one.name not in BUILT_IN}


def names() -> tuple[str, ...]:
    """Every venue that can be named, sorted; no parser is loaded."""
    return tuple(sorted({*BUILT_IN, *others()}))


def parser_of(venue: str, settings: Given | None = None) -> Parser:
    """The venue's parser, which is loaded only now, by these settings if there are any.

    ``BadFileError`` for an unknown name, for settings of a venue that takes none, and for one
    that is wrong.
    """
    module = _loaded(venue)
    if not settings:
        parse: Parser = getattr(module, "parse", module)
        return parse
    kind = getattr(module, "SETTINGS", None)
    if kind is None:
        given = ", ".join(settings)
        raise BadFileError(f"{venue} takes no settings, and is given {given}; leave them out")
    told: Parser = module.parser_for(settings_of(venue, kind, settings))
    return told


def _loaded(venue: str) -> Any:
    """The venue's module; of a distribution's entry point, whatever that names."""
    if venue in BUILT_IN:
        return import_module(f"adapters.brokers.{venue}")
    if venue not in others():
        raise BadFileError(f"no venue is called {venue}: it is one of {', '.join(names())}")
    return others()[venue].load()
