"""Prices are protected, proved, copied and carried over as events are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ledger.errors import AlreadyThereError, BadBackupError, BadDigestError, StoreSettingsError
from ledger.store.backup import backup, restore
from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.port import Digest, Mark, StreamHead
from ledger.store.postgres import PostgresStore
from ledger.store.postgres_texts import arrays
from ledger.store.price_rows import KNOWN_POSTGRES, KNOWN_SQLITE
from ledger.store.prices import told_of
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import PRICES, PROTECTED
from tests.contract.helpers import Clock, fill
from tests.contract.test_prices import CLOSE, mark, rate
from tests.postgres import BOT, Place

_ROW = (
    "SELECT {}, about, name, kind, source, at, '99', {}, latest_at, prev_hash, hash FROM prices "
    "WHERE number = 1"
)
_LATER = "'9' || recorded_at"
REFUSED = {
    "update": "UPDATE prices SET px = '99' WHERE number = 2",
    "delete one": "DELETE FROM prices WHERE number = 2",
    "delete the last": "DELETE FROM prices WHERE number = 3",
    "replace": f"REPLACE INTO prices {_ROW.format(2, _LATER)}",
    "insert or ignore": f"INSERT OR IGNORE INTO prices {_ROW.format(2, _LATER)}",
    "a gap": f"INSERT INTO prices {_ROW.format(5, _LATER)}",
    "an earlier time": "INSERT INTO prices " + _ROW.format(4, "'2020-01-01T00:00:00.000000Z'"),
    "a number left to the database": f"INSERT INTO prices {_ROW.format('NULL', _LATER)}",
}


def content(connection: sqlite3.Connection) -> list[object]:
    return connection.execute("SELECT * FROM prices ORDER BY number").fetchall()


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED.keys())
def test_an_attack_is_refused(sqlite: SQLiteStore, path: Path, attack: str) -> None:
    sqlite.record_prices([mark(1), mark(2), rate()])
    stranger = sqlite3.connect(path)
    before = content(stranger)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        stranger.execute(attack)
    stranger.rollback()
    assert content(stranger) == before
    stranger.close()


def test_without_the_triggers_the_same_attacks_succeed(sqlite: SQLiteStore, path: Path) -> None:
    """The negative control."""
    sqlite.record_prices([mark(1), mark(2), rate()])
    succeeded = set()
    for name, attack in REFUSED.items():
        bare = sqlite3.connect(":memory:")
        bare.execute("ATTACH ? AS ledger", (str(path),))
        bare.execute(PRICES)
        bare.execute("INSERT INTO main.prices SELECT * FROM ledger.prices")
        bare.commit()
        bare.execute("DETACH ledger")
        before = content(bare)
        bare.execute(attack)
        if content(bare) != before:
            succeeded.add(name)
        bare.close()
    assert succeeded == REFUSED.keys() - {"insert or ignore"}


@pytest.mark.parametrize(
    "attack",
    ["UPDATE prices SET px = '9'", "DELETE FROM prices", "TRUNCATE prices",
     "INSERT INTO prices " + _ROW.format(5, _LATER)],
)  # fmt: skip
def test_an_attack_on_postgres_is_refused_even_to_the_owner(
    postgres: PostgresStore, url: str, place: Place, attack: str
) -> None:
    postgres.record_prices([mark(1), mark(2), rate()])
    schema = url.rpartition("schema=")[2]
    with psycopg.connect(place.owner) as owner:
        owner.execute(f"SET search_path = {schema}".encode())
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            owner.execute(attack.encode())
    assert postgres.verify(postgres.digest()).ok


@pytest.mark.parametrize("statement", ["UPDATE prices SET px = '9'", "DELETE FROM prices"])
def test_the_role_that_appends_may_not_change(
    postgres: PostgresStore, url: str, place: Place, statement: str
) -> None:
    postgres.record_prices([mark(1)])
    schema = url.rpartition("schema=")[2]
    with psycopg.connect(place.url(schema).partition("?schema")[0].partition("&schema")[0]) as bot:
        bot.execute(f"SET search_path = {schema}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bot.execute(statement.encode())


# ------------------------------------------------------------------------------- proofs


def edited(path: Path, change: str) -> None:
    """Change a file as somebody would who drops what protects it, and puts it back."""
    with sqlite3.connect(path, isolation_level=None) as stranger:
        triggers = [name for name in PROTECTED if name.startswith("prices_")]
        for name in triggers:
            stranger.execute(f"DROP TRIGGER {name}")
        stranger.execute(change)
        for name in triggers:
            stranger.execute(PROTECTED[name])
    stranger.close()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE prices SET px = '9' WHERE number = 2", "price 2 of ESZ6: its columns"),
        ("UPDATE prices SET at = '2020-01-01T00:00:00.000000Z' WHERE number = 2", "price 2 of"),
        ("UPDATE prices SET latest_at = '2' WHERE number = 2", "price 2 of ESZ6: its columns"),
        ("DELETE FROM prices WHERE number = 2", "price 3 of EUR/USD: prices 2 to 2 are missing"),
        ("UPDATE prices SET name = CAST(x'ff' AS TEXT) WHERE number = 2", "price 1: a stored text"),
    ],
)
def test_verify_names_the_price_that_was_changed(path: Path, change: str, what: str) -> None:
    with SQLiteStore(path, Clock()) as store:
        store.record_prices([mark(1), mark(2), rate()])
    edited(path, change)
    with SQLiteStore(path, Clock(), audit=True) as store:
        [first, *_] = store.verify().findings
    assert first.what.startswith(what)


@pytest.mark.parametrize("short", [False, True])
def test_a_digest_finds_a_tail_that_was_cut(path: Path, short: bool) -> None:
    with SQLiteStore(path, Clock()) as store:
        store.record_prices([mark(1), mark(2), rate()])
        digest: Digest | Mark = store.digest().mark if short else store.digest()
    edited(path, "DELETE FROM prices WHERE number = 3")
    with SQLiteStore(path, Clock()) as store:
        assert store.verify().ok
        assert "the prices end at 2, and the digest knows 3" in str(store.verify(digest).findings)


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("events", [0, 1])
def test_a_digest_finds_prices_that_were_made_anew(
    store: LogStore, short: bool, events: int
) -> None:
    other = MemoryStore(Clock())
    for one, px in ((store, 1), (other, 2)):
        one.append([fill(n) for n in range(events)])
        one.record_prices([mark(px)])
    digest: Digest | Mark = other.digest().mark if short else other.digest()
    assert store.verify().ok
    assert not store.verify(digest).ok


def test_a_digest_from_before_is_still_good(store: LogStore) -> None:
    store.append([fill(1)])
    store.record_prices([mark(1)])
    before = store.digest()
    store.record_prices([mark(2)])
    store.append([fill(2)])
    assert store.verify(before).ok
    assert store.verify(before.mark).ok


def test_a_digest_without_prices_reads_as_before(store: LogStore) -> None:
    """Text, root and short form are those of a version that knew no prices."""
    store.append([fill(1)])
    digest = store.digest()
    assert '"format": "tradeledger-digest/1"' in digest.to_text()
    assert "prices" not in digest.to_text()
    assert "+" not in digest.mark.to_text()
    assert Digest.from_text(digest.to_text()) == digest


def test_a_digest_with_prices_is_read_again(store: LogStore) -> None:
    store.record_prices([mark(1)])
    digest = store.digest()
    assert Digest.from_text(digest.to_text()) == digest
    assert Mark.from_text(digest.mark.to_text()) == digest.mark


def test_a_digest_is_refused_when_its_prices_were_changed() -> None:
    text = Digest(0, {}, StreamHead(1, "ab" * 32)).to_text()
    with pytest.raises(BadDigestError):
        Digest.from_text(text.replace("abab", "acac", 1))


# ------------------------------------------------------------------------------- backups


def test_a_backup_holds_the_prices(store: LogStore, tmp_path: Path) -> None:
    store.append([fill(1)])
    store.record_prices([mark(1), mark(2), rate()])
    digest = backup(store, tmp_path / "copy.db")
    anew = MemoryStore(Clock())
    assert restore(tmp_path / "copy.db", anew) == digest == store.digest()
    assert list(anew.prices()) == list(store.prices())


def test_a_backup_is_restored_into_every_store(store: LogStore, tmp_path: Path) -> None:
    source = MemoryStore(Clock())
    source.record_prices([mark(n) for n in range(5)])
    digest = backup(source, tmp_path / "copy.db")
    assert restore(tmp_path / "copy.db", store) == store.digest() == digest
    assert [one.restates for one in store.record_prices([mark(9)])] == [5]


def test_only_a_store_without_prices_is_restored_into(store: LogStore, tmp_path: Path) -> None:
    backup(MemoryStore(Clock()), tmp_path / "copy.db")
    store.record_prices([mark(1)])
    with pytest.raises(AlreadyThereError, match="1 prices"):
        restore(tmp_path / "copy.db", store)


def test_a_backup_with_a_changed_price_is_refused(path: Path) -> None:
    source = MemoryStore(Clock())
    source.record_prices([mark(1)])
    backup(source, path)
    edited(path, "UPDATE prices SET px = '9'")
    with pytest.raises(BadBackupError, match="price 1 of ESZ6"):
        restore(path, MemoryStore(Clock()))


# --------------------------------------------------------------- stores of the first version


def aged(path: Path) -> None:
    """A file as the first version made it."""
    with sqlite3.connect(path, isolation_level=None) as old:
        old.execute("DROP TABLE prices")
        old.execute("PRAGMA user_version = 1")
    old.close()


@pytest.fixture
def old(path: Path) -> Path:
    with SQLiteStore(path, Clock()) as store:
        store.append([fill(1), fill(2)])
    aged(path)
    return path


def test_an_old_file_is_opened_and_goes_on(old: Path) -> None:
    with SQLiteStore(old, Clock()) as store:
        before = store.digest()
        store.record_prices([mark(1)])
        store.append([fill(3)])
        assert store.verify(before).ok
    with SQLiteStore(old, Clock()) as store:
        assert store.price("ESZ6") is not None


def test_an_old_file_is_audited_and_left_as_it_is(old: Path) -> None:
    content = old.read_bytes()
    with SQLiteStore(old, Clock(), audit=True) as store:
        assert store.verify(store.digest()).ok
        assert store.price("ESZ6") is None
        assert not list(store.prices())
        assert store.digest().prices is None
    assert old.read_bytes() == content


def test_an_old_file_is_backed_up_and_restored(old: Path, tmp_path: Path) -> None:
    with SQLiteStore(old, Clock(), audit=True) as store:
        digest = backup(store, tmp_path / "copy.db")
    aged(tmp_path / "copy.db")
    assert restore(tmp_path / "copy.db", MemoryStore(Clock())) == digest


def test_an_old_file_without_protections_is_not_brought_on(old: Path) -> None:
    with sqlite3.connect(old) as stranger:
        stranger.execute("DROP TRIGGER events_no_update")
    stranger.close()
    with pytest.raises(StoreSettingsError, match="events_no_update"):
        SQLiteStore(old, Clock())
    with SQLiteStore(old, Clock(), audit=True) as store:
        assert "events_no_update" in str(store.verify().findings)


def test_a_file_that_says_it_is_old_and_has_prices_is_found_out(path: Path) -> None:
    with SQLiteStore(path, Clock()) as store:
        store.record_prices([mark(1)])
    with sqlite3.connect(path) as stranger:
        stranger.execute("PRAGMA user_version = 1")
    stranger.close()
    with SQLiteStore(path, Clock(), audit=True) as store:
        assert "prices was removed or changed" in str(store.verify().findings)


@pytest.fixture
def owned(place: Place, url: str) -> str:
    """A PostgreSQL store as the first version made it, with two events in it."""
    with PostgresStore(url, Clock()) as store:
        store.append([fill(1), fill(2)])
    schema = url.rpartition("schema=")[2]
    with psycopg.connect(place.owner) as owner:
        owner.execute(f"SET search_path = {schema}".encode())
        owner.execute("DROP TABLE prices")
        owner.execute("DROP FUNCTION prices_grow")
        owner.execute("DELETE FROM migrations WHERE version = 2")
    return url.replace(BOT, place.owner.partition("//")[2].partition(":")[0])


def test_an_old_postgres_store_is_brought_on_by_its_owner(owned: str, url: str) -> None:
    with pytest.raises(StoreSettingsError, match="open it once as the owner"):
        PostgresStore(url, Clock())
    with PostgresStore(owned, Clock()) as store:
        assert store.verify(store.digest()).ok
    with PostgresStore(url, Clock()) as store:  # the role that appends may now add prices
        store.record_prices([mark(1)])
        store.append([fill(3)])
        assert store.verify(store.digest()).ok


def test_an_old_postgres_store_is_audited(owned: str, url: str, tmp_path: Path) -> None:
    del owned
    with PostgresStore(url, Clock(), audit=True) as store:
        assert store.verify(store.digest()).ok
        assert store.price("ESZ6") is None
        assert backup(store, tmp_path / "copy.db") == store.digest()


@pytest.mark.parametrize("lost", ["prices_held", "prices_of"])
def test_an_index_that_is_gone_is_made_again(
    path: Path, lost: str, clock: Callable[[], object]
) -> None:
    del clock
    with SQLiteStore(path, Clock()) as store:
        store.record_prices([mark(1)])
    with sqlite3.connect(path) as stranger:
        stranger.execute(f"DROP INDEX {lost}")
    stranger.close()
    with SQLiteStore(path, Clock()) as store:
        found = store.log.query("SELECT name FROM sqlite_schema WHERE name = ?", (lost,))  # type: ignore[attr-defined]
    assert found == [(lost,)]


# ------------------------------------------------------------------------------- plans


def test_postgres_finds_what_is_known_by_the_index(postgres: PostgresStore) -> None:
    """Not by a walk through all prices of the name, which grow with every import."""
    told = [told_of(mark(n, at=CLOSE + timedelta(seconds=n))) for n in range(200)]
    postgres.record_prices([mark(n, at=CLOSE + timedelta(seconds=n)) for n in range(200)])
    with postgres.log.writing():
        rows = postgres.log.query(f"EXPLAIN {KNOWN_POSTGRES}", arrays(told))  # type: ignore[attr-defined]
    plan = "\n".join(row[0] for row in rows)
    assert "prices_held" in plan
    assert "Seq Scan" not in plan
    assert "Index Cond: ((about = asked.about)" in plan


def test_sqlite_finds_what_is_known_by_the_index(sqlite: SQLiteStore) -> None:
    asked = json.dumps([told_of(mark(1))])
    rows = sqlite.log.query(f"EXPLAIN QUERY PLAN {KNOWN_SQLITE}", (asked,))  # type: ignore[attr-defined]
    plan = "\n".join(row[3] for row in rows)
    assert plan.count("prices_held (about=? AND name=? AND kind=? AND at>? AND at<?)") == 2
    assert "SCAN prices" not in plan
