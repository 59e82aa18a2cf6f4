"""Writes the figures of a run into the documentation, between two marks."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any, Final

from ledger.store.sqlite_module import SQLITE
from tests.benchmarks.cold import ROOT

PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
BEGIN: Final = "<!-- figures: written by python -m tests.benchmarks --page -->"
END: Final = "<!-- end of figures -->"


def machine() -> str:
    """What it was measured on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    sqlite = ".".join(map(str, SQLITE.version))
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}, Python "
        f"{platform.python_version()}, SQLite {sqlite}"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| figure | measured | | goal | | what |", "|---|---:|---|---|---|---|"]
    lines += [
        f"| `{row['id']}` | {_number(row['figure'])} | {row['unit']} | {row['goal']} | "
        f"{'met' if row['met'] else '**missed**'} | {row['what']} |"
        for row in rows
    ]
    return "\n".join(lines)


def _number(figure: float) -> str:
    """Three digits that say something.

    >>> _number(0.61749), _number(21566.7), _number(50.0)
    ('0.617', '21,567', '50')
    """
    if figure == round(figure) or abs(figure) >= 1000:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def with_figures(text: str, rows: list[dict[str, Any]]) -> str:
    """The page with these figures in place of those that were there."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\nMeasured on {machine()}.\n\n{table(rows)}\n\n{END}{after}"


def refresh(figures: Path) -> None:
    """Write the figures of a run's JSON into the page."""
    rows = json.loads(figures.read_text("utf-8"))
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), rows), "utf-8")
