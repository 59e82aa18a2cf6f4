"""What a venue does not say of itself, told on the command line or in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.brokers.fix import fill, lines
from tests.cli.running import Run

SETTINGS = 'venue = "ACME"\n\n[instruments.ES]\nmultiplier = 50\n'
TABLE = '[venue.fix44]\nvenue = "ACME"\n\n[venue.fix44.instruments.ES]\nmultiplier = 50\n'


@pytest.fixture
def log(folder: Path) -> Path:
    path = folder / "fix.log"
    future = {"t55": "ES", "t200": "202612", "t167": "FUT", "t12": "", "t39": "2", "t151": "0"}
    bought = fill(**future, t31="5000", t32="2", t14="2", t38="2")
    one = {"t34": "3", "t17": "E2", "t11": "C2", "t37": "O2", "t54": "2"}
    sold = fill(**future, **one, t31="5010", t32="1", t14="1", t38="1")
    path.write_bytes(lines(bought, sold))
    return path


def write(path: str, text: str) -> str:
    Path(path).write_text(text, "utf-8")
    return path


def realized(run: Run) -> list[tuple[str, str]]:
    rows = run("positions", "--json").json["positions"]
    return [(row["instrument_id"], row["realized_pnl"]) for row in rows]


@pytest.mark.parametrize("place", ["option", "configuration"])
def test_a_fill_of_a_future_is_valued(run: Run, log: Path, place: str) -> None:
    given = ["--venue-settings", write("acme.toml", SETTINGS)] if place == "option" else []
    if place == "configuration":
        write("tradeledger.toml", TABLE)
    done = run("ingest", "fix44", log.name, *given)
    assert done.code == 0, done.out + done.err
    assert realized(run) == [("ACME:ES:202612", "500")]
    done = run("reconcile", "fix44", log.name, "--out", "night", *given)
    assert done.code == 0, done.out + done.err


def test_without_settings_the_value_is_unknown_and_the_run_says_what_to_write(
    run: Run, log: Path
) -> None:
    done = run("ingest", "fix44", log.name)
    assert (done.code, '[instruments."ES:202612"]' in done.out) == (1, True)


def test_a_file_goes_before_the_configuration_as_a_whole(run: Run, log: Path) -> None:
    write("tradeledger.toml", TABLE)
    other = write("other.toml", '[instruments.ES]\nmultiplier = "5"\n')
    assert run("ingest", "fix44", log.name, "--venue-settings", other).code == 0
    assert realized(run) == [("FIX:ES:202612", "50")]


def test_the_file_can_be_named_in_the_configuration(run: Run, log: Path) -> None:
    write("acme.toml", SETTINGS)
    write("tradeledger.toml", '[ingest]\nvenue-settings = "acme.toml"\n')
    assert run("ingest", "fix44", log.name).code == 0
    assert realized(run) == [("ACME:ES:202612", "500")]


def test_two_configurations_are_read_key_by_key(run: Run, log: Path, folder: Path) -> None:
    home = folder / "config" / "tradeledger"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(TABLE, "utf-8")
    write("tradeledger.toml", "[venue.fix44.instruments.ES]\nmultiplier = 5\n")
    assert run("ingest", "fix44", log.name).code == 0
    assert realized(run) == [("ACME:ES:202612", "50")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[venue.fix4]\nvenue="A"\n', "[venue.fix4] is no table of a venue's; they are alpaca"),
        ("[venue]\nfix44 = 1\n", "[venue.fix44] is no table of a venue's"),
        ("venue = 1\n", "or [venue.NAME]"),
        ("[venue.fix44]\nvenu = 1\n", "settings of fix44: venu: no such setting"),
    ],
)
def test_a_wrong_table_is_refused(run: Run, log: Path, text: str, told: str) -> None:
    write("tradeledger.toml", text)
    done = run("ingest", "fix44", log.name)
    assert (done.code, told in done.err) == (2, True), done.err
    assert not Path("tradeledger.db").exists()


@pytest.mark.parametrize("broker", ["kraken", "schwab"])
def test_a_venue_that_takes_no_settings_says_so(run: Run, log: Path, broker: str) -> None:
    done = run("ingest", broker, log.name, "--venue-settings", write("acme.toml", SETTINGS))
    assert (done.code, "takes no settings" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("broker", "option", "text"),
    [
        ("fix44", "--venue-settings", 'curency = "USD"\n'),
        ("fix44", "--venue-settings", "currency =\n"),
        ("kraken", "--venue-settings", SETTINGS),
        ("csv", "--map", "columns =\n"),
    ],
)
def test_a_night_that_is_told_wrongly_how_to_read_is_not_tried_again(
    run: Run, log: Path, broker: str, option: str, text: str
) -> None:
    """It would fail for ever: 75 is for a report that may yet come."""
    assert run("ingest", "fix44", log.name).code == 1
    given = (option, write("acme.toml", text))
    done = run("reconcile", broker, log.name, "--out", "night", *given)
    assert (done.code, "acme.toml" in done.err or "settings" in done.err) == (2, True), done.err
    assert not Path("night").exists()
