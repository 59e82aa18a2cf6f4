"""The statements of a SQLite store."""

from __future__ import annotations

from typing import Final

from ledger.store.price_rows import COLUMNS as PRICE_COLUMNS
from ledger.store.rows import Row

COLUMNS: Final = Row._fields
_ALL: Final = ", ".join(COLUMNS)
_OF_EVENTS: Final = ", ".join(f"events.{name}" for name in COLUMNS)
TEXTS: Final = frozenset(("stream", "topic", "key", "occurred_at", "recorded_at", "metadata"))
_AS_BYTES: Final = ", ".join(f"CAST({c} AS BLOB)" if c in TEXTS else c for c in COLUMNS)
# Or FAIL: no journal of every row, as for the triggers. An append that fails is undone as a whole.
ADD: Final = f"INSERT OR FAIL INTO events ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"
ADD_KEY: Final = "INSERT OR FAIL INTO keys (key, number) VALUES (?, ?)"
# Two rows of one key are for verify to find, not for this to stumble over.
ADD_ALL_KEYS: Final = (
    "INSERT OR IGNORE INTO keys (key, number) "
    "SELECT key, number FROM events WHERE key IS NOT NULL ORDER BY key, number"
)
BY_KEY: Final = (
    f"SELECT {_OF_EVENTS} FROM json_each(?) AS asked CROSS JOIN keys ON keys.key = asked.value "
    "CROSS JOIN events ON events.number = keys.number"
)
BY_ONE: Final = f"SELECT {_OF_EVENTS} FROM keys CROSS JOIN events USING (number) WHERE keys.key = ?"
ADD_PRICE: Final = (
    f"INSERT OR FAIL INTO prices ({PRICE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
HAS_PRICES: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'prices'"
LAST_PRICED: Final = "SELECT recorded_at FROM prices ORDER BY number DESC LIMIT 1"
_LAST = "SELECT number, recorded_at FROM events ORDER BY number DESC LIMIT 1"
LAST: Final = f"SELECT number, recorded_at, ({LAST_PRICED}) FROM ({_LAST})"
# What an append of one fact asks: the end, and where its key is.
AHEAD: Final = f"""
SELECT number, recorded_at, ({LAST_PRICED}), (SELECT number FROM keys WHERE key = ?)
FROM ({_LAST})"""
# Jumps from name to name through the index instead of reading every event.
STREAMS: Final = """
WITH RECURSIVE names(stream) AS (
  SELECT min(stream) FROM events
  UNION ALL SELECT (SELECT min(stream) FROM events WHERE stream > names.stream)
  FROM names WHERE names.stream IS NOT NULL
) SELECT stream FROM names WHERE stream IS NOT NULL"""
RECORDED_BEFORE: Final = """
SELECT number, recorded_at FROM events WHERE number <= ? AND recorded_at IS NOT NULL
ORDER BY number DESC LIMIT 1"""
OF_LOG: Final = f"SELECT {_ALL} FROM events WHERE number > ? AND number <= ?"
OF_STREAM: Final = f"SELECT {_ALL} FROM events WHERE stream = ? AND version > ? AND version <= ?"
OF_BYTES: Final = f"SELECT {_AS_BYTES} FROM events WHERE number > ? ORDER BY number LIMIT ?"
# A limit stands in the text: SQLite makes a statement anew whenever it is given another one, which
# takes three times as long as finding a row.
OF_REF: Final = f"""
SELECT {_OF_EVENTS} FROM refs CROSS JOIN events USING (number)
WHERE refs.stream = ? AND refs.kind = ? AND refs.id = ? AND number > ? AND number <= ?
ORDER BY number LIMIT """
# How far the index reaches, if its table and what guards it stand as they were made, and it is not
# empty although something was written to it.
STANDING: Final = """
SELECT number FROM cursors
WHERE name = 'refs' AND (SELECT count(*) FROM sqlite_schema WHERE sql IN (?, ?, ?)) = 3
  AND (EXISTS (SELECT 1 FROM refs)
    OR EXISTS (SELECT 1 FROM cursors WHERE name = 'refs written' AND number = 0))"""
ADD_REFS: Final = "INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?)"
MOVE_CURSOR: Final = "UPDATE cursors SET number = ? WHERE name = 'refs'"
COUNT_WRITTEN: Final = "UPDATE cursors SET number = number + ? WHERE name = 'refs written'"
LACKING_REFS: Final = """
SELECT key FROM json_each(?) AS asked WHERE NOT EXISTS (
  SELECT 1 FROM refs WHERE stream = asked.value ->> 0 AND kind = asked.value ->> 1
    AND id = asked.value ->> 2 AND number = asked.value ->> 3)"""
COUNT_REFS: Final = """
SELECT count(*) FILTER (WHERE number <= ?1), count(*) FILTER (WHERE number > ?2) FROM refs"""
BEGIN: Final = "BEGIN IMMEDIATE"
TRACK: Final = """
INSERT INTO tracking VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number"""
LOST_KEYS: Final = """
SELECT events.number, events.stream, events.key FROM events LEFT JOIN keys USING (key)
WHERE events.key IS NOT NULL AND keys.number IS NOT events.number LIMIT 10"""
STRAY_KEYS: Final = """
SELECT keys.number, '', keys.key FROM keys LEFT JOIN events ON events.number = keys.number
WHERE events.key IS NOT keys.key LIMIT 10"""
# Also sees an index that no longer leads to its rows, which reading by number would not.
DAMAGES: Final = "PRAGMA integrity_check(10)"
MAX: Final = 2**63 - 1
