"""Nights: reports to reconcile with, and what a run of ``reconcile`` left behind."""

from __future__ import annotations

import json
from pathlib import Path

from ledger.domain.events import BreakEvent
from tests.cli.running import recorded

RECONCILE = ("reconcile", "ibkr_flex")
OUT = ("--out", "night")
CHANGES = (('position="-40"', 'position="20"'), ('endingCash="47042.01"', 'endingCash="47042.02"'),
           ('tradePrice="52"', 'tradePrice="53"'))  # fmt: skip
Files = dict[str, bytes]


def night(place: str = "night") -> Files:
    """The files of a report, by name."""
    return {path.name: path.read_bytes() for path in Path(place).iterdir()}


def summary(place: str = "night") -> dict:
    return json.loads(night(place)["summary.json"])


def steps() -> list[str]:
    """The facts about breaks, in order."""
    return [type(one.event).__name__ for one in recorded() if isinstance(one.event, BreakEvent)]


def retold(statement: Path) -> Path:
    """The sample as another broker would tell it: a price, a position and a balance differ."""
    content = statement.read_text("utf-8")
    for here, there in CHANGES:
        assert here in content
        content = content.replace(here, there)
    Path("other.xml").write_text(content, "utf-8")
    return Path("other.xml")
