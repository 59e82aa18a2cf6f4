"""Settings: options, then environment, then files, then defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run

ANSWERS = {"option": "a.db", "environment": "b.db", "here": "c.db", "home": "d.db"}


@pytest.fixture
def stores(run: Run) -> Run:
    """Four stores, told apart by the account they hold, and one by default."""
    for place, path in {**ANSWERS, "default": "tradeledger.db"}.items():
        store = f"sqlite:///{path}"
        done = run("--store", store, "open-account", place, "--base-currency", "USD")
        assert done.code == 0
    return run


def say(place: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Name the store in one place; what to put before the command."""
    store = f"sqlite:///{ANSWERS[place]}"
    if place == "option":
        return ("--store", store)
    if place == "environment":
        monkeypatch.setenv("TRADELEDGER_STORE", store)
        return ()
    path = Path("tradeledger.toml")
    if place == "home":
        path = folder / "config" / "tradeledger" / "config.toml"
        path.parent.mkdir(parents=True)
    path.write_text(f'store = "{store}"\n', "utf-8")
    return ()


@pytest.mark.parametrize("first", range(5))
def test_what_goes_before_what(
    stores: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    places = [*ANSWERS, "default"][first:]
    options = [option for place in places[:-1] for option in say(place, folder, monkeypatch)]
    rows = stores(*options, "accounts", "--json").json["accounts"]
    assert [row["account"] for row in rows] == [places[0]]


def test_an_option_behind_the_command_goes_first(stores: Run) -> None:
    done = stores("--store", "sqlite:///a.db", "accounts", "--store", "sqlite:///b.db", "--json")
    assert done.json["accounts"][0]["account"] == "environment"


def test_a_table_of_a_command(run: Run, statement: Path) -> None:
    Path("tradeledger.toml").write_text('[ingest]\nbase-currency = "CHF"\n', "utf-8")
    assert "base currency CHF" in run("ingest", "ibkr_flex", statement.name).err


@pytest.mark.parametrize(
    "text", ['stroe = "x"\n', "store = 1\n", "store", '[positions]\ncolour = "red"\n']
)
def test_a_setting_nobody_knows_is_refused(books: Run, text: str) -> None:
    Path("tradeledger.toml").write_text(text, "utf-8")
    assert books("positions").code == 2


def test_an_option_has_one_name_in_the_configuration_and_on_the_command_line(books: Run) -> None:
    every = books("orders", "--all").out
    assert books("orders").out != every
    Path("tradeledger.toml").write_text("[orders]\nall = true\n", "utf-8")
    assert books("orders").out == every


def test_an_option_has_that_name_in_the_environment_too(
    books: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = books("orders", "--all").out
    monkeypatch.setenv("TRADELEDGER_ORDERS_ALL", "1")
    assert books("orders").out == every
    monkeypatch.setenv("TRADELEDGER_REPORT_CHECK_FROM", "2026-03-02")
    monkeypatch.setenv("TRADELEDGER_REPORT_CHECK_TO", "2026-03-01")
    assert "--to 2026-03-01 is before --from 2026-03-02" in books("report", "check").err


def test_an_option_that_may_be_given_often_may_be_one_text_in_the_configuration(books: Run) -> None:
    Path("tradeledger.toml").write_text('[reconcile]\ntolerance = "CHF=1"\n', "utf-8")
    done = books("reconcile", "ibkr_flex", "statement.xml", "--dry-run")
    assert "--tolerance CHF=1 lets nothing pass" in done.err
