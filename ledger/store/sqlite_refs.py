"""The index of references in a SQLite file, and what can be asked of it."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ledger.errors import CorruptEventError
from ledger.store import sqlite_statements as sql
from ledger.store.log import Indexed, Log, Ref
from ledger.store.rows import Row
from ledger.store.sqlite_connection import is_missing
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import REFS, make_refs


class SQLiteRefs(Log):
    """The part of a SQLite log that is not history: made anew when it is gone."""

    _connection: sqlite3.Connection

    @abstractmethod
    def _held(self) -> AbstractContextManager[None]:
        """The lock of the connection, for one thread."""

    @abstractmethod
    def query(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""

    def refs_upto(self) -> int:
        """The number the index has reached; 0 if it is gone or not to be trusted."""
        try:
            found = self.query(sql.STANDING, tuple(REFS.values()))
        except CorruptEventError as error:
            if is_missing(error):
                return 0
            raise
        return int(found[0][0]) if found else 0

    def add_refs(self, refs: Sequence[Ref], upto: int) -> None:
        """Extend the index."""
        with self._held():
            self._connection.executemany(sql.ADD_REFS, refs)
            self._connection.execute(sql.COUNT_WRITTEN, (len(refs),))
            self._connection.execute(sql.MOVE_CURSOR, (upto,))

    def clear_refs(self) -> None:
        """Make the index anew, with what guards it."""
        with self._held():
            make_refs(self._connection)

    def of_ref(self, stream: str, kind: str, id: str, *, gt: int, lte: int, limit: int) -> Indexed:
        """Indexed rows by number, in one state with how far the index reaches."""
        with self.reading():
            upto = self.refs_upto()
            asked = (stream, kind, id, gt, min(lte, upto))
            found = self.query(f"{sql.OF_REF}{limit:d}", asked) if upto > gt else ()
            return Indexed(upto, list(map(Row._make, found)))

    def lacking_refs(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those that are not in the index."""
        return [refs[at] for (at,) in self.query(sql.LACKING_REFS, (json.dumps(refs),))]

    def count_refs(self, upto: int, beyond: int) -> tuple[int, int]:
        """How many lead up to a number, and how many beyond another one."""
        within, after = self.query(sql.COUNT_REFS, (upto, beyond))[0]
        return within, after
