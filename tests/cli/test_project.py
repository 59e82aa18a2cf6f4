"""The tables of the read models: where they are, and how they are brought up to the log."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import ledger
from adapters.cli.beside import beside, is_inside
from adapters.cli.commands.project import NAMES
from adapters.cli.read_models import bring, opened
from projections.progress import KINDS
from projections.runner import Runner
from tests.architecture.sources import ROOT
from tests.cli.running import Run, process, run_process

TABLES = Path("tradeledger.reports.db")
DEPOSIT = ("record", "deposit", "--amount", "5", "--currency", "USD", "--at", "2026-03-07",
           "--who", "ann", "--reason", "topped up")  # fmt: skip
HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def numbers(run: Run, *args: str) -> dict[str, int]:
    rows = run("project", *args, "--json").json["projections"]
    return {row["projection"]: row["number"] for row in rows}


def lines(path: Path = TABLES) -> int:
    """How many movements of money the tables hold."""
    with closing(sqlite3.connect(path)) as found:
        return int(found.execute("SELECT count(*) FROM v_balance_ledger").fetchone()[0])


# --------------------------------------------------------------------------- where they are


@pytest.mark.parametrize(
    ("store", "tables"),
    [
        ("sqlite:///books.db", "sqlite:///books.reports.db"),
        ("sqlite:////data/a.b/books", "sqlite:////data/a.b/books.reports"),
        ("postgresql://db/books", "postgresql://db/books?schema=tradeledger_reports"),
        ("postgresql:///b?host=/tmp/x&schema=s", "postgresql:///b?host=/tmp/x&schema=s_reports"),
        ("memory://", "sqlite://"),
    ],
)
def test_the_tables_are_beside_the_log(store: str, tables: str) -> None:
    assert beside(store).replace("%2F", "/") == tables


@pytest.mark.parametrize("store", ["sqlite:///books.db", "postgresql://db/books?schema=s"])
def test_beside_is_never_inside(store: str) -> None:
    assert not is_inside(beside(store), store)
    assert is_inside(store, store)


def test_they_are_where_an_option_says(books: Run) -> None:
    assert numbers(books, "--reports", "sqlite:///other.db") == dict.fromkeys(NAMES, 22)
    assert lines(Path("other.db")) == 25
    assert not TABLES.exists()


def test_the_environment_goes_before_the_file(books: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tradeledger.toml").write_text('reports = "sqlite:///file.db"\n', "utf-8")
    assert books("project").code == 0
    monkeypatch.setenv("TRADELEDGER_REPORTS", "sqlite:///environment.db")
    assert books("project").code == 0
    assert lines(Path("file.db")) == lines(Path("environment.db")) == 25


@pytest.mark.parametrize(
    "url",
    ["sqlite:///tradeledger.db", "sqlite:///no/such/folder.db", "sqlite:///statement.xml",
     "mysql://db/books", "reports.db"],
)  # fmt: skip
def test_where_they_cannot_be(books: Run, url: str) -> None:
    done = books("project", "--reports", url)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


# --------------------------------------------------------------------------- bringing them up


def test_the_names_are_those_of_the_projections() -> None:
    assert set(NAMES) == set(KINDS)


def test_status_says_how_far_they_are_and_makes_nothing(books: Run) -> None:
    done = books("project", "--status", "--json")
    assert (done.code, {row["lag"] for row in done.json["projections"]}) == (1, {22})
    assert not TABLES.exists()
    assert books("project").code == 0
    assert books("project", "--status").code == 0
    books(*DEPOSIT)
    done = books("project", "--status")
    assert (done.code, "1\n" in done.out) == (1, True)


def test_again_brings_what_is_new(books: Run) -> None:
    assert numbers(books) == dict.fromkeys(NAMES, 22)
    books(*DEPOSIT)
    assert numbers(books) == dict.fromkeys(NAMES, 23)
    assert lines() == 26


def test_who_drops_them_gets_them_again(books: Run) -> None:
    books("project")
    TABLES.unlink()
    before = books("report", "pnl", "--json").out
    assert lines() == 25
    assert books("report", "pnl", "--json").out == before


def test_one_is_built_anew(books: Run) -> None:
    books("project")
    assert books("project", "--rebuild", "balances").code == 0
    with closing(sqlite3.connect(TABLES)) as found:
        rows = found.execute("SELECT generation, number FROM progress WHERE projection='balances'")
        assert rows.fetchone() == (2, 22)
    assert lines() == 25


@pytest.mark.parametrize("args", [("--rebuild", "trades"), ("--status", "--follow")])
def test_what_is_no_act(books: Run, args: tuple[str, ...]) -> None:
    assert books("project", *args).code == 2


def test_tables_of_another_log_are_refused(books: Run) -> None:
    books("project")
    opened = ("open-account", "B", "--base-currency", "USD", "--store", "sqlite:///b.db")
    assert books(*opened).code == 0
    other = ("--store", "sqlite:///b.db", "--reports", f"sqlite:///{TABLES}")
    for command in (("project",), ("report", "pnl")):
        done = books(*command, *other)
        assert (done.code, "another log" in done.err) == (2, True)


# --------------------------------------------------------------------------- how it may end


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Another process that holds the write lock of a SQLite file."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("")


def test_busy_tables_are_tried_later(books: Run, folder: Path) -> None:
    books("project")
    books(*DEPOSIT)
    with writing(TABLES):
        done = run_process("project", folder=folder)
    assert (done.code, done.out) == (75, "")
    assert "another process writes to the tables" in done.err


def test_a_server_that_is_away_is_tried_later(books: Run) -> None:
    pytest.importorskip("psycopg")
    for command in (("project",), ("report", "pnl")):
        done = books(*command, "--reports", "postgresql://nobody:secret@127.0.0.1:1/none")
        assert (done.code, done.out) == (75, "")
        assert "secret" not in done.err


@contextmanager
def ended(started: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block, whatever the block finds."""
    with started:
        try:
            yield started
        finally:
            started.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_following_sees_what_another_process_records(
    books: Run, folder: Path, ending: signal.Signals
) -> None:
    with ended(process("project", "--follow", "--json", folder=folder)) as follower:
        assert follower.stderr
        assert "following" in follower.stderr.readline()
        _until(lambda: TABLES.exists() and _reached() == 22)
        assert run_process(*DEPOSIT, folder=folder).code == 0
        _until(lambda: _reached() == 23)
        assert lines() == 26
        follower.send_signal(ending)
        out, err = follower.communicate(timeout=30)
    assert (follower.returncode, "Traceback" in err) == (0, False)
    assert '"number": 23' in out


def _reached() -> int:
    try:
        with closing(sqlite3.connect(TABLES)) as found:
            return int(found.execute("SELECT min(number) FROM progress").fetchone()[0] or 0)
    except sqlite3.OperationalError:  # not made yet
        return 0


def _until(holds: object) -> None:
    end = time.monotonic() + 30
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_who_brings_them_finds_those_that_another_built_anew(books: Run) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book, opened(f"sqlite:///{TABLES}") as engine:
        runner = Runner(book.store, engine)
        bring(runner, 22)
        assert books("project", "--rebuild", "balances").code == 0
        assert books(*DEPOSIT).code == 0
        bring(runner, 23)
        assert (set(runner.numbers().values()), lines()) == ({23}, 26)


def test_tables_that_somebody_took_away_are_no_endless_wait(books: Run) -> None:
    books("project")
    with closing(sqlite3.connect(TABLES, isolation_level=None)) as tables:
        tables.execute("DROP TABLE balance_ledger_1")
    books(*DEPOSIT)
    done = books("project")
    assert (done.code, "no such table" in done.err) == (75, True)


def test_help_does_not_load_the_database(folder: Path) -> None:
    loaded = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
    for args in (["--help"], ["project", "--help"], ["report", "pnl", "--help"], ["positions"]):
        code = f"{loaded}from adapters.cli import main; main({args!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "click" in (modules := set(done.stdout.splitlines()[-1].split()))
        assert "sqlalchemy" not in modules


def test_in_memory_nothing_is_kept(run: Run, folder: Path) -> None:
    assert run("--store", "memory://", "project").code == 0
    assert not list(folder.glob("*.db"))
