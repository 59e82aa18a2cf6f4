"""Files of one report that share a name, or are one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.brokers.fix import fill, lines
from tests.cli.running import Run


def test_two_sessions_logs_of_one_name_overlap_like_any_other(run: Run, folder: Path) -> None:
    """What both tell is no duplicate at the broker, whatever the files are called."""
    plain = {"t12": "", "t39": "2", "t151": "0"}
    paths = [folder / name / "messages-0001.log" for name in ("monday", "tuesday")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(lines(fill(**plain)))
    logs = [str(path.relative_to(folder)) for path in paths]
    assert run("ingest", "fix44", *logs).code == 0
    done = run("reconcile", "fix44", *logs, "--out", "night", "--json")
    assert (done.code, done.json["verdict"]) == (0, "clean"), done.out + done.err
    assert [one["name"] for one in done.json["inputs"]] == logs


@pytest.mark.parametrize("again", ["fix.log", "./fix.log"])
def test_a_file_that_is_named_twice_is_read_once(run: Run, folder: Path, again: str) -> None:
    (folder / "fix.log").write_bytes(lines(fill(t12="", t39="2", t151="0")))
    done = run("ingest", "fix44", "fix.log", again, "--json")
    assert (done.code, done.json["counts"]["same"]) == (0, 0)
    done = run("reconcile", "fix44", "fix.log", again, "--out", "night", "--json")
    assert (done.code, done.json["verdict"]) == (0, "clean"), done.out + done.err
    assert [one["name"] for one in done.json["inputs"]] == ["fix.log"]
