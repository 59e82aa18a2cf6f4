"""How ``reconcile`` ends, by processes of its own: every exit code by what really leads to it."""

from __future__ import annotations

from pathlib import Path

from adapters.cli.locking import locked
from adapters.port import digest_of
from adapters.reconcile.writing import NAMES
from tests.architecture.sources import ROOT
from tests.cli.nights import OUT, RECONCILE, night, summary
from tests.cli.running import Run, run_process

NO_LIBRARY = """
import sys
sys.modules["sqlalchemy"] = None
"""
BUG = """
import adapters.reconcile
def broken(*args, **kwargs):
    raise RuntimeError("the roof is on fire")
adapters.reconcile.reconcile = broken
"""


def test_0_clean(books: Run, folder: Path) -> None:
    done = run_process(*RECONCILE, "statement.xml", *OUT, folder=folder)
    assert (done.code, "demo: clean, 8 matches" in done.out) == (0, True)
    assert (summary()["verdict"], night().keys()) == ("clean", NAMES)


def test_1_breaks(other: Path, folder: Path) -> None:
    done = run_process(*RECONCILE, other.name, *OUT, folder=folder)
    assert (done.code, "demo: 4 breaks, 4 new, 8 matches" in done.out) == (1, True)
    kinds = [one["kind"] for one in summary()["breaks"]["by_kind"]]
    assert kinds == ["position.sign", "trade.price", "cash.balance", "input.control_total"]


def test_2_could_not_run(books: Run, folder: Path) -> None:
    done = run_process("-a", "nobody", *RECONCILE, "statement.xml", *OUT, folder=folder)
    assert (done.code, done.out, Path("night").exists()) == (2, "", False)
    assert "there is no account nobody; the store has: demo" in done.err


def test_2_a_library_is_missing(books: Run, folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(NO_LIBRARY, "utf-8")
    path = f"{folder}:{ROOT}"
    done = run_process(*RECONCILE, "statement.xml", *OUT, folder=folder, PYTHONPATH=path)
    assert (done.code, "install tradeledger[projections]" in done.err) == (2, True)


def test_70_a_bug(books: Run, folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(BUG, "utf-8")
    path = f"{folder}:{ROOT}"
    done = run_process(*RECONCILE, "statement.xml", *OUT, folder=folder, PYTHONPATH=path)
    assert (done.code, Path("night").exists()) == (70, False)
    assert "RuntimeError: the roof is on fire" in done.err


def test_75_the_report_is_cut(other: Path, folder: Path) -> None:
    other.write_bytes(other.read_bytes()[:-200])
    done = run_process(*RECONCILE, other.name, *OUT, folder=folder)
    assert (done.code, summary()["verdict"]) == (75, "incomplete")


def test_two_runs_at_once_are_kept_apart(books: Run, folder: Path) -> None:
    lock = folder / f".reconcile-{digest_of(['demo'])[:16]}.lock"
    with locked(lock, "a test"):
        done = run_process(*RECONCILE, "statement.xml", *OUT, folder=folder)
        assert (done.code, done.out, Path("night").exists()) == (75, "", False)
        assert "another run is at work" in done.err
    assert books(*RECONCILE, "statement.xml", *OUT).code == 0


def test_two_processes_write_the_same_bytes(other: Path, folder: Path) -> None:
    asked = (*RECONCILE, other.name, "--known-at", "22")
    for seed in ("1", "2"):
        run_process(*asked, "--out", seed, folder=folder, PYTHONHASHSEED=seed)
    assert night("1") == night("2")
