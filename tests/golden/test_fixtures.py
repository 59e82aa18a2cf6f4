"""What every recorded file says is what it said when it was recorded; the page shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.shipped_maps import NAMES
from adapters.venues import BUILT_IN
from tests.architecture.sources import ROOT
from tests.brokers.venues.alpaca import fill
from tests.golden import fixtures

PAGE = ROOT / "docs" / "reference" / "brokers" / "files.md"
AGAIN = "python -m tests.golden.fixtures --write"


def test_every_file_says_what_it_said(shared: Path):
    readings = [fixtures.reading(path) for path in fixtures.files()]
    expected = fixtures.RECORDED.read_text("utf-8")
    assert fixtures.table(readings) == expected, f"look at each difference, then {AGAIN}"


def test_every_parser_has_a_file(shared: Path):
    assert {fixtures.venue_of(path) for path in fixtures.files()} == {*BUILT_IN, *NAMES, ""}


def test_the_page_shows_the_table_by_venue():
    by_venue, _, by_file = fixtures.RECORDED.read_text("utf-8").partition("\n\n")
    assert by_venue in PAGE.read_text("utf-8")
    assert by_file.count("\n") > by_venue.count("\n")


# ------------------------------------------------------------- a change of reading is seen

ROWS = json.dumps([fill(1)]).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("alpaca", "okx"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "LICENSE").write_text("free", "ascii")
        (tmp_path / name / "rows.json").write_bytes(ROWS)
    return tmp_path


def told(folder: Path) -> list[str]:
    found = fixtures.files(folder)
    return fixtures.table(fixtures.reading(path, folder) for path in found).splitlines()[5:]


def test_a_file_is_a_line_and_one_without_parser_too(folder: Path):
    assert told(folder) == ["alpaca/rows.json: 1 rows, 1 FillBooked", "okx/rows.json: no parser"]


def test_a_row_set_aside_is_told_with_its_reason(folder: Path):
    (folder / "alpaca" / "rows.json").write_bytes(ROWS.replace(b'"buy"', b'"hold"'))
    first, reason, *_ = told(folder)
    assert first == "alpaca/rows.json: 1 rows; 1 set aside"
    assert reason.startswith("    aside 1 side: unknown")


def test_a_file_that_is_refused_says_why(folder: Path):
    (folder / "alpaca" / "rows.json").write_bytes(ROWS[:-1])
    first, reason, *_ = told(folder)
    assert first == "alpaca/rows.json: refused"
    assert "rows.json is not whole JSON" in reason
