"""``backup`` and ``restore`` as a user calls them: what is said, and with which exit code."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ledger.store.sqlite_module import sqlite3
from tests.cli.running import Run, process, recorded, run_process
from tests.contract.writers import four_writers

NEW = ("--store", "sqlite:///new.db")


def backed_up(run: Run) -> str:
    """Make the backup ``out``; its digest in short."""
    done = run("backup", "out")
    assert (done.code, done.out) == (0, "out holds 22 events\n"), done.err
    assert done.err.startswith("known at") is False
    return done.err.split()[-1]


def test_there_and_back(books: Run) -> None:
    mark = backed_up(books)
    done = books(*NEW, "restore", "out", "--against", mark)
    assert (done.code, done.out) == (0, "sqlite:///new.db: 22 events restored from out\n")
    assert recorded("new.db") == recorded()
    assert books(*NEW, "digest").out == books("digest").out


def test_every_question_works_on_the_backup(books: Run) -> None:
    backed_up(books)
    for asked in (("verify",), ("positions", "--json"), ("log",), ("why", "demo", "ACME")):
        assert books("--store", "sqlite:///out", *asked).out == books(*asked).out


def test_its_mode(books: Run) -> None:
    backed_up(books)
    assert stat.S_IMODE(os.stat("out").st_mode) == 0o600


def test_nothing_is_overwritten_unless_told(books: Run) -> None:
    Path("out").write_text("precious", "utf-8")
    done = books("backup", "out")
    assert (done.code, "not overwritten" in done.err) == (2, True)
    assert Path("out").read_text("utf-8") == "precious"
    assert books("backup", "out", "--replace").code == 0
    assert books("--store", "sqlite:///out", "verify").code == 0


def test_the_store_itself_is_not_its_backup(books: Run) -> None:
    assert books("backup", "tradeledger.db").code == 2
    done = books("restore", "tradeledger.db")
    assert (done.code, "is the store itself" in done.err) == (2, True)
    assert books("verify").code == 0


def test_as_json(books: Run) -> None:
    made = books("backup", "out", "--json").json
    assert (made["question"], made["number"], made["ok"]) == ("backup", 22, True)
    assert [one["account"] for one in made["accounts"]] == ["demo"]
    filled = books(*NEW, "restore", "out", "--json").json
    assert (filled["root"], filled["accounts"]) == (made["root"], made["accounts"])


def test_a_dry_run_of_a_backup(books: Run) -> None:
    done = books("backup", "out", "--dry-run")
    assert (done.code, done.out) == (0, "out would hold 22 events\n")
    assert not Path("out").exists()


def test_a_dry_run_of_a_restore(books: Run) -> None:
    backed_up(books)
    done = books(*NEW, "restore", "out", "--dry-run")
    assert (done.code, "would be restored" in done.out) == (0, True)
    assert not Path("new.db").exists()
    assert books("restore", "out", "--dry-run").code == 2


def test_a_store_with_events_is_refused(books: Run) -> None:
    backed_up(books)
    done = books("restore", "out")
    assert (done.code, "the store has 22 events" in done.err) == (2, True)


def test_a_changed_backup_is_a_finding_and_makes_no_store(books: Run) -> None:
    backed_up(books)
    Path("out").write_bytes(Path("out").read_bytes().replace(b"9.98", b"9.97"))
    done = books(*NEW, "restore", "out", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    assert "its bytes or columns were changed" in done.json["findings"][0]["what"]
    assert not Path("new.db").exists()


def test_a_backup_that_is_too_old_for_the_digest(books: Run) -> None:
    backed_up(books)
    books("open-account", "later", "--base-currency", "USD")
    books("digest", "--out", "kept.json")
    done = books(*NEW, "restore", "out", "--against", "kept.json")
    assert (done.code, "the digest knows number 23" in done.out) == (1, True)


def test_what_is_no_backup(books: Run) -> None:
    Path("out").write_text("not a database, but long enough to be looked at" * 99, "utf-8")
    done = books(*NEW, "restore", "out")
    assert (done.code, "not a SQLite database" in done.err) == (2, True)
    assert not Path("new.db").exists()


def test_a_store_whose_history_was_edited_gives_none(books: Run) -> None:
    connection = sqlite3.connect("tradeledger.db", isolation_level=None)
    (kept,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'events_no_update'"
    ).fetchone()
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("UPDATE events SET metadata = '' WHERE number = 9")
    connection.execute(kept)
    connection.close()
    done = books("backup", "out")
    assert (done.code, "     9  demo     its bytes or columns" in done.out) == (1, True)
    assert not Path("out").exists()


def test_a_plain_copy_of_a_store_is_pointed_out(books: Run) -> None:
    Path("copy").write_bytes(Path("tradeledger.db").read_bytes())
    assert "may lack what was acknowledged last" in books(*NEW, "restore", "copy").err
    backed_up(books)
    other = books("--store", "sqlite:///other.db", "restore", "out")
    assert "note:" not in other.err


def test_a_store_that_is_locked_can_be_backed_up(books: Run) -> None:
    writer = sqlite3.connect("tradeledger.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    backed_up(books)
    writer.close()


def test_a_target_that_is_locked_is_for_later(books: Run, folder: Path) -> None:
    backed_up(books)
    with sqlite3.connect("new.db", isolation_level=None) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        assert run_process(*NEW, "restore", "out", folder=folder).code == 75
    writer.close()


def test_while_four_processes_write(folder: Path) -> None:
    with four_writers(f"sqlite:///{folder}/tradeledger.db") as writers:
        writers.wait_for(2)
        with process("backup", "out", "--json", folder=folder) as running:
            _, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
    assert "digest" in err
    assert run_process(*NEW, "restore", "out", folder=folder).code == 0
    mark = err.split()[-1]
    assert run_process("verify", "--against", mark, folder=folder).code == 0


# ------------------------------------------------------------------ digests in all their forms


@pytest.mark.parametrize("how", [("digest",), ("digest", "--brief")])
def test_a_digest_is_taken_as_text_and_as_a_file(books: Run, how: tuple[str, ...]) -> None:
    text = books(*how).out
    Path("kept").write_text(text, "utf-8")
    for given in (text.strip(), "kept"):
        assert books("verify", "--against", given).code == 0
    books(*NEW, "open-account", "demo", "--base-currency", "USD")
    for given in (text.strip(), "kept"):
        assert books(*NEW, "verify", "--against", given).code == 1


@pytest.mark.parametrize("given", ["no-such-file", "22:abc", "{}", ""])
def test_what_is_no_digest(books: Run, given: str) -> None:
    assert books("verify", "--against", given).code == 2


def test_a_file_that_is_no_digest(books: Run) -> None:
    Path("kept").write_bytes(b"\xff\xfe")
    assert books("verify", "--against", "kept").code == 2


# --------------------------------------------------------------------- nothing made, nothing left


def test_verify_leaves_nothing_beside_the_file(books: Run) -> None:
    books("verify")
    assert not list(Path().glob("tradeledger.db-*"))


@pytest.mark.parametrize("asked", ["positions", "log", "digest", "issues", "accounts", "verify"])
def test_a_question_does_not_make_a_ledger(run: Run, folder: Path, asked: str) -> None:
    Path("tradeledger.db").touch()
    done = run(asked)
    assert (done.code, "is not a ledger" in done.err) == (2, True)
    assert Path("tradeledger.db").read_bytes() == b""


def test_an_empty_database_of_another_program_is_left_as_it_is(run: Run, folder: Path) -> None:
    other = sqlite3.connect("tradeledger.db", isolation_level=None)
    other.execute("VACUUM")
    other.execute("PRAGMA user_version = 7")
    other.close()
    before = Path("tradeledger.db").read_bytes()
    assert run("positions").code == 2
    assert Path("tradeledger.db").read_bytes() == before


# ------------------------------------------------------------------------- the doctor's medicine


def test_the_doctor_makes_the_index_anew(books: Run) -> None:
    books("why", "demo", "ACME")
    spoil = sqlite3.connect("tradeledger.db", isolation_level=None)
    spoil.execute("INSERT INTO refs VALUES ('demo', 'order', 'nonsense', 3)")
    spoil.close()
    found = books("verify")
    assert (found.code, "'tradeledger doctor --rebuild-refs'" in found.out) == (1, True)
    told = books("doctor", "--rebuild-refs", "--json").json
    made = [one["found"] for one in told["checks"] if one["check"] == "references"]
    assert made == ["made anew, up to number 22"]
    assert books("verify").code == 0


def test_there_is_no_index_without_a_store(run: Run, folder: Path) -> None:
    assert run("doctor", "--rebuild-refs").code == 2


def test_the_doctor_forgets_the_saved_states(books: Run) -> None:
    before = books("positions", "--json").json["positions"]
    ours = sqlite3.connect("tradeledger.db", isolation_level=None)
    ours.execute("INSERT INTO checkpoints VALUES ('demo', '1', 22, 22, 0, 0, '', '', x'00', x'00')")
    told = books("doctor", "--drop-states", "--json").json
    assert "saved states" in [one["check"] for one in told["checks"]]
    assert ours.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)
    ours.close()
    assert books("positions", "--json").json["positions"] == before
