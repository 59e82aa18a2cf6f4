"""How runs end: every exit code, by what really leads to it."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from adapters.cli.root import root
from tests.architecture.sources import ROOT
from tests.cli.running import PROGRAM, Run, process, recorded, run_process

DEPOSIT = ("--amount", "1", "--currency", "USD", "--who", "A", "--reason", "r")
HOLD = """
import sys
from ledger.store.sqlite_module import sqlite3
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands that go wrong in ways nobody foresaw."""

    @click.command()
    def bug() -> None:
        raise RuntimeError("the roof is on fire")

    @click.command()
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(root, "commands", {"bug": bug, "interrupt": interrupt})


def test_help_is_fine(run: Run) -> None:
    assert run("--help").code == 0


def test_help_loads_no_more_than_it_needs(folder: Path) -> None:
    loaded = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
    code = f"{loaded}from adapters.cli import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.splitlines()[-1].split())
    assert "click" in modules
    assert not {"ledger", "rich", "ibflex", "eventsourcing"} & modules


@pytest.mark.parametrize(
    "args",
    [
        ("no-such-command",),
        ("positions", "--no-such-option"),
        ("positions",),
        ("--store", "mysql://x", "positions"),
        ("--store", "sqlite:///missing/folder.db", "open-account", "A", "--base-currency", "USD"),
        ("ingest", "ibkr_flex", "missing.xml"),
        ("ingest", "csv", "."),
        ("--zone", "Mars/Olympus", "open-account", "A", "--base-currency", "USD"),
    ],
)
def test_what_could_not_run(run: Run, args: tuple[str, ...]) -> None:
    done = run(*args)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    "args",
    [
        ("positions", "--as-of", "9999-12-31"),
        ("positions", "--as-of", "9999-12-31T23:59:59-12:00"),
        ("--zone", "Asia/Tokyo", "record", "deposit", *DEPOSIT, "--at", "0001-01-01"),
        ("report", "curve", "--from", "2026-03-02", "--to", "9999-12-31"),
        ("snapshot", "take", "--day", "9999-12-31"),
    ],
)  # fmt: skip
def test_an_end_of_the_calendar_is_a_slip_and_no_bug(books: Run, args: tuple[str, ...]) -> None:
    done = books(*args)
    assert (done.code, done.out) == (2, "")
    assert "is not between 1970 and 2200" in done.err


@pytest.mark.parametrize("last", ["2026-03-01", "2026-03-09"])
def test_a_span_of_time_that_holds_nothing_is_refused(books: Run, last: str) -> None:
    report = ("reconcile", "ibkr_flex", "statement.xml", "--dry-run")
    backwards = books(*report, "--from", "2026-03-09", "--to", last)
    assert (backwards.code, f"--to {last} is not after --from 2026-03-09" in backwards.err) == (
        2,
        True,
    )
    ledger = books("report", "balance-ledger", "--since", "2026-03-09", "--until", last)
    assert (ledger.code, ledger.out) == (2, "")


def test_a_number_longer_than_a_database_counts_is_no_bug(books: Run) -> None:
    many = "9" * 30
    assert books("log", "--limit", many).out == books("log").out
    ledger = ("report", "position-ledger")
    assert books(*ledger, "--limit", many).out == books(*ledger).out
    assert books(*ledger, "--after", f"5:{many}").code == 2


def test_a_closed_output_is_told_before_anything_is_done(folder: Path) -> None:
    closed = [*PROGRAM, "open-account", "A", "--base-currency", "USD"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *closed], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert (done.returncode, "standard output is closed" in done.stderr) == (2, True)
    assert not list(folder.glob("*.db"))


def test_a_question_makes_no_store(run: Run, folder: Path) -> None:
    run("positions")
    assert not list(folder.glob("*.db"))


def test_a_bug_is_not_a_finding(run: Run, broken: None) -> None:
    done = run("bug")
    assert (done.code, done.err.count("\n")) == (70, 1)
    assert "RuntimeError: the roof is on fire" in done.err


def test_debug_shows_where(run: Run, broken: None) -> None:
    assert "Traceback" in run("--debug", "bug").err


def test_interrupted(run: Run, broken: None) -> None:
    assert run("interrupt").code == 130


def test_an_interrupt_while_a_library_is_loaded_is_no_bug(
    books: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def interrupted(name: str, *args: Any, **more: Any) -> Any:
        if name == "sqlalchemy.exc":
            raise KeyboardInterrupt
        return load(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    assert books("report", "trades").code == 130


def test_a_row_that_cannot_be_read_is_a_finding(run: Run, statement: Path) -> None:
    content = statement.read_text("utf-8")
    statement.write_text(content.replace('tradePrice="52"', 'tradePrice="fifty"'), "utf-8")
    done = run("ingest", "ibkr_flex", statement.name)
    assert done.code == 1
    assert "statement.xml  Trade[8] transactionID 500008  tradePrice  fifty" in done.out


def test_a_cut_file_is_refused_and_nothing_is_recorded(run: Run, statement: Path) -> None:
    statement.write_bytes(statement.read_bytes()[:-200])
    assert run("ingest", "ibkr_flex", statement.name).code == 2
    assert not Path("tradeledger.db").exists()


def test_a_refused_file_takes_the_good_one_with_it(books: Run, statement: Path) -> None:
    before = recorded()
    Path("cut.xml").write_bytes(statement.read_bytes()[:-200])
    assert books("ingest", "ibkr_flex", statement.name, "cut.xml").code == 2
    assert recorded() == before


def test_a_locked_store_is_tried_later(books: Run, folder: Path, statement: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, "tradeledger.db"],
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        done = run_process("ingest", "ibkr_flex", statement.name, folder=folder)
        holder.communicate("")
    assert (done.code, done.out) == (75, "")


def test_a_server_that_is_away_is_tried_later(run: Run) -> None:
    pytest.importorskip("psycopg")
    done = run("--store", "postgresql://nobody@127.0.0.1:1/none", "positions")
    assert (done.code, done.out) == (75, "")


def test_a_reader_that_stops_reading(books: Run, folder: Path) -> None:
    with process("log", "--json", folder=folder, PYTHONUNBUFFERED="1") as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        told = running.stderr.read()
    assert (running.wait(), "Traceback" in told) == (141, False)


def test_a_real_process_ends_the_same(books: Run, folder: Path) -> None:
    done = run_process("positions", folder=folder)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert done.out == books("positions").out
