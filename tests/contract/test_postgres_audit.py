"""A PostgreSQL store that nothing protects any more is still read, to say what is wrong with it."""

from __future__ import annotations

import psycopg
import pytest

import ledger
from ledger.errors import StoreError, StoreSettingsError
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from tests.contract.helpers import Clock, fill
from tests.postgres import OWNER, Place

EDIT = "UPDATE events SET recorded_at = '2026-03-01T00:00:00.000000Z' WHERE number = 2"
DISABLE = "ALTER TABLE events DISABLE TRIGGER events_no_change"


@pytest.fixture
def kept(url: str, clock: Clock) -> str:
    """The url of a store of three fills."""
    with PostgresStore(url, clock) as store:
        store.append([fill(n) for n in range(3)])
    return url


def change(place: Place, url: str, *statements: str) -> None:
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"SET search_path = {target_of(url).schema}".encode())
        for statement in statements:
            owner.execute(statement.encode())


def found(url: str, clock: Clock) -> list[tuple[int, str]]:
    with PostgresStore(url, clock, audit=True) as store:
        return [(one.number, one.what) for one in store.verify().findings]


def test_an_untouched_store_is_clean(kept: str, clock: Clock) -> None:
    with PostgresStore(kept, clock, audit=True) as store:
        assert store.verify(store.digest()).ok
        assert len(list(store.refs("U1", "instrument", "ESZ6"))) == 3


def test_a_removed_trigger_and_an_edit_behind_it_are_found(
    kept: str, place: Place, clock: Clock
) -> None:
    change(place, kept, DISABLE, EDIT)
    with pytest.raises(StoreSettingsError, match="run 'tradeledger verify'"):
        PostgresStore(kept, clock)
    (number, what), (_, lost) = found(kept, clock)
    assert (number, "hash is another" in what, "events_no_change" in lost) == (2, True, True)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DROP TABLE keys", "keys"),
        ("DROP TABLE events CASCADE", "events"),
        ("ALTER TABLE events RENAME COLUMN hash TO digest", "events"),
    ],
)
def test_a_changed_table_is_a_finding(
    kept: str, place: Place, clock: Clock, statement: str, name: str
) -> None:
    change(place, kept, statement)
    told = [what for _, what in found(kept, clock)]
    assert any(what.startswith(f"{name} was removed, added or changed") for what in told)


def test_nothing_can_be_written(kept: str, place: Place, clock: Clock) -> None:
    owner = place.url(target_of(kept).schema, OWNER)
    with PostgresStore(owner, clock, audit=True) as store:
        with pytest.raises(StoreError, match="open to be audited"):
            store.append([fill("more")])
        with pytest.raises(StoreSettingsError, match="read-only"):
            store.log.query("DELETE FROM refs")  # type: ignore[attr-defined]
        assert store.head() == 3


def test_nothing_is_made(place: Place, clock: Clock) -> None:
    url = place.url(place.new(), OWNER)
    with pytest.raises(StoreSettingsError, match="not a ledger: there is nothing in it"):
        PostgresStore(url, clock, audit=True)
    with psycopg.connect(place.owner) as owner:
        query = "SELECT count(*) FROM pg_namespace WHERE nspname = %s"
        assert owner.execute(query, [target_of(url).schema]).fetchone() == (0,)


def test_a_book_is_opened_so(kept: str, place: Place) -> None:
    change(place, kept, DISABLE)
    with ledger.open(kept, audit=True) as book:
        assert not book.verify().ok
        assert len(list(book.log("U1"))) == 3
