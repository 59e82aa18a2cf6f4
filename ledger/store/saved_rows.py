"""The rows of saved states, and reading events by number and by span: the same for every log.

A saved state is a cache: a row says of which stream and version it is, how far back the facts
since the one before it reach in time (``first_at``) and how far forward all of them
(``last_at``), so that a question about a past moment reads only what can matter to it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ledger.store.rows import Row


class Span(NamedTuple):
    """A saved state: how far it reaches, since which other one its facts were watched, and the
    times of those facts as text."""

    number: int
    version: int
    after_number: int
    after_version: int
    first_at: str
    last_at: str


class SavedRow(NamedTuple):
    """A saved state as it is stored. ``proof`` is a hash over state, span and event."""

    stream: str
    reducer: str
    span: Span
    proof: bytes
    state: bytes


SQLITE: Final = """CREATE TABLE checkpoints (
  stream TEXT NOT NULL, reducer TEXT NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL,
  after_number INTEGER NOT NULL, after_version INTEGER NOT NULL,
  first_at TEXT NOT NULL, last_at TEXT NOT NULL, proof BLOB NOT NULL, state BLOB NOT NULL,
  PRIMARY KEY (stream, reducer, number)
) STRICT"""
POSTGRES: Final = """CREATE TABLE IF NOT EXISTS checkpoints (
  stream text COLLATE "C", reducer text COLLATE "C", number bigint, version bigint NOT NULL,
  after_number bigint NOT NULL, after_version bigint NOT NULL,
  first_at text COLLATE "C" NOT NULL, last_at text COLLATE "C" NOT NULL,
  proof bytea NOT NULL, state bytea NOT NULL,
  PRIMARY KEY (stream, reducer, number)
);
"""

_SPAN = ", ".join(Span._fields)
_EVENT = ", ".join(Row._fields)
_ADD = f"""
INSERT INTO checkpoints (stream, reducer, {_SPAN}, proof, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_SPANS = f"""
SELECT {_SPAN} FROM checkpoints WHERE stream = ? AND reducer = ? AND number > ? ORDER BY number"""
_NEAREST = f"""
SELECT {_SPAN} FROM checkpoints
WHERE stream = ? AND reducer = ? AND number <= ? AND last_at <= ?
ORDER BY number DESC LIMIT """
_STATE = """
SELECT proof, state FROM checkpoints WHERE stream = ? AND reducer = ? AND number = ?"""
_IN_SPAN = f"""
SELECT {_EVENT} FROM events
WHERE stream = ? AND version > ? AND version <= ? AND (occurred_at <= ? OR topic IN (%s))
ORDER BY version"""
_OF_NUMBERS = f"SELECT {_EVENT} FROM events WHERE number IN (SELECT "
OF_NUMBERS_SQLITE: Final = f"{_OF_NUMBERS}value FROM json_each(?)) ORDER BY number"
OF_NUMBERS_POSTGRES: Final = (
    f"{_OF_NUMBERS}CAST(jsonb_array_elements_text(CAST(%s AS jsonb)) AS bigint)) ORDER BY number"
)
_CLEAR = "DELETE FROM checkpoints"


class SavedRows(ABC):
    """The part of a log that keeps saved states, and reads what they leave to be read."""

    @abstractmethod
    def keep_states(self, rows: Sequence[SavedRow]) -> None:
        """Keep saved states; one that is there already stays. Only inside ``writing()``."""

    @abstractmethod
    def spans(self, stream: str, reducer: str, *, gt: int) -> list[Span]:
        """The saved states of a stream beyond a number, in order."""

    @abstractmethod
    def nearest(
        self, stream: str, reducer: str, *, lte: int, last_at: str, limit: int
    ) -> list[Span]:
        """The last saved states up to a number, of facts up to a time; the latest first."""

    @abstractmethod
    def state_at(self, stream: str, reducer: str, number: int) -> tuple[bytes, bytes] | None:
        """The proof and the state of a saved state; None if there is none."""

    @abstractmethod
    def clear_states(self) -> None:
        """Forget all saved states. Only inside ``writing()``."""

    @abstractmethod
    def of_numbers(self, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers, as far as they are there, in order."""

    @abstractmethod
    def in_span(
        self, stream: str, *, gt: int, lte: int, at: str, topics: Sequence[str]
    ) -> list[Row]:
        """A stream's rows by version that happened up to a time, or are of these topics."""


class SavedTables(SavedRows):
    """Saved states in a table; a log says how its database is asked."""

    MARK = "?"
    OF_NUMBERS = OF_NUMBERS_SQLITE

    @abstractmethod
    def query(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""

    @abstractmethod
    def change(self, statement: str, params: Sequence[Any] = ()) -> None:
        """A statement that changes something; only inside ``writing()``."""

    def _asked(self, statement: str, params: Sequence[Any]) -> list[Any]:
        return self.query(statement.replace("?", self.MARK), params)

    def keep_states(self, rows: Sequence[SavedRow]) -> None:
        """Keep saved states."""
        statement = _ADD.replace("?", self.MARK)
        for stream, reducer, span, proof, state in rows:
            self.change(statement, (stream, reducer, *span, proof, state))

    def spans(self, stream: str, reducer: str, *, gt: int) -> list[Span]:
        """The saved states of a stream beyond a number, in order."""
        return [Span._make(row) for row in self._asked(_SPANS, (stream, reducer, gt))]

    def nearest(
        self, stream: str, reducer: str, *, lte: int, last_at: str, limit: int
    ) -> list[Span]:
        """The last ones up to a number, of facts up to a time."""
        found = self._asked(f"{_NEAREST}{limit:d}", (stream, reducer, lte, last_at))
        return [Span._make(row) for row in found]

    def state_at(self, stream: str, reducer: str, number: int) -> tuple[bytes, bytes] | None:
        """The proof and the state of a saved state."""
        found = self._asked(_STATE, (stream, reducer, number))
        return (bytes(found[0][0]), bytes(found[0][1])) if found else None

    def clear_states(self) -> None:
        """Forget all saved states."""
        self.change(_CLEAR)

    def of_numbers(self, numbers: Sequence[int]) -> list[Row]:
        """The rows of these numbers, in order."""
        if not numbers:
            return []
        asked = json.dumps(sorted(numbers))
        return [Row._make(row) for row in self.query(self.OF_NUMBERS, (asked,))]

    def in_span(
        self, stream: str, *, gt: int, lte: int, at: str, topics: Sequence[str]
    ) -> list[Row]:
        """A stream's rows by version that happened up to a time, or are of these topics."""
        statement = _IN_SPAN.replace("%s", ", ".join("?" * len(topics)))
        return [Row._make(row) for row in self._asked(statement, (stream, gt, lte, at, *topics))]


class SavedInMemory(SavedRows):
    """Saved states in a dict, for a log whose rows are in memory."""

    def __init__(self) -> None:
        self._saved: dict[tuple[str, str], dict[int, SavedRow]] = {}

    def keep_states(self, rows: Sequence[SavedRow]) -> None:
        """Keep saved states."""
        for row in rows:
            kept = self._saved.setdefault((row.stream, row.reducer), {})
            kept.setdefault(row.span.number, row)

    def _spans(self, stream: str, reducer: str) -> list[Span]:
        return sorted(row.span for row in self._saved.get((stream, reducer), {}).values())

    def spans(self, stream: str, reducer: str, *, gt: int) -> list[Span]:
        """The saved states of a stream beyond a number, in order."""
        return [span for span in self._spans(stream, reducer) if span.number > gt]

    def nearest(
        self, stream: str, reducer: str, *, lte: int, last_at: str, limit: int
    ) -> list[Span]:
        """The last ones up to a number, of facts up to a time."""
        fitting = [
            span
            for span in self._spans(stream, reducer)
            if span.number <= lte and span.last_at <= last_at
        ]
        return fitting[::-1][:limit]

    def state_at(self, stream: str, reducer: str, number: int) -> tuple[bytes, bytes] | None:
        """The proof and the state of a saved state."""
        row = self._saved.get((stream, reducer), {}).get(number)
        return (row.proof, row.state) if row is not None else None

    def clear_states(self) -> None:
        """Forget all saved states."""
        self._saved.clear()
