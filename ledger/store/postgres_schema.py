"""The tables of a PostgreSQL store as plain, versioned SQL, and what protects them.

A store lives in one schema of a database. :func:`script` is the whole of it for ``psql``: the
owner runs it once, and the role that appends needs no right to make or change a table.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from ledger.errors import StoreSettingsError
from ledger.store import postgres_price_schema as prices
from ledger.store.saved_rows import POSTGRES as CHECKPOINTS

SCHEMA_VERSION: Final = 2
"""1 had no prices."""

DEFAULT_SCHEMA: Final = "tradeledger"

EVENTS: Final = """
CREATE TABLE events (
  number bigint PRIMARY KEY,
  stream text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  topic text COLLATE "C" NOT NULL,
  key text COLLATE "C",
  occurred_at text COLLATE "C",
  recorded_at text COLLATE "C",
  metadata text COLLATE "C" NOT NULL,
  state bytea NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  UNIQUE (stream, version)
);
CREATE TABLE keys (
  key text COLLATE "C" PRIMARY KEY,
  number bigint NOT NULL
);
"""

# Numbers come one after the other, whoever inserts: so a reader that has seen a number has seen
# all before it. A check of the whole statement, since one of each row costs COPY its speed.
GROW: Final = """
DECLARE
  low bigint;
  high bigint;
  many bigint;
BEGIN
  SELECT min(number), max(number), count(*) INTO low, high, many FROM added;
  IF many > 0 AND (
    many <> high - low + 1
    OR low <> 1 + coalesce((SELECT max(number) FROM events WHERE number < low), 0)
    OR high <> (SELECT max(number) FROM events)
    OR EXISTS (
      SELECT FROM (SELECT stream, min(version) AS first FROM added GROUP BY stream) AS grown
      WHERE first <= (
        SELECT version FROM events WHERE events.stream = grown.stream AND number < low
        ORDER BY version DESC LIMIT 1
      )
    )
  ) THEN
    RAISE EXCEPTION 'append-only: events are added at the end'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
"""

REFUSE: Final = """
BEGIN
  RAISE EXCEPTION 'append-only: % are never changed', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END
"""

# Other programs' states may be no UTF-8; then the bytes beyond ASCII come escaped.
READABLE: Final = """
BEGIN
  RETURN convert_from(state, 'UTF8');
EXCEPTION WHEN OTHERS THEN
  RETURN encode(state, 'escape');
END
"""

FUNCTIONS: Final = {"events_grow": GROW, "prices_grow": prices.GROW, "refuse_change": REFUSE}
"""What the triggers run; the bodies must be found as they are here."""

TRIGGERS: Final[dict[str, tuple[str, str, int]]] = {
    "events_grow": ("events", "events_grow", 4),
    "events_no_change": ("events", "refuse_change", 58),
    "keys_no_change": ("keys", "refuse_change", 58),
    "prices_grow": ("prices", "prices_grow", 4),
    "prices_no_change": ("prices", "refuse_change", 58),
}
"""Each trigger's table, function and ``pg_trigger.tgtype``: 4 is after an insert, by statement,
58 is before an update, delete or truncate, by statement."""

_PROTECTION = f"""
CREATE FUNCTION events_grow() RETURNS trigger LANGUAGE plpgsql
  SET search_path FROM CURRENT AS $${GROW}$$;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $${REFUSE}$$;
CREATE TRIGGER events_grow AFTER INSERT ON events
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION events_grow();
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keys_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_grow;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_change;
ALTER TABLE keys ENABLE ALWAYS TRIGGER keys_no_change;
"""

# Whoever takes something out of the index of references has it made anew: it is a cache.
FORGET: Final = """
BEGIN
  DELETE FROM cursors WHERE name = 'refs';
  RETURN NULL;
END
"""

DERIVED: Final = ("refs", "cursors", "tracking", "checkpoints", "journal")
"""What is made again when it is gone."""

_DERIVED = f"""
CREATE TABLE IF NOT EXISTS refs (
  stream text COLLATE "C", kind text COLLATE "C", id text COLLATE "C", number bigint,
  PRIMARY KEY (stream, kind, id, number)
);
CREATE TABLE IF NOT EXISTS cursors (name text COLLATE "C" PRIMARY KEY, number bigint NOT NULL);
CREATE TABLE IF NOT EXISTS tracking (name text COLLATE "C" PRIMARY KEY, number bigint NOT NULL);
{CHECKPOINTS}CREATE OR REPLACE FUNCTION forget_refs() RETURNS trigger LANGUAGE plpgsql
  SET search_path FROM CURRENT AS $${FORGET}$$;
DROP TRIGGER IF EXISTS refs_change ON refs;
CREATE TRIGGER refs_change AFTER UPDATE OR DELETE OR TRUNCATE ON refs
  FOR EACH STATEMENT EXECUTE FUNCTION forget_refs();
ALTER TABLE refs ENABLE ALWAYS TRIGGER refs_change;
CREATE OR REPLACE FUNCTION readable(state bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE
  AS $${READABLE}$$;
CREATE OR REPLACE VIEW journal AS
SELECT number, stream, version, topic, key, occurred_at, recorded_at, metadata,
  readable(state) AS state, encode(prev_hash, 'hex') AS prev_hash, encode(hash, 'hex') AS hash
FROM events;
"""

_MENDED = f"{_DERIVED}DELETE FROM cursors WHERE name = 'refs';\n"

MIGRATIONS: Final[tuple[str, ...]] = (
    f"""
CREATE TABLE migrations (
  version integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);
{EVENTS}{_PROTECTION}{_DERIVED}
INSERT INTO migrations (version) VALUES (1);
""",
    f"""
{prices.MIGRATION}
INSERT INTO migrations (version) VALUES (2);
""",
)
"""What leads from each version to the next; the first makes an empty store."""

_COLUMNS = (
    "number, stream, version, topic, key, occurred_at, recorded_at, metadata, state, prev_hash, "
    "hash"
)
_NAME = re.compile("[a-z_][a-z0-9_]{0,62}")


def require_name(what: str, name: str) -> str:
    """A name of a schema or role that needs no quotes; else ``StoreSettingsError``."""
    if not _NAME.fullmatch(name) or name.startswith("pg_"):
        raise StoreSettingsError(
            f"{what} {name!r} is no plain name: use at most 63 of a-z, 0-9 and _, not first a "
            "digit or pg_"
        )
    return name


def script(schema: str = DEFAULT_SCHEMA, role: str | None = None) -> str:
    """All statements that make a store, in one transaction; ``role`` may then append and read.

    >>> print(script("books", "bot")[:67])
    BEGIN;
    CREATE SCHEMA books;
    SET LOCAL search_path = books, pg_temp;
    """
    require_name("schema", schema)
    granted = grants(schema, role) if role else ""
    steps = "".join(MIGRATIONS)
    return f"BEGIN;\nCREATE SCHEMA {schema};\n{_path(schema)}{steps}{granted}COMMIT;\n"


def upgrade(schema: str, version: int) -> Iterator[str]:
    """The statements that lead from a version to the present one; the schema first, from 0."""
    require_name("schema", schema)
    if version == 0:
        yield f"CREATE SCHEMA IF NOT EXISTS {schema};\n"
    yield _path(schema)
    yield from MIGRATIONS[version:]


def mend(schema: str) -> str:
    """The statements that make again what is derived, with an index that is not trusted."""
    require_name("schema", schema)
    return f"{_path(schema)}{_MENDED}"


def grants(schema: str, role: str) -> str:
    """What a role needs to append and read: to add events, never to change or remove one."""
    require_name("role", role)
    return f"""
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT INSERT ({_COLUMNS}) ON {schema}.events TO {role};
GRANT INSERT (key, number) ON {schema}.keys TO {role};
GRANT INSERT ({prices.COLUMNS}) ON {schema}.prices TO {role};
GRANT INSERT, UPDATE, DELETE ON {schema}.refs, {schema}.cursors, {schema}.tracking TO {role};
GRANT INSERT, DELETE ON {schema}.checkpoints TO {role};
"""


def _path(schema: str) -> str:
    return f"SET LOCAL search_path = {schema}, pg_temp;\n"


if __name__ == "__main__":
    sys.stdout.write(script(*sys.argv[1:]))

__all__ = [
    "DEFAULT_SCHEMA", "DERIVED", "FUNCTIONS", "MIGRATIONS", "SCHEMA_VERSION", "TRIGGERS", "grants",
    "require_name", "script", "upgrade",
]  # fmt: skip
