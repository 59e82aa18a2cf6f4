"""What the documentation shows is what the program says: each page that calls it is run here, in
one process, since loading the same modules for each command takes minutes and shows no more."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from adapters.cli.catalogue import COMMANDS
from adapters.cli.reference import page
from adapters.cli.root import root
from tests.architecture.markdown import Block, blocks, calls_the_program, pages, run_python
from tests.architecture.sources import ROOT
from tests.cli.running import Run

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PROGRAM = "tradeledger"
_EXIT = re.compile(r"#\s*exit (\d+)\s*$")


class Shown(NamedTuple):
    """A command of a page, the exit code it states and the output it shows, if any."""

    line: str
    code: int
    output: str


def shown(block: Block) -> Iterator[Shown]:
    """The commands of a console block, each with the lines under it."""
    for part in re.split(r"^\$ ", block.body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        if line.startswith(PROGRAM):
            found = _EXIT.search(line)
            yield Shown(line, int(found[1]) if found else 0, output)


PAGES = [path for path in pages() if any(map(calls_the_program, blocks(path.read_text("utf-8"))))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_shows_what_is_said(run: Run, path: Path) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    for block in blocks(path.read_text("utf-8")):
        if block.file:
            Path(block.file).write_text(block.body, "utf-8")
        if block.language == "python":
            run_python(block, path.name, names)
        for one in shown(block) if block.language == "console" else ():
            require_shown(run, one)


def require_shown(run: Run, one: Shown) -> None:
    done = run(*shlex.split(one.line, comments=True)[1:])
    assert done.code == one.code, one.line + done.err
    if one.output.strip():
        said = done.out + done.err
        assert doctest.OutputChecker().check_output(one.output, said, FLAGS), f"{one.line}\n{said}"


def test_other_output_is_seen() -> None:
    block = Block(1, "console", "$ tradeledger verify\nclean in 22 events\n")
    (one,) = shown(block)
    assert not doctest.OutputChecker().check_output(one.output, "clean in 23 events\n", FLAGS)


def test_the_pages_that_must_show_commands_do() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert {"README.md", "docs/tutorial/first-books.md"} <= names


def test_the_reference_is_the_programs_help() -> None:
    written = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    how = "bring it up to date: python -m adapters.cli.reference > docs/reference/cli.md"
    assert written == page(), how


@pytest.mark.parametrize("name", COMMANDS)
def test_the_catalogue_leads_to_each_command(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert (command.name, bool(command.help)) == (name, True)
