"""A ledger file written as a whole, beside, and put in its place only when it is finished."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from ledger.errors import AlreadyThereError, StoreFullError, StoreSettingsError
from ledger.store import sqlite_statements as sql
from ledger.store.price_rows import PriceRow
from ledger.store.rows import Row
from ledger.store.sqlite_connection import plain, translated
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import create_tables, protect

_SUFFIX: Final = ".partial"
_NO_ROOM: Final = frozenset((errno.ENOSPC, errno.EDQUOT))
_NO_LINKS: Final = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS))
# SQLite's file format: the write version.
_MODE: Final = 18
_WAL: Final = b"\x02"
# Nobody else knows the file, and it is thrown away if it is not finished: no journal is needed,
# and what a power failure would leave of it has no name that means anything.
_WRITING: Final = (
    "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -65536",
)  # fmt: skip


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """An empty file with mode 0600 in the same folder, removed at the end unless it was placed.

    What earlier runs for the same path have left, and nobody writes any more, is removed first.
    ``StoreSettingsError`` if the folder cannot be written, ``StoreFullError`` if it has no room.
    """
    prefix = f".{path.name}."
    with _as_ours(path):
        for name in os.listdir(path.parent):
            if name.startswith(prefix) and name.endswith(_SUFFIX):
                _sweep(path.parent / name)
        handle, made = tempfile.mkstemp(_SUFFIX, prefix, path.parent)
        os.close(handle)
        try:
            yield Path(made)
        finally:
            Path(made).unlink(missing_ok=True)


@contextmanager
def _as_ours(path: Path) -> Iterator[None]:
    """Errors of the file system as those of this library."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreFullError(f"{path}: the disk is full; make room and try again") from error
        raise StoreSettingsError(f"{path} cannot be written: {error}; name another") from error


def _sweep(left: Path) -> None:
    """Remove a file that a killed run has left; one that is being written is locked."""
    try:
        with closing(plain(os.fspath(left), "rw")) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return
    except sqlite3.DatabaseError:
        pass  # it is not even whole
    left.unlink(missing_ok=True)


def write(
    path: Path, rows: Iterable[Row], prices: Iterable[PriceRow], tracking: Mapping[str, int]
) -> None:
    """Write a whole ledger into an empty file, and have the disk keep it.

    The table of keys is made from the rows, in one sorted go. Nothing is checked: what the rows
    say wrong stands in the file as they say it, and ``verify`` finds it. The file is not in WAL
    mode, so it can be read where nothing can be written.
    """
    with translated(), closing(plain(os.fspath(path), "rw")) as connection:
        for setting in _WRITING:
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN EXCLUSIVE")
        create_tables(connection)
        connection.executemany(sql.ADD, rows)
        connection.execute(sql.ADD_ALL_KEYS)
        connection.executemany(sql.ADD_PRICE, prices)
        protect(connection)
        connection.executemany(sql.TRACK, tracking.items())
        connection.execute("COMMIT")
    _sync(path)


def is_in_use(path: Path) -> bool:
    """Whether a file is, or was, open as a store: then it is in WAL mode, as its header says."""
    with path.open("rb") as file:
        return file.read(_MODE + 1)[_MODE:] == _WAL


def place(made: Path, path: Path, *, replace: bool) -> None:
    """Give the finished file its name; ``AlreadyThereError`` if it is taken."""
    require_free(path, replace=replace)
    if replace:
        made.replace(path)
    else:
        _place_anew(made, path)
    with suppress(PermissionError):  # a folder that may be written and not be read
        _sync(path.parent)


def _place_anew(made: Path, path: Path) -> None:
    try:
        os.link(made, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            raise _taken(path) from None
        made.rename(path)


def require_free(path: Path, *, replace: bool) -> None:
    """``AlreadyThereError`` if the name is taken, or a journal of that name stands beside, which
    SQLite would take for the new file's, and spoil it."""
    for journal in (Path(f"{path}-wal"), Path(f"{path}-journal")):
        if journal.exists():
            raise AlreadyThereError(
                f"{journal} is there: {path} is, or was, a store in use, and may have events only "
                "in that; name another file"
            )
    if not replace and path.exists():
        raise _taken(path)


def _taken(path: Path) -> AlreadyThereError:
    return AlreadyThereError(
        f"{path} is there already and is not overwritten; name a new file, or ask for it to be "
        "replaced"
    )


def _sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["beside", "is_in_use", "place", "require_free", "write"]
