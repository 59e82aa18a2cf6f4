"""The entrance: parse, run, and end with an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from adapters.cli.config import VENUE, read_config
from adapters.cli.exits import FINE, Guard
from adapters.cli.root import root
from adapters.cli.settings import Settings

NAME = "tradeledger"
_COMPLETE = "_TRADELEDGER_COMPLETE"


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit; ``args`` are those of the process by default."""
    given = list(sys.argv[1:] if args is None else args)
    with Guard() as guard:
        if instruction := os.environ.get(_COMPLETE):
            sys.exit(shell_complete(root, {}, NAME, _COMPLETE, instruction))
        if sys.__stdout__ is None:  # The next file that is opened would take its number.
            raise click.UsageError("standard output is closed; send it to /dev/null if need be")
        config = read_config()
        settings = Settings(guard, venues=config.pop(VENUE, {}))
        with root.make_context(NAME, given, obj=settings, default_map=config) as context:
            code = root.invoke(context)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else FINE)
