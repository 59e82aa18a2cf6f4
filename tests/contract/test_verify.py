"""``verify`` names the first bad event, whoever changed the file and however."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadDigestError
from ledger.store.base import LogStore
from ledger.store.chain import hash_of
from ledger.store.memory import MemoryStore
from ledger.store.port import Digest, StreamHead, Verification
from ledger.store.rows import GENESIS, Row
from ledger.store.sqlite import SQLiteStore
from ledger.store.sqlite_module import sqlite3
from ledger.store.sqlite_schema import PROTECTED
from tests.contract.helpers import Clock, fill

TRIGGERS = [name for name in PROTECTED if "_" in name]


@contextmanager
def owner(path: Path) -> Iterator[sqlite3.Connection]:
    """The file in the hands of somebody who may drop its triggers, and puts them back."""
    connection = sqlite3.connect(path)
    for name in TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    for name in TRIGGERS:
        connection.execute(PROTECTED[name])
    connection.commit()
    connection.close()


@pytest.fixture
def filled(sqlite: SQLiteStore) -> SQLiteStore:
    """Nine fills, three in each of three accounts: U1 has numbers 1, 4, 7."""
    sqlite.append([fill(n, f"U{1 + n % 3}") for n in range(9)])
    return sqlite


def first(verification: Verification) -> tuple[int, str]:
    assert not verification.ok
    finding = verification.findings[0]
    return finding.number, finding.stream


def test_an_untouched_log_is_clean(store: LogStore) -> None:
    store.append([fill(n, f"U{n % 2}") for n in range(7)])
    assert store.verify() == store.verify(store.digest()) == Verification(7)


def test_an_empty_log_is_clean(store: LogStore) -> None:
    assert store.verify(store.digest()) == Verification(0)


# ---------------------------------------------------------------------- edits, without a digest

EDITS = {
    "state": "UPDATE events SET state = CAST(replace(state, '5000.25', '5000.35') AS BLOB) {}",
    "one byte more": "UPDATE events SET state = CAST(CAST(state AS TEXT) || ' ' AS BLOB) {}",
    "occurred_at": "UPDATE events SET occurred_at = '2026-03-01T00:00:00.000000Z' {}",
    "recorded_at": "UPDATE events SET recorded_at = '2026-03-02T14:30:03.500000Z' {}",
    "metadata": 'UPDATE events SET metadata = \'{{"actor":"me"}}\' {}',
    "topic": "UPDATE events SET topic = 'fill-busted/1' {}",
    "key": "UPDATE events SET key = key || 'x' {}",
    "no key": "UPDATE events SET key = NULL {}",
    "no times": "UPDATE events SET occurred_at = NULL, recorded_at = NULL {}",
    "version": "UPDATE events SET version = 9 {}",
    "stream": "UPDATE events SET stream = 'U9' {}",
    "previous hash": "UPDATE events SET prev_hash = zeroblob(32) {}",
    "hash": "UPDATE events SET hash = zeroblob(32) {}",
    "short hash": "UPDATE events SET hash = x'00' {}",
    "text that is no UTF-8": "UPDATE events SET topic = CAST(x'66ff' AS TEXT) {}",
    "shifted texts": "UPDATE events SET topic = topic || 'U', key = substr(key, 2) {}",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_event_is_named(filled: SQLiteStore, path: Path, edit: str) -> None:
    with owner(path) as connection:
        connection.execute(edit.format("WHERE number = 4"))
    assert filled.verify().findings[0].number == 4


def test_one_edited_state_is_one_finding(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute(EDITS["state"].format("WHERE number = 4"))
    assert [finding.number for finding in filled.verify().findings] == [4]


def test_a_deleted_event_is_a_gap(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("DELETE FROM events WHERE number = 4")
        connection.execute("DELETE FROM keys WHERE number = 4")
    assert first(filled.verify()) == (5, "U2")


def test_renumbering_after_a_deletion_does_not_hide_it(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("DELETE FROM events WHERE number = 4")
        connection.execute("DELETE FROM keys WHERE number = 4")
        connection.execute("UPDATE events SET number = number - 1 WHERE number > 4")
        connection.execute("UPDATE keys SET number = number - 1 WHERE number > 4")
    assert first(filled.verify()) == (4, "U2")


def test_an_inserted_event_is_named(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute(
            "INSERT INTO events SELECT 10, stream, 4, topic, key || 'x', occurred_at, "
            "'2027-01-01T00:00:00.000000Z', metadata, state, hash, hash FROM events "
            "WHERE number = 7"
        )
        connection.execute("INSERT INTO keys SELECT key, number FROM events WHERE number = 10")
    assert first(filled.verify()) == (10, "U1")


def test_swapped_states_are_named(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        states = dict(connection.execute("SELECT number, state FROM events").fetchall())
        connection.execute("UPDATE events SET state = ? WHERE number = 4", (states[7],))
        connection.execute("UPDATE events SET state = ? WHERE number = 7", (states[4],))
    assert [finding.number for finding in filled.verify().findings] == [4, 7]


def test_swapped_numbers_are_named(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        for old, new in [(4, 99), (5, 4), (99, 5)]:
            connection.execute("UPDATE events SET number = ? WHERE number = ?", (new, old))
    assert filled.verify().findings[0].number == 4


def rechain(connection: sqlite3.Connection, *, gap: bool = False) -> None:
    """Compute all hashes anew, as somebody who knows how would."""
    heads: dict[str, bytes] = {}
    for values in connection.execute("SELECT * FROM events ORDER BY number").fetchall():
        row = Row(*values)
        row = row._replace(prev_hash=heads.get(row.stream, GENESIS))
        heads[row.stream] = digest = hash_of(row)
        connection.execute(
            "UPDATE events SET prev_hash = ?, hash = ? WHERE number = ?",
            (row.prev_hash, digest, row.number),
        )


def test_a_version_left_out_is_named_even_when_rechained(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("UPDATE events SET version = 4 WHERE number = 7")
        rechain(connection)
    assert first(filled.verify()) == (7, "U1")


def test_a_time_that_runs_backwards_is_named_even_when_rechained(
    filled: SQLiteStore, path: Path
) -> None:
    with owner(path) as connection:
        connection.execute(EDITS["recorded_at"].format("WHERE number = 6"))
        rechain(connection)
    assert filled.verify().findings[0].number == 6


# ------------------------------------------------------------- what only a digest can tell


def cut_tail(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events WHERE number > 7")
    connection.execute("DELETE FROM keys WHERE number > 7")


def remove_account(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events WHERE stream = 'U2'")
    connection.execute("DELETE FROM keys WHERE key LIKE 'U2/%'")
    rows = connection.execute("SELECT number FROM events ORDER BY number").fetchall()
    for new, (old,) in enumerate(rows, 1):
        connection.execute("UPDATE events SET number = ? WHERE number = ?", (new, old))
        connection.execute("UPDATE keys SET number = ? WHERE number = ?", (new, old))
    rechain(connection)


def rebuild(connection: sqlite3.Connection) -> None:
    connection.execute(EDITS["state"].format("WHERE number = 4"))
    rechain(connection)


@pytest.mark.parametrize(
    ("attack", "stream"), [(cut_tail, "U2"), (remove_account, "U1"), (rebuild, "U1")]
)
def test_a_clean_looking_forgery_is_found_by_a_digest(
    filled: SQLiteStore,
    path: Path,
    attack: Callable[[sqlite3.Connection], None],
    stream: str,
) -> None:
    digest = filled.digest()
    with owner(path) as connection:
        attack(connection)
    assert filled.verify().ok  # the negative control: nothing inside the file gives it away
    assert stream in {finding.stream for finding in filled.verify(digest).findings}


def test_an_old_digest_does_not_mind_what_came_later(filled: SQLiteStore) -> None:
    digest = filled.digest()
    filled.append([fill("later"), fill("new", "U9")])
    assert filled.verify(digest).ok


# ------------------------------------------------------------------- the other protections


def test_a_key_that_leads_elsewhere_is_a_finding(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("UPDATE keys SET number = 5 WHERE number = 4")
    assert first(filled.verify()) == (4, "U1")


def test_a_key_that_is_gone_is_a_finding(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("DELETE FROM keys WHERE number = 4")
    assert first(filled.verify()) == (4, "U1")


def test_a_key_of_nothing_is_a_finding(filled: SQLiteStore, path: Path) -> None:
    with owner(path) as connection:
        connection.execute("INSERT INTO keys VALUES ('U1/x', 44)")
    assert first(filled.verify()) == (44, "")


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_dropped_protection_is_a_finding(filled: SQLiteStore, path: Path, name: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    assert [finding.what.split()[0] for finding in filled.verify().findings] == [name]


def test_a_damaged_page_is_a_finding(filled: SQLiteStore, path: Path, clock: Clock) -> None:
    filled.append([fill(f"{n:05}", label="x" * 500) for n in range(400)])
    filled.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 20_000)
    with SQLiteStore(path, clock) as store:
        assert not store.verify().ok


COLUMNS = st.sampled_from(Row._fields)


@given(COLUMNS, st.integers(0, 5), st.integers(0, 255), st.integers(1, 255))
def test_any_changed_byte_of_any_column_is_found(
    column: str, place: int, at: int, change: int
) -> None:
    store = MemoryStore(Clock())
    store.append([fill(n, f"U{n % 2}", label="ä") for n in range(6)])
    rows: list[Row] = store.log._rows  # type: ignore[attr-defined]
    old = rows[place]._asdict()
    rows[place] = Row(**old | {column: flipped(old[column], at, change)})
    findings = store.verify().findings
    assert findings
    assert column == "number" or findings[0].number == place + 1


def flipped(value: Any, at: int, change: int) -> object:
    """The value with one byte changed."""
    if isinstance(value, int):
        return value + change
    raw = bytearray(value.encode() if isinstance(value, str) else value or b"\0")
    if not raw:
        return chr(change)
    raw[at % len(raw)] ^= change
    return bytes(raw) if isinstance(value, bytes) else raw.decode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------ digests


def test_a_digest_is_the_last_number_and_every_head(store: LogStore) -> None:
    last = store.append([fill(1), fill(1, "U2"), fill(2)])[-1].recorded
    digest = store.digest()
    assert digest.number == 3
    assert digest.streams["U1"] == StreamHead(2, last.hash)
    assert list(digest.streams) == ["U1", "U2"]


def test_a_digest_survives_as_text(store: LogStore) -> None:
    store.append([fill(1), fill(1, "Zürich/1")])
    assert Digest.from_text(store.digest().to_text()) == store.digest()


GOOD = Digest(3, {"U1": StreamHead(3, "ab" * 32)}).to_text()
FORGED = {
    "empty": "",
    "not JSON": "digest",
    "a number": "3",
    "a list": "[]",
    "nothing in it": "{}",
    "cut": GOOD[:-20],
    "other format": GOOD.replace("digest/1", "digest/2"),
    "other number": GOOD.replace('"number": 3', '"number": 2'),
    "negative number": GOOD.replace('"number": 3', '"number": -3'),
    "number as text": GOOD.replace('"number": 3', '"number": "3"'),
    "number as truth": GOOD.replace('"number": 3', '"number": true'),
    "other hash": GOOD.replace("ab", "ac", 1),
    "short hash": GOOD.replace("ab" * 32, "ab" * 31),
    "capitals": GOOD.replace("ab" * 32, "AB" * 32),
    "no hash": GOOD.replace('"' + "ab" * 32 + '"', "null"),
    "other stream": GOOD.replace("U1", "U2"),
    "no streams": GOOD.replace('{"U1": [3, "' + "ab" * 32 + '"]}', "{}"),
    "streams as list": GOOD.replace('{"U1": [3, "' + "ab" * 32 + '"]}', "[]"),
    "other root": GOOD.replace('"root": "', '"root": "0'),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED.keys())
def test_a_forged_digest_is_not_accepted(text: str) -> None:
    assert text != GOOD
    with pytest.raises(BadDigestError):
        Digest.from_text(text)


def test_another_ledger_s_digest_fits_nothing(store: LogStore) -> None:
    other = MemoryStore(Clock())
    other.append([fill(n, last_px=None) for n in range(3)])
    store.append([fill(n) for n in range(3)])
    assert not store.verify(other.digest()).ok
