"""``doctor``: versions, settings, and what may go wrong."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from pyexpat import EXPAT_VERSION
from typing import Final

import click

import adapters
import ledger
from adapters.cli import output
from adapters.cli.answers import Answer, Row, Section, counted, numbers, texts
from adapters.cli.commands.accounts import account_rows
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.questions import places, styles
from adapters.cli.settings import Settings
from ledger import Book
from ledger.errors import StoreError
from ledger.store.base import LogStore
from ledger.store.port import EventStore
from ledger.store.sqlite import SQLiteLog, SQLiteStore
from ledger.store.sqlite_module import SQLITE

_CHECKS: Final = texts("check", "found", "warning")
_ACCOUNTS: Final = (
    *texts("account"),
    *numbers("version", "last_number"),
    *texts("last_recorded_at"),
)
# Older ones have no bound on how far an entity may blow up.
_EXPAT: Final = (2, 4, 1)
_OURS: Final = "tradeledger"
_PRAGMAS: Final = {
    "journal_mode": "PRAGMA journal_mode",
    "synchronous (2 is FULL)": "PRAGMA synchronous",
    "busy_timeout (ms)": "PRAGMA busy_timeout",
}

Check = tuple[str, str, str]


@click.command()
@click.option("--rebuild-refs", is_flag=True, help="Make the index of references anew.")
@click.option("--drop-states", is_flag=True, help="Forget the saved states of accounts.")
@places
@styles
@click.pass_obj
def doctor(
    settings: Settings,
    rebuild_refs: bool,
    drop_states: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
) -> int:
    """Versions, settings and what may go wrong. Exit code 1: there is a warning.

    The index of references is a cache, of which events are about an order, an instrument or an
    execution; where 'verify' finds that it is not as it should be, --rebuild-refs mends it.
    Saved states are a cache, too: --drop-states forgets them, and whoever asks next reads the
    whole history and saves them anew.
    """
    settings.override(store, account, zone)
    checks, accounts = [*versions(), packages()], list[Row]()
    about: dict[str, object] = {"question": "doctor", "store": settings.store}
    if rebuild_refs:
        checks.append(rebuilt(settings))
    if drop_states:
        checks.append(dropped(settings))
    if settings.is_there():
        checks += look_at(settings, accounts, about)
    else:
        checks.append(("store", f"{settings.store} is not there yet", ""))
    rows = [dict(zip(("check", "found", "warning"), check, strict=True)) for check in checks]
    about["warnings"] = warnings = sum(bool(warning) for *_, warning in checks)
    sections = (Section("checks", _CHECKS, rows), Section("accounts", _ACCOUNTS, accounts))
    result = counted(warnings, "warning") if warnings else "nothing to worry about"
    output.write(Answer(about, sections, result), style or output.TABLE)
    return FINDINGS if warnings else FINE


def rebuilt(settings: Settings) -> Check:
    """Make the index of references anew."""
    with settings.open_existing() as book:
        if isinstance(book.store, LogStore):
            book.store.rebuild_refs()
        return "references", f"made anew, up to number {book.store.head()}", ""


def dropped(settings: Settings) -> Check:
    """Forget the saved states."""
    with settings.open_existing() as book:
        book.store.checkpoints.clear()
        return "saved states", "forgotten; the next question makes them anew", ""


def look_at(settings: Settings, accounts: list[Row], about: dict[str, object]) -> list[Check]:
    """Open the store, which refuses wrong settings by itself, and say how it is set; a file that
    is refused is read all the same, to say what it has lost."""
    try:
        with settings.open_existing() as book:
            return [*contents(settings, book, accounts, about), *pragmas(book.store)]
    except StoreError as error:
        refused = ("store", settings.store, str(error))
    try:
        with settings.open_existing(audit=True) as book:
            return [refused, *contents(settings, book, accounts, about), *losses(book.store)]
    except StoreError:
        return [refused]


def contents(
    settings: Settings, book: Book, accounts: list[Row], about: dict[str, object]
) -> list[Check]:
    """How much is there."""
    about["known_at_number"] = head = book.store.head()
    accounts += account_rows(book.store)
    size = settings.path.stat().st_size if settings.path else 0
    return [("store", f"{settings.store}, {head} events, {size} bytes", "")]


def losses(store: EventStore) -> Iterator[Check]:
    """The tables and triggers that a SQLite file has lost."""
    if isinstance(store, SQLiteStore) and isinstance(store.log, SQLiteLog):
        for name in store.log.lost():
            yield "protection", name, "was removed or changed: history is not protected"


def pragmas(store: EventStore) -> Iterator[Check]:
    """The settings of a SQLite file."""
    if isinstance(store, SQLiteStore) and isinstance(store.log, SQLiteLog):
        for name, statement in _PRAGMAS.items():
            yield name, str(store.log.query(statement)[0][0]), ""


def versions() -> Iterator[Check]:
    """What runs."""
    yield _OURS, version_of(_OURS), ""
    yield "python", platform.python_version(), ""
    found = ".".join(map(str, SQLITE.version))
    yield "sqlite", f"{found} (module {SQLITE.module})", SQLITE.advice
    expat = EXPAT_VERSION.removeprefix("expat_")
    is_old = tuple(map(int, expat.split("."))) < _EXPAT
    yield "expat", expat, "XML can be made to fill the memory; update Python" if is_old else ""
    for name in ("attrs", "eventsourcing", "msgspec", "click", "rich"):
        yield name, version_of(name), ""


def version_of(distribution: str) -> str:
    """The version that is installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def packages() -> Check:
    """Whether the packages that are imported are this distribution's own."""
    held = metadata.packages_distributions()
    names = ("ledger", "projections", "adapters")
    others = sorted({d for name in names for d in held.get(name, ()) if d != _OURS})
    here, there = (Path(str(one.__file__)).parents[1] for one in (adapters, ledger))
    warning = f"{', '.join(others)} installs packages of the same names" if others else ""
    if here != there:
        warning = f"adapters comes from {here}, which is another distribution's"
    advice = "; give tradeledger an environment of its own" if warning else ""
    return "packages", ", ".join(names), warning + advice
