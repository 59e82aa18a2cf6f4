"""What no text of the repository may hold: one machine's paths, registry hosts, tools' names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.rules import Violation
from tests.architecture.sources import ROOT

SKIPPED = {"__pycache__", "build", "dist", "htmlcov", "node_modules"}
LARGEST = 2_000_000

# Written in halves, so that this list does not find itself.
_DENIED = re.compile(
    r"(?<![\w.])/wo" r"rk/|(?<![\w.])/ro" r"ot/|(?<![\w.])/home/\w|pypi\.o" r"rg|"
    r"files\.pythonh" r"osted|language[ -]mo" r"del|\bco" r"pilot\b",
    re.IGNORECASE,
)  # fmt: skip


def repository_files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that could be committed; hidden folders apart but for ``.ci``. Git's own is a
    file in a second worktree, and says where the first one is."""
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if _is_kept(name))
        yield from (Path(folder, name) for name in sorted(files) if name != ".git")


def _is_kept(name: str) -> bool:
    hidden = name.startswith(".") and name not in {".ci", ".github"}
    return not hidden and name not in SKIPPED and not name.endswith(".egg-info")


def denied(text: str, path: str) -> Iterator[Violation]:
    """The lines of a text that hold what no text here may hold."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _DENIED.search(line):
            yield Violation(path, number, f"{found.group()!r} does not belong in the repository")


def denied_in_files(root: Path = ROOT) -> Iterator[Violation]:
    """The same over every file that is text and not large."""
    for file in repository_files(root):
        raw = file.read_bytes() if file.stat().st_size <= LARGEST else b"\0"
        if b"\0" not in raw:
            text = raw.decode("utf-8", errors="replace")
            yield from denied(text, file.relative_to(root).as_posix())
