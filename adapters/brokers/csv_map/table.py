"""A CSV file as a strict table: every row has the header's columns, or the file is refused.

Empty cells behind the last column that has a name say nothing: brokers write a comma at the end of
some lines, and not of others.
"""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Final

from adapters.brokers.csv_map.cells import Cell
from adapters.brokers.csv_map.columns import ANY_CURRENCY, ColumnMap
from adapters.port import RawPage
from ledger.errors import BadFileError

MAX_BYTES: Final = 512 * 1024 * 1024
_PREAMBLE: Final = 20


class Table:
    """The header, and the rows with the number of the line each ends on."""

    def __init__(self, page: RawPage, columns: ColumnMap) -> None:
        self._name = page.name
        self._delimiter = columns.delimiter
        encoding = _readable(page, columns)
        self._lines = io.TextIOWrapper(io.BytesIO(page.content), encoding, newline="")
        for _ in range(columns.skip_lines):
            self._lines.readline()
        self._offset = columns.skip_lines + self._preamble(columns.header_first)
        self._reader = csv.reader(self._lines, delimiter=columns.delimiter, strict=True)
        self.header = self._header()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row; blank lines and lines of commas are passed over."""
        width = len(self.header)
        try:
            with self._lines:
                for row in self._reader:
                    if len(row) > width and not any(row[width:]):
                        del row[width:]
                    if not any(row):
                        continue
                    if len(row) == width:
                        yield self._reader.line_num + self._offset, row
                    else:
                        raise self._refused(f"has {len(row)} cells where the header has {width}")
        except csv.Error as error:
            raise self._refused(f"is not well-formed CSV ({error})") from None

    def cell(self, headers: tuple[str, ...]) -> Cell:
        """A function from a row to the text under the first of these headers that the file has,
        without the spaces around it, by which some brokers fill a column up; ``BadFileError`` when
        it has none, unless ``""`` is one of them."""
        found = next(filter(None, (self._find(header) for header in headers)), None)
        if found is not None:
            at = self.header.index(found)
            return lambda row: row[at].strip()
        if "" in headers:
            return lambda _: ""
        held = ", ".join(self.header)
        named = " or ".join(map(repr, headers))
        raise self._refused(f"has no column {named} that the map names; it has {held}")

    def star(self, headers: tuple[str, ...]) -> str:
        """The currency in the header of such a column, as in ``Total (GBP)``; "" for none."""
        for header in headers:
            found = self._find(header)
            if found is not None:
                before, star, after = header.partition(ANY_CURRENCY)
                return found[len(before) : len(found) - len(after)] if star else ""
        return ""

    def _find(self, header: str) -> str | None:
        """The file's header of this name, where a star stands for three capitals."""
        if header in self.header:
            return header or None
        before, star, after = header.partition(ANY_CURRENCY)
        if not star:
            return None
        shape = re.compile(f"{re.escape(before)}[A-Z]{{3}}{re.escape(after)}", re.ASCII)
        return next(filter(shape.fullmatch, self.header), None)

    def _preamble(self, first: str) -> int:
        """Pass over the lines before the header, which begins with this cell; how many."""
        if not first:
            return 0
        for passed in range(_PREAMBLE):
            at = self._lines.tell()
            line = self._lines.readline()
            if line.split(self._delimiter)[0].strip().strip('"') == first:
                self._lines.seek(at)
                return passed
        raise BadFileError(
            f"{self._name} has no header that begins with {first!r} in its first {_PREAMBLE} "
            "lines: it is another kind of file; nothing of it was recorded"
        )

    def _header(self) -> list[str]:
        try:
            header = next(self._reader, None)
        except csv.Error as error:
            raise self._refused(f"is not well-formed CSV ({error})") from None
        while header and not header[-1]:
            header.pop()
        if not header:
            raise self._refused("holds no header")
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise self._refused(f"names a column twice: {', '.join(map(repr, twice))}")
        return header

    def _refused(self, why: str) -> BadFileError:
        line = self._reader.line_num + self._offset
        return BadFileError(f"{self._name}, line {line}: {why}; nothing of it was recorded")


def _readable(page: RawPage, columns: ColumnMap) -> str:
    """The encoding that the whole file is in, as declared; a UTF-8 byte order mark is read as what
    it is. The text is not kept: decoded, a file may be four times as large."""
    content, name, encoding = page.content, page.name, columns.encoding
    if len(content) > MAX_BYTES:
        raise BadFileError(f"{name} is larger than {MAX_BYTES} bytes; split it by period")
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and encoding != "utf-16":
        raise BadFileError(f'{name} is UTF-16; declare encoding = "utf-16" in {columns.name}')
    if content.startswith(BOM_UTF8) and encoding == "utf-8":
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        raise BadFileError(
            f"{name} is not {encoding} ({error}); declare its encoding in {columns.name}"
        ) from None
    if "\x00" in text:
        raise BadFileError(f"{name} holds NUL characters; it is damaged or of another encoding")
    if columns.final_newline and not text.endswith("\n"):
        raise BadFileError(f"{name} ends inside a line: it was cut; download it again")
    return encoding
