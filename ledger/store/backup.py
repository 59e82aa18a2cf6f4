"""Backups: a whole store as one file, verified before it has its name; and the way back.

History only grows at its end, and numbers are given in the order of commits. So the rows up to one
number are one consistent state, however long it takes to read them and whoever writes meanwhile:
no lock is held, and a writer waits for nothing.

What is copied is what cannot be made again: every row with its bytes and hashes, every price
likewise, and how far named readers of other logs have come. The table of keys follows from the
rows, the index of references is made anew by the first question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Final, NamedTuple

from eventsourcing.persistence import IntegrityError

from ledger.clock import system_clock
from ledger.errors import AlreadyThereError, BadBackupError, StoreError
from ledger.store import sqlite_file
from ledger.store.base import PAGE, LogStore
from ledger.store.port import Digest, EventStore, Mark
from ledger.store.rows import Row
from ledger.store.sqlite import SQLiteStore

Progress = Callable[[int, int], None]
"""Is told after every page how many events have been copied, and of how many."""

_SHOWN: Final = 3


class Backup(NamedTuple):
    """A backup that was verified: its rows, their digest, and how far named readers had come.

    ``was_in_use`` says that the file was opened as a store since it was written, or is a plain copy
    of one: such a copy may lack what was acknowledged last, which only a digest tells.
    """

    store: LogStore
    digest: Digest
    tracking: dict[str, int]
    was_in_use: bool


def backup(
    store: EventStore,
    path: str | PathLike[str],
    *,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Digest:
    """Write a store into one new file, which is a SQLite ledger whatever the store is kept in.

    It holds every event that was acknowledged before the call, and is whole: it is written beside,
    read again from the first event to the last, and only then given its name. The digest that it
    was verified against is returned: keep it elsewhere. ``dry_run`` writes nothing.

    Raises ``AlreadyThereError`` if the file exists, unless it is to be replaced, and always if a
    journal of SQLite stands beside it, so that it is a store in use; ``BadBackupError``
    if the store's history does not verify; ``StoreFullError`` and ``StoreSettingsError`` if the
    file cannot be written; and what reading the store raises.
    """
    source, path = _rows_of(store), Path(path)
    sqlite_file.require_free(path, replace=replace)
    with source.log.reading():
        digest, tracking = source.digest(), source.log.all_tracked()
    if dry_run:
        return digest
    with sqlite_file.beside(path) as made:
        rows = (row for page in _pages(source, digest.number, progress) for row in page)
        try:
            sqlite_file.write(made, rows, source.price_rows(upto=_priced(digest)), tracking)
        except IntegrityError as error:
            raise BadBackupError(f"rows contradict each other ({error}); run verify") from error
        with _sound(made, digest, "the store's history does not verify"):
            pass
        sqlite_file.place(made, path, replace=replace)
    return digest


def restore(
    path: str | PathLike[str],
    store: EventStore,
    *,
    against: Digest | Mark | None = None,
    progress: Progress | None = None,
) -> Digest:
    """Fill an empty store from a backup: the same rows, numbers and hashes, or nothing at all.

    The backup is verified before, also ``against`` a digest that was kept elsewhere, and the store
    after, inside the one transaction that fills it. Returns the digest of what it then holds.

    Raises ``BadBackupError`` if either does not verify; ``AlreadyThereError`` if the store has
    events or readers' positions, also if they are those of the backup; and what opening the file
    and writing the store raise.
    """
    with opened(path, against=against) as found:
        fill(store, found, progress=progress)
        return found.digest


@contextmanager
def opened(path: str | PathLike[str], *, against: Digest | Mark | None = None) -> Iterator[Backup]:
    """A backup, verified, and unchangeable by honest programs until the block ends.

    Raises ``BadBackupError`` with what was found; ``StoreSettingsError`` if it is no ledger;
    ``CorruptEventError`` if it cannot be read at all.
    """
    with _sound(Path(path), against, f"{path} does not verify") as found:
        yield found


@contextmanager
def _sound(path: Path, against: Digest | Mark | None, otherwise: str) -> Iterator[Backup]:
    with SQLiteStore(path, system_clock, audit=True) as store, store.log.reading():
        _require_sound(store, against, otherwise)
        was_in_use = sqlite_file.is_in_use(path)
        yield Backup(store, store.digest(), store.log.all_tracked(), was_in_use)


def fill(store: EventStore, found: Backup, *, progress: Progress | None = None) -> None:
    """Fill an empty store from a verified backup, in one transaction; see :func:`restore`."""
    target = _rows_of(store)
    require_empty(target)
    with target.exclusive():
        require_empty(target)
        for page in _pages(found.store, found.digest.number, progress):
            target.log.add(page)
        prices = found.store.price_rows(upto=_priced(found.digest))
        while some := list(islice(prices, PAGE)):
            target.log.add_prices(some)
        for name, number in found.tracking.items():
            target.log.track(name, number)
        _require_sound(target, found.digest, "the restored store does not verify")


def require_empty(store: EventStore) -> None:
    """``AlreadyThereError`` unless a store has neither events, prices nor readers' positions."""
    target = _rows_of(store)
    head, tracking = target.head(), target.log.all_tracked()
    prices = target.log.price_head().number
    if head or prices or tracking:
        priced = f", {prices} prices" if prices else ""
        raise AlreadyThereError(
            f"the store has {head} events{priced} and {len(tracking)} positions of readers, and "
            "only an empty one is restored into; name a new one, or compare the digests of both"
        )


def _priced(digest: Digest) -> int:
    """The last price of a digest."""
    return digest.prices.version if digest.prices is not None else 0


def _rows_of(store: EventStore) -> LogStore:
    if not isinstance(store, LogStore):
        raise StoreError(f"{type(store).__name__} keeps no rows that could be copied")
    return store


def _pages(store: LogStore, upto: int, progress: Progress | None) -> Iterator[list[Row]]:
    """All rows up to a number."""
    rows = store.rows(upto=upto)
    while page := list(islice(rows, PAGE)):
        yield page
        if progress is not None:
            progress(page[-1].number, upto)


def _require_sound(store: LogStore, against: Digest | Mark | None, what: str) -> None:
    findings = store.verify(against).findings
    if findings:
        told = "; ".join(f"number {one.number}: {one.what}" for one in findings[:_SHOWN])
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        raise BadBackupError(f"{what}, and nothing was written: {told}{more}", findings)


__all__ = ["Backup", "Progress", "backup", "fill", "opened", "require_empty", "restore"]
