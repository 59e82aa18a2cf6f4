"""Tables on a terminal; loaded only there, since it takes a while."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.cli.answers import Column, Kind

_STYLES = {"busted": "dim strike", "corrected": "yellow", "-": "red"}


def write_rich(columns: list[Column], lines: list[list[str]]) -> None:
    """A table in the width of the terminal. ``NO_COLOR`` is heeded; no text is markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_text = column.kind is Kind.TEXT
        table.add_column(column.name, justify="left" if is_text else "right", overflow="fold")
    for line in lines:
        cells = zip(columns, line, strict=True)
        table.add_row(*(Text(text, style=_style(column, text)) for column, text in cells))
    Console(highlight=False).print(table)


def _style(column: Column, text: str) -> str:
    if column.kind is Kind.TEXT:
        return _STYLES.get(text, "") if column.name == "status" else ""
    return _STYLES["-"] if text.startswith("-") else ""
