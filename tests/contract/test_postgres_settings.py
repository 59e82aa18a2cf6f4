"""A PostgreSQL server that could not keep its word is not used, and says so by name."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

import ledger
from ledger.errors import (
    BadTextError,
    LedgerError,
    StoreBusyError,
    StoreSettingsError,
    StoreUnavailableError,
    UnknownStoreError,
)
from ledger.store import postgres_checks
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import APPLICATION, connect, target_of
from tests.contract.helpers import HAPPENED, Clock, fill
from tests.postgres import BOT, ENVIRONMENT, OWNER, Place, find_binaries, server
from tests.postgres import place as a_place

WRONG = [
    ("synchronous_commit", "off"),
    ("synchronous_commit", "local"),
    ("synchronous_commit", "remote_write"),
    ("client_encoding", "LATIN1"),
    ("standard_conforming_strings", "off"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_isolation", "repeatable read"),
    ("lock_timeout", "0"),
]


@pytest.mark.parametrize(("setting", "value"), WRONG)
def test_a_wrong_setting_is_refused(url: str, setting: str, value: str) -> None:
    with connect(target_of(url), busy_seconds=5) as connection:
        postgres_checks.require_settings(connection, "here")
        connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
        with pytest.raises(StoreSettingsError, match=setting):
            postgres_checks.require_settings(connection, "here")


@pytest.mark.parametrize(("setting", "value"), [(s, v) for s, v in WRONG if s != "client_encoding"])
def test_what_a_role_or_url_brings_along_is_set_right(
    url: str, clock: Clock, setting: str, value: str
) -> None:
    brought = f"{url}&options=-c%20{setting}%3D{value.replace(' ', chr(92) + ' ')}"
    with PostgresStore(brought, clock) as store:
        store.append([fill(1)])


def test_an_encoding_that_a_url_asks_for_is_refused(url: str, clock: Clock) -> None:
    with pytest.raises(StoreSettingsError, match="client_encoding"):
        PostgresStore(f"{url}&client_encoding=LATIN1", clock)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_sync_is_refused(setting: str, clock: Clock) -> None:
    with server(settings={setting: "off"}) as careless:
        url = Place(careless.url("postgres")).url("books", OWNER)
        with pytest.raises(StoreSettingsError, match=setting):
            PostgresStore(url, clock)


def test_a_server_that_is_too_old_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_checks, "OLDEST", 990_000)
    with pytest.raises(StoreSettingsError, match="99 is needed"):
        connect(target_of(url), busy_seconds=5)


def test_a_writer_that_does_not_finish_is_waited_for_only_so_long(url: str, clock: Clock) -> None:
    lock = "SELECT pg_advisory_xact_lock(%s, %s)"
    with PostgresStore(url, clock, busy_seconds=1) as store:
        with connect(target_of(url), busy_seconds=5) as other, other.transaction():
            other.execute(lock, (APPLICATION, target_of(url).lock))
            with pytest.raises(StoreBusyError, match="try again"):
                store.append([fill(1)])
            assert store.head() == 0
        store.append([fill(1)])
        assert store.head() == 1


# ----------------------------------------------------------------------------- where a store is


def test_an_owner_s_store_is_made_on_first_use(place: Place, clock: Clock) -> None:
    url = place.url(place.new(), OWNER)
    with PostgresStore(url, clock) as store:
        store.append([fill(1)])
        digest = store.digest()
    with PostgresStore(url, clock) as store:
        assert store.verify(digest).ok
    place.drop(url)


def test_stores_that_are_opened_at_once_are_made_once(place: Place) -> None:
    url = place.url(place.new(), OWNER)
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: PostgresStore(url, Clock()), range(8)))
    assert {store.head() for store in stores} == {0}
    for store in stores:
        store.close()
    place.drop(url)


def test_a_role_that_may_not_make_a_store_is_told_what_to_do(place: Place, clock: Clock) -> None:
    with pytest.raises(StoreSettingsError, match=r"postgresql\.md"):
        PostgresStore(place.url(place.new(), BOT), clock)


def test_another_program_s_tables_are_no_ledger(place: Place, clock: Clock) -> None:
    url = place.url(place.new(), OWNER)
    schema = target_of(url).schema
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"CREATE SCHEMA {schema}".encode())
        owner.execute(f"CREATE TABLE {schema}.events (id int)".encode())
    with pytest.raises(StoreSettingsError, match="not a ledger"):
        PostgresStore(url, clock)
    place.drop(url)


def test_a_newer_version_s_tables_are_not_touched(place: Place, clock: Clock) -> None:
    url = place.url(place.new(), OWNER)
    PostgresStore(url, clock).close()
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"INSERT INTO {target_of(url).schema}.migrations VALUES (7)".encode())
    with pytest.raises(StoreSettingsError, match="version 7"):
        PostgresStore(url, clock)
    place.drop(url)


def test_two_stores_in_one_database_do_not_meet(place: Place, url: str, clock: Clock) -> None:
    other = place.prepared()
    with PostgresStore(url, clock) as one, PostgresStore(other, clock) as two:
        one.append([fill(1)])
        assert two.append([fill(1)])[0].recorded.number == 1
        assert target_of(url).lock != target_of(other).lock
    place.drop(other)


def test_a_book_is_opened_by_its_url(url: str) -> None:
    with ledger.open(url) as book:
        book.open_account("U1", base_currency="USD")
    with ledger.open(url) as book:
        assert book.balances("U1") == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:s3cret@localhost:notaport/db",
        "postgresql://bot:s3cret@[::1/db",
        "postgresql://bot:s3cret@/db?schema=tradeledger&nonsense=1",
        "postgresql://bot:s3cret@/db?schema",
        "postgresql://bot:s3cret@/db?schema=a.b",
        "postgresql://bot:s3cret@/db?schema=pg_catalog",
        "postgresql://bot:s3cret@/db?schema=Books",
        "postgresql://bot:s3cret@/db?host=/nowhere",
        "postgresql://bot:s3cret@127.0.0.1:1/db",
        "postgre://bot:s3cret@localhost/db",
    ],
)
def test_a_url_that_leads_nowhere_does_not_show_its_password(url: str) -> None:
    with pytest.raises((UnknownStoreError, StoreSettingsError, StoreUnavailableError)) as caught:
        ledger.open(url)
    assert "s3cret" not in str(caught.value)


def test_a_driver_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ledger.store.postgres", None)
    with pytest.raises(UnknownStoreError, match=r"tradeledger\[postgres\]"):
        ledger.open("postgresql://localhost/db")


def test_the_driver_is_not_loaded_before_it_is_needed() -> None:
    code = "import ledger, sys; assert not any(m.startswith('psycopg') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# ----------------------------------------------------------------------- what cannot be kept


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "a\x1fb"])
def test_what_postgresql_cannot_hold_is_not_in_it(postgres: PostgresStore, name: str) -> None:
    postgres.append([fill(1)])
    assert list(postgres.read(name)) == list(postgres.refs(name, "order", name)) == []
    assert postgres.version(name) == 0
    assert postgres.by_key([name, fill(1).key]).keys() == {fill(1).key}
    with pytest.raises(BadTextError):
        postgres.append([fill(2)._replace(key=name)])


def test_pages_of_time_are_found(postgres: PostgresStore) -> None:
    postgres.append([fill(n) for n in range(120)])
    last = list(postgres.read_all())[-1].recorded_at
    assert postgres.number_at(last - timedelta(seconds=20)) == 100
    assert postgres.number_at(HAPPENED) == 0


# ------------------------------------------------------------------------- the server for tests


def test_without_a_server_the_tests_fail_and_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr("tests.postgres._from_package", lambda: iter(()))
    monkeypatch.setattr("tests.postgres._from_system", list)
    with pytest.raises(LookupError, match="make setup"), a_place():
        pass


def test_the_binaries_are_found() -> None:
    assert (find_binaries() / "postgres").is_file()


def test_errors_are_those_of_the_library() -> None:
    assert issubclass(StoreUnavailableError, LedgerError)
