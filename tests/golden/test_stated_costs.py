"""What Interactive Brokers says positions cost, in real statements, beside what ours do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import ledger
from adapters.brokers import ibkr_flex
from adapters.ingest import ingest
from adapters.port import AccountConfig, CostMeaning, RawPage
from adapters.reconcile.costs import Cost, Costs
from adapters.statement import Comparison
from ledger.domain.numbers import text
from tests.golden.ibkr_flex import NOW, begin

FOLDER = "fixtures/interactive_brokers/opensteuerauszug"


def costs(path: Path, meaning: CostMeaning | None = None) -> Iterator[Cost]:
    """What can be compared of one file, in a book of its rows that has fees beside the cost; of
    another meaning than the parser's, if one is given."""
    batch = ibkr_flex.parse([RawPage(name=path.name, content=path.read_bytes())], AccountConfig())
    if meaning is not None:
        batch = attrs.evolve(batch, coverage=attrs.evolve(batch.coverage, cost=meaning))
    with ledger.open("memory://", clock=lambda: NOW) as book:
        begin(book, batch)
        ingest(book, batch)
        compared = Comparison(book, batch, book.store.head())
        yield from Costs(compared, batch, compared.lines(), book.store, NOW).found


def told(one: Cost) -> tuple[str, str, bool]:
    return one.line.name, text(one.stated), one.figure.agrees


@pytest.fixture(scope="module")
def folder(shared) -> Path:
    return shared / FOLDER


def test_costs_agree_to_the_digit_where_units_do(folder):
    files = ("eTax_report_anonymised_2025.xml", "minimal_short_options_repro_2025.xml")
    assert [told(one) for name in files for one in costs(folder / name)] == [
        ("MSTR  260206C00220000", "-9935.19172", True),
        ("XXXX", "180012", True),
        ("YYYY", "4000.5", True),
        ("XXXX  260220C00200000", "-3701.6", True),
    ]


def test_before_fees_none_of_them_would(folder):
    before = CostMeaning(with_fees=False)
    path = folder / "eTax_report_anonymised_2025.xml"
    assert [told(one)[2] for one in costs(path, before)] == [False]


def test_rows_that_were_edited_do_not_make_the_cost(folder):
    """Its trades contradict themselves: 28 at 142.035 have proceeds of 3,976.96, not 3,976.98,
    and a net of 3,970.40."""
    (one,) = costs(folder / "vtandchill_2025.xml")
    assert told(one) == ("VT", "28377.0925", False)
    assert text(one.booked) == "28377.15"
