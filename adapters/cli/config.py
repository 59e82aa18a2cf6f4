"""Configuration files. Precedence: options, then environment, then files, then defaults.

``./tradeledger.toml`` goes before ``$XDG_CONFIG_HOME/tradeledger/config.toml``. The keys are the
names of the options: those of the program at the top, those of a command in a table of its name.
A table ``[venue.NAME]`` has the settings of that venue's parser.
"""

from __future__ import annotations

import os
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from adapters.cli.catalogue import COMMANDS

LOCAL: Final = "tradeledger.toml"
VENUE: Final = "venue"
TOP: Final = ("store", "account", "zone", "reports")


def config_paths() -> list[Path]:
    """Where configuration is looked for, the weaker first."""
    home = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not home.is_absolute():
        home = Path.home() / ".config"
    return [home / "tradeledger" / "config.toml", Path(LOCAL)]


def read_config() -> dict[str, Any]:
    """The files' values in the shape that click takes its defaults from, and under ``VENUE`` the
    settings of parsers by the names of their venues."""
    merged: dict[str, Any] = {}
    for path in config_paths():
        if path.is_file():
            merged = _merged(merged, _read(path))
    return merged


def _merged(weaker: dict[str, Any], stronger: dict[str, Any]) -> dict[str, Any]:
    """Both, key by key; where both have a table, likewise in it."""
    found = {**weaker, **stronger}
    for key in weaker.keys() & stronger.keys():
        if isinstance(weaker[key], dict) and isinstance(stronger[key], dict):
            found[key] = _merged(weaker[key], stronger[key])
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not TOML in UTF-8: {error}") from None
    return {key: _checked(path, key, value) for key, value in table.items()}


def _checked(path: Path, key: str, value: object) -> object:
    """A value under a name that some option has; a command's names are looked at with it, and a
    venue's settings with its parser."""
    if key == VENUE and isinstance(value, dict):
        return {name: _of_venue(path, name, given) for name, given in value.items()}
    if key in COMMANDS and isinstance(value, dict):
        return {name.replace("-", "_"): given for name, given in value.items()}
    if key in TOP and isinstance(value, str):
        return value
    known = f"{', '.join(TOP)} as texts, or a table of a command's name, or [{VENUE}.NAME]"
    raise click.UsageError(f"{path}: {key} is not a setting; known are {known}")


def _of_venue(path: Path, name: str, given: object) -> object:
    """A table of settings of a venue that there is."""
    # Loaded only here: most configurations have no such table.
    from adapters import venues

    if name in venues.names() and isinstance(given, dict):
        return given
    known = ", ".join(venues.names())
    raise click.UsageError(f"{path}: [{VENUE}.{name}] is no table of a venue's; they are {known}")
