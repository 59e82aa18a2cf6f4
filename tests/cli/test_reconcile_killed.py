"""The folder of a report is the old one or the new one, whole, whenever a run is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from adapters.cli.folder import replaced
from adapters.reconcile.writing import MATCHES, WRITERS
from tests.architecture.sources import ROOT
from tests.cli.running import Run, process, run_process

RECONCILE = ("reconcile", "ibkr_flex", "statement.xml", "--out", "night")
NAMES = {"a", "b"}

# Kills its own process when the file of this name is about to be written.
WRITING = """
import os, signal
from adapters.reconcile.writing import WRITERS
def killed(report):
    os.kill(os.getpid(), signal.SIGKILL)
WRITERS[{name!r}] = killed
"""
# Kills its own process before, or after, so many renamings of folders.
RENAMING = """
import os, signal
from pathlib import Path
rename, left = Path.rename, {left}
def counted(self, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = counted
"""


def files(place: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in place.iterdir()}


def killed(folder: Path, how: str) -> None:
    """Run until the process kills itself."""
    (folder / "sitecustomize.py").write_text(how, "utf-8")
    with process(*RECONCILE, folder=folder, PYTHONPATH=f"{folder}:{ROOT}") as running:
        running.communicate(timeout=60)
    assert running.returncode == -9
    (folder / "sitecustomize.py").unlink()


@pytest.fixture
def old(books: Run, folder: Path) -> dict[str, str]:
    """The files of the last night's report, before the books went on."""
    assert books(*RECONCILE).code == 0
    found = files(folder / "night")
    slip = ("--at", "2026-03-05", "--who", "A. Smith", "--reason", "a slip")
    assert books("record", "adjustment", "--amount=-1", "--currency=USD", *slip).code == 0
    return found


@pytest.mark.parametrize("name", ["summary.json", "report.html", list(WRITERS)[-1]])
def test_killed_in_the_middle_of_writing_it_leaves_the_old_one(
    books: Run, folder: Path, old: dict[str, str], name: str
) -> None:
    killed(folder, WRITING.format(name=name))
    assert files(folder / "night") == old
    assert books(*RECONCILE).code == 1
    assert [path.name for path in folder.glob(".night*")] == [".night.lock"]


@pytest.mark.parametrize("left", [0, 1])
def test_killed_between_two_renamings_it_is_put_back(
    books: Run, folder: Path, old: dict[str, str], left: int
) -> None:
    killed(folder, RENAMING.format(left=left))
    with pytest.raises(KeyError), replaced(folder / "night", {*WRITERS, MATCHES}):
        raise KeyError
    assert files(folder / "night") == old


def test_a_lock_dies_with_its_holder(books: Run, folder: Path, old: dict[str, str]) -> None:
    killed(folder, WRITING.format(name="report.html"))
    assert run_process(*RECONCILE, folder=folder).code == 1


# ----------------------------------------------------------------------------- in this process


def put(place: Path, **contents: Any) -> None:
    with replaced(place, NAMES) as folder:
        for name, content in contents.items():
            (folder / name).write_text(content, "utf-8")


def test_a_new_folder_has_what_was_written_and_nothing_of_the_old(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "night"
    put(place, a="1", b="2")
    put(place, a="3")
    assert files(place) == {"a": "3"}
    assert list(place.parent.iterdir()) == [place]


def test_whoever_fails_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    place = tmp_path / "night"
    put(place, a="1")
    with pytest.raises(TypeError):
        put(place, a="2", b=3)
    assert files(place) == {"a": "1"}
    assert list(tmp_path.iterdir()) == [place]


def test_what_no_report_wrote_is_never_lost(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a").touch()
    (tmp_path / "letters" / "to mother").touch()
    with pytest.raises(click.UsageError, match="to mother; name a folder of its own"):
        put(tmp_path / "letters", a="1")
    assert len(files(tmp_path / "letters")) == 2


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    with pytest.raises(click.UsageError, match="not a folder"):
        put(tmp_path / "link", a="1")
