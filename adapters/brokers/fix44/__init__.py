"""FIX session logs and drop copies: ``parse(pages, config) -> Batch``.

What is read: execution reports (35=8) and trade capture reports (35=AE) of versions 4.1 to 5.0,
from a log with or without a time before each message, with SOH, ``|`` or ``^A`` between fields.
Each message's length and checksum are verified; one that is garbled or cut is set aside. Numbers
(34) that no message has are named as missing, refusals (35=3, 35=j) are findings. What one
counterparty does differently, or does not say, is declared by a ``Dialect``, the settings of this
venue: ``parser_for(dialect)`` is a parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from adapters.brokers.fix44.dialect import Dialect
from adapters.brokers.fix44.instruments import Terms
from adapters.brokers.fix44.log import Log, accounts_in
from adapters.brokers.fix44.message import Message
from adapters.fix_frames import frames
from adapters.port import AccountConfig, Batch, Parser, RawPage

__all__ = [
    "NAME", "SETTINGS", "VENUE", "VERSION", "Dialect", "Terms", "accounts", "parse", "parser_for",
]  # fmt: skip

NAME = "fix44"
VENUE = "FIX"
VERSION = "1"

SETTINGS = Dialect

STANDARD = Dialect(venue=VENUE)


def parser_for(dialect: Dialect) -> Parser:
    """A parser for one counterparty."""
    return partial(parse, dialect=dialect)


def parse(pages: Sequence[RawPage], config: AccountConfig, *, dialect: Dialect = STANDARD) -> Batch:
    """Read the logs of one account; ``BadFileError`` for a page without FIX, or when several
    accounts are told of and none is named."""
    log = Log(pages, config, dialect)
    log.read()
    return log.batch(parser=NAME, version=VERSION)


def accounts(pages: Sequence[RawPage]) -> list[str]:
    """The accounts (1) that the reports of the pages name, sorted."""
    return accounts_in([Message.of(frame) for page in pages for frame in frames(page)])
