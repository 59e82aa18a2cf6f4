"""A fetch that is cut goes on, one that was complete reads its end again, and nothing is half."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from adapters.transport.errors import FetchError, TryLaterError, VenueRefusedError
from adapters.transport.reading import pages_of
from tests.transport.running import Clock, fetched, manifest
from tests.transport.server import Asked, Fault, Reply, Server, serving
from tests.transport.venues import END, NOW, VENUES, flex_error

BYBIT, FLEX = (next(v for v in VENUES if v.name == name) for name in ("bybit", "ibkr_flex"))
ALPACA = next(v for v in VENUES if v.name == "alpaca")


def failing_from(server: Server, number: int) -> None:
    server.faults = dict.fromkeys(range(number, 1000), Fault.AWAY)


def test_a_run_that_was_cut_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(ALPACA.answering()) as server:
        failing_from(server, 3)
        with pytest.raises(TryLaterError):
            fetched(ALPACA, server, tmp_path, patience=0)
        kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("page-*")}
        seen = [asked.query for asked in server.asked[:3]]
        server.faults = {}
        pages = fetched(ALPACA, server, tmp_path)
        again = [asked.query for asked in server.asked[4:]]
    assert len(kept) == 3
    assert not set(seen) & set(again)
    now = {page.name: (tmp_path / page.name).stat().st_mtime_ns for page in pages}
    assert kept.items() <= now.items()


def test_the_manifest_of_a_run_that_was_cut_names_what_lacks(tmp_path: Path) -> None:
    with serving(ALPACA.answering()) as server:
        failing_from(server, 4)
        with pytest.raises(TryLaterError):
            fetched(ALPACA, server, tmp_path, patience=0)
    told = manifest(tmp_path)
    held = [page["part"] for page in told["pages"]]
    assert (told["complete"], len(held)) == (False, 4)
    assert held[0] not in told["missing"]
    assert {"orders-open", "positions", "account", held[-1]} <= set(told["missing"])


def test_flex_goes_on_with_the_statement_that_was_ordered(tmp_path: Path) -> None:
    with serving(FLEX.answering()) as server:
        with pytest.raises(TryLaterError, match="1019"):
            fetched(FLEX, server, tmp_path, patience=0)
        fetched(FLEX, server, tmp_path)
        assert [asked.path for asked in server.asked].count("/SendRequest") == 1


def test_a_statement_that_was_ordered_long_ago_is_ordered_anew(tmp_path: Path) -> None:
    with serving(FLEX.answering()) as server:
        with pytest.raises(TryLaterError, match="1019"):
            fetched(FLEX, server, tmp_path, patience=0)
        fetched(FLEX, server, tmp_path, Clock(NOW + timedelta(hours=2)))
        assert [asked.path for asked in server.asked].count("/SendRequest") == 2


def test_a_reference_that_is_refused_is_ordered_anew(tmp_path: Path) -> None:
    answering, refused = FLEX.answering(), [flex_error(1017, "Reference code is invalid.")]

    def answer(asked: Asked) -> Reply:
        is_first = asked.path == "/GetStatement" and refused
        return refused.pop() if is_first else answering(asked)

    with serving(answer) as server:
        with pytest.raises(VenueRefusedError, match="1017"):
            fetched(FLEX, server, tmp_path)
        fetched(FLEX, server, tmp_path)
        assert [asked.path for asked in server.asked].count("/SendRequest") == 2


def test_what_was_complete_is_read_again_at_its_end_alone(tmp_path: Path) -> None:
    with serving(BYBIT.answering()) as server:
        first = fetched(BYBIT, server, tmp_path)
        server.asked.clear()
        again = fetched(BYBIT, server, tmp_path)
        windows = {
            asked.params["startTime"] for asked in server.asked if asked.query.count("Time=")
        }
    assert [page.digest for page in again] == [page.digest for page in first]
    assert len(windows) == 1
    assert not list(tmp_path.glob("superseded/*20260101*"))
    assert list(tmp_path.glob("superseded/*20260115*"))


def test_a_later_end_reads_the_last_window_and_what_came(tmp_path: Path) -> None:
    with serving(BYBIT.answering()) as server:
        fetched(BYBIT, server, tmp_path)
        server.asked.clear()
        later = attrs.evolve(BYBIT.request, end=END + timedelta(days=30))
        fetched(BYBIT, server, tmp_path, request=later, overlap=timedelta(0))
        starts = {asked.params.get("startTime") for asked in server.asked} - {None}
    told = manifest(tmp_path)
    # What lies ahead is asked for up to now.
    assert told["window"]["to"].startswith("2026-01-22T12:00:00")
    assert len(starts) == 2


def test_a_page_that_was_changed_is_not_given_out_and_is_fetched_again(tmp_path: Path) -> None:
    with serving(ALPACA.answering()) as server:
        first = fetched(ALPACA, server, tmp_path)
        (tmp_path / first[0].name).write_bytes(b"[]")
        with pytest.raises(FetchError, match="is not what was fetched"):
            pages_of(tmp_path)
        again = fetched(ALPACA, server, tmp_path)
    assert again[0] == first[0]


def test_a_folder_of_another_fetch_is_refused(tmp_path: Path) -> None:
    with serving(ALPACA.answering()) as server:
        fetched(ALPACA, server, tmp_path)
        other = attrs.evolve(ALPACA.request, account="B")
        with pytest.raises(FetchError, match="another venue, account"):
            fetched(ALPACA, server, tmp_path, request=other)
    assert manifest(tmp_path)["complete"] is True


def test_a_time_that_is_empty_or_lies_ahead_is_refused(tmp_path: Path) -> None:
    ahead = attrs.evolve(ALPACA.request, start=NOW + timedelta(days=1), end=NOW + timedelta(days=2))
    with serving(ALPACA.answering()) as server, pytest.raises(FetchError, match="has not begun"):
        fetched(ALPACA, server, tmp_path / "out", request=ahead)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
def test_two_processes_do_not_fetch_into_one_folder(tmp_path: Path) -> None:
    hold = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); " \
           "print('held', flush=True); sys.stdin.read()"  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", hold, tmp_path / ".lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        assert holder.stdin
        holder.stdout.readline()
        with serving(ALPACA.answering()) as server, pytest.raises(TryLaterError, match="another"):
            fetched(ALPACA, server, tmp_path)
        holder.stdin.close()


def test_a_half_file_of_a_run_that_was_killed_is_no_page(tmp_path: Path) -> None:
    (tmp_path / ".page-x.json.half").write_bytes(b"[")
    with serving(ALPACA.answering()) as server:
        pages = fetched(ALPACA, server, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *(page.name for page in pages), "manifest.json", "state.json", ".lock",
    }  # fmt: skip


def test_a_page_that_no_part_has_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "page-positions-0002.json").write_bytes(b"[{}]")
    with serving(ALPACA.answering()) as server:
        pages = fetched(ALPACA, server, tmp_path)
    assert {path.name for path in tmp_path.glob("page-*")} == {page.name for page in pages}
    assert [path.read_bytes() for path in tmp_path.glob("superseded/*")] == [b"[{}]"]


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
def test_what_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    out = tmp_path / "new"
    with serving(ALPACA.answering()) as server:
        fetched(ALPACA, server, out)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()}
    assert (modes, stat.S_IMODE(out.stat().st_mode)) == ({0o600}, 0o700)


def test_a_state_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"of": 1}), "utf-8")
    with serving(ALPACA.answering()) as server, pytest.raises(FetchError, match="cannot be read"):
        fetched(ALPACA, server, tmp_path)


def test_a_folder_without_a_manifest_gives_no_pages(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="no readable"):
        pages_of(tmp_path)
