"""A folder that ``fetch`` filled is a report: with its own time, and not if it is not whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.transport.errors import TryLaterError
from tests.architecture.sources import ROOT
from tests.cli.nights import OUT, summary
from tests.cli.running import NEW_YORK, Ran, Run, recorded, run_process
from tests.transport.running import fetched, manifest
from tests.transport.server import Fault, serving
from tests.transport.test_secrets import files_in, shown
from tests.transport.venues import END, KEY, SECRET, START, TIMES, VENUES, Venue

BYBIT, KRAKEN = (next(one for one in VENUES if one.name == name) for name in ("bybit", "kraken"))
OPENING = ("--base-currency", "USDT")
WINDOW = [one.isoformat().replace("+00:00", "Z") for one in (START, END)]


def fetch(venue: Venue = BYBIT) -> Path:
    with serving(venue.answering()) as server:
        fetched(venue, server, Path("got"))
    return Path("got")


@pytest.fixture
def got(folder: Path) -> Path:
    """A whole fetch of Bybit."""
    return fetch()


@pytest.fixture
def cut(folder: Path) -> Path:
    """What is left of a fetch whose venue went away in the middle of it."""
    with serving(BYBIT.answering()) as server:
        server.faults = dict.fromkeys(range(25, 999), Fault.AWAY)
        with pytest.raises(TryLaterError):
            fetched(BYBIT, server, Path("got"), patience=0)
    return Path("got")


def write(place: Path, told: dict[str, Any]) -> None:
    (place / "manifest.json").write_text(json.dumps(told), "utf-8")


def ingest(run: Run, *files: object, account: str = "A") -> Ran:
    return run("ingest", "bybit", *map(str, files), "--account", account, *OPENING, "--json")


def reconcile(run: Run, *files: object, venue: str = "bybit", more: tuple[str, ...] = ()) -> Ran:
    return run("reconcile", venue, *map(str, files), "--account", "A", *OUT, *more)


def test_the_folder_is_what_its_pages_are(run: Run, got: Path) -> None:
    done = ingest(run, got)
    assert {row["kind"]: row["new"] for row in done.json["kinds"]}["fill"] == f"{len(TIMES)}"
    again = ingest(run, got / "manifest.json")
    assert (again.code, again.json["added"]) == (done.code, 0)
    pages = [got / page["name"] for page in manifest(got)["pages"]]
    assert ingest(run, *pages).json["counts"]["changed"] == 0


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_what_any_venue_gave_is_ingested_once_and_matches(run: Run, venue: Venue) -> None:
    more = {"projectx": ("--venue-account", "203"), "ibkr_flex": NEW_YORK}.get(venue.name, ())
    asked = (venue.name, str(fetch(venue)), *more)
    run("ingest", *asked, "--base-currency", "USD")
    assert run("ingest", *asked, "--json").json["added"] == 0
    assert run("reconcile", *asked, *OUT).code in {0, 1}
    assert sum(summary()["matched"].values()) == venue.fills


def test_the_account_is_that_of_the_fetch(run: Run, got: Path) -> None:
    assert run("ingest", "bybit", str(got), *OPENING, "--json").json["account"] == "A"


def test_what_the_parser_is_not_told_it_takes_from_the_fetch(run: Run, folder: Path) -> None:
    got = fetch(KRAKEN)
    run("ingest", "kraken", str(got), "--base-currency", "USD")
    assert reconcile(run, got, venue="kraken").code in {0, 1}
    told = summary()
    assert [told["report"][name] for name in ("covers_from", "covers_to")] == WINDOW
    assert [one["name"] for one in told["inputs"]] == [p["name"] for p in manifest(got)["pages"]]
    asked = ("--from", "2025-12-31", "--to", "2026-01-21")
    reconcile(run, got, venue="kraken", more=asked)
    assert summary()["report"]["covers_from"] == "2025-12-31T00:00:00Z"


def test_a_quiet_night_contradicts_nothing(run: Run, folder: Path) -> None:
    """The same pages again, asked for up to a later end."""
    got = fetch(KRAKEN)
    asked = ("ingest", "kraken", str(got), "--base-currency", "USD", "--json")
    first, told = run(*asked), manifest(got)
    told["window"]["to"] = "2026-01-21T00:00:00+00:00"
    write(got, told)
    later = run(*asked)
    assert (later.code, later.json["counts"]["changed"]) == (first.code, 0)
    assert (first.json["added"] > 1, later.json["added"]) == (True, 1)


# ------------------------------------------------------------------------------ what is not whole


def test_a_cut_fetch_is_not_ingested(run: Run, cut: Path) -> None:
    done = ingest(run, cut)
    assert (done.code, done.out, Path("tradeledger.db").exists()) == (75, "", False)
    missing = manifest(cut)["missing"]
    assert f"{missing[0]} was not fetched to its end and {len(missing) - 1} more" in done.err


def test_a_cut_fetch_is_not_reconciled_with(run: Run, cut: Path) -> None:
    run("open-account", "A", "--base-currency", "USDT")
    done, told = reconcile(run, cut), manifest(cut)
    assert (done.code, summary()["verdict"], summary()["breaks"]) == (75, "incomplete", None)
    assert summary()["incomplete"] == [
        f"the list {name} was not fetched to its end" for name in told["missing"]
    ]
    assert "wallet" in told["missing"]
    assert "executions-linear-20260101T000000Z" not in told["missing"]
    assert summary()["report"]["records"] > 0


def _changed(page: Path) -> None:
    page.write_bytes(page.read_bytes().replace(b"e-1", b"e-9"))


def _longer(page: Path) -> None:
    page.write_bytes(page.read_bytes() + b"\n")


HARMS: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed": (_changed, "its SHA-256 is"),
    "longer": (_longer, "bytes, not"),
    "gone": (Path.unlink, "is not there any more"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_page_that_is_not_what_was_fetched_is_named(run: Run, got: Path, harm: str) -> None:
    do, why = HARMS[harm]
    page = next(got.glob("page-executions-linear-*-0001.json"))
    do(page)
    run("open-account", "A", "--base-currency", "USDT")
    before = len(recorded())
    done = ingest(run, got)
    assert (done.code, done.out, len(recorded())) == (2, "", before)
    assert all(said in done.err for said in (page.name, why, "fetch into the folder again"))
    assert reconcile(run, got).code == 75
    assert page.name in summary()["incomplete"][0]


def test_what_is_fetched_again_is_whole_again(run: Run, folder: Path) -> None:
    place = Path("got")
    with serving(BYBIT.answering()) as server:
        fetched(BYBIT, server, place)
        _changed(next(place.glob("page-executions-linear-*-0001.json")))
        assert ingest(run, place).code == 2
        fetched(BYBIT, server, place)
    kinds = {row["kind"]: row["new"] for row in ingest(run, place).json["kinds"]}
    assert kinds["fill"] == f"{len(TIMES)}"


@pytest.mark.parametrize(
    "told",
    [
        b"", b"[", b"[]", b'{"format": 2}', b"[" * 100_000,
        b'{"format": 1, "window": {"from": "2026-01-01T00:00:00", "to": "2026-01-02T00:00:00"}}',
    ],
    ids=["empty", "cut", "a list", "of another shape", "deep", "without a zone"],
)  # fmt: skip
def test_a_manifest_that_cannot_be_read(run: Run, got: Path, told: bytes) -> None:
    (got / "manifest.json").write_bytes(told)
    run("open-account", "A", "--base-currency", "USDT")
    done = ingest(run, got)
    assert (done.code, "no readable manifest.json" in done.err) == (2, True)
    assert reconcile(run, got).code == 75


def test_the_folder_of_a_listener_is_said_to_be_one(run: Run, got: Path) -> None:
    (got / "manifest.json").unlink()
    assert "fetch into it first" in ingest(run, got).err
    (got / "messages-0001.log").write_bytes(b"")
    assert f"it has logs of a listener: name them, {got / 'messages-*.log'}" in ingest(run, got).err


@pytest.mark.parametrize("name", ["../statement.xml", "state.json", "page-/../../x", ""])
def test_a_page_outside_of_the_folder_is_not_read(run: Run, got: Path, name: str) -> None:
    told = manifest(got)
    told["pages"][0]["name"] = name
    write(got, told)
    assert (ingest(run, got).code, Path("tradeledger.db").exists()) == (2, False)


# ------------------------------------------------------------------------------ what is refused


def test_another_venue_is_refused(run: Run, got: Path) -> None:
    run("open-account", "A", "--base-currency", "USDT")
    for command in (("ingest",), ("reconcile", *OUT)):
        done = run(*command, "alpaca", str(got), "--account", "A")
        assert (done.code, "fetched from bybit" in done.err, done.out) == (2, True, "")
    assert not Path("night").exists()


def test_another_account_is_refused(run: Run, got: Path) -> None:
    done = ingest(run, got, account="B")
    assert (done.code, "was fetched for account A" in done.err) == (2, True)
    run("open-account", "B", "--base-currency", "USDT")
    done = run("reconcile", "bybit", str(got), "--account", "B", *OUT)
    assert (done.code, Path("night").exists()) == (2, False)


def test_a_folder_is_not_read_beside_files(run: Run, got: Path) -> None:
    page = next(got.glob("page-*"))
    for more in ([page], [got / "manifest.json"], [got]):
        done = ingest(run, got, *more)
        assert (done.code, "name it alone" in done.err) == (2, True)
    done = ingest(run, *sorted(got.glob("*.json")))
    assert (done.code, "name it alone" in done.err) == (2, True)


# ------------------------------------------------------------------------------ the program


def test_fetch_ingest_and_reconcile_one_after_another(folder: Path) -> None:
    given = {"TRADELEDGER_BYBIT_KEY": KEY, "TRADELEDGER_BYBIT_SECRET": SECRET}
    asked = ("--account", "A", "--from", "2026-01-14", "--to", "2026-01-19", "--out", "got")
    with serving(BYBIT.answering()) as server:
        ran = [run_process("fetch", "bybit", *asked, "--url", server.url, folder=folder, **given)]
    ran.append(run_process("ingest", "bybit", "got", *OPENING, folder=folder))
    ran.append(run_process("reconcile", "bybit", "got", *OUT, folder=folder))
    assert ran[0].code == 0, ran[0].err
    assert "2 matches" in ran[2].out, ran[2]
    assert shown("".join(one.out + one.err for one in ran) + files_in(folder / "night")) == []


def test_reading_needs_nothing_of_the_extra(got: Path) -> None:
    code = (
        "import sys; sys.modules['httpx'] = sys.modules['tenacity'] = None; "
        "from pathlib import Path; from adapters.transport.reading import pages_of; "
        "print(len(pages_of(Path('got'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == f"{len(manifest(got)['pages'])}", done.stderr
