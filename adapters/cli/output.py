"""Writing an answer: one JSON document, CSV, or tables for people."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from typing import Final

import click

from adapters.cells import figure, printable
from adapters.cli.answers import Answer, Column, Kind, Section, plain
from adapters.cli.figures import readable

JSON: Final = "json"
CSV: Final = "csv"
TABLE: Final = "table"
_GAP: Final = "  "


def write(answer: Answer, style: str) -> None:
    """Write an answer to standard output in the style that was asked for."""
    if style == JSON:
        sections = {
            section.name: [plain(row) for row in section.rows] for section in answer.sections
        }
        document = {**plain(answer.about), **sections}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif style == CSV:
        write_csv(answer.sections[0])
    else:
        write_tables(answer)


def write_csv(section: Section) -> None:
    """One section with a header; amounts exact, no text that a spreadsheet would calculate."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in section.columns])
    for row in section.rows:
        writer.writerow([csv_cell(row.get(c.name), c) for c in section.columns])


def csv_cell(value: object, column: Column) -> str:
    """A cell as text; texts that begin like a formula get an apostrophe, numbers do not, also
    where a text says one.

    >>> csv_cell("=1+1", Column("symbol")), csv_cell("-1", Column("before"))
    ("'=1+1", '-1')
    """
    told = cell(value)
    return figure(told) if column.kind is Kind.TEXT else told


def cell(value: object) -> str:
    """A value in one cell, exact."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{plain(amount)} {name}" for name, amount in value.items())
    if isinstance(value, tuple | list):
        return "; ".join(map(cell, value))
    return "" if value is None else str(plain(value))


def write_tables(answer: Answer) -> None:
    """Every section as a table; on a terminal with a little colour."""
    rounded = False
    for section in answer.sections:
        if answer.result and not section.rows:
            continue
        if len(answer.sections) > 1:
            click.echo(f"{section.name}:")
        columns = [column for column in section.columns if not column.wide]
        lines = []
        for row in section.rows:
            cells = [readable(row, column, cell) for column in columns]
            rounded = rounded or any(one.is_rounded for one in cells)
            lines.append([printable(one.text) for one in cells])
        _write_table(columns, lines)
    if answer.result:
        click.echo(answer.result)
    if rounded:
        click.echo("some figures are rounded for reading; --json and --csv are exact", err=True)


def _write_table(columns: list[Column], lines: list[list[str]]) -> None:
    if sys.stdout.isatty():
        from adapters.cli.terminal import write_rich

        write_rich(columns, lines)
        return
    header = [column.name for column in columns]
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    for line in (header, *lines):
        click.echo(_aligned(columns, line, widths))


def _aligned(columns: list[Column], line: list[str], widths: list[int]) -> str:
    padded = (
        text.ljust(width) if column.kind is Kind.TEXT else text.rjust(width)
        for column, text, width in zip(columns, line, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()
