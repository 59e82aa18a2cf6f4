"""Reading the documentation: its examples, which are run, and its links, which are followed.

A ``python`` block is executed, all blocks of a page in one namespace and one empty folder; a
``console`` block's lines ``$ tradeledger ...`` are commands that must end with exit code 0, or
with the one in a comment ``# exit 1``. A ``text`` block with a name behind it is a file of that
name. A block marked ``skip`` behind its language is left out.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.architecture.sources import ROOT

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(
    r"\[[^\]\[]*\]\((?P<inline>[^)\s]+)\)|^\[[^\]]+\]:\s+(?P<named>\S+)", re.MULTILINE
)
_EXIT = re.compile(r"#\s*exit (?P<code>\d+)\s*$")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block: where it begins, its language and its text; the name of the file it is."""

    line: int
    language: str
    body: str
    file: str = ""


class ExampleError(Exception):
    """An example of the documentation does not do what it says."""


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks that are to be run, in order."""
    for match in _FENCE.finditer(text):
        language, *marks = match["info"].split() or [""]
        if "skip" not in marks:
            line = text.count("\n", 0, match.start()) + 2
            file = marks[0] if language == "text" and marks else ""
            yield Block(line, language, match["body"], file)


def run_page(text: str, name: str, folder: Path) -> int:
    """Run a page's examples in an empty folder; how many there were."""
    namespace: dict[str, Any] = {"__name__": "example"}
    count = 0
    for block in blocks(text):
        if block.file:
            (folder / block.file).write_text(block.body, "utf-8")
        if block.language == "python":
            run_python(block, name, namespace)
            count += 1
        if block.language == "console":
            count += _run_console(block, name, folder)
    return count


def run_python(block: Block, name: str, namespace: dict[str, Any]) -> None:
    """Run one example in the names of those before it."""
    if ">>> " in block.body:
        _run_dialogue(block, name, namespace)
        return
    code = "\n" * (block.line - 1) + block.body
    exec(compile(code, name, "exec"), namespace)


def _run_dialogue(block: Block, name: str, namespace: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(block.body, namespace, name, name, block.line)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=said.append, clear_globs=False)
    namespace |= test.globs
    if result.failed:
        raise ExampleError("".join(said))


def commands(block: Block) -> Iterator[str]:
    """The lines after ``$``, those that end in a backslash joined."""
    for line in block.body.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield line.removeprefix("$ ")


def calls_the_program(block: Block) -> bool:
    """Whether it is a console in which the program is called."""
    called = (command.startswith("tradeledger") for command in commands(block))
    return block.language == "console" and any(called)


def _run_console(block: Block, name: str, folder: Path) -> int:
    """Run the lines that call the program; how many there were."""
    ours = [command for command in commands(block) if command.startswith("tradeledger")]
    for command in ours:
        expected = int(found["code"]) if (found := _EXIT.search(command)) else 0
        done = _run_program(shlex.split(command, comments=True)[1:], folder)
        if done.returncode != expected:
            raise ExampleError(
                f"{name}:{block.line}: exit {done.returncode}, not {expected}: {command}\n"
                f"{done.stdout}{done.stderr}"
            )
    return len(ours)


def _run_program(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from adapters.cli import main; main()", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown file of the repository that people read."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def dead_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere: no such file, or no such heading."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    targets = (match["inline"] or match["named"] for match in _LINK.finditer(text))
    return [target for target in targets if "://" not in target and not _leads(page, target)]


def _leads(page: Path, target: str) -> bool:
    path, _, heading = target.partition("#")
    file = (page.parent / path) if path else page
    if not file.exists():
        return False
    return not heading or heading in headings(file.read_text("utf-8"))


def headings(text: str) -> set[str]:
    """The anchors of a page: its headings in lower case, joined by hyphens."""
    lines = re.findall(r"^#+\s+(.*?)\s*$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
