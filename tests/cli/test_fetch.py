"""``fetch``: the program asks a venue, says how it ended, and ``ingest`` reads what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.transport.venues import bybit
from tests.cli.running import Run
from tests.transport.server import Reply, Server, serving
from tests.transport.venues import KEY, SECRET, TIMES, VENUES

VENUE = next(one for one in VENUES if one.name == "bybit")
ASKED = ("--account", "A", "--from", "2026-01-01", "--to", "2026-01-19", "--out", "out")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A venue that may be asked as fast as one likes."""
    monkeypatch.setattr(bybit, "GAP", 0)
    with serving(VENUE.answering()) as server:
        yield server


@pytest.fixture
def key(folder: Path) -> tuple[str, ...]:
    path = folder / "credentials.toml"
    path.write_text(f'[bybit]\nkey = "{KEY}"\nsecret = "{SECRET}"\n', "utf-8")
    path.chmod(0o600)
    return ("--credentials", path.name)


def test_what_was_fetched_is_ingested(run: Run, server: Server, key: tuple[str, ...]) -> None:
    done = run("fetch", "bybit", *ASKED, *key, "--url", server.url, "--json")
    assert done.code == 0, done.err
    assert done.json["complete"] is True
    pages = [str(Path("out") / page["page"]) for page in done.json["pages"]]
    assert pages == sorted(pages, key=pages.index)
    assert {Path(page) for page in pages} == set(Path("out").glob("page-*"))
    read = run("ingest", "bybit", *pages, "--account", "A", "--base-currency", "USDT", "--json")
    new = {row["kind"]: row["new"] for row in read.json["kinds"]}
    assert new["fill"] == f"{len(TIMES)}"


def test_the_answer_in_words(run: Run, server: Server, key: tuple[str, ...]) -> None:
    done = run("fetch", "bybit", *ASKED, *key, "--url", server.url)
    assert done.out.endswith("pages in out, complete\n")
    assert "bybit: log-20260101T000000Z" in done.err


def test_a_day_is_whole(run: Run, server: Server, key: tuple[str, ...]) -> None:
    run("fetch", "bybit", *ASKED, *key, "--url", server.url)
    told = json.loads((Path("out") / "manifest.json").read_bytes())
    assert told["window"] == {
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-01-20T00:00:00+00:00",
    }


def test_a_venue_that_throttles_is_asked_later(run: Run, key: tuple[str, ...]) -> None:
    with serving(lambda _: Reply(b"", 429)) as server:
        done = run("fetch", "bybit", *ASKED, *key, "--url", server.url, "--patience", "0s")
    assert (done.code, done.out) == (75, "")
    assert json.loads((Path("out") / "manifest.json").read_bytes())["complete"] is False


@pytest.mark.parametrize(
    "args",
    [
        ("bybit", *ASKED),
        ("bybit", *ASKED, "--credentials", "nowhere.toml"),
        ("ofx", *ASKED),
        ("coinbase", *ASKED),
        ("bybit", "--from", "2026-01-01", "--out", "out"),
        ("bybit", *ASKED[:4], "--out", "out", "--to", "2025-01-01"),
    ],
)
def test_what_could_not_run(run: Run, args: tuple[str, ...]) -> None:
    done = run("fetch", *args)
    assert (done.code, done.out) == (2, "")
    assert not Path("out").exists()


def test_credentials_come_from_the_environment(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADELEDGER_BYBIT_KEY", KEY)
    assert "TRADELEDGER_BYBIT_SECRET" in run("fetch", "bybit", *ASKED).err
    monkeypatch.setenv("TRADELEDGER_BYBIT_SECRET", SECRET)
    assert run("fetch", "bybit", *ASKED, "--url", server.url).code == 0
