"""The one place that takes the ``sqlite3`` module.

A wheel that bundles a newer SQLite (``pysqlite3``) is taken when it is installed, else the
standard library's. All SQLite before 3.51.3 can corrupt a file in WAL mode when several
processes write it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

SAFE: Final = (3, 51, 3)
OLDEST: Final = (3, 38, 0)


class SQLiteBuild(NamedTuple):
    """Which SQLite is used: the Python module it came with and its version."""

    module: str
    version: tuple[int, ...]

    @property
    def is_safe(self) -> bool:
        """Whether several processes may write one file (3.51.3 or newer)."""
        return self.version >= SAFE

    @property
    def advice(self) -> str:
        """What to do about it; empty if nothing.

        >>> SQLiteBuild("sqlite3", (3, 53, 4)).advice
        ''
        """
        if self.is_safe:
            return ""
        found = ".".join(map(str, self.version))
        return (
            f"SQLite {found} (module {self.module}) can corrupt a file that several processes "
            "write; install the extra 'sqlite', which brings a newer one"
        )


SQLITE: Final = SQLiteBuild(sqlite3.__name__.partition(".")[0], sqlite3.sqlite_version_info)

__all__ = ["OLDEST", "SAFE", "SQLITE", "SQLiteBuild", "sqlite3"]
