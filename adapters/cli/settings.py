"""What a run was told before its command: the store, the account, the zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import click

from adapters.cli.exits import Guard

if TYPE_CHECKING:
    from ledger import Book

DEFAULT_STORE: Final = "sqlite:///tradeledger.db"
_SQLITE: Final = "sqlite:///"
MEMORY: Final = "memory://"


@attrs.define
class Settings:
    """The program's own options; a command's options of the same names go before them. ``venues``
    has the settings of parsers, by the name of the venue."""

    guard: Guard
    store: str = DEFAULT_STORE
    account: str | None = None
    zone: str | None = None
    reports: str | None = None
    venues: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)

    def override(self, store: str | None, account: str | None, zone: str | None) -> None:
        """Take what was given behind the command's name."""
        self.store = store or self.store
        self.account = account or self.account
        self.zone = zone or self.zone

    @property
    def zone_info(self) -> ZoneInfo | None:
        """The zone, or None when none was given; ``click.UsageError`` when it is unknown."""
        if self.zone is None:
            return None
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise click.UsageError(
                f"--zone: no time zone {self.zone!r}; use a name such as Europe/Zurich"
            ) from None

    @property
    def path(self) -> Path | None:
        """The store's file, if it is one."""
        is_file = self.store.startswith(_SQLITE)
        return Path(self.store.removeprefix(_SQLITE)) if is_file else None

    def is_there(self) -> bool:
        """Whether the store exists already; one in memory never does, a database is taken to."""
        return self.path.is_file() if self.path is not None else self.store != MEMORY

    def open_existing(self, *, audit: bool = False) -> Book:
        """Open the store for a question, which must not make a new, empty one; with ``audit``
        also a file whose protections are gone."""
        if self.path is not None and not self.path.is_file():
            raise click.UsageError(
                f"there is no store at {self.path}; name one with --store, "
                "or make it with 'tradeledger ingest'"
            )
        if self.path is not None and not audit:
            open_book(self.store, audit=True).close()  # which refuses a file with no ledger in it
        return open_book(self.store, audit=audit)

    def open_for(self, *, dry_run: bool) -> Book:
        """Open, or make, the store to write to; a dry run makes none."""
        return open_book(MEMORY if dry_run and not self.is_there() else self.store)


def open_book(url: str, *, audit: bool = False) -> Book:
    """Open a book; the library is loaded here, when it is needed first."""
    import ledger

    return ledger.open(url, audit=audit)


def now() -> datetime:
    """The present moment."""
    from ledger.clock import system_clock

    return system_clock()
