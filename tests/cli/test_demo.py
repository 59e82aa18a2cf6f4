"""The demo: quick, the same every time, and it leaves alone what is there."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from tests.cli.running import Run, recorded, run_process


def test_it_is_quick_and_the_same_every_time(folder: Path) -> None:
    began = monotonic()
    first, second = (run_process("demo", folder=folder) for _ in range(2))
    assert monotonic() - began < 20
    assert (first.code, first.out) == (0, second.out)


def test_it_shows_what_it_promises(run: Run) -> None:
    out = run("demo").out
    for told in ("22 events added", "ACME         -40", "open issues: none",
                 "realized_pnl = 221 USD", "fill-busted/1", "clean in 22 events"):  # fmt: skip
        assert told in out
    assert " no\n" not in out


def test_it_leaves_no_file(run: Run, folder: Path) -> None:
    run("demo")
    assert not [path for path in folder.iterdir() if path.is_file()]


def test_it_never_writes_into_a_store_that_is_there(books: Run) -> None:
    before = recorded()
    assert books("demo", "--store", "sqlite:///tradeledger.db").code == 2
    assert recorded() == before


def test_nor_when_that_is_named_before_the_command(books: Run) -> None:
    before = recorded()
    done = books("--store", "sqlite:///tradeledger.db", "demo")
    assert (done.code, done.out, recorded()) == (2, "", before)
    assert "never into books that are there" in done.err


@pytest.mark.parametrize("where", ["before", "behind"])
def test_it_is_kept_where_that_is_asked_for(run: Run, where: str) -> None:
    store = ("--store", "sqlite:///kept.db")
    done = run(*store, "demo") if where == "before" else run("demo", *store)
    assert (done.code, len(recorded("kept.db"))) == (0, 22)


def test_it_does_not_take_the_store_from_the_environment(
    books: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = recorded()
    monkeypatch.setenv("TRADELEDGER_STORE", "sqlite:///tradeledger.db")
    assert books("demo").code == 0
    assert recorded() == before


def test_it_does_not_take_the_store_from_a_file(books: Run) -> None:
    before = recorded()
    Path("tradeledger.toml").write_text('store = "sqlite:///tradeledger.db"\n', "utf-8")
    assert books("demo").code == 0
    assert recorded() == before


def test_memory_keeps_nothing(run: Run) -> None:
    assert run("demo", "--store", "memory://").code == 2


def test_what_it_says_to_try_next_works(run: Run) -> None:
    tries = [line for line in run("demo").out.splitlines() if line.startswith("tradeledger ")]
    assert [run(*line.split()[1:]).code for line in tries] == [0, 0, 0]


def test_the_sample_can_be_had(run: Run) -> None:
    run("demo", "--write-statement", "mine.xml")
    assert run("ingest", "ibkr_flex", "mine.xml").code == 0
