"""A CSV file of prices: one row a mark or a rate, read row by row.

The columns are ``at``, ``px``, ``instrument`` or ``pair``, and if they are there ``kind`` and
``source``. A row names an instrument by its id or a pair of currencies (``EUR/USD``: what a euro
costs in dollars), never both. A row that cannot be read is set aside and the rest goes on; a file
that is no such table is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Any, Final

import attrs

from adapters.port import digest_of
from adapters.quarantine import Quarantined
from adapters.text import UNREADABLE, iso_moment
from ledger.domain.numbers import parse
from ledger.domain.prices import AnyPrice, Price, PriceKind, Rate, pair_of
from ledger.errors import BadFileError, BadRowError, NaiveTimeError
from ledger.store.prices import told_of

NEEDED: Final = ("at", "px")
COLUMNS: Final = ("instrument", "pair", *NEEDED, "kind", "source")
KINDS: Final = tuple(kind.value for kind in PriceKind)
_ZONED: Final = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII)


@attrs.frozen(kw_only=True)
class PriceConfig:
    """What a file does not say in its rows: who said so, of which kind, in which zone."""

    source: str = ""
    kind: PriceKind = PriceKind.LAST
    zone: tzinfo | None = None


def read(name: str, lines: Iterable[str], config: PriceConfig) -> Iterator[AnyPrice | Quarantined]:
    """The prices of a file, and the rows that were set aside, each with the line it ends on.

    ``BadFileError`` if the file is no table of prices, or not in UTF-8, as far as it was read.
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = _header(name, next(reader, None), config)
        for cells in reader:
            if cells:
                yield _read_row(name, str(reader.line_num), header, cells, config)
    except (csv.Error, UnicodeDecodeError) as error:
        told = "is not well-formed CSV in UTF-8"
        raise _refused(name, reader.line_num, f"{told} ({error})") from None


def _header(name: str, header: list[str] | None, config: PriceConfig) -> list[str]:
    """The columns; ``BadFileError`` for one that is missing, unknown or there twice."""
    found = header or []
    strange = sorted({one for one in found if one not in COLUMNS or found.count(one) > 1})
    missing = [one for one in NEEDED if one not in found]
    if not {"instrument", "pair"} & set(found):
        missing.append("instrument or pair")
    if "source" not in found and not config.source:
        missing.append("source (or --source)")
    if strange or missing:
        why = f"unknown or there twice: {', '.join(map(repr, strange))}" if strange else ""
        lacks = f"missing: {', '.join(missing)}" if missing else ""
        told = "; ".join(filter(None, (lacks, why)))
        raise _refused(name, 1, f"columns {told}; it may have {', '.join(COLUMNS)}")
    return found


def _refused(name: str, line: int, why: str) -> BadFileError:
    return BadFileError(f"{name}, line {line}: {why}; nothing of it was recorded")


def _read_row(
    name: str, line: str, header: list[str], cells: list[str], config: PriceConfig
) -> AnyPrice | Quarantined:
    try:
        if len(cells) != len(header):
            rule = f"{len(cells)} cells where the header has {len(header)}"
            raise BadRowError("row", ",".join(cells), rule)
        price = _price(dict(zip(header, cells, strict=True)), config)
        told_of(price)  # also what only the store would refuse
    except UNREADABLE as error:
        raw = ",".join(cells)
        return Quarantined.of(error, file=name, row=f"line {line}", digest=digest_of(raw), raw=raw)
    return price


def _price(row: Mapping[str, str], config: PriceConfig) -> AnyPrice:
    """The price in a row; an error of ``UNREADABLE`` if there is none."""
    instrument, pair = row.get("instrument", ""), row.get("pair", "")
    if bool(instrument) is bool(pair):
        rule = "a row names an instrument or a pair, and not both"
        raise BadRowError("instrument", instrument, rule)
    how: dict[str, Any] = {
        "px": parse("px", row["px"]),
        "source": row.get("source") or config.source,
        "kind": _kind(row.get("kind", ""), config),
        "at": _at(row["at"], config.zone),
    }
    if pair:
        base, quote = pair_of(pair)
        return Rate(base=base, quote=quote, **how)
    return Price(instrument_id=instrument, **how)


def _kind(text: str, config: PriceConfig) -> PriceKind:
    if text and text not in KINDS:
        raise BadRowError("kind", text, f"not one of {', '.join(KINDS)}")
    return PriceKind(text) if text else config.kind


def _at(text: str, zone: tzinfo | None) -> Any:
    if zone is None and not _ZONED.search(text):
        raise BadRowError("at", text, "the time has no zone; write Z or an offset, or give --zone")
    try:
        return iso_moment("at", text, zone or UTC)
    except NaiveTimeError as error:
        raise BadRowError("at", text, str(error)) from None


__all__ = ["KINDS", "PriceConfig", "read"]
