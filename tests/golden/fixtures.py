"""What every recorded file says, in one table: ``python -m tests.golden.fixtures [--write]``.

Each file is handed over alone, for an account that is named, as a user would. What is read, set
aside and refused is held against ``fixtures.txt``; ``--write`` records it anew.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from adapters.port import AccountConfig, Batch, Parser, RawPage
from adapters.shipped_maps import NAMES, shipped
from adapters.venues import parser_of
from ledger.errors import BadFileError
from tests.architecture.sources import ROOT

FOLDER = ROOT / ".." / "shared" / "fixtures"
RECORDED = Path(__file__).with_name("fixtures.txt")
CSV = "csv_brokers/cgt_calc/"
VENUES = {
    "interactive_brokers/": "ibkr_flex", "alpaca/": "alpaca", "binance/": "binance",
    "bybit/": "bybit", "coinbase/": "coinbase", "fix/": "fix44", "kraken/": "kraken",
    "ofx/": "ofx", "polymarket_us/": "polymarket_us", "projectx/": "projectx",
    f"{CSV}freetrade/": "freetrade", f"{CSV}schwab/": "schwab", f"{CSV}trading212/": "trading212",
}  # fmt: skip
"""Which parser reads the files of a folder; those of the other folders have none."""

NO_PARSER = "no parser"
OTHERS = "others, for which there is no parser"


@attrs.frozen
class Reading:
    """What became of one file: a batch, or why there is none."""

    path: str
    venue: str
    batch: Batch | None = None
    why: str = ""


def files(folder: Path = FOLDER) -> list[Path]:
    """Every recorded file, sorted; licences and notes apart."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p for p in found if "LICENSE" not in p.name and p.suffix != ".md")


def venue_of(path: Path, folder: Path = FOLDER) -> str:
    """The venue whose parser reads a file; "" when there is none."""
    name = path.relative_to(folder).as_posix()
    return next((venue for begins, venue in VENUES.items() if name.startswith(begins)), "")


def recorded(venue: str) -> list[Path]:
    """The recorded files of a venue; none where the folder of recorded files is absent."""
    return [path for path in files() if venue_of(path) == venue]


def reading(path: Path, folder: Path = FOLDER) -> Reading:
    """What one file says."""
    name, venue = path.relative_to(folder).as_posix(), venue_of(path, folder)
    if not venue:
        return Reading(name, venue)
    page = RawPage(name=path.name, content=path.read_bytes())
    try:
        return Reading(name, venue, _parser(venue)([page], AccountConfig(account="A")))
    except BadFileError as error:
        return Reading(name, venue, why=str(error))


def _parser(venue: str) -> Parser:
    return shipped(venue).parse if venue in NAMES else parser_of(venue)


# ------------------------------------------------------------------------------- as text


def table(readings: Iterable[Reading]) -> str:
    """The table as text: a summary by venue, then a line a file and what was not booked of it."""
    told = list(readings)
    lines = [line for one in told for line in _lines(one)]
    return "\n".join([summary(told), "", *lines, ""])


def summary(readings: list[Reading]) -> str:
    """A line a venue, in Markdown."""
    rows = [
        "| venue | files | refused | rows | facts | stated | set aside |",
        "|---|---|---|---|---|---|---|",
    ]
    for venue in [*sorted({one.venue for one in readings if one.venue}), ""]:
        of_it = [one for one in readings if one.venue == venue]
        refused = sum(bool(one.why) for one in of_it)
        sums = [sum(column) for column in zip(*map(_counts, of_it), strict=True)] or [0] * 4
        figures = [len(of_it), *([refused, *sums] if venue else [""] * 5)]
        rows.append(f"| {venue or OTHERS} | {' | '.join(map(str, figures))} |")
    return "\n".join(rows)


def _counts(one: Reading) -> tuple[int, int, int, int]:
    """Rows, facts, stated lines and rows set aside."""
    if one.batch is None:
        return 0, 0, 0, 0
    batch = one.batch
    stated = len(batch.positions) + len(batch.balances) + len(batch.orders)
    rows = sum(count for _, count in batch.coverage.rows)
    return rows, len(batch.records), stated, len(batch.quarantine)


def _lines(one: Reading) -> Iterator[str]:
    if one.batch is None:
        yield f"{one.path}: {'refused' if one.venue else NO_PARSER}"
        if one.why:
            yield f"    {one.why}"
        return
    batch = one.batch
    rows, _, _, aside = _counts(one)
    said = [f"{rows} rows", *_counted(type(record.event).__name__ for record in batch.records)]
    for name in ("positions", "balances", "orders"):
        stated = len(getattr(batch, name))
        said += [f"{stated} {name}"] if stated else []
    yield f"{one.path}: {', '.join(said)}" + (f"; {aside} set aside" if aside else "")
    yield from (f"    aside {why}" for why in _counted(f"{q.field}: {q.rule}" for q in
                                                       batch.quarantine))  # fmt: skip
    yield from (f"    look at {why}" for why in _counted(found.what for found in batch.findings))
    yield from (f"    missing {what}" for what in batch.coverage.missing)


def _counted(words: Iterable[str]) -> list[str]:
    return [f"{count} {word}" for word, count in sorted(Counter(words).items())]


def main(arguments: list[str]) -> int:
    """Print the table, or record it; 0 when it is as recorded, 1 otherwise, 2 without files."""
    if not files():
        print("the folder of recorded files is not beside this checkout", file=sys.stderr)
        return 2
    text = table(map(reading, files()))
    if "--write" in arguments:
        RECORDED.write_text(text, "utf-8")
    else:
        print(text, end="")
    return 0 if text == RECORDED.read_text("utf-8") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
