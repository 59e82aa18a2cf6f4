"""The example of the README may be run again: nothing is added."""

from __future__ import annotations

from pathlib import Path

import ledger
from tests.architecture.markdown import run_page
from tests.architecture.sources import ROOT

README = (ROOT / "README.md").read_text("utf-8").partition("## On the command line")[0]
README = README.partition("## In a bot")[2]


def facts_after(text: str, times: int, folder: Path) -> int:
    for _ in range(times):
        run_page(text, "README.md", folder)
    with ledger.open("sqlite:///bot.db") as book:
        return book.store.head()


def test_the_example_twice_is_the_example_once(folder: Path) -> None:
    once = facts_after(README, 1, folder)
    assert facts_after(README, 1, folder) == once


def test_without_a_time_it_would_not_be(folder: Path) -> None:
    timeless = README.replace('"o-1", occurred_at=at)', '"o-1")')
    once = facts_after(timeless, 1, folder)
    assert facts_after(timeless, 1, folder) > once
