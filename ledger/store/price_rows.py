"""The rows of prices and what can be asked of them: the same for every log.

Prices have a table, a sequence and a hash chain of their own:
``hash = SHA-256(previous hash, header, texts)``. The header is ASCII, ``price,number,`` and the
lengths in bytes of the texts, separated by commas and closed by ``;``. The texts follow as UTF-8:
about, name, kind, source, at, px, recorded_at and latest_at. Before the first price stand 32 zero
bytes.

``latest_at`` is the latest moment that any price of this subject has spoken of so far. It follows
from the rows before, is covered by the hash, and is checked with it. A question about what was
known earlier starts there, instead of stepping over every price that came later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from ledger.domain.prices import PriceKind, Subject
from ledger.store.rows import GENESIS
from ledger.store.saved_rows import SavedTables

KINDS: Final = tuple(kind.value for kind in PriceKind)
LAST_NUMBER: Final = 2**63 - 1
"""No number is beyond it."""


class PriceRow(NamedTuple):
    """One price exactly as it is stored; times and the price itself are texts."""

    number: int
    about: str
    name: str
    kind: str
    source: str
    at: str
    px: str
    recorded_at: str
    latest_at: str
    prev_hash: bytes
    hash: bytes

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.about, self.name)


class PriceIdentity(NamedTuple):
    """What a price is told apart by; another figure under it restates it."""

    about: str
    name: str
    kind: str
    source: str
    at: str


class ToldPrice(NamedTuple):
    """A price on its way in: its identity, and the figure as text."""

    about: str
    name: str
    kind: str
    source: str
    at: str
    px: str

    @property
    def identity(self) -> PriceIdentity:
        """What it is told apart by."""
        return PriceIdentity(*self[:5])

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.about, self.name)


class PriceHead(NamedTuple):
    """The last price: its number, when it was recorded, and its hash."""

    number: int
    recorded_at: str
    hash: bytes


class KnownPrice(NamedTuple):
    """What is recorded of a price that is told: its subject's ``latest_at``, the last number under
    its identity (0 if there is none), and where the same figure was recorded last."""

    latest_at: str
    last: int
    same: PriceRow | None


NO_PRICE: Final = PriceHead(0, "", GENESIS)


def price_hash(row: PriceRow) -> bytes:
    """The hash a price must have, from its own columns and its ``prev_hash``."""
    number, *texts, previous, _ = row
    parts = [text.encode("utf-8", "surrogateescape") for text in texts]
    header = f"price,{number},{','.join(str(len(part)) for part in parts)};"
    return sha256(b"".join((previous, header.encode(), *parts))).digest()


class PriceRows(ABC):
    """The part of a log that keeps prices."""

    @abstractmethod
    def add_prices(self, rows: Sequence[PriceRow]) -> None:
        """Write sealed prices; only inside ``writing()``."""

    @abstractmethod
    def price_head(self) -> PriceHead:
        """The last price; ``NO_PRICE`` if there is none."""

    @abstractmethod
    def known_prices(self, told: Sequence[ToldPrice]) -> list[KnownPrice]:
        """What is recorded of each of some prices, in their order."""

    @abstractmethod
    def prices_by_number(
        self, subject: Subject | None, *, gt: int, lte: int, limit: int
    ) -> list[PriceRow]:
        """Prices in the order in which they were recorded, of one subject or of all."""

    @abstractmethod
    def prices_until(self, recorded_at: str) -> int:
        """The last number that was recorded at or before a moment; 0 if none was."""

    @abstractmethod
    def latest_at(self, subject: Subject, lte: int) -> str:
        """The latest moment that a subject's prices up to a number speak of; empty if none do."""

    @abstractmethod
    def last_prices(
        self, subject: Subject, kind: str | None, *, at: str, lte: int
    ) -> list[PriceRow]:
        """The last price up to a number of those that held last, at or before a moment: of one
        kind, or one of each."""


COLUMNS: Final = ", ".join(PriceRow._fields)
_ALL = COLUMNS
_OF_P = ", ".join(f"p.{name}" for name in PriceRow._fields)
# A span of one moment, and the order of the index that finds it: else a planner may take a walk by
# number, which is long for a price that is new.
_OF_IDENTITY = """
WHERE about = asked.about AND name = asked.name AND kind = asked.kind
  AND at >= asked.at AND at <= asked.at AND source = asked.source"""
_LAST_OF = f"SELECT number FROM prices {_OF_IDENTITY} ORDER BY at DESC, number DESC LIMIT 1"
_SAME = f"{_OF_IDENTITY} AND px = asked.px ORDER BY at DESC, number DESC LIMIT 1"
_HEAD = "SELECT number, recorded_at, hash FROM prices ORDER BY number DESC LIMIT 1"
_BY_NUMBER = f"SELECT {_ALL} FROM prices WHERE number > ? AND number <= ? ORDER BY number LIMIT ?"
_UNTIL = "SELECT number FROM prices WHERE recorded_at <= ? ORDER BY recorded_at DESC LIMIT 1"
_LAST = f"""
SELECT {_ALL} FROM prices
WHERE about = ? AND name = ? AND kind = ? AND at <= ? AND number <= ?
ORDER BY at DESC, number DESC LIMIT 1"""
_LAST_OF_EACH = f"""
SELECT * FROM ({_LAST}) AS one UNION ALL SELECT * FROM ({_LAST}) AS two
UNION ALL SELECT * FROM ({_LAST}) AS three"""

# By number of one name. PostgreSQL is given whole rows in the order of the index: else, believing
# that most prices are of one name, it walks through all of them. SQLite does not use an index so.
# There the index is one of both texts together, so that a plan made while the table is short, and
# then kept, does not take it to find an identity.
_OF_SUBJECT_SQLITE = """
SELECT latest_at FROM prices WHERE about = asked.about AND name = asked.name
ORDER BY number DESC LIMIT 1"""
_OF_SUBJECT_POSTGRES = f"""
SELECT latest_at FROM prices
WHERE (about || ' ' || name, number) >= (asked.about || ' ' || asked.name, 0)
  AND (about || ' ' || name, number) <= (asked.about || ' ' || asked.name, {LAST_NUMBER:d})
ORDER BY about || ' ' || name DESC, number DESC LIMIT 1"""
OF_NAME_SQLITE: Final = f"""
SELECT {_ALL} FROM prices WHERE (about, name) = (?, ?) AND number > ?
  AND (about, name) = (?, ?) AND number <= ? ORDER BY number LIMIT ?"""
OF_NAME_POSTGRES: Final = f"""
SELECT {_ALL} FROM prices
WHERE (about || ' ' || name, number) > (%s::text || ' ' || %s::text, %s)
  AND (about || ' ' || name, number) <= (%s::text || ' ' || %s::text, %s)
ORDER BY about || ' ' || name, number LIMIT %s"""
LATEST_SQLITE: Final = """
SELECT latest_at FROM prices WHERE (about, name) = (?, ?) AND number >= 0
  AND (about, name) = (?, ?) AND number <= ? ORDER BY number DESC LIMIT 1"""
LATEST_POSTGRES: Final = """
SELECT latest_at FROM prices
WHERE (about || ' ' || name, number) >= (%s::text || ' ' || %s::text, 0)
  AND (about || ' ' || name, number) <= (%s::text || ' ' || %s::text, %s)
ORDER BY about || ' ' || name DESC, number DESC LIMIT 1"""

KNOWN_SQLITE: Final = f"""
WITH asked AS (
  SELECT key AS place, value ->> 0 AS about, value ->> 1 AS name, value ->> 2 AS kind,
    value ->> 3 AS source, value ->> 4 AS at, value ->> 5 AS px FROM json_each(?)
)
SELECT ({_OF_SUBJECT_SQLITE}), ({_LAST_OF}), {_OF_P} FROM asked
LEFT JOIN prices AS p ON p.number = (SELECT number FROM prices {_SAME})
ORDER BY asked.place"""
KNOWN_POSTGRES: Final = f"""
SELECT ({_OF_SUBJECT_POSTGRES}), ({_LAST_OF}), {_OF_P}
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
  WITH ORDINALITY AS asked (about, name, kind, source, at, px, place)
LEFT JOIN LATERAL (SELECT {_ALL} FROM prices {_SAME}) AS p ON true
ORDER BY place"""


class PriceTables(SavedTables, PriceRows):
    """Prices in a table; a log says how its database is asked."""

    LATEST = LATEST_SQLITE
    OF_NAME = OF_NAME_SQLITE

    @abstractmethod
    def has_prices(self) -> bool:
        """Whether there is a table of prices: not in a store of the first version that is only
        read, nor where somebody has removed it."""

    @abstractmethod
    def asked_known(self, told: Sequence[ToldPrice]) -> list[Any]:
        """For each price the columns of :class:`KnownPrice`, those of the row one by one."""

    def _prices(self, statement: str, params: Sequence[Any]) -> list[Any]:
        return self._asked(statement, params) if self.has_prices() else []

    def price_head(self) -> PriceHead:
        """The last price."""
        found = self._prices(_HEAD, ())
        return PriceHead(*found[0]) if found else NO_PRICE

    def known_prices(self, told: Sequence[ToldPrice]) -> list[KnownPrice]:
        """What is recorded of each of some prices."""
        return [
            KnownPrice(latest or "", last or 0, PriceRow._make(row) if row[0] else None)
            for latest, last, *row in self.asked_known(told)
        ]

    def prices_by_number(
        self, subject: Subject | None, *, gt: int, lte: int, limit: int
    ) -> list[PriceRow]:
        """Prices in the order in which they were recorded."""
        if subject is None:
            return list(map(PriceRow._make, self._prices(_BY_NUMBER, (gt, lte, limit))))
        span = (*subject, gt, *subject, lte, limit)
        return list(map(PriceRow._make, self._prices(self.OF_NAME, span)))

    def prices_until(self, recorded_at: str) -> int:
        """The last number that was recorded at or before a moment."""
        found = self._prices(_UNTIL, (recorded_at,))
        return found[0][0] if found else 0

    def latest_at(self, subject: Subject, lte: int) -> str:
        """The latest moment that a subject's prices up to a number speak of."""
        found = self._prices(self.LATEST, (*subject, *subject, lte))
        return found[0][0] if found else ""

    def last_prices(
        self, subject: Subject, kind: str | None, *, at: str, lte: int
    ) -> list[PriceRow]:
        """The last price up to a number of those that held last."""
        statement, kinds = (_LAST, (kind,)) if kind else (_LAST_OF_EACH, KINDS)
        asked = [value for one in kinds for value in (*subject, one, at, lte)]
        return list(map(PriceRow._make, self._prices(statement, asked)))


__all__ = [
    "COLUMNS", "KINDS", "KNOWN_POSTGRES", "KNOWN_SQLITE", "LAST_NUMBER", "LATEST_POSTGRES",
    "NO_PRICE", "OF_NAME_POSTGRES", "KnownPrice", "PriceHead", "PriceIdentity", "PriceRow",
    "PriceRows", "PriceTables", "ToldPrice", "price_hash",
]  # fmt: skip
