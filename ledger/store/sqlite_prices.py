"""The table of prices in a SQLite file."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from ledger.store import sqlite_statements as sql
from ledger.store.price_rows import KNOWN_SQLITE, PriceRow, PriceTables, ToldPrice
from ledger.store.sqlite_module import sqlite3


class SQLitePrices(PriceTables):
    """The part of a SQLite log that keeps prices."""

    _connection: sqlite3.Connection
    _is_audit: bool

    @abstractmethod
    def _about_to_add(self, rows: Sequence[Any]) -> None:
        """Whatever was asked ahead is old, and a commit that is lost would matter."""

    def add_prices(self, rows: Sequence[PriceRow]) -> None:
        """Insert prices."""
        self._about_to_add(rows)
        self._connection.executemany(sql.ADD_PRICE, rows)

    def has_prices(self) -> bool:
        """Whether there is a table of prices; looked at only where it may be missing."""
        return not self._is_audit or bool(self.query(sql.HAS_PRICES))

    def asked_known(self, told: Sequence[ToldPrice]) -> list[Any]:
        """What is recorded of each of some prices, in one query."""
        return self.query(KNOWN_SQLITE, (json.dumps(told),))


__all__ = ["SQLitePrices"]
