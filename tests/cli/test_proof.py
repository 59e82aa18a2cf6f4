"""Proving: what verify finds, what a digest adds, what the doctor sees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger.store.sqlite_module import sqlite3
from tests.cli.running import Run


def tamper(statement: str) -> None:
    """Change the file as somebody would who knows how to get past its protections."""
    connection = sqlite3.connect("tradeledger.db", isolation_level=None)
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    kept = triggers.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    for _, sql in kept:
        connection.execute(sql)
    connection.close()


def test_an_honest_history_is_clean(books: Run) -> None:
    assert books("verify").out == "clean in 22 events\n"


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE events SET state = CAST(replace(CAST(state AS TEXT), '9.98', '9.97') AS BLOB) "
        "WHERE number = 13",
        "UPDATE events SET occurred_at = '2026-03-03T16:20:46+00:00' WHERE number = 13",
    ],
)
def test_an_edited_event_is_named(books: Run, edit: str) -> None:
    tamper(edit)
    done = books("verify", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    assert done.json["findings"][0]["number"] == 13


def unprotect(*statements: str) -> None:
    """Change the file as somebody would who leaves it without its triggers."""
    connection = sqlite3.connect("tradeledger.db", isolation_level=None)
    for statement in ("DROP TRIGGER events_no_update", *statements):
        connection.execute(statement)
    connection.close()


def test_a_file_without_its_triggers_is_a_finding(books: Run) -> None:
    unprotect()
    done = books("verify", "--json")
    lost = "events_no_update was removed or changed: history is not protected"
    assert (done.code, [one["what"] for one in done.json["findings"]]) == (1, [lost])


def test_what_was_edited_without_the_triggers_is_named_too(books: Run) -> None:
    unprotect("UPDATE events SET metadata = '' WHERE number = 9")
    done = books("verify")
    assert (done.code, "2 findings in 22 events" in done.out) == (1, True)
    assert "     9  demo     its bytes or columns were changed" in done.out


def test_a_digest_is_compared_with_it_as_well(books: Run) -> None:
    books("digest", "--out", "kept.json")
    unprotect("UPDATE events SET metadata = '' WHERE number = 9")
    assert books("verify", "--against", "kept.json").code == 1


@pytest.mark.parametrize(
    "asked", [("positions",), ("digest",), ("log",), ("why", "demo", "ACME"), ("accounts",)]
)
def test_every_other_command_refuses_and_says_what_to_run(
    books: Run, asked: tuple[str, ...]
) -> None:
    unprotect()
    done = books(*asked)
    assert (done.code, "run 'tradeledger verify'" in done.err) == (2, True)


def test_nothing_is_ingested_into_such_a_file(books: Run, statement: Path) -> None:
    unprotect()
    assert books("ingest", "ibkr_flex", statement.name, "--account", "new").code == 2


def test_the_doctor_looks_into_such_a_file(books: Run) -> None:
    unprotect()
    told = books("doctor", "--json")
    lost = [one["found"] for one in told.json["checks"] if one["check"] == "protection"]
    assert (told.code, lost, told.json["known_at_number"]) == (1, ["events_no_update"], 22)
    assert [one["account"] for one in told.json["accounts"]] == ["demo"]


def test_a_cut_tail_needs_a_digest(books: Run) -> None:
    books("digest", "--out", "kept.json")
    tamper("DELETE FROM keys WHERE number = 22")
    tamper("DELETE FROM events WHERE number = 22")
    assert books("verify").code == 0
    assert books("verify", "--against", "kept.json").code == 1


def test_history_may_grow_after_a_digest(books: Run) -> None:
    books("digest", "--out", "kept.json")
    books("open-account", "other", "--base-currency", "USD")
    assert books("verify", "--against", "kept.json").code == 0


def test_a_digest_is_never_overwritten(books: Run) -> None:
    Path("kept.json").write_text("precious", "utf-8")
    assert books("digest", "--out", "kept.json").code == 2
    assert Path("kept.json").read_text("utf-8") == "precious"


def test_a_digest_can_be_tried(books: Run) -> None:
    assert books("digest", "--out", "kept.json", "--dry-run").code == 0
    assert not Path("kept.json").exists()


def test_a_digest_that_is_none(books: Run) -> None:
    Path("kept.json").write_text("{}", "utf-8")
    assert books("verify", "--against", "kept.json").code == 2


def test_the_doctor_says_what_runs(books: Run) -> None:
    checks = {one["check"]: one["found"] for one in books("doctor", "--json").json["checks"]}
    assert checks["journal_mode"] == "wal"
    assert {"tradeledger", "python", "sqlite", "expat", "packages"} <= checks.keys()


def test_the_doctor_warns_of_an_old_sqlite(books: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapters.cli.commands import doctor
    from ledger.store.sqlite_module import SQLiteBuild

    monkeypatch.setattr(doctor, "SQLITE", SQLiteBuild("sqlite3", (3, 45, 1)))
    done = books("doctor")
    assert (done.code, "can corrupt a file" in done.out) == (1, True)


def test_the_doctor_warns_of_packages_of_the_same_name(
    books: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"adapters": ["tradeledger", "adapters"], "ledger": ["tradeledger"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: held)
    assert "adapters installs packages of the same names" in books("doctor").out


def test_the_doctor_looks_at_a_file_that_is_no_store(run: Run, folder: Path) -> None:
    Path("tradeledger.db").write_text("not a database, but long enough to be looked at" * 9)
    done = run("doctor")
    assert (done.code, "not a SQLite database" in done.out) == (1, True)


def test_a_copy_of_the_file_is_a_backup(books: Run) -> None:
    shutil.copy("tradeledger.db", "copy.db")
    assert books("--store", "sqlite:///copy.db", "verify").code == 0
