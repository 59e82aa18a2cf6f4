"""Configuration files. Precedence: options, then environment, then files, then defaults.

``./tradeledger.toml`` goes before ``$XDG_CONFIG_HOME/tradeledger/config.toml``. The keys are the
names of the options: those of the program at the top, those of a command in a table of its name.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

import click

from adapters.cli.catalogue import COMMANDS

LOCAL: Final = "tradeledger.toml"
TOP: Final = ("store", "account", "zone", "reports")


def config_paths() -> list[Path]:
    """Where configuration is looked for, the weaker first."""
    home = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not home.is_absolute():
        home = Path.home() / ".config"
    return [home / "tradeledger" / "config.toml", Path(LOCAL)]


def read_config() -> dict[str, Any]:
    """The files' values in the shape that click takes its defaults from."""
    merged: dict[str, Any] = {}
    for path in config_paths():
        if path.is_file():
            for key, value in _read(path).items():
                both = isinstance(value, dict) and isinstance(merged.get(key), dict)
                merged[key] = {**merged[key], **value} if both else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not TOML in UTF-8: {error}") from None
    return {key: _checked(path, key, value) for key, value in table.items()}


def _checked(path: Path, key: str, value: object) -> object:
    """A value under a name that some option has; a command's names are looked at with it."""
    if key in COMMANDS and isinstance(value, dict):
        return {name.replace("-", "_"): given for name, given in value.items()}
    if key in TOP and isinstance(value, str):
        return value
    known = f"{', '.join(TOP)} as texts, or a table of a command's name"
    raise click.UsageError(f"{path}: {key} is not a setting; known are {known}")
