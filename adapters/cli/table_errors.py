"""What the drivers of the tables' databases raise, told as the ledger tells it."""

from __future__ import annotations

from typing import Final

import click

from ledger.errors import LedgerError, StoreBusyError, StoreUnavailableError

# Primary result codes of SQLite: another process writes; the file, or its disk, is not as needed.
_BUSY: Final = frozenset({5, 6})
_NO_FILE: Final = frozenset({3, 8, 10, 11, 13, 14, 26})
# States of PostgreSQL: tables that were changed over meanwhile; rights, or a database, not there.
_GONE: Final = frozenset({"42P01"})
_DENIED: Final = frozenset({"42501", "3D000", "28000", "28P01"})


def translate(error: Exception) -> LedgerError | click.UsageError | None:
    """What a database's error means to who asked; None for one that is a bug."""
    cause = driver_error(error)
    told = str(cause).partition("\n")[0]
    if is_gone(error):
        return StoreBusyError(f"the tables were built anew meanwhile ({told}); ask again")
    code = getattr(cause, "sqlite_errorcode", None)
    return _of_postgres(cause, told) if code is None else _of_sqlite(code & 0xFF, told)


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error: rows are written past SQLAlchemy, which wraps all others."""
    return getattr(error, "orig", None) or error


def is_gone(error: BaseException) -> bool:
    """Whether a table is not there any more: another process has built it anew."""
    cause = driver_error(error)
    is_missing = str(cause).startswith("no such table")
    return is_missing or getattr(cause, "sqlstate", None) in _GONE


def _of_sqlite(code: int, told: str) -> LedgerError | click.UsageError | None:
    if code in _BUSY:
        return StoreBusyError(f"another process writes to the tables ({told}); try again later")
    if code in _NO_FILE:
        how = "they may be removed and are made anew; --reports names another place"
        return click.UsageError(f"the tables of the read models: {told}; {how}")
    return None


def _of_postgres(cause: BaseException, told: str) -> LedgerError | click.UsageError | None:
    if getattr(cause, "sqlstate", None) in _DENIED:
        return click.UsageError(f"the tables of the read models: {told}")
    if any(kind.__name__ == "OperationalError" for kind in type(cause).__mro__):
        return StoreUnavailableError(f"the tables' server: {told}; try again later")
    return None
