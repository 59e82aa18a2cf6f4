"""The table of prices in a PostgreSQL store."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from ledger.store import postgres_statements as sql
from ledger.store.postgres_checks import has_prices
from ledger.store.postgres_session import Session
from ledger.store.postgres_texts import arrays
from ledger.store.price_rows import (
    KNOWN_POSTGRES,
    LATEST_POSTGRES,
    OF_NAME_POSTGRES,
    PriceRow,
    PriceTables,
    ToldPrice,
)

AT_ONCE: Final = 1000


class PostgresPrices(PriceTables):
    """The part of a PostgreSQL log that keeps prices."""

    LATEST = LATEST_POSTGRES
    OF_NAME = OF_NAME_POSTGRES

    _session: Session
    _is_audit: bool

    @abstractmethod
    def _forget_ahead(self) -> None:
        """Whatever was asked ahead is old."""

    def add_prices(self, rows: Sequence[PriceRow]) -> None:
        """Insert prices."""
        self._forget_ahead()
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            self._session.add(sql.ADD_PRICES, arrays(some))

    def has_prices(self) -> bool:
        """Whether there is a table of prices; looked at only where it may be missing."""
        if not self._is_audit:
            return True
        with self._session.held():
            return has_prices(self._session.connection)

    def asked_known(self, told: Sequence[ToldPrice]) -> list[Any]:
        """What is recorded of each of some prices, in one query."""
        return self.query(KNOWN_POSTGRES, arrays(told)) if told else []


__all__ = ["PostgresPrices"]
