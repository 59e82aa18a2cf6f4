"""The table of prices in a PostgreSQL store as plain SQL, and what protects it."""

from __future__ import annotations

from typing import Final

from ledger.store.price_rows import COLUMNS

TABLE: Final = """
CREATE TABLE prices (
  number bigint PRIMARY KEY,
  about text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  at text COLLATE "C" NOT NULL,
  px text COLLATE "C" NOT NULL,
  recorded_at text COLLATE "C" NOT NULL UNIQUE,
  latest_at text COLLATE "C" NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL
);
"""

GROW: Final = """
DECLARE
  low bigint;
  high bigint;
  many bigint;
BEGIN
  SELECT min(number), max(number), count(*) INTO low, high, many FROM added;
  IF many > 0 AND (
    many <> high - low + 1
    OR low <> 1 + coalesce((SELECT max(number) FROM prices WHERE number < low), 0)
    OR high <> (SELECT max(number) FROM prices)
    OR (SELECT min(recorded_at) FROM added)
      <= (SELECT recorded_at FROM prices WHERE number < low ORDER BY number DESC LIMIT 1)
  ) THEN
    RAISE EXCEPTION 'append-only: prices are added at the end'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
"""

PROTECTION: Final = f"""
CREATE INDEX prices_held ON prices (about, name, kind, at, number);
CREATE INDEX prices_of ON prices ((about || ' ' || name), number);
CREATE FUNCTION prices_grow() RETURNS trigger LANGUAGE plpgsql
  SET search_path FROM CURRENT AS $${GROW}$$;
CREATE TRIGGER prices_grow AFTER INSERT ON prices
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION prices_grow();
CREATE TRIGGER prices_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON prices
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE prices ENABLE ALWAYS TRIGGER prices_grow;
ALTER TABLE prices ENABLE ALWAYS TRIGGER prices_no_change;
"""

# Whoever may add events when a store gets prices may add those, too.
GRANTS: Final = f"""
DO $$
DECLARE
  allowed record;
BEGIN
  FOR allowed IN SELECT DISTINCT grantee::regrole AS role FROM pg_attribute, aclexplode(attacl)
    WHERE attrelid = 'events'::regclass AND attname = 'number' AND privilege_type = 'INSERT'
      AND grantee <> 0
  LOOP
    EXECUTE format(
      'GRANT SELECT, INSERT ({COLUMNS}) ON prices TO %s', allowed.role
    );
  END LOOP;
END
$$;
"""

MIGRATION: Final = f"{TABLE}{PROTECTION}{GRANTS}"
"""What brings a store of the first version to the second."""

__all__ = ["COLUMNS", "GROW", "MIGRATION"]
