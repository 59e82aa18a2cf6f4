"""The statements of a PostgreSQL store. Tables are found by the session's ``search_path``."""

from __future__ import annotations

from typing import Final

from ledger.store.price_rows import COLUMNS as PRICE_COLUMNS
from ledger.store.rows import Row

TYPES: Final = (
    "int8", "text", "int8", "text", "text", "text", "text", "text", "bytea", "bytea", "bytea",
)  # fmt: skip
"""The types of a row's columns, in their order, as COPY is told them."""

KEY_TYPES: Final = ("text", "int8")

_ALL = ", ".join(Row._fields)
_OF_EVENTS = ", ".join(f"events.{name}" for name in Row._fields)
_ARRAYS = ", ".join(f"%b::{name}[]" for name in TYPES)
_VALUES = ", ".join(f"%b::{name}" for name in TYPES)

BEGIN_WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# What a writer asks is found by indexes, also while tables are so short that reading them is
# cheaper: a plan is kept, and they grow.
LOCK: Final = "SELECT pg_advisory_xact_lock({:d}, {:d}), set_config('enable_seqscan', 'off', true)"
TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock({:d}, {:d})"
BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

ADD: Final = f"""
WITH sealed ({_ALL}) AS (SELECT * FROM unnest({_ARRAYS})),
added AS (INSERT INTO events ({_ALL}) SELECT * FROM sealed ORDER BY number)
INSERT INTO keys (key, number) SELECT key, number FROM sealed WHERE key IS NOT NULL"""
ADD_ONE: Final = f"""
WITH added AS (INSERT INTO events ({_ALL}) VALUES ({_VALUES}))
INSERT INTO keys (key, number) VALUES (%b::text, %b::int8)"""
COPY: Final = f"COPY events ({_ALL}) FROM STDIN (FORMAT BINARY)"
COPY_KEYS: Final = "COPY keys (key, number) FROM STDIN (FORMAT BINARY)"

ADD_PRICES: Final = f"""
INSERT INTO prices ({PRICE_COLUMNS})
SELECT * FROM unnest(
  %b::int8[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
  %b::text[], %b::bytea[], %b::bytea[])"""

HEAD: Final = "SELECT coalesce(max(number), 0) FROM events"
_LAST_PRICED = "SELECT recorded_at FROM prices ORDER BY number DESC LIMIT 1"
END: Final = f"""
SELECT coalesce(number, 0), CASE WHEN number IS NULL THEN '' ELSE recorded_at END, ({_LAST_PRICED})
FROM (SELECT) AS always
LEFT JOIN (SELECT number, recorded_at FROM events ORDER BY number DESC LIMIT 1) AS last ON true"""
HEAD_OF: Final = "SELECT version, hash FROM events WHERE stream = %s ORDER BY version DESC LIMIT 1"
# Jumps from name to name through the index instead of reading every event.
STREAMS: Final = """
WITH RECURSIVE names(stream) AS (
  (SELECT stream FROM events ORDER BY stream LIMIT 1)
  UNION ALL
  SELECT (SELECT stream FROM events WHERE stream > names.stream ORDER BY stream LIMIT 1)
  FROM names WHERE names.stream IS NOT NULL
) SELECT stream FROM names WHERE stream IS NOT NULL"""
OF_LOG: Final = (
    f"SELECT {_ALL} FROM events WHERE number > %s AND number <= %s ORDER BY number LIMIT %s"
)
OF_TOPICS: Final = (
    f"SELECT {_ALL} FROM events WHERE number > %s AND number <= %s AND topic = ANY(%s) "
    "ORDER BY number LIMIT %s"
)
OF_STREAM: Final = (
    f"SELECT {_ALL} FROM events WHERE stream = %s AND version > %s AND version <= %s "
    "ORDER BY version LIMIT %s"
)
OF_STREAM_BACKWARDS: Final = (
    f"SELECT {_ALL} FROM events WHERE stream = %s AND version > %s AND version <= %s "
    "ORDER BY version DESC LIMIT %s"
)
BY_KEY: Final = f"SELECT {_OF_EVENTS} FROM keys JOIN events USING (number) WHERE keys.key = ANY(%s)"
SEPARATOR: Final = "\x1f"
# What an append asks, in one question: the last event, the last price's time, each stream's last
# event, and known keys.
# Names come joined by the separator, which the driver sends ten times as fast as an array. How many
# they are is hidden from the planner in a subquery, so that it plans once instead of each time;
# with a LIMIT for each it cannot join whole tables instead of looking each name up.
AHEAD: Final = f"""
(SELECT 0, {_ALL} FROM events ORDER BY number DESC LIMIT 1)
UNION ALL
(SELECT 3, number, '', 0, '', '', '', recorded_at, '', hash, hash, hash
  FROM prices ORDER BY number DESC LIMIT 1)
UNION ALL
SELECT 1, last.* FROM unnest((SELECT string_to_array(%s, E'\\x1f'))) AS asked(stream)
CROSS JOIN LATERAL (
  SELECT {_ALL} FROM events WHERE events.stream = asked.stream ORDER BY version DESC LIMIT 1
) AS last
UNION ALL
SELECT 2, found.* FROM unnest((SELECT string_to_array(%s, E'\\x1f'))) AS asked(key)
CROSS JOIN LATERAL (
  SELECT {_OF_EVENTS} FROM keys JOIN events USING (number) WHERE keys.key = asked.key LIMIT 1
) AS found"""
RECORDED_BEFORE: Final = (
    "SELECT number, recorded_at FROM events WHERE number <= %s AND recorded_at IS NOT NULL "
    "ORDER BY number DESC LIMIT 1"
)
# How far the index reaches, if what guards it stands as it was made, and it is not empty although
# something was written to it.
STANDING: Final = """
SELECT coalesce((
  SELECT number FROM cursors WHERE name = 'refs'
    AND EXISTS (
      SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      WHERE tgrelid = 'refs'::regclass AND tgname = 'refs_change' AND tgtype = 56
        AND tgenabled = 'A' AND tgqual IS NULL AND proname = 'forget_refs'
    )
    AND (EXISTS (SELECT FROM refs)
      OR EXISTS (SELECT FROM cursors WHERE name = 'refs written' AND number = 0))
), 0) AS upto"""
OF_REF: Final = f"""
WITH standing AS MATERIALIZED ({STANDING})
SELECT standing.upto, found.* FROM standing LEFT JOIN LATERAL (
  SELECT {_OF_EVENTS} FROM (
    SELECT number FROM refs
    WHERE stream = %s AND kind = %s AND id = %s AND number > %s
      AND number <= least(%s, standing.upto)
    ORDER BY number LIMIT %s
  ) AS entries JOIN events USING (number)
) AS found ON true ORDER BY found.number"""
ADD_REFS: Final = """
INSERT INTO refs (stream, kind, id, number)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[])
ON CONFLICT DO NOTHING"""
# Only while it is there: who takes something out of the index takes the cursor along.
MOVE_CURSOR: Final = """
UPDATE cursors SET number = CASE name WHEN 'refs' THEN %s ELSE number + %s END
WHERE name IN ('refs', 'refs written')"""
CLEAR_REFS: Final = "DELETE FROM refs"
RESET_CURSOR: Final = """
INSERT INTO cursors (name, number) VALUES ('refs', 0), ('refs written', 0)
ON CONFLICT (name) DO UPDATE SET number = 0"""
LACKING_REFS: Final = """
SELECT place FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[])
  WITH ORDINALITY AS asked (stream, kind, id, number, place)
LEFT JOIN LATERAL (
  SELECT true AS is_held FROM refs WHERE refs.stream = asked.stream AND refs.kind = asked.kind
    AND refs.id = asked.id AND refs.number = asked.number LIMIT 1
) AS found ON true WHERE is_held IS NULL"""
COUNT_REFS: Final = """
SELECT count(*) FILTER (WHERE number <= %s), count(*) FILTER (WHERE number > %s) FROM refs"""
TRACK: Final = """
INSERT INTO tracking (name, number) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET number = excluded.number"""

LOST_KEYS: Final = """
SELECT events.number, events.stream, events.key FROM events LEFT JOIN keys USING (key)
WHERE events.key IS NOT NULL AND keys.number IS DISTINCT FROM events.number
ORDER BY events.number LIMIT 10"""
STRAY_KEYS: Final = """
SELECT keys.number, '', keys.key FROM keys LEFT JOIN events ON events.number = keys.number
WHERE events.key IS DISTINCT FROM keys.key ORDER BY keys.number LIMIT 10"""
