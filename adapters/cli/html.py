"""A report as one page of HTML that stands alone: no script, nothing from the network.

The page says what it was asked and at which number, and nothing about when it was made: asked
again for that number it has the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from string import Template
from typing import Final

from adapters.cells import printable
from adapters.cli.answers import Kind, Row, Section
from adapters.cli.figures import readable
from adapters.cli.output import cell

_PAGE: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 1em }
dt { opacity: .7 }
dd { margin: 0 }
div { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { border-bottom: 1px solid #8886; padding: .2em .8em .2em 0; text-align: left }
th.n, td.n { text-align: right }
td.minus { color: #c33 }
</style>
</head>
<body>
<h1>$title</h1>
<dl>
$about
</dl>
$sections
</body>
</html>
""")


def page(title: str, about: Mapping[str, str], sections: tuple[Section, ...]) -> bytes:
    """The page of some tables. Figures are rounded for reading, and say the exact one when they
    are pointed at."""
    terms = (f"<dt>{_text(name)}</dt><dd>{_text(told)}</dd>" for name, told in about.items())
    filled = _PAGE.substitute(
        title=_text(title),
        about="\n".join(terms),
        sections="\n".join(part for section in sections for part in _section(section)),
    )
    return filled.encode()


def _section(section: Section) -> Iterator[str]:
    columns = [column for column in section.columns if not column.wide]
    yield f"<h2>{_text(section.name.replace('_', ' '))}</h2>\n<div><table>\n<thead><tr>"
    for column in columns:
        side = "" if column.kind is Kind.TEXT else ' class="n"'
        yield f"<th{side}>{_text(column.name.replace('_', ' '))}</th>"
    yield "</tr></thead>\n<tbody>"
    for row in section.rows:
        yield f"<tr>{''.join(_cells(section, row))}</tr>"
    yield "</tbody>\n</table></div>"


def _cells(section: Section, row: Row) -> Iterator[str]:
    """The cells of a row."""
    for column in section.columns:
        if not column.wide:
            shown = readable(row, column, cell)
            exact = f' title="{_text(cell(row[column.name]))}"' if shown.is_rounded else ""
            kind = "" if column.kind is Kind.TEXT else ' class="n"'
            if kind and shown.text.startswith("-"):
                kind = ' class="n minus"'
            yield f"<td{kind}{exact}>{_text(shown.text)}</td>"


def _text(told: str) -> str:
    return escape(printable(told))
