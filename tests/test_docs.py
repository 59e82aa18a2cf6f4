"""The documentation cannot rot: its examples run, its links lead somewhere, its lists are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.domain.events import TOPICS
from tests.architecture.markdown import (
    ExampleError,
    blocks,
    calls_the_program,
    commands,
    dead_links,
    pages,
    run_page,
)
from tests.architecture.sources import ROOT

PAGES = pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())

# Pages that call the program are run in tests/cli/test_documented_commands.py, which also knows
# what is said; the first of them here too, each command as a process of its own.
README = ROOT / "README.md"
RUN = [
    page
    for page in pages()
    if page == README or not any(map(calls_the_program, blocks(page.read_text("utf-8"))))
]


@pytest.mark.parametrize("page", RUN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(page.read_text("utf-8"), page.name, tmp_path)


@PAGES
def test_links_lead_somewhere(page: Path) -> None:
    assert not dead_links(page)


@PAGES
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    called = {c for block in blocks(text) for c in commands(block) if c.startswith("make ")}
    assert {name for command in called for name in command.split()[1:]} <= targets


def test_every_fact_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "facts.md").read_text("utf-8")
    assert set(re.findall(r"`([a-z-]+/\d+)`", text)) == set(TOPICS)


# ---------------------------------------------------------------- the checks see what is wrong


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("```python\n1 / 0\n```\n", ZeroDivisionError),
        ("```python\n>>> 1 + 1\n3\n```\n", ExampleError),
        ("```console\n$ tradeledger no-such-command\n```\n", ExampleError),
    ],
)
def test_a_wrong_example_is_caught(text: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error):
        run_page(text, "page.md", tmp_path)


def test_a_skipped_example_is_not_run(tmp_path: Path) -> None:
    assert run_page("```python skip\n1 / 0\n```\n", "page.md", tmp_path) == 0


def test_the_blocks_of_a_page_share_their_names(tmp_path: Path) -> None:
    text = "```python\nx = 1\n```\nand then\n```python\n>>> x\n1\n```\n"
    assert run_page(text, "page.md", tmp_path) == 2


def test_a_dead_link_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[a](page.md#a-page) [b](other.md) [c](#nowhere)\n", "utf-8")
    assert dead_links(page) == ["other.md", "#nowhere"]
