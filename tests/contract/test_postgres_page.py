"""What the how-to about PostgreSQL shows is so, on a server and with the roles it speaks of."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import psycopg

import ledger
from ledger.store.port import AlreadyAppended
from ledger.store.postgres_connection import target_of
from tests.architecture.sources import ROOT
from tests.contract.helpers import fill
from tests.postgres import BOT, OWNER, Place

PAGE = (ROOT / "docs" / "how-to" / "postgresql.md").read_text("utf-8")


def blocks() -> list[str]:
    return re.findall(r"^```python skip\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_blocks_run(place: Place) -> None:
    url = place.url(place.new(), OWNER)
    names: dict[str, Any] = {}
    for block in blocks():
        exec(block.replace("postgresql://me@localhost/books", url), names)
    with ledger.open(url) as book:
        assert len(names["record"](book, [fill(1)])) == 1
        [again] = names["record"](book, [fill(1)])
        assert isinstance(again, AlreadyAppended)
    place.drop(url)


def test_the_printed_script_makes_a_store_for_the_role(place: Place) -> None:
    schema = place.new()
    command = [sys.executable, "-m", "ledger.store.postgres_schema", schema, BOT]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(printed.stdout.encode())
    with ledger.open(place.url(schema)) as book:
        book.open_account("U1", base_currency="USD")
    place.drop(place.url(schema))


def test_the_rights_are_those_of_the_table(place: Place, url: str) -> None:
    """The page lists every right the role has, and no right more."""
    schema = target_of(url).schema
    with psycopg.connect(place.owner) as owner:
        query = (
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
            "WHERE table_schema = %s AND grantee = %s AND privilege_type <> 'SELECT'"
        )
        whole = set(owner.execute(query, [schema, BOT]).fetchall())
        query = (
            "SELECT DISTINCT table_name FROM information_schema.role_column_grants "
            "WHERE table_schema = %s AND grantee = %s AND privilege_type = 'INSERT'"
        )
        columns = {table for (table,) in owner.execute(query, [schema, BOT])}
    derived = {"refs", "cursors", "tracking"}
    changed = {(t, verb) for t in derived for verb in ("INSERT", "UPDATE", "DELETE")}
    assert whole == changed | {("checkpoints", "INSERT"), ("checkpoints", "DELETE")}
    assert columns == {"events", "keys", "prices", "checkpoints"} | derived
