"""Exit codes, and the one place that turns whatever ended a run into one of them.

====  ===============================================================================
0     done, nothing found
1     done, with findings: rows set aside, conflicts, figures not as stated, open issues, tables
      that are behind, positions without a mark, sums that do not add up, warnings
2     could not run: usage, configuration, unreadable or refused file, no such store
70    a bug: whatever was not foreseen, so that a crash never reads as a finding
75    try later: another process holds the store, or its server is away; a venue throttles, is
      away or has no report yet; a report to reconcile with is missing, cut, partial or of an
      earlier day
130   interrupted
141   whoever read our output stopped reading
====  ===============================================================================
"""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Final, Self

import click

FINE: Final = 0
FINDINGS: Final = 1
COULD_NOT_RUN: Final = 2
BUG: Final = 70
TRY_LATER: Final = 75
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141


class AtWorkError(click.ClickException):
    """Another process holds what is needed; the same command may do later."""


class Guard:
    """Ends the process with the exit code of whatever comes out of the block.

    It is a context manager and not an ``except``: it hides nothing, it only says how it ended.
    """

    def __init__(self) -> None:
        self.debug = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, SystemExit):
            return
        code = code_of(error)
        _report(error, code)
        if self.debug and code != FINE:
            traceback.print_exception(error)
        raise SystemExit(code) from None


def code_of(error: BaseException) -> int:
    """The exit code that an error stands for.

    >>> code_of(KeyboardInterrupt()), code_of(FileNotFoundError()), code_of(KeyError())
    (130, 2, 70)
    """
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            return INTERRUPTED
        case BrokenPipeError():
            return PIPE_CLOSED
        case AtWorkError():
            return TRY_LATER
        case click.ClickException() | OSError():
            return COULD_NOT_RUN
    return _of_the_library(error)


def _of_the_library(error: BaseException) -> int:
    """The exit code of an error raised by the ledger, which is loaded by then, or of a bug."""
    from adapters.transport.errors import TryLaterError
    from ledger.errors import (
        InDoubtError,
        LedgerError,
        StaleStreamError,
        StoreBusyError,
        StoreUnavailableError,
    )
    from projections.errors import OvertakenError

    later = StoreBusyError | StaleStreamError | StoreUnavailableError | InDoubtError
    if isinstance(error, later | OvertakenError | TryLaterError):
        return TRY_LATER
    return COULD_NOT_RUN if isinstance(error, LedgerError) else BUG


def _report(error: BaseException, code: int) -> None:
    """Say on standard error what happened, in one line where that is enough."""
    if isinstance(error, click.ClickException):
        error.show()
    elif code == PIPE_CLOSED:
        # The interpreter flushes once more when it ends; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    elif code == INTERRUPTED:
        click.echo("interrupted; what was not acknowledged was not recorded", err=True)
    elif code == BUG:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        click.echo(f"tradeledger: a bug: {told} (--debug shows where; please report it)", err=True)
    elif code != FINE:
        click.echo(f"tradeledger: {error}", err=True)
